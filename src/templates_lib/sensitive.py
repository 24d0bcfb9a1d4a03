"""Sensitive attributes: what the law protects (GDPR, article 9) makes no profile by default.

Told by words in the name of an attribute or a question, in the header or text behind it, and in
its given answers, in English and Finnish. Words can miss a column and can hit one that is
harmless: a person decides, by declaring the legal ground or by leaving the column out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from templates_lib.language import N_, tr

if TYPE_CHECKING:
    from templates_lib.params.sources import Sources

BEFORE, AFTER = r"(?<![^\W\d_])", r"(?![^\W\d_])"  # an underscore or a figure ends a word
KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "health": (
        ("healthcare", "disease", "illness", "disab", "diagnos", "medication", "medicine",
         "medical", "pregnan", "allerg", "diabet", "symptom", "disorder", "genetic",
         "terveyden", "sairau", "sairas", "lääkit", "lääkk", "vammai", "raskau", "raskaana",
         "keliak", "oireet", "mielenterv", "päihde", "geneetti",
         "terveystie", "terveystil", "handicap"),
        ("health", "terveys", "dna", "hiv", "lääke", "oire"),
    ),
    "religion": (
        ("religio", "uskonno", "uskonto", "muslim", "juutalai", "jewish", "islam", "buddhis",
         "kristin", "kristitty", "luterilai", "ortodoks", "catholic", "katoli", "protestant",
         "christianity", "vakaumu", "ateisti", "atheist", "seurakun", "kirkkoku"),
        ("faith", "church", "kirkko", "beliefs", "hindu"),
    ),
    "ethnicity": (
        ("ethnic", "etnis", "etnin", "racial", "skin colo", "ihonväri", "rodullin", "romani"),
        ("race",),
    ),
    "politics": (
        ("politic", "poliitti", "politiik", "puoluekan", "puoluejäsen", "äänestys", "äänestät",
         "äänestit", "äänestäm", "voting", "voted"),
        ("puolue", "puolueet", "party membership", "vote"),
    ),
    "sexuality": (
        ("sexualit", "sexual", "seksuaal", "homosek", "biseks", "bisexual", "lesbo", "lesbian",
         "transgender", "transsuku", "lgbt", "hlbt"),
        ("gay", "queer", "homo"),
    ),
    "trade_union": (
        ("trade union", "labour union", "labor union", "union member", "ammattiliit",
         "ammattiyhdist"),
        ("union",),
    ),
}  # fmt: skip
"""Kind: the beginnings of words, and whole words, that tell of it."""


def _pattern(stems: Iterable[str], words: Iterable[str]) -> re.Pattern[str]:
    begins = "|".join(re.escape(one) for one in stems)
    whole = "|".join(re.escape(one) for one in words)
    return re.compile(f"{BEFORE}(?:(?:{begins})|(?:{whole}){AFTER})", re.IGNORECASE)


PATTERNS = {kind: _pattern(*told) for kind, told in KINDS.items()}


def kind(*texts: str) -> str | None:
    """The protected kind that a name, a question or an answer tells of; None of ordinary ones.

    Examples
    --------
    >>> kind("Uskontokunta"), kind("trade_union_member"), kind("union_member"), kind("age_group")
    ('religion', 'trade_union', 'trade_union', None)
    >>> kind("Terveydentila"), kind("terveellisyys")
    ('health', None)
    """
    for text in texts:
        spoken = text.replace("_", " ")
        for name, pattern in PATTERNS.items():
            if pattern.search(spoken):
                return name
    return None


class Guard(NamedTuple):
    """What is refused: ``texts`` has, by name of an attribute or a question, what a person wrote
    of it (its header, its given answers); ``grounds`` the legal ground, by name or by kind."""

    texts: Mapping[str, tuple[str, ...]] = {}
    grounds: Mapping[str, str] = {}

    def refused(self, name: str, *more: str) -> str | None:
        """The kind for which an attribute or question is refused; None where it may be used.

        Parameters
        ----------
        more : other texts that tell what it is about, such as answers that were given
        """
        found = self.protected(name, *more)
        return None if found is None or {name, found} & {*self.grounds} else found

    def protected(self, name: str, *more: str) -> str | None:
        """The kind that an attribute or question is of, whatever ground is declared."""
        return kind(name, *self.texts.get(name, ()), *more)


STRICT = Guard()
"""Nothing is known but names, and no ground is declared."""


def guard(sources: Sources, grounds: Mapping[str, str]) -> Guard:
    """What the parameter file says of the client's own attributes and of every question."""
    texts: dict[str, tuple[str, ...]] = {}
    if sources.customers is not None:
        texts |= {name: (header,) for name, header in sources.customers.attributes.items()}
    for survey in sources.responses:
        for name, asked in (survey.ratings | survey.choices | survey.open).items():
            own = [asked.column or "", *getattr(asked, "options", [])]
            for option, header in getattr(asked, "columns", {}).items():
                own += [option, header]
            texts[name] = (*texts.get(name, ()), *own)
    return Guard(texts, dict(grounds))


CALLED = {
    "health": N_("health"),
    "religion": N_("religion or belief"),
    "ethnicity": N_("ethnic origin"),
    "politics": N_("political opinion"),
    "sexuality": N_("sexuality"),
    "trade_union": N_("trade union membership"),
}


def called(name: str) -> str:
    """A protected kind in the reader's words."""
    return tr(CALLED[name])


def refusal(name: str, found: str) -> str:
    """Why a name that a person wrote is refused, and what to do: a problem of a file, in English
    as all of them."""
    return (
        f"{name!r} is about {CALLED[found]}, which the law protects (GDPR, article 9): it is "
        "refused as a part of a profile. Leave it out, or declare the legal ground under "
        f"profiles.legal_ground.{name}"
    )


def in_words(refused: Mapping[str, str]) -> str:
    """What is left out of a profile and why, for the reader; empty where nothing is.

    Parameters
    ----------
    refused : name of an attribute or a question: its kind
    """
    if not refused:
        return ""
    told = "; ".join(tr("“{name}” ({kind})", name=name, kind=called(kind))
                     for name, kind in sorted(refused.items()))  # fmt: skip
    return tr(
        "Refused as a part of a profile: {told}. The law protects it (GDPR, article 9): it is used "
        "only if the parameter file declares the legal ground, under profiles.legal_ground.",
        told=told,
    )

"""What people say of a client's report in ``data/<client>/editorial.yml``; it survives every run.

What is hidden, what comes first, other words for a headline, comments, who owns an action and what
was tried, and which answers may be quoted. Numbers stay computed: a headline in other words has
named places for them, and one that is typed is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from string import Formatter
from typing import Annotated, Any, NamedTuple

import pandas as pd
from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from templates_lib.params.file import KeyPath, read_yaml, validated
from templates_lib.params.sections import Day, Section
from templates_lib.problems import InputProblems, Problem, nearest
from templates_lib.words import Words
from templates_lib.workspace import ClientFolders, inside, shown

PLACES = ("estimate", "low", "high", "n", "of_100", "worth", "worth_low", "worth_high", "headline")
BASE = re.compile(
    r"(?<!\w)(100|1[ \u00a0\u202f.,]?000)(?!\w|[.,]\d)"
)  # "Of 100 customers" is no result
TYPED = re.compile(r"(?<!\w)\d[\d.,]*")


class Known(NamedTuple):
    """The ids that findings can have: those written out, and patterns of those that are made up."""

    ids: Collection[str]
    patterns: Collection[str] = ()

    def __contains__(self, identity: object) -> bool:
        text = str(identity)
        return text in self.ids or any(re.fullmatch(one, text) for one in self.patterns)


def _known_id(identity: str, info: ValidationInfo) -> str:
    known = (info.context or {}).get("findings")
    if known is not None and identity not in known:
        raise ValueError(f"no finding has the id {identity!r}" + nearest(identity, known.ids))
    return identity


FindingId = Annotated[str, AfterValidator(_known_id)]


class Wording(Section):
    """A text for the reader: one for all languages, or one for each."""

    en: str | None = Field(None, description="In an English report.")
    fi: str | None = Field(None, description="In a Finnish report.")

    @model_validator(mode="before")
    @classmethod
    def _one_for_all(cls, data: Any) -> Any:
        return dict.fromkeys(cls.model_fields, data) if isinstance(data, str) else data

    def in_language(self, language: str) -> str | None:
        """The text for a reader of this language."""
        return getattr(self, language)


def _only_computed(wording: Wording) -> Wording:
    for text in filter(None, dict.fromkeys((wording.en, wording.fi))):
        try:
            names = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
        except ValueError:
            raise ValueError("write places as {estimate}: one of { and } stands alone") from None
        for name in names:
            if name not in PLACES:
                raise ValueError(f"there is no place {{{name}}}" + nearest(name, PLACES))
        bare = re.sub(r"\{[^}]*\}", "", text)
        if typed := TYPED.search(BASE.sub("", bare)):
            raise ValueError(
                f"{typed[0]} is typed by hand and would not follow the data: write the number as "
                "{estimate}, {low}, {high} or {n}, or say it under comment:"
            )
    return wording


class Tried(Section):
    """What was done about a finding."""

    what: Wording = Field(description="What was done, in plain words.")
    since: Day | None = Field(None, description="The day from which it was done.")


class Approved(Section):
    """One answer that may be quoted."""

    response_id: str = Field(description="The pseudonym of the answer, as in the coding sheets.")
    question: str | None = Field(default=None, description="Only the answer to this question.")
    survey: str | None = Field(default=None, description="Only the answer in this survey.")


class Editorial(Section):
    """The file. Findings are named by their id, as in ``internal/findings.json``."""

    hide: list[FindingId] = Field(
        [], description="Findings that are not shown, nor the chart and table of their name."
    )
    order: list[FindingId] = Field(
        [], description="Findings that lead the first page, in this order, where they are firm."
    )
    reword: dict[FindingId, Annotated[Wording, AfterValidator(_only_computed)]] = Field(
        {}, description="Another headline; numbers stand in places such as {estimate}."
    )
    comment: dict[FindingId, Wording] = Field({}, description="A remark below the finding.")
    owner: dict[FindingId, str] = Field({}, description="Who sees to its action.")
    tried: dict[FindingId, Tried] = Field({}, description="What was done about it.")
    quotes: list[Approved] = Field([], description="Answers that may be quoted.")


def read(
    folders: ClientFolders, findings: Known | None = None
) -> tuple[Editorial, dict[KeyPath, str]]:
    """What the file says, and the place of each of its keys; nothing without the file.

    Parameters
    ----------
    findings : ids that findings can have; None, and ids are taken as they are

    Raises
    ------
    InputProblems
        Everything that is wrong in the file, with its line.
    """
    file = folders.editorial
    if not file.exists():
        return Editorial(), {}
    if not inside(file.parent, file):
        raise InputProblems([Problem(shown(file), "leads out of the client's folder")])
    problems: list[Problem] = []
    data, places = read_yaml(file, problems)
    return validated(Editorial, data, places, problems, context={"findings": findings}), places


def edited(
    findings: Sequence[Mapping[str, Any]], editorial: Editorial, words: Words
) -> list[dict[str, Any]]:
    """Findings as they are shown: without the hidden ones, those of ``order:`` first.

    Returns
    -------
    The findings with ``headline`` in other words where there are any, and with ``place`` (in
    ``order:``, from 0), ``comment``, ``owner``, ``tried`` and ``tried_since``, None where nothing
    is said. The numbers are those that came in.
    """
    places = {identity: place for place, identity in enumerate(editorial.order)}
    kept = [f for f in findings if f["id"] not in editorial.hide]
    rows = [_edited(f, editorial, words) | {"place": places.get(f["id"])} for f in kept]
    return sorted(rows, key=lambda row: places.get(row["id"], len(places)))


def edited_changes(table: pd.DataFrame, headlines: Mapping[str, str]) -> pd.DataFrame:
    """What changed since the last report, as it is shown: today's headlines in the words of the
    page, and nothing of a finding that is told today but hidden.

    Parameters
    ----------
    table : of ``changes.Changes``
    headlines : those that are shown, by id
    """
    kept = table[table["headline_now"].isna() | table["finding"].isin(list(headlines))]
    now = kept["finding"].map(headlines).where(kept["headline_now"].notna())
    return kept.assign(headline_now=now)


def touched(editorial: Editorial) -> set[str]:
    """The findings of which the file changes what a card says, those hidden among them."""
    return {*editorial.hide, *editorial.reword, *editorial.comment, *editorial.owner}


def _edited(finding: Mapping[str, Any], editorial: Editorial, words: Words) -> dict[str, Any]:
    identity = finding["id"]

    def said(wording: Wording | None) -> str | None:
        return None if wording is None else wording.in_language(words.language)

    headline = said(editorial.reword.get(identity))
    tried = editorial.tried.get(identity)
    return {
        **finding,
        "headline": headline.format(**_places(finding, words)) if headline else finding["headline"],
        "comment": said(editorial.comment.get(identity)),
        "owner": editorial.owner.get(identity),
        "tried": said(tried.what) if tried else None,
        "tried_since": tried.since if tried else None,
    }


def _places(finding: Mapping[str, Any], words: Words) -> dict[str, str]:
    """The values of ``PLACES``, as the report writes them."""
    values = [finding[name] for name in ("estimate", "low", "high")]
    numbers = written(values, finding["unit"], words)
    is_share = finding["unit"] == "share"
    worth = finding["effect_eur"] or {}
    amounts = [
        words.money(worth[name], 0) if worth else "–" for name in ("estimate", "low", "high")
    ]
    of_100 = words.of_100(*values) if is_share else numbers[0]
    rest = [words.number(finding["n"]), of_100, *amounts, finding["headline"]]
    return dict(zip(PLACES, [*numbers, *rest], strict=True))


def written(values: Sequence[float], unit: str, words: Words) -> list[str]:
    """A finding's number and the ends of its range as a reader sees them: ``35%``, ``€22,264``,
    ``44``, ``0.55``; with one digit more, or two, where the ends would read the same."""
    write, _, digits = _form(values, unit, words)
    return [write(value, digits) for value in values]


def written_range(values: Sequence[float], unit: str, words: Words) -> str:
    """The range of a finding's number with the digits of ``written``: ``34% to 36%``."""
    _, write, digits = _form(values, unit, words)
    return write(values[1], values[2], digits)


def _form(
    values: Sequence[float], unit: str, words: Words
) -> tuple[Callable[[float, int], str], Callable[[float, float, int], str], int]:
    """How a number of the unit and a range are written, and with how many digits."""
    largest = max(abs(value) for value in values)
    write, write_range, digits = words.number, words.span, 2 if largest < 1 else int(largest < 10)
    if unit == "share":
        write, write_range, digits = words.share, words.share_span, int(largest < 0.02)
    elif unit == "money":
        write, write_range, digits = words.money, words.money_span, 0
    _, low, high = values
    for more in range(2):
        if low == high or write(low, digits + more) != write(high, digits + more):
            return write, write_range, digits + more
    return write, write_range, digits + 2

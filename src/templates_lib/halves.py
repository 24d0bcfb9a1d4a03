"""Feeling and facts: the strongest findings of each half, and where they agree or contradict.

What people say (surveys, interviews) is held against what they do (orders, behaviour) where both
speak of the same thing, never by a guess: a finding says itself what it is about, in values that
are the same in every language of the report.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import pandas as pd

from templates_lib.coding import coding
from templates_lib.coding.codebook import Codebook
from templates_lib.summary import ORDER, ranked

FEELING, FACTS = ("survey", "interview"), ("orders", "behaviour")
Verdict = Literal["agree", "contradict", "by_estimate"]
JOINED: dict[str, Verdict] = {
    "nps_drivers.outcome": "by_estimate",
    "journey.said_and_did": "agree",
    "purchase_survey.discovery": "contradict",
    "interviews.against_surveys": "contradict",
}
"""Findings that hold both halves themselves, and what a difference beyond chance means there: with
``by_estimate`` they agree where it is above 0."""


def strongest(findings: Sequence[Mapping[str, Any]], *, most: int = 3) -> pd.DataFrame:
    """The leading findings of each half, in the order of the first page, one a notebook.

    Returns
    -------
    Columns: half (``feeling`` or ``facts``), finding, headline, evidence, n, strength.
    """
    rows = []
    for half, kinds in (("feeling", FEELING), ("facts", FACTS)):
        taken: set[str] = set()
        for finding in (f for f in ranked(findings) if f["evidence"] in kinds):
            if finding["notebook"] not in taken and len(taken) < most:
                taken.add(finding["notebook"])
                rows.append({"half": half, "finding": finding["id"], **{
                    name: finding[name] for name in ("headline", "evidence", "n", "strength")
                }})  # fmt: skip
    columns = ["half", "finding", "headline", "evidence", "n", "strength"]
    return pd.DataFrame(rows, columns=columns)


def _firmness(finding: Mapping[str, Any]) -> tuple[Any, ...]:
    spread = (finding["high"] - finding["low"]) / (abs(finding["estimate"]) or 1.0)
    return ORDER[finding["strength"]], spread, finding["id"]


def themes(
    findings: Sequence[Mapping[str, Any]], book: Codebook, meant: Mapping[str, Sequence[str]]
) -> dict[str, frozenset[str]]:
    """What each value that the findings are about means: codes of the codebook, or without any
    the word itself.

    Parameters
    ----------
    meant : code of the codebook: the client's own words that mean it (``interviews.themes``); any
        other word is read by the terms of the codebook
    """
    values = sorted({value for finding in findings for value in finding.get("about") or {}})
    own = {word.casefold(): code for code, words in meant.items() for word in words}
    given = {v: v if v in book.names else own.get(v.casefold()) for v in values}
    open_ = [value for value, code in given.items() if code is None]
    answers = pd.DataFrame({"response_id": open_, "question": "", "text": open_}, dtype="object")
    read = coding.coded(answers, book).groupby("response_id")["code"].agg(frozenset).to_dict()
    return {
        value: frozenset({code}) if code else read.get(value, frozenset({value.casefold()}))
        for value, code in given.items()
    }


def about(finding: Mapping[str, Any], known: Mapping[str, Collection[str]]) -> dict[str, int]:
    """The themes of a finding, and whether it speaks for the shop there (1) or against it (-1);
    ``known`` is of ``themes``."""
    found: dict[str, int] = {}
    for value, sign in (finding.get("about") or {}).items():
        for theme in sorted(known[value]):
            found.setdefault(theme, sign)
    return found


def joined(
    findings: Sequence[Mapping[str, Any]], known: Mapping[str, Collection[str]]
) -> pd.DataFrame:
    """Where what people say and what they do speak of the same thing.

    Parameters
    ----------
    findings : as they were computed; those that may be chance are left out
    known : of ``themes``

    Returns
    -------
    Columns: theme (empty where one finding holds both), feeling, facts (ids; the same one there),
    verdict: ``agree`` or ``contradict``. One row a theme: the firmest finding of each half.
    """
    firm = sorted((f for f in findings if f["strength"] in ("strong", "moderate")), key=_firmness)
    by_theme: dict[str, dict[str, tuple[str, int]]] = {}
    for finding in firm:
        half = "feeling" if finding["evidence"] in FEELING else "facts"
        for theme, sign in about(finding, known).items():
            if sign:
                by_theme.setdefault(theme, {}).setdefault(half, (finding["id"], sign))
    rows = []
    for theme, halves in by_theme.items():
        if len(halves) == 2:
            (said, said_sign), (done, done_sign) = halves["feeling"], halves["facts"]
            verdict = "agree" if said_sign == done_sign else "contradict"
            rows.append({"theme": theme, "feeling": said, "facts": done, "verdict": verdict})
    for finding in firm:
        verdict = JOINED.get(finding["id"])
        if verdict is not None:
            if verdict == "by_estimate":
                verdict = "agree" if finding["estimate"] > 0 else "contradict"
            rows.append({"theme": None, "feeling": finding["id"], "facts": finding["id"],
                         "verdict": verdict})  # fmt: skip
    return pd.DataFrame(rows, columns=["theme", "feeling", "facts", "verdict"])

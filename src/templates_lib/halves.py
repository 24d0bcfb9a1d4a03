"""Feeling and facts: the strongest findings of each half, and where they agree or contradict.

What people say (surveys, interviews) is held against what they do (orders, behaviour) where both
speak of the same thing, never by a guess. A finding says itself what it is about; of the
templates' own the quoted values in the headline are it, put under the codes of the codebook.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from templates_lib.coding import coding
from templates_lib.coding.codebook import Codebook
from templates_lib.summary import ORDER, ranked

FEELING, FACTS = ("survey", "interview"), ("orders", "behaviour")
QUOTED = re.compile(r"[“”]([^“”]+)”")
Speaks = Literal["for", "against", "as_estimate", "against_estimate", "first_over_second"]
Verdict = Literal["agree", "contradict", "by_estimate"]
SPEAKS: dict[str, Speaks] = {
    "icp.motives": "as_estimate",
    "icp.segments": "for",
    "icp.why_us": "for",
    "icp.first_purchase": "as_estimate",
    "icp.lost_reasons": "against",
    "interviews.themes": "for",
    "nps_drivers.reasons": "as_estimate",
    "purchase_survey.why_today": "for",
    "purchase_survey.nearly_stopped": "against",
    "purchase_survey.why_not": "against",
    "purchase_survey.why_not_yet": "against",
    "repeat_purchase.returned_by_first_category": "first_over_second",
    "customer_value.later_by_first_category": "first_over_second",
    "customer_value.later_by_first_product": "first_over_second",
    "journey.contact_rate": "against_estimate",
    "journey.service_return": "as_estimate",
}
"""Whether the values that a headline quotes speak for the shop there, or against it."""
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


def themes(findings: Sequence[Mapping[str, Any]], book: Codebook) -> dict[str, frozenset[str]]:
    """What each value that the findings quote is about: codes of the codebook, by its terms, or
    without any the word itself."""
    quoted = {v for f in findings if f["id"] in SPEAKS for v in QUOTED.findall(f["headline"])}
    values = sorted(quoted)
    answers = pd.DataFrame({"response_id": values, "question": "", "text": values}, dtype="object")
    codes = coding.coded(answers, book).groupby("response_id")["code"].agg(frozenset).to_dict()
    return {value: codes.get(value, frozenset({value.casefold()})) for value in values}


def about(finding: Mapping[str, Any], known: Mapping[str, Collection[str]]) -> dict[str, int]:
    """The themes of a finding, and whether it speaks for the shop there (1) or against it (-1);
    ``known`` is of ``themes``."""
    if finding.get("about"):
        return dict(finding["about"])
    speaks = SPEAKS.get(finding["id"])
    if speaks is None:
        return {}
    sign = int(np.sign(finding["estimate"])) if "estimate" in speaks else 1
    signs = [-sign if speaks.startswith("against") else sign]
    if speaks == "first_over_second":
        signs.append(-1)
    values = QUOTED.findall(finding["headline"])
    found: dict[str, int] = {}
    for value, one in zip(values, signs, strict=False):
        for theme in sorted(known[value]):
            found.setdefault(theme, one)
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

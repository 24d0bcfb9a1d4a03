"""How sure each finding is, what would make it surer, and what is missing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from scipy import stats

from templates_lib.editorial import written, written_range
from templates_lib.interviews.guide import LACKING
from templates_lib.interviews.guide_words import QUESTIONS
from templates_lib.language import tr
from templates_lib.report.findings import BASES, MODERATE, STRENGTHS, STRONG
from templates_lib.summary import ORDER
from templates_lib.words import Words

COLUMNS = ["finding", "headline", "evidence", "unit", "estimate", "low", "high", "n", "strength",
           "n_needed"]  # fmt: skip
POWER = 0.8
MANY = 100  # so many times the data are as good as never
Z = float(stats.norm.ppf(0.975))


def evidence(findings: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Every finding with its number, what it rests on and how sure it is, the least sure first.

    Returns
    -------
    Columns ``COLUMNS``; n_needed from ``n_needed``, empty where no more data are needed.
    """
    rows = [
        {**{name: f[name] for name in COLUMNS[:-1] if name != "finding"}, "finding": f["id"],
         "n_needed": n_needed(f)}
        for f in sorted(findings, key=lambda f: (-ORDER[f["strength"]], f["id"]))
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS).astype({"n": "Int64", "n_needed": "Int64"})


def n_needed(finding: Mapping[str, Any]) -> int | None:
    """How many it takes for the next degree of evidence, if the estimate stays as it is.

    An interval narrows with the square root of n. A difference that may be chance is told from
    none by four samples of five (power 0.8); a number is fair where its half interval is three
    tenths of it and firm at a tenth. None where it is firm, and where a hundred times the data
    would not do.
    """
    half = (finding["high"] - finding["low"]) / 2
    estimate, null, strength = finding["estimate"], finding.get("null"), finding["strength"]
    distance = abs(estimate - (null or 0.0))
    if strength == "strong" or half == 0 or distance == 0:
        return None
    if strength == "chance":
        half *= (Z + float(stats.norm.ppf(POWER))) / Z
        wanted = distance
    elif null is not None:
        wanted = distance / 2
    else:
        wanted = distance * (MODERATE if strength == "weak" else STRONG)
    times = (half / wanted) ** 2
    return math.ceil(finding["n"] * times) if 1 < times <= MANY else None


def view(table: pd.DataFrame, findings: Sequence[Mapping[str, Any]], words: Words) -> pd.DataFrame:
    """The table of ``evidence`` for the eye: each number in its own unit, with its range."""
    bases = {f["id"]: f.get("base") or tr(BASES[f["evidence"]]) for f in findings}
    rows = []
    for row in table.itertuples():
        base = bases[row.finding]
        values = (row.estimate, row.low, row.high)
        more = None if pd.isna(row.n_needed) else base.format(n=words.number(row.n_needed))
        rows.append({
            "headline": row.headline,
            "interval": tr("{estimate} ({range})", estimate=written(values, row.unit, words)[0],
                           range=written_range(values, row.unit, words)),
            "rests_on": base.format(n=words.number(row.n)),
            "how_sure": tr(STRENGTHS[row.strength]),
            "surer_with": more,
        })  # fmt: skip
    return pd.DataFrame(rows, columns=["headline", "interval", "rests_on", "how_sure",
                                       "surer_with"])  # fmt: skip


def missing(sufficiency: pd.DataFrame) -> pd.DataFrame:
    """The questions that the data cannot answer yet, what it would take, and what to ask people
    until then.

    Parameters
    ----------
    sufficiency : of ``data_health``: topic, analysis, question, enough, lacks

    Returns
    -------
    Columns: topic, question, lacks, ask (the question of the interview guide; empty without one).
    """
    lacking = sufficiency[~sufficiency["enough"].astype(bool)]
    asked = {analysis: tr(QUESTIONS[name][1]) for analysis, (name, _) in LACKING.items()}
    return pd.DataFrame({
        "topic": lacking["topic"], "question": lacking["question"], "lacks": lacking["lacks"],
        "ask": [asked.get(analysis) for analysis in lacking["analysis"]],
    }).reset_index(drop=True)  # fmt: skip

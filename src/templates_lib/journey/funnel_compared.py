"""Funnels compared: one group with the others, one period with the period before."""

from __future__ import annotations

import numpy as np
import pandas as pd

from templates_lib.journey import wording
from templates_lib.journey.funnel import ALL, MIN_UNITS, OTHER, UNKNOWN, Reached
from templates_lib.language import tr
from templates_lib.params.journey import Journey
from templates_lib.stats.decomposition import kitagawa
from templates_lib.stats.intervals import newcombe
from templates_lib.words import Words

ALIKE = ("device", "channel")  # known alike in both periods, as who is new is not
GAPS = ["split", "segment", "n", "converted", "conversion", "low", "high", "others_n",
        "others_conversion", "gap_share", "gap_low", "gap_high"]  # fmt: skip
CHANGES = ["split", "n", "n_before", "conversion", "conversion_before", "component", "estimate",
           "low", "high"]  # fmt: skip


def gaps(table: pd.DataFrame) -> pd.DataFrame:
    """Each segment against the others of its split: the share that goes the whole way.

    Parameters
    ----------
    table : of ``funnel``

    Returns
    -------
    Columns: split, segment, n (units at the first step), converted, conversion, low, high
    (Wilson), others_n, others_conversion, gap_share (own less the others'), gap_low, gap_high
    (Newcombe). Segments whose counts are hidden, or of fewer than 30, have no rows and are no
    others; ``other`` and ``unknown`` have no rows.
    """
    rows = table[table["split"] != ALL]
    first = rows.groupby(["split", "segment"], sort=False)["entered"].first().rename("n")
    last = rows.groupby(["split", "segment"], sort=False).tail(1)
    whole = last.merge(first.reset_index(), on=["split", "segment"])
    whole = whole.dropna(subset=["of_all"])
    by_split = whole.groupby("split")
    for name, others in (("n", "others_n"), ("converted", "others_converted")):
        whole[others] = by_split[name].transform("sum") - whole[name]
    whole = whole[
        ~whole["segment"].isin([OTHER, UNKNOWN]) & (whole["others_n"] >= MIN_UNITS)
    ].copy()
    counts = [whole[c].astype(float) for c in ("converted", "n", "others_converted", "others_n")]
    whole["gap_low"], whole["gap_high"] = newcombe(*counts)
    whole["others_conversion"] = counts[2] / counts[3]
    whole["gap_share"] = counts[0] / counts[1] - whole["others_conversion"]
    whole = whole.drop(columns=["conversion", "low", "high"]).rename(
        columns={"of_all": "conversion", "of_all_low": "low", "of_all_high": "high"}
    )
    return whole[GAPS].reset_index(drop=True)


def weakest(table: pd.DataFrame, *, split: str) -> pd.Series | None:
    """The segment that is furthest below the others of a split, of those beyond chance."""
    sure = table[(table["split"] == split) & (table["gap_high"] < 0)]
    return sure.loc[sure["gap_share"].idxmin()] if len(sure) else None


def part_of(table: pd.DataFrame, split: str, component: str) -> pd.Series:
    """The row of ``changes`` for one component of one split."""
    own = table[(table["split"] == split) & (table["component"] == component)]
    return own.iloc[0]


def changes(now: Reached | None, before: Reached | None, settings: Journey) -> pd.DataFrame:
    """How the share that goes the whole way has changed since the period before, and why.

    Returns
    -------
    Columns: split (by which the mix is told), n, n_before (units at the first step), conversion,
    conversion_before, component (``change``, ``mix``: another mix of the segments; ``rate``: the
    segments' own shares), estimate, low, high (Kitagawa, by the delta method). Segments under 30
    units in either period are ``other``. No rows without the period before, or with fewer than 30
    units in either; none of a split with one segment, or of one
    that is not known alike in both, as who is new.
    """
    parts = []
    splits = [name for name in settings.compare_by if name in ALIKE]
    for split in splits if now is not None and before is not None else ():
        both = _both_periods(now, before, split)
        totals = both.sum()
        if len(both) < 2 or min(totals["n"], totals["n_before"]) < MIN_UNITS:
            continue
        made = kitagawa(both["converted"], both["n"], both["converted_before"], both["n_before"])
        parts.append(
            pd.DataFrame([value._asdict() for value in made]).assign(
                split=split, component=made._fields, n=int(totals["n"]),
                n_before=int(totals["n_before"]), conversion=totals["converted"] / totals["n"],
                conversion_before=totals["converted_before"] / totals["n_before"],
            )[CHANGES]
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=CHANGES)


def _both_periods(now: Reached, before: Reached, split: str) -> pd.DataFrame:
    """By segment: n, converted, n_before, converted_before."""
    columns = {}
    for found, suffix in ((now, ""), (before, "_before")):
        for name, step in (("n", found.steps[0]), ("converted", found.steps[-1])):
            value = step[split].fill_null(UNKNOWN)
            counted = step.group_by(segment=value).aggregate(n=step.count()).to_pandas()
            columns[name + suffix] = counted.set_index("segment")["n"]
    both = pd.DataFrame(columns).fillna(0).sort_index()
    is_small = both[["n", "n_before"]].min(axis=1) < MIN_UNITS
    made = both.groupby(np.where(is_small, OTHER, both.index)).sum()
    return made[(made["n"] > 0) & (made["n_before"] > 0)]


def said(change: pd.Series, unit: str, words: Words) -> str:
    """How the share who buys has changed, in words."""
    now, then = (words.number(1000 * change[c]) for c in ("conversion", "conversion_before"))
    if change["low"] <= 0 <= change["high"]:
        return wording.said(unit, "unchanged", now=now, then=then)
    return wording.said(unit, "more" if change["estimate"] > 0 else "fewer", now=now, then=then)


def why(change: pd.Series, mix: pd.Series, by: str, words: Words) -> str:
    """How much of a change is another mix of groups."""
    ends = words.span(1000 * change["low"], 1000 * change["high"])
    text = tr("The change is very likely {span} of 1,000.", span=ends)
    part = words.number(1000 * mix["estimate"], 1)
    if mix["low"] <= 0 <= mix["high"]:
        rest = tr("It does not come from another mix ({by}: {part} of 1,000).", by=by, part=part)
    else:
        rest = tr("Of it, {part} of 1,000 come from another mix ({by}).", by=by, part=part)
    return f"{text} {rest}"


def view(table: pd.DataFrame, unit: str, words: Words) -> pd.DataFrame:
    """``changes`` for reading: of 1,000, a row a split."""
    shown = table.assign(
        text=[
            f"{words.number(1000 * r.estimate, 1)} ({words.span(1000 * r.low, 1000 * r.high, 1)})"
            for r in table.itertuples()
        ]
    )
    made = shown.pivot(index="split", columns="component", values="text")
    made = made.reindex(list(dict.fromkeys(table["split"])))[["change", "mix", "rate"]]
    made = made.reset_index()
    made.columns.name = None
    names = {
        "change": wording.said(unit, "change"),
        "mix": tr("by another mix"),
        "rate": tr("by themselves"),
    }
    return made.rename(columns=names)

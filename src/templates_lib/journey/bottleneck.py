"""Which step costs the most: purchases gained if it held its benchmark, and what they are worth.

What a group would gain by reaching another's share is an association: the groups can differ in
more than the step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.journey.funnel import ALL, OTHER, UNKNOWN, in_words
from templates_lib.journey.visits import PURCHASE
from templates_lib.labels import label
from templates_lib.language import tr
from templates_lib.params.journey import Journey
from templates_lib.sources.engine import one
from templates_lib.stats.intervals import benjamini_hochberg, newcombe, wilson
from templates_lib.words import Words

COMPARABLE = ("device", "channel")  # one shop and one offer, met in another way
MIN_BENCHMARK = 100
MIN_ORDERS = 30
YEAR = 365
TARGET = "target"
Z = float(stats.norm.ppf(0.975))
BOTTLENECK = [
    "split", "segment", "stage", "entered", "conversion", "benchmark", "benchmark_conversion",
    "gap_share", "gap_low", "gap_high", "gained", "gained_low", "gained_high", "worth",
    "worth_low", "worth_high", "q_value",
]  # fmt: skip


class OrderValue(NamedTuple):
    """What an order brings in: the mean in the client's currency, its standard error, orders."""

    mean: float
    se: float
    n: int


def order_value(have: Mapping[str, ir.Table], events: ir.Table, *, value: str) -> OrderValue | None:
    """The mean value of the orders of the purchase events; of all orders where fewer than 30 of
    them are known. None with fewer than 30 orders of known value."""
    if "orders" not in have:
        return None
    orders = have["orders"]
    bought = events.filter((events.event == PURCHASE) & events.order_id.notnull())
    for rows in (orders.semi_join(bought, "order_id"), orders):
        x = rows[value].cast("float64")
        found = one(rows, n=x.count(), mean=x.mean(), sd=x.std())
        if found["n"] >= MIN_ORDERS:
            return OrderValue(found["mean"], found["sd"] / found["n"] ** 0.5, found["n"])
    return None


def bottlenecks(
    table: pd.DataFrame, settings: Journey, *, days: float, worth: OrderValue | None
) -> pd.DataFrame:
    """Each step of each group below its benchmark, by what reaching it would bring in a year.

    Gained are the units at the step × (benchmark − own share) × the group's own shares of the
    later steps, scaled from ``days`` to a year; the interval, by the delta method, holds the
    sampling of all of these shares, of the number of units and of the value of an order.

    Parameters
    ----------
    table : of ``funnel.funnel``
    days : the days on which the units came

    Returns
    -------
    Columns: split, segment, stage, entered (units at the step before), conversion, benchmark (the
    best segment, by the lower end of its interval, of those with 100 units at the step
    and the same split, device or channel; or ``target``, the client's own), benchmark_conversion,
    gap_share (benchmark less own), gap_low, gap_high (Newcombe; Wilson against a target), gained,
    gained_low, gained_high (purchases a year), worth, worth_low, worth_high (money a year; empty
    without orders), q_value (score test of the two shares, Benjamini–Hochberg over the rows; empty
    against a target). The greatest gain first. Steps with hidden counts have no rows.
    """
    if settings.benchmark == "best":
        rows = [row for _, own in table.groupby("split", sort=False) for row in _against_best(own)]
    else:
        targets = {step.lower(): share for step, share in settings.benchmark.items()}
        rows = _against_targets(table, targets)
    made = pd.DataFrame(rows, columns=BOTTLENECK[:10] + ["p_value", "variance", "later"])
    if not len(made):
        return pd.DataFrame(columns=BOTTLENECK)
    made = _with_gain(made.astype({"entered": "int64"}), days, worth)
    made["q_value"] = benjamini_hochberg(made["p_value"].astype(float))
    order = ["gained", "split", "segment", "stage"]
    made = made.sort_values(order, ascending=[False, True, True, True], kind="stable")
    return made[BOTTLENECK].reset_index(drop=True)


def _against_best(own: pd.DataFrame) -> list[list]:
    if own["split"].iloc[0] not in COMPARABLE:
        return []
    rows = []
    for _, at_step in own.groupby("stage", sort=False):
        named = at_step[~at_step["segment"].isin([OTHER, UNKNOWN])].dropna(subset=["conversion"])
        able = named[named["entered"] >= MIN_BENCHMARK]
        if not len(able):
            continue
        best = able.loc[able["low"].idxmax()]
        for each in named[named["conversion"] < best["conversion"]].itertuples():
            k1, n1 = int(best["converted"]), int(best["entered"])
            k0, n0 = int(each.converted), int(each.entered)
            low, high = newcombe(k1, n1, k0, n0)
            variance = best["conversion"] * (1 - best["conversion"]) / n1
            rows.append(
                [each.split, each.segment, each.stage, n0, each.conversion, best["segment"],
                 best["conversion"], best["conversion"] - each.conversion, float(low),
                 float(high), _p_value(k1, n1, k0, n0), variance, _later(own, each)]
            )  # fmt: skip
    return rows


def _against_targets(table: pd.DataFrame, targets: Mapping[str, float]) -> list[list]:
    rows = []
    for each in table.dropna(subset=["conversion"]).itertuples():
        target = targets.get(each.stage, 0.0)
        if each.segment in (OTHER, UNKNOWN) or target <= each.conversion:
            continue
        low, high = wilson(int(each.converted), int(each.entered))
        rows.append(
            [each.split, each.segment, each.stage, each.entered, each.conversion, TARGET, target,
             target - each.conversion, target - float(high), target - float(low), np.nan, 0.0,
             _later(table[table["split"] == each.split], each)]
        )  # fmt: skip
    return rows


def _later(own: pd.DataFrame, each) -> tuple[float, float]:
    """The product of a segment's shares at the steps after this one, and its relative variance."""
    steps = own[own["segment"] == each.segment].reset_index(drop=True)
    after = steps.loc[steps.index[steps["stage"] == each.stage][0] + 1 :]
    converted, entered = (after[c].astype(float) for c in ("converted", "entered"))
    if not len(after):
        return 1.0, 0.0
    if converted.isna().any() or not converted.iloc[-1]:
        return np.nan, np.nan
    return float((converted / entered).prod()), float((1 / converted - 1 / entered).sum())


def _p_value(k1: int, n1: int, k0: int, n0: int) -> float:
    pooled = (k1 + k0) / (n1 + n0)
    spread = (pooled * (1 - pooled) * (1 / n1 + 1 / n0)) ** 0.5
    return float(2 * stats.norm.sf(abs(k1 / n1 - k0 / n0) / spread)) if spread else np.nan


def _with_gain(made: pd.DataFrame, days: float, worth: OrderValue | None) -> pd.DataFrame:
    later = made["later"].map(lambda pair: pair[0]).astype(float)
    n, own, gap = made["entered"], made["conversion"], made["gap_share"]
    gained = n * gap * later * YEAR / days
    variance = made["variance"] + own * (1 - own) / n  # of the gap
    relative = made["later"].map(lambda pair: pair[1]).astype(float) + 1 / n
    variance = gained**2 * relative + (n * later * YEAR / days) ** 2 * variance
    mean, se = (worth.mean, worth.se) if worth is not None else (np.nan, np.nan)
    money = gained * mean
    halves = Z * variance**0.5, Z * (mean**2 * variance + gained**2 * se**2) ** 0.5
    return made.assign(
        gained=gained, gained_low=gained - halves[0], gained_high=gained + halves[0],
        worth=money, worth_low=money - halves[1], worth_high=money + halves[1],
    )  # fmt: skip


def worst(table: pd.DataFrame, *, allowed: float = 0.05) -> pd.Series | None:
    """The step that costs the most of those beyond chance: gap and gain above nothing, and at most
    the share ``allowed`` of false ones among all; None without such."""
    q = table["q_value"].astype(float).fillna(0.0)
    sure = table[(table["gap_low"] > 0) & (table["gained_low"] > 0) & (q <= allowed)]
    return sure.iloc[0] if len(sure) else None


def said(row: pd.Series, steps: Sequence[str], words: Words) -> str:
    """The gap of a step in words: of 100 who take the step before, how many go on, and how many of
    those it is held against."""
    place = [step.lower() for step in steps].index(row["stage"])
    told = {
        "before": in_words(steps[place - 1]),
        "step": in_words(row["stage"]),
        "own": words.number(100 * row["conversion"]),
        "other": words.number(100 * row["benchmark_conversion"]),
        "group": label(row["segment"]),
        "benchmark": label(row["benchmark"]),
    }
    if row["benchmark"] == TARGET and row["split"] == ALL:
        return tr(
            "Of 100 who get as far as “{before}”, {own} go on to “{step}”; the target is {other}",
            **told,
        )
    if row["benchmark"] == TARGET:
        return tr(
            "Of 100 in “{group}” who get as far as “{before}”, {own} go on to “{step}”; the target "
            "is {other}",
            **told,
        )
    if row["split"] == "device":
        return tr(
            "Of 100 on “{group}” who get as far as “{before}”, {own} go on to “{step}”; on "
            "“{benchmark}”, {other}",
            **told,
        )
    return tr(
        "Of 100 in “{group}” who get as far as “{before}”, {own} go on to “{step}”; in "
        "“{benchmark}”, {other}",
        **told,
    )


def effect(row: pd.Series, basis: str) -> dict[str, object] | None:
    """What a step is worth a year, and what that assumes; None where no order's value is known."""
    if pd.isna(row["worth"]):
        return None
    ends = {"estimate": "worth", "low": "worth_low", "high": "worth_high"}
    return {name: float(row[column]) for name, column in ends.items()} | {
        "assumptions": tr(
            "the step can be made as good, the later steps stay as they are, and an order brings "
            "what orders bring now ({basis})",
            basis=basis,
        )
    }


def action(row: pd.Series, size: int, words: Words) -> dict[str, object]:
    """What to do about a step, and the test that would show it."""
    told = {"step": in_words(row["stage"]), "group": label(row["segment"])}
    if row["split"] == ALL:
        do = tr(
            "Watch five customers on their way to “{step}”, mend what stops them, and show the new "
            "step to half of them.",
            **told,
        )
    else:
        do = tr(
            "Watch five customers of “{group}” on their way to “{step}”, mend what stops them, and "
            "show the new step to half of them.",
            **told,
        )
    return {
        "do": do,
        "check": tr(
            "Closing a third of the gap shows with {n} people at the step in each half.",
            n=words.number(size),
        ),
        "test_size": size,
    }

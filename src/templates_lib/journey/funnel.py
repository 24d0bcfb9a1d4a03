"""Closed and open funnels: how many take each step on the way to a purchase, and how fast.

Closed: of those who took the first step, who took the others in order within the window; each is
counted once a step, at the earliest event that can still be followed. Open: who took a step at any
time, whatever came before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.journey import visits
from templates_lib.language import N_, tr
from templates_lib.params.journey import Journey
from templates_lib.privacy import hide_small
from templates_lib.purchases import with_groups
from templates_lib.stats import survival
from templates_lib.stats.intervals import wilson
from templates_lib.words import Words

ALL, OTHER, UNKNOWN = "all", "other", "unknown"
NEW, RETURNING = "new", "returning"
MIN_UNITS = 30
MIN_AT_RISK = 20
MIN_CONVERTED = 10
NEARLY_ALL = 0.99
DAY_MINUTES = 1440
SAME_VISIT = timedelta(minutes=30)
BY_PRODUCT = "first_category"
ENTRY_ATTRIBUTES = {"device": "device", "channel": "channel", "new_or_returning": "visitor_id"}
FUNNEL = ["split", "segment", "stage", "entered", "converted", "conversion", "low", "high",
          "median_days", "of_all", "of_all_low", "of_all_high", "open_entered",
          "open_converted"]  # fmt: skip


STEP_WORDS = {
    "session_start": N_("come to the shop"),
    "view_item": N_("look at a product"),
    "add_to_cart": N_("put it in the cart"),
    "begin_checkout": N_("begin the checkout"),
    "add_shipping_info": N_("give the delivery details"),
    "add_payment_info": N_("give the payment details"),
    "purchase": N_("buy"),
}


def in_words(step: str) -> str:
    """A step as what people do there; one of the client's own by its own name."""
    known = STEP_WORDS.get(step.lower())
    return tr(known) if known else step.replace("_", " ")


class Reached(NamedTuple):
    """Who took each step of a closed funnel, kept by the engine, and the days on which they came.

    ``steps`` holds a table for each step: unit_id, entered_at, previous_at, at, and the attributes
    of the first step that the settings compare by. ``open`` has the units of each step at any time.
    """

    names: tuple[str, ...]
    steps: tuple[ir.Table, ...]
    open: Mapping[str, int]
    days: float
    window: timedelta


def reached(
    have: Mapping[str, ir.Table], settings: Journey, *, periods_back: int = 0
) -> Reached | None:
    """The closed funnel of a stretch of days.

    A unit enters at its first event of the first step, early enough that the whole window is
    observed. None without the stretch.
    """
    table = visits.table_of(have)
    chosen = visits.stretch(table, settings, periods_back=periods_back)
    if chosen is None:
        return None
    events = visits.events(table, settings, periods_back=periods_back)
    names = tuple(step.lower() for step in settings.steps)
    window = timedelta(days=settings.window_days)
    last_entry = chosen.end - window
    taken = _taken(events, names, settings).cache()
    entries = _entries(taken.filter(taken.step == 0)).cache()
    first = entries.filter(entries.at < ibis.literal(last_entry))
    first = _with_attributes(first, have, events, settings)
    steps = [first.mutate(entered_at=first.at, previous_at=first.at).cache()]
    for number in range(1, len(names)):
        steps.append(_next(steps[-1], taken.filter(taken.step == number), window).cache())
    later = taken.filter(taken.step > 0)
    units = later.group_by("step").aggregate(n=later.unit_id.nunique()).to_pandas()
    found = dict(zip(units["step"], units["n"], strict=True))
    found[0] = entries.count().execute()
    return Reached(
        names,
        tuple(steps),
        {name: int(found.get(number, 0)) for number, name in enumerate(names)},
        (last_entry - chosen.begin) / timedelta(days=1),
        window,
    )


def _taken(events: ir.Table, names: Sequence[str], settings: Journey) -> ir.Table:
    """The events of the steps: unit_id, step (its number), occurred_at, and what units are
    compared by of device, channel and (for who is new) visitor_id."""
    taken = events.filter(events.event.isin(names))
    own = [name for by, name in ENTRY_ATTRIBUTES.items() if by in settings.compare_by]
    numbers = [(name, number) for number, name in enumerate(names)]
    return taken.select("unit_id", "occurred_at", *own, step=taken.event.cases(*numbers))


def _entries(rows: ir.Table) -> ir.Table:
    """The first event of each unit: unit_id, at, and what else the rows have of it."""
    own = [name for name in ENTRY_ATTRIBUTES.values() if name in rows.columns]
    order = [rows.occurred_at, *(rows[name] for name in own)]
    placed = rows.mutate(place=ibis.row_number().over(group_by=rows.unit_id, order_by=order))
    return placed.filter(placed["place"] == 0).select("unit_id", *own, at="occurred_at")


def _with_attributes(
    first: ir.Table, have: Mapping[str, ir.Table], events: ir.Table, settings: Journey
) -> ir.Table:
    """The entries with what they are compared by."""
    if "new_or_returning" in settings.compare_by:
        table = have["events"]
        known = table.filter(table.visitor_id.notnull())
        seen = known.group_by(seen_visitor="visitor_id").aggregate(seen_at=known.occurred_at.min())
        first = first.left_join(seen, first.visitor_id == seen.seen_visitor)
        is_back = first.seen_at < first.at - ibis.literal(SAME_VISIT)
        kind = is_back.fill_null(False).ifelse(RETURNING, NEW)
        first = first.mutate(new_or_returning=kind).drop("seen_visitor", "seen_at", "visitor_id")
    if BY_PRODUCT in settings.compare_by:
        first = _with_category(first, have, events)
    return first


def _with_category(first: ir.Table, have: Mapping[str, ir.Table], events: ir.Table) -> ir.Table:
    """The entries with ``first_category``, that of the first product seen after the entry."""
    if "products" not in have:
        return first.mutate(**{BY_PRODUCT: ibis.null("string")})
    products = have["products"].select(sold_id="product_id", of_product="category")
    shown = events.filter(events.product_id.notnull())
    shown = shown.join(products, shown.product_id == products.sold_id)
    shown = shown.select(viewer="unit_id", viewed_at="occurred_at", of_product="of_product")
    after = first.join(shown, (first.unit_id == shown.viewer) & (first.at <= shown.viewed_at))
    own = after.group_by("viewer").aggregate(
        **{BY_PRODUCT: after.of_product.argmin(after.viewed_at)}
    )
    return first.left_join(own, first.unit_id == own.viewer).drop("viewer")


def _next(before: ir.Table, events: ir.Table, window: timedelta) -> ir.Table:
    """Those of ``before`` who took the next step in order and in time, at their earliest."""
    taken = events.select(taker="unit_id", taken_at="occurred_at")
    deadline = before.entered_at + ibis.literal(window)
    in_time = (taken.taken_at >= before.at) & (taken.taken_at <= deadline)
    joined = before.join(taken, (before.unit_id == taken.taker) & in_time)
    carried = [name for name in before.columns if name not in ("unit_id", "at", "previous_at")]
    return joined.group_by("unit_id").aggregate(
        **{name: joined[name].min() for name in carried},
        previous_at=joined.at.min(),
        at=joined.taken_at.min(),
    )


def funnel(found: Reached | None, settings: Journey, *, min_cell: int) -> pd.DataFrame:
    """Every step after the first, for everyone and for each group.

    Returns
    -------
    One row a split, segment and stage: split (``all`` or an attribute of ``compare_by``), segment,
    stage (the step), entered (units that took the step before), converted (of those, took this
    one), conversion, low, high (Wilson), median_days (from the step before, by Kaplan–Meier,
    followed to the end of the window; empty where fewer than half take the step), of_all,
    of_all_low, of_all_high (of all who took the first step: Wilson), open_entered, open_converted
    (units that took the step before and this one at any time, in any order; only for everyone).
    Groups under 30 units are ``other``; counts of fewer than ``min_cell`` are empty, with what
    they could be worked out from, and so are shares of fewer than 30. By ``first_category`` the
    funnel begins with the second step.
    """
    if found is None:
        return pd.DataFrame(columns=FUNNEL)
    waits = {split: _waits_by(found, split, settings.max_groups) for split in settings.compare_by}
    parts = [_steps_of(found, _of_everyone(found, waits), ALL, min_cell)]
    for split, own in waits.items():
        rows = _steps_of(found, own, split, min_cell)
        if rows["segment"].nunique() > 1:
            parts.append(rows)
    made = pd.concat(parts, ignore_index=True)
    is_all = made["split"] == ALL
    previous = dict(zip(found.names[1:], found.names, strict=False))
    made["open_entered"] = made["stage"].map(previous).map(found.open).where(is_all)
    made["open_converted"] = made["stage"].map(found.open).where(is_all)
    return made[FUNNEL].astype({"open_entered": "Int64", "open_converted": "Int64"})


def _grouped(steps: tuple[ir.Table, ...], split: str, most: int) -> tuple[ir.Table, ...]:
    """The steps with the small groups of the first of them as ``other``, a missing one as
    ``unknown``; by product, of those who saw one."""
    first = steps[0]
    if split == BY_PRODUCT:
        steps = tuple(step.filter(step[split].notnull()) for step in steps[1:])
        first = steps[0]
    named = with_groups(first, split, max_groups=most, min_customers=MIN_UNITS)
    kept = named.select(split).distinct().to_pandas()[split].tolist()
    return tuple(
        step.mutate(**{split: value.isin(kept).ifelse(value, OTHER)})
        for step in steps
        for value in [step[split].fill_null(UNKNOWN)]
    )


def _waits_by(found: Reached, split: str, most: int) -> list[pd.DataFrame]:
    """How long those at each step wait for the next one, by group."""
    steps = _grouped(found.steps, split, most)
    return [_waits(before, after, split, found.window) for before, after in pairwise(steps)]


def _of_everyone(found: Reached, by_split: Mapping[str, list[pd.DataFrame]]) -> list[pd.DataFrame]:
    """The waits of everyone: the sum over the groups of a split that leaves nobody out."""
    split = next((split for split in by_split if split != BY_PRODUCT), None)
    if split is None:
        steps = [step.mutate(**{ALL: ibis.literal(ALL)}) for step in found.steps]
        return [_waits(before, after, ALL, found.window) for before, after in pairwise(steps)]
    keys = [ALL, "duration", "event"]
    return [
        wait.assign(**{ALL: ALL}).groupby(keys, as_index=False)["count"].sum()
        for wait in by_split[split]
    ]


def _steps_of(found: Reached, waits: list[pd.DataFrame], split: str, min_cell: int) -> pd.DataFrame:
    """The rows of one split, without the open funnel."""
    entered = [wait.groupby(split)["count"].sum() for wait in waits]
    converted = [wait[wait["event"]].groupby(split)["count"].sum() for wait in waits]
    medians = [_medians(wait, split) for wait in waits]
    all_entered = entered[0].to_dict()
    segments = sorted(all_entered, key=lambda s: (s in (OTHER, UNKNOWN), -all_entered[s], s))
    names = found.names[len(found.names) - len(waits) - 1 :]
    made = pd.DataFrame(
        [
            [split, segment, name, entered[number].get(segment, 0),
             converted[number].get(segment, 0), medians[number].get(segment, np.nan),
             all_entered[segment]]
            for segment in segments
            for number, name in enumerate(names[1:])
        ],
        columns=[*FUNNEL[:5], "median_days", "n"],
    )  # fmt: skip
    return _without_small(_with_shares(made), min_cell)


def _with_shares(made: pd.DataFrame) -> pd.DataFrame:
    for share, of, prefix in (("conversion", "entered", ""), ("of_all", "n", "of_all_")):
        is_enough = made[of] >= MIN_UNITS
        low, high = wilson(made["converted"], made[of])
        values = {share: made["converted"] / made[of], f"{prefix}low": low, f"{prefix}high": high}
        for name, value in values.items():
            made[name] = pd.Series(value, index=made.index).where(is_enough)
    return made


def _without_small(made: pd.DataFrame, min_cell: int) -> pd.DataFrame:
    """Counts of few empty, with the shares on both sides of them."""
    shares = ["conversion", "low", "high", "median_days", "of_all", "of_all_low", "of_all_high"]
    made = hide_small(
        made, count="converted", values=shares, by=["split", "stage"], min_cell=min_cell
    )
    by_segment = made.groupby("segment", sort=False)
    before = by_segment["converted"].shift()
    is_first = by_segment.cumcount() == 0
    made["entered"] = made["entered"].astype("Int64").where(is_first | before.notna())
    made[shares[:4]] = made[shares[:4]].where(made["entered"].notna())
    return made


def _waits(before: ir.Table, after: ir.Table, split: str, window: timedelta) -> pd.DataFrame:
    """How many of those at a step are followed how long: split, duration (minutes), event (whether
    they then take the next step), count.

    Who does not take it is followed for what is left of the window.
    """
    minutes = int(window.total_seconds()) // 60
    waited = _minutes(after.at, after.previous_at)
    left = minutes - _minutes(before.at, before.entered_at)
    left_of_takers = minutes - _minutes(after.previous_at, after.entered_at)
    parts = ibis.union(
        _by_duration(after, split, waited, event=True),
        _by_duration(before, split, left, event=False),
        _by_duration(after, split, left_of_takers, event=False, times=-1),
    )
    keys = [split, "duration", "event"]
    return parts.to_pandas().groupby(keys, as_index=False)["count"].sum()


def _medians(waits: pd.DataFrame, split: str) -> dict[str, float]:
    """Days in which half of those at a step take the next one, by group."""
    medians = {}
    for segment, own in waits.groupby(split):
        if own["count"].sum() >= MIN_AT_RISK:
            curve = survival.kaplan_meier(survival.life_table(own))
            medians[segment] = survival.quantile(curve)[0] / DAY_MINUTES
    return medians


def _minutes(later: ir.TimestampValue, earlier: ir.TimestampValue) -> ir.IntegerValue:
    return later.delta(earlier, unit="second") // 60


def _by_duration(
    rows: ir.Table, split: str, duration: ir.IntegerValue, *, event: bool, times: int = 1
) -> ir.Table:
    """The rows counted by group and duration, ``times`` so many."""
    counted = rows.group_by(rows[split], duration=duration.cast("int64"))
    return counted.aggregate(count=rows.count() * times).mutate(event=ibis.literal(event))


def bars(table: pd.DataFrame, settings: Journey) -> pd.DataFrame:
    """The steps of everyone for a figure: stage (in words), count, share (of the step before, empty
    for the first), low, high."""
    rows = table[table["split"] == ALL]
    if not len(rows):
        return pd.DataFrame(columns=["stage", "count", "share", "low", "high"])
    first = {"stage": settings.steps[0].lower(), "count": rows["entered"].iloc[0]}
    more = rows.rename(columns={"converted": "count", "conversion": "share"})
    made = pd.concat([pd.DataFrame([first]), more], ignore_index=True)
    made = made[["stage", "count", "share", "low", "high"]].dropna(subset=["count"])
    return made.assign(stage=made["stage"].map(in_words))


def time_to_purchase(found: Reached | None) -> pd.DataFrame:
    """How many have gone the whole way by when: of all who took the first step.

    Returns
    -------
    Columns: days (since the first step: an hour, a day, two, and the window), n (units at the first
    step), share, low, high (Kaplan–Meier; all are followed to the end of the window). No rows with
    fewer than 30 units or 10 who go the whole way.
    """
    columns = ["days", "n", "share", "low", "high"]
    if found is None:
        return pd.DataFrame(columns=columns)
    end = int(found.window.total_seconds()) // 60
    last = found.steps[-1].mutate(**{ALL: ibis.literal(ALL)})
    took = _by_duration(last, ALL, _minutes(last.at, last.entered_at), event=True).to_pandas()
    n, converted = int(found.steps[0].count().execute()), int(took["count"].sum())
    if n < MIN_UNITS or converted < MIN_CONVERTED:
        return pd.DataFrame(columns=columns)
    rest = pd.DataFrame([{"duration": end, "event": False, "count": n - converted}])
    curve = survival.kaplan_meier(survival.life_table(pd.concat([took, rest])))
    times = sorted({60, DAY_MINUTES, 2 * DAY_MINUTES, end} & {*range(end + 1)})
    read = survival.incidence_at(curve, times)
    return read.assign(days=read["time"] / DAY_MINUTES, n=n)[columns]


def on_first_day(soon: pd.DataFrame, words: Words) -> str:
    """How many of those who go the whole way do so within a day of coming, in words."""
    early = soon.loc[soon["days"] == 1, "share"]
    if not len(early) or not soon["share"].iloc[-1]:
        return ""
    part = float(early.iloc[0] / soon["share"].iloc[-1])
    if part >= NEARLY_ALL:
        return tr("Nearly all who buy do so within a day of coming.")
    return tr(
        "Of 100 who buy, {share} do so within a day of coming.", share=words.number(100 * part)
    )

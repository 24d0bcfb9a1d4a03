"""Clicks in anger and clicks where nothing happens: how many visits, on which pages, and whether
those visits leave.

Recordings hold totals of whole visits: where in the visit somebody clicked is not known.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.journey import visits
from templates_lib.journey.visit_paths import MAX_PLACES, MIN_VISITS, compared, page_group
from templates_lib.language import tr
from templates_lib.params.journey import Journey
from templates_lib.privacy import hide_small
from templates_lib.purchases import with_groups
from templates_lib.sources.engine import one
from templates_lib.stats.intervals import wilson
from templates_lib.words import Words

CLICKS = ("rage_clicks", "dead_clicks")
ALL = "all"
BY_PAGE = ["measure", "page_group", "n", "share", "low", "high"]
AGAINST = ["measure", "n", "conversion", "low", "high", "others_n", "others_conversion",
           "gap_share", "gap_share_low", "gap_share_high"]  # fmt: skip


def recorded(have: Mapping[str, ir.Table], events: ir.Table, settings: Journey) -> ir.Table | None:
    """The recorded visits of the days of the events: visit, rage_clicks, dead_clicks, page_group
    (of the page where the visit ended), is_seen (the events know it), bought.

    A visit that the events know, but do not count, is left out. None without recordings.
    """
    if "sessions" not in have:
        return None
    ends = one(events, first=events.occurred_at.min(), last=events.occurred_at.max())
    rows = have["sessions"].filter(have["sessions"].session_id.notnull())
    if ends["first"] is not None:
        inside = rows.started_at.between(ends["first"], ends["last"])
        rows = rows.filter(inside | rows.started_at.isnull())
    each = rows.group_by(visit="session_id").aggregate(
        exit_page=rows.exit_page.max(),
        **{name: rows[name].max().cast("float64") for name in CLICKS},
    )
    known = events.filter(events.session_id.notnull())
    seen = known.group_by(seen="session_id").aggregate(
        bought=(known.event == visits.PURCHASE).any()
    )
    every = visits.table_of(have).select("session_id").distinct()
    uncounted = every.anti_join(seen, every.session_id == seen.seen)
    each = each.anti_join(uncounted, each.visit == uncounted.session_id)
    both = each.left_join(seen, each.visit == seen.seen)
    both = both.mutate(
        is_seen=both.seen.notnull(), bought=both.bought.fill_null(False),
        page_group=page_group(both.exit_page, settings.page_groups),
    )  # fmt: skip
    return both.drop("seen", "exit_page").cache()


def by_page(rows: ir.Table, *, min_cell: int) -> pd.DataFrame:
    """The share of recorded visits with such a click, by the page where the visit ended.

    Returns
    -------
    Columns: measure (rage_clicks, dead_clicks), page_group (``all`` first), n (recorded visits
    with the clicks known), share (with one click or more), low, high (Wilson). Groups under 30
    visits, and counts under ``min_cell``, have no share.
    """
    grouped = with_groups(rows, "page_group", max_groups=MAX_PLACES, min_customers=MIN_VISITS)
    parts = []
    for name in CLICKS:
        known = grouped.filter(grouped[name].notnull())
        hit = (known[name] > 0).sum()
        whole = known.aggregate(n=known.count(), hits=hit).mutate(page_group=ibis.literal(ALL))
        own = known.group_by("page_group").aggregate(n=known.count(), hits=hit)
        table = pd.concat([whole.to_pandas(), own.to_pandas()]).assign(measure=name)
        table["is_part"] = table["page_group"] != ALL
        keys = ["is_part", "n", "page_group"]
        parts.append(table.sort_values(keys, ascending=[True, False, True]))
    table = pd.concat(parts, ignore_index=True)
    table = table[table["n"] >= MIN_VISITS].astype({"hits": "int64"})
    table["share"] = table["hits"] / table["n"]
    table["low"], table["high"] = wilson(table["hits"], table["n"])
    values, by = ["share", "low", "high"], ["measure", "is_part"]
    table = hide_small(table, count="hits", values=values, by=by, min_cell=min_cell)
    return table[BY_PAGE].reset_index(drop=True)


def against_conversion(rows: ir.Table, *, min_cell: int) -> pd.DataFrame:
    """Whether visits with such a click buy less often than those without: an association.

    Returns
    -------
    Columns: measure, n (visits with one click or more that the events know), conversion, low, high
    (Wilson), others_n (without), others_conversion, gap_share, gap_share_low, gap_share_high
    (Newcombe). No row with under 30 visits on a side, or where a count of those who buy is from 1
    to ``min_cell`` − 1.
    """
    seen = rows.filter(rows.is_seen)
    parts = []
    for name in CLICKS:
        known = seen.filter(seen[name].notnull())
        hit = known[name] > 0
        counts = one(
            known, n=hit.sum(), others_n=(~hit).sum(), bought=(hit & known.bought).sum(),
            others_bought=(~hit & known.bought).sum(),
        )  # fmt: skip
        parts.append({"measure": name} | {key: int(value or 0) for key, value in counts.items()})
    table = pd.DataFrame(parts)
    is_small = table[["bought", "others_bought"]].apply(
        lambda counts: counts.between(1, min_cell - 1)
    )
    enough = table[["n", "others_n"]].min(axis=1) >= MIN_VISITS
    table = table[enough & ~is_small.any(axis=1)]
    made = compared(table, converted="bought", others_converted="others_bought")
    return made[AGAINST].reset_index(drop=True)


def in_words(row: pd.Series, words: Words) -> str:
    """A row of ``against_conversion`` as a sentence."""
    shares = [words.number(100 * row[c], 1) for c in ("conversion", "others_conversion")]
    is_sure = row["gap_share_low"] > 0 or row["gap_share_high"] < 0
    told = tr("Of 100 of them {own} buy, of 100 without {others}.", own=shares[0], others=shares[1])
    return told if is_sure else told + " " + tr("The difference may be chance.")

"""Paths through the shop: where visits begin and end, what follows what, and where they turn back.

A page is taken with its group, repeats of one group are one place, and the path of a visit ends
with its first purchase, so that a buyer's thank-you page is no part of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.journey import visits
from templates_lib.journey.visits import like
from templates_lib.labels import label
from templates_lib.params.journey import Journey
from templates_lib.privacy import hide_small
from templates_lib.sources.engine import one
from templates_lib.stats.intervals import newcombe, wilson

HOME, OTHER = "home", "other"
BUYS, LEAVES, GOES_ON = "buys", "leaves", "goes_on"
ARROW = " → "
MIN_VISITS = 30
MAX_PLACES = 8
MAX_ROWS = 15
DEPTH = 4
FIRST = [f"place_{number}" for number in range(1, DEPTH + 1)]
ENTRIES = ["page_group", "n", "share", "share_low", "share_high", "converted", "conversion", "low",
           "high"]  # fmt: skip
EXITS = ["page_group", "n", "left", "left_share", "low", "high", "share", "share_low",
         "share_high"]  # fmt: skip
SEQUENCES = ["sequence", "places", "n", "bought_share", "bought_low", "bought_high",
             "others_share", "others_low", "others_high", "gap_share", "gap_share_low",
             "gap_share_high", "bought_n", "others_n"]  # fmt: skip
LOOPS = ["sequence", "n", "share", "share_low", "share_high", "conversion", "low",
         "high", "others_n", "others_conversion", "gap_share", "gap_share_low",
         "gap_share_high"]  # fmt: skip
TRANSITIONS = ["page_group", "next_page_group", "n", "share", "low", "high", "left_from"]
FLOW = ["place", "page_group", "next_page_group", "n", "share", "low", "high"]


class Paths(NamedTuple):
    """The paths of visits, kept by the engine.

    ``places`` has a row a place of a visit: visit, place (from 1), page_group, next_page_group,
    after_next (of the place after that), bought. ``visits`` has a row a visit: visit, place_1 to
    place_4, last_page_group, places (how many), bought. ``of`` is what the places are.
    """

    places: ir.Table
    visits: ir.Table
    of: Literal["pages", "steps"]


def paths(events: ir.Table, settings: Journey) -> Paths:
    """The places that each visit came through before its first purchase.

    Places are groups of pages, and the steps of the settings where the events have no pages. A
    group is that of the settings, else the first part of the address; those under 30 events, and
    those past the eight most frequent, are ``other``.

    Parameters
    ----------
    events : of ``visits.events``
    """
    known = events.filter(events.session_id.notnull())
    has_pages = bool(one(known, n=known.page.count())["n"])
    # two of 50 million visits share a number of 64 bits with a chance of one in 15,000
    visit = known.session_id.hash()
    if has_pages:
        rows = known.filter(known.page.notnull())
        named = _named(rows.group_by("page").aggregate(n=rows.count()), settings.page_groups)
        rows = rows.select("page", visit=visit, at="occurred_at").join(named, "page")
    else:
        is_step = known.event.isin([step.lower() for step in settings.steps])
        rows = known.filter(is_step).select(visit=visit, at="occurred_at", page_group="event")
    bought = known.filter(known.event == visits.PURCHASE)
    bought = bought.group_by(buying=bought.session_id.hash()).aggregate(
        bought_at=bought.occurred_at.min()
    )
    rows = rows.left_join(bought, rows.visit == bought.buying)
    rows = rows.filter(rows.bought_at.isnull() | (rows.at < rows.bought_at))
    rows = rows.select("visit", "at", "page_group", bought=rows.bought_at.notnull())
    places = _places(rows).cache()
    return Paths(places, _visits(places).cache(), "pages" if has_pages else "steps")


def _named(pages: ir.Table, groups: Mapping[str, Sequence[str]]) -> ir.Table:
    """The group of each page, the small ones as ``other``: page, page_group."""
    named = pages.mutate(page_group=page_group(pages.page, groups)).cache()
    counted = named.group_by("page_group").aggregate(n=named.n.sum()).to_pandas()
    ordered = counted.sort_values(["n", "page_group"], ascending=[False, True])
    large = ordered["page_group"][ordered["n"] >= MIN_VISITS].head(MAX_PLACES).tolist()
    group = named.page_group
    return named.select("page", page_group=group.isin(large).ifelse(group, OTHER))


def page_group(page: ir.StringValue, groups: Mapping[str, Sequence[str]]) -> ir.StringValue:
    """The group of a page: the first whose patterns fit its address, which is without the shop's
    name and what follows ``?`` or ``#``; else the first part of it, ``home`` for none."""
    path = page.re_replace("^[A-Za-z]+://[^/?#]*", "").re_extract("^[^?#]*", 0).lower()
    path = ibis.literal("/").concat(path.re_replace("^/+", ""))
    first = path.re_extract("^/([^/]*)", 1)
    default = (first == "").ifelse(HOME, first)
    branches = [(like(path, patterns), name) for name, patterns in groups.items()]
    return ibis.cases(*branches, else_=default) if branches else default


def _places(rows: ir.Table) -> ir.Table:
    """The rows whose group is not that of the row before, numbered, with what follows."""
    order = ibis.window(group_by="visit", order_by=["at", "page_group"])
    rows = rows.mutate(before=rows.page_group.lag().over(order))
    kept = rows.filter(rows.before.isnull() | (rows.before != rows.page_group)).drop("before")
    kept = kept.mutate(
        place=(ibis.row_number().over(order) + 1).cast("int64"),
        next_page_group=kept.page_group.lead().over(order),
        after_next=kept.page_group.lead(2).over(order),
    )
    return kept.drop("at")


def _visits(places: ir.Table) -> ir.Table:
    first = {
        name: places.page_group.max(where=places["place"] == number)
        for number, name in enumerate(FIRST, start=1)
    }
    return places.group_by("visit").aggregate(
        **first,
        last_page_group=places.page_group.argmax(places["place"]),
        places=places.count(),
        bought=places.bought.any(),
    )


def entries(found: Paths, *, min_cell: int) -> pd.DataFrame:
    """Where visits begin, and how many of those that begin there buy.

    Returns
    -------
    Columns: page_group, n (visits that begin there), share, share_low, share_high (of all visits,
    Wilson), converted (those with a purchase), conversion, low, high (Wilson). The most frequent
    first. Groups under 30 visits are ``other``, and have no rows where together they are fewer;
    a count under ``min_cell`` is hidden with its share.
    """
    rows = found.visits
    counted = rows.group_by(page_group="place_1").aggregate(
        n=rows.count(), converted=rows.bought.sum()
    )
    table = _large(counted.to_pandas(), ["n", "converted"])
    table["share"] = table["n"] / table["n"].sum()
    table["share_low"], table["share_high"] = wilson(table["n"], table["n"].sum())
    table["conversion"] = table["converted"] / table["n"]
    table["low"], table["high"] = wilson(table["converted"], table["n"])
    table = _most_first(table[table["n"] >= MIN_VISITS], "page_group")
    values = ["conversion", "low", "high"]
    return hide_small(table, count="converted", values=values, min_cell=min_cell)[ENTRIES]


def exits(found: Paths, *, min_cell: int) -> pd.DataFrame:
    """Where visits without a purchase end.

    Returns
    -------
    Columns: page_group, n (visits that were there, buyers' among them), left (those that ended
    there without a purchase), left_share, low, high (left / n, Wilson), share, share_low,
    share_high (of all visits without a purchase, Wilson). Groups as in ``entries``.
    """
    been = found.places.group_by("page_group").aggregate(n=found.places.visit.nunique())
    without = found.visits.filter(~found.visits.bought)
    ended = without.group_by(page_group="last_page_group").aggregate(left=without.count())
    both = been.to_pandas().merge(ended.to_pandas(), how="left", on="page_group")
    table = both.fillna({"left": 0}).astype({"left": "int64"})
    everyone = table["left"].sum()
    table = table[table["n"] >= MIN_VISITS]
    if not everyone or table.empty:
        return pd.DataFrame(columns=EXITS)
    table["left_share"] = table["left"] / table["n"]
    table["low"], table["high"] = wilson(table["left"], table["n"])
    table["share"] = table["left"] / everyone
    table["share_low"], table["share_high"] = wilson(table["left"], everyone)
    table = _most_first(table, "page_group", by="left")
    values = ["left_share", "low", "high", "share", "share_low", "share_high"]
    return hide_small(table, count="left", values=values, min_cell=min_cell)[EXITS]


def in_words(sequence: str) -> str:
    """A sequence of ``sequences`` or ``loops`` with its places in the report's words."""
    return ARROW.join(label(place) for place in sequence.split(ARROW))


def sequences(found: Paths, *, min_cell: int) -> pd.DataFrame:
    """The most common sequences of two and of three places, of buyers against all others.

    A visit counts once a sequence. The two are told apart by how they end, so that what lies near
    the purchase is the buyers' by definition: it describes, and explains nothing.

    Returns
    -------
    Columns: sequence, places, n (visits with it), bought_share, bought_low, bought_high (of the
    visits with a purchase, Wilson), others_share, others_low, others_high (of those without),
    gap_share, gap_share_low, gap_share_high (the difference, Newcombe), bought_n, others_n (all
    visits of either). At most 15 of each length, the most frequent first, of 30 visits or more;
    no rows with under 30 visits on a side.
    """
    totals = one(found.visits, buyers=found.visits.bought.sum(), n=found.visits.count())
    buyers = int(totals["buyers"] or 0)
    others = int(totals["n"]) - buyers
    if min(buyers, others) < MIN_VISITS:
        return pd.DataFrame(columns=SEQUENCES)
    parts = []
    for names in (["page_group", "next_page_group"], ["page_group", "next_page_group",
                                                      "after_next"]):  # fmt: skip
        own = found.places.filter(found.places[names[-1]].notnull())
        each = own.select("visit", *names, "bought").distinct()
        counted = each.group_by(*names).aggregate(n=each.count(), buyers=each.bought.sum())
        table = counted.filter(counted.n >= MIN_VISITS).to_pandas()
        table["sequence"] = table[names].agg(ARROW.join, axis=1) if len(table) else ""
        parts.append(_most_first(table, "sequence").head(MAX_ROWS).assign(places=len(names)))
    table = pd.concat(parts, ignore_index=True)
    sides = {"bought": (table["buyers"], buyers), "others": (table["n"] - table["buyers"], others)}
    for name, (count, n) in sides.items():
        table[f"{name}_share"] = count / n
        table[f"{name}_low"], table[f"{name}_high"] = wilson(count, n)
        table[f"{name}_n"] = n
        table[f"with_{name}"] = count
    table["gap_share"] = table["bought_share"] - table["others_share"]
    table["gap_share_low"], table["gap_share_high"] = newcombe(
        table["with_bought"], buyers, table["with_others"], others
    )
    return _hidden_by_row(table, ["with_bought", "with_others"], SEQUENCES, min_cell)


def loops(found: Paths, *, min_cell: int) -> pd.DataFrame:
    """Visits that go from one place to another and straight back, against those that go the same
    way and do not come back.

    Returns
    -------
    Columns: sequence, n (visits with it), share, share_low, share_high (of the visits that went
    from the one to the other, Wilson), conversion, low, high (visits with it that buy, Wilson),
    others_n, others_conversion (of the visits without it), gap_share, gap_share_low,
    gap_share_high (the one conversion less the other, Newcombe; an association). The most frequent
    first, of 30 visits or more; conversions only where there are 30 others.
    """
    names = ["page_group", "next_page_group"]
    rows = found.places.filter(found.places.next_page_group.notnull())
    turned = (rows.after_next == rows.page_group).fill_null(False)
    each = rows.group_by("visit", *names).aggregate(turned=turned.any(), bought=rows.bought.any())
    counted = each.group_by(*names).aggregate(
        went=each.count(), n=each.turned.sum(), went_bought=each.bought.sum(),
        bought=(each.turned & each.bought).sum(),
    )  # fmt: skip
    table = counted.filter(counted.n >= MIN_VISITS).to_pandas()
    if table.empty:
        return pd.DataFrame(columns=LOOPS)
    table["sequence"] = table[[*names, "page_group"]].agg(ARROW.join, axis=1)
    table = _most_first(table, "sequence").head(MAX_ROWS)
    table["share"] = table["n"] / table["went"]
    table["share_low"], table["share_high"] = wilson(table["n"], table["went"])
    table["others_n"] = table["went"] - table["n"]
    table["others_bought"] = table["went_bought"] - table["bought"]
    table = compared(table, converted="bought", others_converted="others_bought")
    return _hidden_by_row(table, ["bought", "others_bought"], LOOPS, min_cell, LOOPS[5:])


def compared(table: pd.DataFrame, *, converted: str, others_converted: str) -> pd.DataFrame:
    """The table with the conversion of ``n`` and of ``others_n`` visits, and their difference.

    Adds conversion, low, high (Wilson), others_conversion, gap_share, gap_share_low and
    gap_share_high (Newcombe); all but the first three are empty under 30 others.
    """
    made = table.copy()
    made["conversion"] = made[converted] / made["n"]
    made["low"], made["high"] = wilson(made[converted], made["n"])
    enough = made["others_n"] >= MIN_VISITS
    others_n = made["others_n"].where(enough, 0)
    others = made[others_converted].where(enough, 0)
    made["others_conversion"] = others / others_n.where(enough)
    made["gap_share"] = made["conversion"] - made["others_conversion"]
    made["gap_share_low"], made["gap_share_high"] = newcombe(
        made[converted], made["n"], others, others_n
    )
    return made


def transitions(found: Paths, *, min_cell: int) -> pd.DataFrame:
    """What follows each place: another place, the purchase, or the end of the visit.

    Returns
    -------
    Columns: page_group, next_page_group (``buys`` and ``leaves`` for the end), n (how often),
    share, low, high (of all departures from the place, Wilson), left_from (all departures). Places
    of 30 departures or more; a count under ``min_cell`` is hidden, with others of the place that
    would give it away.
    """
    rows = found.places
    end = rows.bought.ifelse(BUYS, LEAVES)
    following = ibis.coalesce(rows.next_page_group, end)
    counted = rows.group_by("page_group", next_page_group=following).aggregate(n=rows.count())
    table = counted.to_pandas()
    table["left_from"] = table.groupby("page_group")["n"].transform("sum")
    table = table[table["left_from"] >= MIN_VISITS]
    table["share"] = table["n"] / table["left_from"]
    table["low"], table["high"] = wilson(table["n"], table["left_from"])
    keys = ["left_from", "page_group", "n", "next_page_group"]
    table = table.sort_values(keys, ascending=[False, True, False, True], ignore_index=True)
    values = ["share", "low", "high"]
    return hide_small(table, count="n", values=values, by=["page_group"], min_cell=min_cell)[
        TRANSITIONS
    ]


def flow(found: Paths, *, min_cell: int, max_groups: int = 5) -> pd.DataFrame:
    """The first four places of all visits, from left to right, for a figure.

    Returns
    -------
    Columns: place (from 1), page_group, next_page_group (at the next place; ``buys`` or ``leaves``
    where the visit ends, ``goes_on`` after the fourth place), n (visits), share, low, high (of all
    visits, Wilson). Groups past the ``max_groups`` most frequent are ``other`` here; moves of
    fewer than ``min_cell`` visits have no rows. No rows under 30 visits.
    """
    rows = found.visits
    counted = rows.group_by(*FIRST, "places", "bought").aggregate(n=rows.count()).to_pandas()
    whole = counted["n"].sum()
    if whole < MIN_VISITS:
        return pd.DataFrame(columns=FLOW)
    kept = _most_visited(counted, max_groups)
    named = counted[FIRST].where(counted[FIRST].isin(kept) | counted[FIRST].isna(), OTHER)
    end = np.where(counted["bought"], BUYS, LEAVES)
    parts = []
    for number, name in enumerate(FIRST, start=1):
        following = named[FIRST[number]] if number < DEPTH else pd.Series(GOES_ON, named.index)
        following = following.where(counted["places"] > number, end)
        part = pd.DataFrame({"page_group": named[name], "next_page_group": following})
        part = part.assign(n=counted["n"], place=number).dropna(subset=["page_group"])
        parts.append(part.groupby(FLOW[:3], as_index=False)["n"].sum())
    table = pd.concat(parts, ignore_index=True)
    table["share"] = table["n"] / whole
    table["low"], table["high"] = wilson(table["n"], whole)
    return table.loc[table["n"] >= max(1, min_cell), FLOW].reset_index(drop=True)


def _most_visited(counted: pd.DataFrame, most: int) -> list[str]:
    """The groups with the most visits at the first places."""
    at = pd.concat([counted.groupby(name)["n"].sum() for name in FIRST])
    sums = at.groupby(level=0).sum().drop(OTHER, errors="ignore")
    order = sorted(sums.index, key=lambda group: (-sums[group], group))
    return [str(group) for group in order[:most]]


def _large(table: pd.DataFrame, counts: Sequence[str]) -> pd.DataFrame:
    """The groups of 30 visits or more; the rest together as ``other``."""
    names = table["page_group"].where(table["n"] >= MIN_VISITS, OTHER)
    return table.groupby(names)[list(counts)].sum().rename_axis("page_group").reset_index()


def _most_first(table: pd.DataFrame, name: str, *, by: str = "n") -> pd.DataFrame:
    """The most frequent first, ``other`` last."""
    placed = table.assign(is_other=table[name] == OTHER)
    ordered = placed.sort_values(["is_other", by, name], ascending=[True, False, True])
    return ordered.drop(columns="is_other").reset_index(drop=True)


def _hidden_by_row(
    table: pd.DataFrame, counts: Sequence[str], columns: Sequence[str], min_cell: int,
    values: Sequence[str] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """The rows with their estimates empty where one of the counts is from 1 to ``min_cell`` − 1;
    the rows overlap and have no total that would give a count away."""
    is_small = pd.concat([table[c].between(1, min_cell - 1) for c in counts], axis=1).any(axis=1)
    shown = [c for c in values or columns if c.endswith(("share", "low", "high", "conversion"))]
    made = table[list(columns)].copy()
    made[shown] = made[shown].astype("float64").mask(is_small, axis=0)
    return made.reset_index(drop=True)

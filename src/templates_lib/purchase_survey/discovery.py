"""Where customers say they first heard of the shop, against what the last click says.

The two measure different things, and both are shown; they are never averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.privacy import hide_small
from templates_lib.stats import agreement
from templates_lib.stats.intervals import wilson
from templates_lib.stats.net_score import net_score

MIN_PAIRS = 30
OTHER = "other"
SIDES = ("said", "clicked")
SHARES = ["channel", "n", "said_share", "said_low", "said_high", "clicked_share", "clicked_low",
          "clicked_high", "gap_share", "low", "high"]  # fmt: skip

Names = Mapping[str, Mapping[str, Sequence[str]]]


def last_clicks(have: Mapping[str, ir.Table], order_ids: Sequence[str]) -> tuple[str, pd.Series]:
    """The channel of the last click of each order.

    Of the visit in which it was placed, where the events know at least 30 of the orders; else of
    the order itself, where the orders name two channels or more.

    Returns
    -------
    The source (``events``, ``orders``, or ``""`` without any) and the channel by order_id.
    """
    nothing = pd.Series(dtype="object")
    wanted = list(dict.fromkeys(order_ids))
    if "events" in have:
        found = _of_events(have["events"], wanted)
        if len(found) >= MIN_PAIRS:
            return "events", found
    if "orders" in have:
        orders = have["orders"]
        own = orders.filter(orders.order_id.isin(wanted) & orders.channel.notnull())
        table = own.select("order_id", "channel").to_pandas()
        if table["channel"].nunique() > 1 and len(table) >= MIN_PAIRS:
            return "orders", table.set_index("order_id")["channel"].sort_index()
    return "", nothing


def _of_events(events: ir.Table, order_ids: Sequence[str]) -> pd.Series:
    clicks = order_clicks(events, order_ids=order_ids)
    return clicks.to_pandas().set_index("order_id")["channel"].sort_index()


def order_clicks(events: ir.Table, *, order_ids: Sequence[str] | None = None) -> ir.Table:
    """The channel of the purchase event, or else the first one of its visit.

    Returns
    -------
    One row an order that has one: order_id, channel.
    """
    is_wanted = events.order_id.notnull() if order_ids is None else events.order_id.isin(order_ids)
    bought = events.filter((events.event.lower() == "purchase") & is_wanted)
    placed = bought.group_by("order_id").aggregate(
        own=bought.channel.argmin(bought.occurred_at, where=bought.channel.notnull()),
        session_id=bought.session_id.argmin(bought.occurred_at),
    )
    named = events.filter(events.channel.notnull() & events.session_id.isin(bought.session_id))
    visits = named.group_by(visit="session_id").aggregate(
        channel=named.channel.argmin(named.occurred_at)
    )
    joined = placed.left_join(visits, placed.session_id == visits.visit)
    clicks = joined.select("order_id", channel=ibis.coalesce(joined.own, joined.channel))
    return clicks.filter(clicks.channel.notnull())


def named(values: pd.Series, side: str, channels: Names) -> pd.Series:
    """Channels under the names that both sides share.

    Parameters
    ----------
    side : ``said`` or ``clicked``
    channels : name: its ``said`` and ``clicked`` forms, ``*`` for any letters; without any, a
        value is its own name, in small letters. A value that none of them means is ``other``.
    """
    if not channels:
        return values.str.casefold()
    forms = [(f.casefold(), name) for name, sides in channels.items() for f in sides[side]]
    known = {
        value: next((name for form, name in forms if fnmatchcase(value.casefold(), form)), OTHER)
        for value in values.unique()
    }
    return values.map(known)


def pairs(picks: pd.DataFrame, clicks: pd.Series, *, channels: Names) -> pd.DataFrame:
    """What each person says and what the last click says of the same person's order.

    Parameters
    ----------
    picks : of ``purchase_survey.taken``, of the question where they first heard of the shop

    Returns
    -------
    One row a person whose order has a last click: person, said, clicked. Who names several
    channels has none that could be compared, and no row.
    """
    given = picks.dropna(subset=["option", "order_id"])
    single = given[~given["person"].duplicated(keep=False)]
    table = single.assign(clicked=single["order_id"].map(clicks)).dropna(subset=["clicked"])
    said, clicked = (named(table[column].astype("object"), side, channels)
                     for column, side in (("option", "said"), ("clicked", "clicked")))  # fmt: skip
    made = pd.DataFrame({"person": table["person"], "said": said, "clicked": clicked})
    return made.reset_index(drop=True)


def shares(both: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """The share of each channel as said and as clicked, of the same people.

    The gap is that of pairs: each person counts +1 where only said, −1 where only clicked, and
    its interval is the adjusted Wald one of such a score.

    Returns
    -------
    Columns: channel, n (people), said_share, said_low, said_high, clicked_share, clicked_low,
    clicked_high (Wilson), gap_share, low, high; the most said first. Channels of which a side has
    fewer than ``min_cell`` people, but not none, are together ``other``.
    """
    both = _large(both, min_cell)
    n = len(both)
    rows = []
    for channel in set(both["said"]) | set(both["clicked"]):
        said, clicked = both["said"] == channel, both["clicked"] == channel
        only_said, only_clicked = (said & ~clicked).sum(), (clicked & ~said).sum()
        gap, low, high = (
            float(points) / 100
            for points in net_score(only_said, n - only_said - only_clicked, only_clicked)
        )
        counts = np.array([said.sum(), clicked.sum()])
        lows, highs = wilson(counts, n)
        rows.append([channel, n, counts[0] / n, lows[0], highs[0],
                     counts[1] / n, lows[1], highs[1], gap, low, high])  # fmt: skip
    table = pd.DataFrame(rows, columns=SHARES)
    order = table.assign(last=table["channel"] == OTHER).sort_values(
        ["last", "said_share", "channel"], ascending=[True, False, True]
    )
    return order[SHARES].reset_index(drop=True)


def _large(both: pd.DataFrame, min_cell: int) -> pd.DataFrame:
    """The pairs with a channel that is small on either side as ``other`` on both."""
    counts = pd.concat([both[side].value_counts() for side in SIDES], axis=1).fillna(0)
    is_small = ((counts > 0) & (counts < min_cell)).any(axis=1)
    small = counts.index[is_small]
    return both.assign(**{side: both[side].where(~both[side].isin(small), OTHER) for side in SIDES})


def side(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """``shares`` as said or as clicked only: channel, share, low, high."""
    columns = {f"{name}_share": "share", f"{name}_low": "low", f"{name}_high": "high"}
    return table[["channel", *columns]].rename(columns=columns)


def crossed(both: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """What the last click says of those who say each channel.

    A channel that is small on a side is ``other``, as in ``shares``.

    Returns
    -------
    Columns: said, clicked, people, n (people who say it), share (people / n), low, high (Wilson).
    Small counts are hidden, with others that would give them away.
    """
    both = _large(both, min_cell)
    table = pd.crosstab(both["said"], both["clicked"]).stack().rename("people").reset_index()
    table["n"] = table.groupby("said")["people"].transform("sum")
    table["share"] = table["people"] / table["n"]
    table["low"], table["high"] = wilson(table["people"], table["n"])
    return hide_small(
        table, count="people", values=("share", "low", "high"), by=["said"],
        also_by=[["clicked"]], min_cell=min_cell,
    )  # fmt: skip


class Agreement(NamedTuple):
    """How often the two say the same, and how much of it is more than chance."""

    share: float
    low: float
    high: float
    kappa: float
    kappa_low: float
    kappa_high: float
    n: int


def agree(both: pd.DataFrame) -> Agreement | None:
    """None with under 30 people, or where no name stands on both sides: then nothing is matched.

    ``other`` on both sides is no agreement, but two things of which nothing is known; such
    people are left out.
    """
    known = both[~((both["said"] == OTHER) & (both["clicked"] == OTHER))]
    on_both_sides = (set(known["said"]) & set(known["clicked"])) - {OTHER}
    if len(known) < MIN_PAIRS or not on_both_sides:
        return None
    same = int((known["said"] == known["clicked"]).sum())
    low, high = wilson(same, len(known))
    kappa = agreement.cohen_kappa(known["said"], known["clicked"])
    share = same / len(known)
    return Agreement(share, float(low), float(high), *kappa[:3], len(known))


def unseen(table: pd.DataFrame) -> pd.Series | None:
    """The channel of ``shares`` that is said most beyond what the last click shows of it; None
    where none is beyond chance."""
    named = table[(table["channel"] != OTHER) & (table["low"] > 0)]
    return None if named.empty else named.loc[named["gap_share"].idxmax()]

"""Visits and visitors from events: which of them count, and what is left out, counted.

Machines, the client's own people and whoever gave no consent are no visitors. A visit that is one
of these is so as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.params.journey import Journey
from templates_lib.sources.engine import one
from templates_lib.stats.intervals import wilson
from templates_lib.tables import EVENTS

COUNTED, BOTS, INTERNAL, NO_CONSENT = "counted", "bots", "internal", "without_consent"
KINDS = (COUNTED, BOTS, INTERNAL, NO_CONSENT)
PURCHASE = "purchase"
MIN_VISITS = 30
EXCLUDED = ["what", "events", "sessions", "share", "converted"]


class Stretch(NamedTuple):
    """The time that is looked at: from ``begin`` on, before ``end``."""

    begin: datetime
    end: datetime


def table_of(have: Mapping[str, ir.Table]) -> ir.Table:
    """The client's events; an empty table of a client without them."""
    return have["events"] if "events" in have else ibis.memtable([], schema=EVENTS)


def stretch(table: ir.Table, settings: Journey, *, periods_back: int = 0) -> Stretch | None:
    """The last ``settings.days`` days of the events, or as many so many periods before.

    None without events, and for an earlier period that the events do not hold whole.
    """
    ends = one(table, first=table.occurred_at.min(), last=table.occurred_at.max())
    if ends["first"] is None:
        return None
    length = timedelta(days=settings.days)
    end = ends["last"] + timedelta(microseconds=1) - periods_back * length
    begin = end - length
    if periods_back and ends["first"] > begin + timedelta(days=1):
        return None
    return Stretch(max(begin, ends["first"]), end)


def unit_of(table: ir.Table, settings: Journey) -> str:
    """Who takes the steps: as set, but visits where the events know no visitors."""
    return "visitor" if settings.unit == "visitor" and _knows_visitors(table) else "session"


def _knows_visitors(table: ir.Table) -> bool:
    return bool(table.filter(table.visitor_id.notnull()).limit(1).count().execute())


def events(table: ir.Table, settings: Journey, *, periods_back: int = 0) -> ir.Table:
    """The events that count, of the stretch that is looked at.

    Returns
    -------
    The columns of events, with the names of events in small letters, and ``unit_id``: the visitor,
    or the visit (``unit_of``). Nobody without consent has rows.
    """
    rows = _marked(table, settings, periods_back)
    name = "visitor_id" if unit_of(table, settings) == "visitor" else "session_id"
    counted = rows.filter((rows.kind == COUNTED) & rows[name].notnull())
    return counted.select(*table.columns, unit_id=counted[name])


def excluded(table: ir.Table, settings: Journey) -> pd.DataFrame:
    """What is counted and what is not, of all events of the stretch.

    A visit without a number, as without consent, is told by its first step.

    Returns
    -------
    Columns: what (counted, bots, internal, without_consent), events, sessions (visits), share (of
    all visits), converted (visits with a purchase). All four rows, unless there are no events.
    """
    rows = _marked(table, settings, 0)
    bought = rows.event == PURCHASE
    is_unnumbered = rows.session_id.isnull() & (rows.event == settings.steps[0].lower())
    found = (
        rows.group_by(what="kind")
        .aggregate(
            events=rows.count(),
            sessions=rows.session_id.nunique() + is_unnumbered.sum(),
            converted=rows.session_id.nunique(where=bought)
            + (rows.session_id.isnull() & bought).sum(),
        )
        .to_pandas()
        .set_index("what")
    )
    if not len(found):
        return pd.DataFrame(columns=EXCLUDED)
    made = found.reindex(list(KINDS)).fillna(0).astype("int64").rename_axis("what").reset_index()
    made["share"] = made["sessions"] / made["sessions"].sum()
    return made[EXCLUDED]


def consent_bounds(table: pd.DataFrame) -> pd.DataFrame:
    """The share of visits that buy, whatever those without consent do.

    Parameters
    ----------
    table : of ``excluded``

    Returns
    -------
    Columns: case (``with_consent``: only they; ``none_buys`` and ``all_buy``: what those without
    consent could do at worst and at best, by Manski; ``as_seen``: by the purchases that the events
    hold of them), n (visits), converted, conversion, low, high (Wilson). Only ``with_consent``
    where there are no others; no rows under 30 visits.

    References
    ----------
    Manski (1989), Journal of Human Resources 24:343.
    """
    by = table.set_index("what")
    columns = ["case", "n", "converted", "conversion", "low", "high"]
    if not len(by) or by.loc[COUNTED, "sessions"] < MIN_VISITS:
        return pd.DataFrame(columns=columns)
    n, converted = (int(by.loc[COUNTED, name]) for name in ("sessions", "converted"))
    more, bought = (int(by.loc[NO_CONSENT, name]) for name in ("sessions", "converted"))
    cases = [("with_consent", n, converted)]
    if more:
        for case, least in (("none_buys", 0), ("as_seen", min(bought, more)), ("all_buy", more)):
            cases.append((case, n + more, converted + least))
    made = pd.DataFrame(cases, columns=columns[:3])
    made["conversion"] = made["converted"] / made["n"]
    made["low"], made["high"] = wilson(made["converted"], made["n"])
    return made


def _marked(table: ir.Table, settings: Journey, periods_back: int) -> ir.Table:
    """The events of the stretch with ``kind``, which is that of the whole visit."""
    chosen = stretch(table, settings, periods_back=periods_back)
    if chosen is None:
        return table.filter(ibis.literal(False)).mutate(kind=ibis.literal(COUNTED))
    at = table.occurred_at
    rows = table.filter((at >= chosen.begin) & (at < chosen.end))
    rows = rows.mutate(event=rows.event.lower())
    is_own = _one_of(rows.traffic_type, settings.internal.traffic_types)
    is_own = is_own | like(rows.channel, settings.internal.channels)
    rows = rows.mutate(is_own=is_own, is_bot=like(rows.channel, settings.bots.channels))
    visits = _odd_visits(rows, settings.bots.max_events_per_minute)
    rows = rows.left_join(visits, rows.session_id == visits.visit)
    number = rows.visitor_id if _knows_visitors(table) else rows.session_id
    is_bot = rows.is_bot | rows.bot_visit.fill_null(False)
    kind = ibis.cases(
        (is_bot, BOTS),
        (rows.is_own | rows.own_visit.fill_null(False), INTERNAL),
        (number.isnull(), NO_CONSENT),
        else_=COUNTED,
    )
    return rows.select(*table.columns, kind=kind)


def _odd_visits(rows: ir.Table, most: int) -> ir.Table:
    """The visits of machines and own people: visit, bot_visit, own_visit.

    Kept by the engine, since every count of the notebook leaves them out.
    """
    known = rows.filter(rows.session_id.notnull())
    each = known.group_by("session_id").aggregate(
        n=known.count(), is_own=known.is_own.any(), is_bot=known.is_bot.any()
    )
    long = each.filter(each.n > most)  # no other visit can have so many in a minute
    within = known.semi_join(long, "session_id")
    minutes = within.group_by("session_id", minute=within.occurred_at.truncate("m"))
    fast = minutes.aggregate(n=within.count()).filter(ibis._.n > most)
    fast = fast.select(fast_id="session_id").distinct()
    odd = each.filter((each.n > most) | each.is_own | each.is_bot)
    joined = odd.left_join(fast, odd.session_id == fast.fast_id)
    is_bot = joined.is_bot | joined.fast_id.notnull()
    marked = joined.select(visit="session_id", bot_visit=is_bot, own_visit="is_own")
    return marked.filter(marked.bot_visit | marked.own_visit).cache()


def _one_of(value: ir.StringValue, names: Sequence[str]) -> ir.BooleanValue:
    folded = [name.lower() for name in names]
    return value.lower().isin(folded).fill_null(False) if folded else ibis.literal(False)


def like(value: ir.StringValue, patterns: Sequence[str]) -> ir.BooleanValue:
    """Whether a text is one of the patterns, in which ``*`` is any letters; case is ignored."""
    if not patterns:
        return ibis.literal(False)
    forms = ["[^\\n]*".join(map(re.escape, pattern.lower().split("*"))) for pattern in patterns]
    return value.lower().re_search(f"^({'|'.join(forms)})$").fill_null(False)

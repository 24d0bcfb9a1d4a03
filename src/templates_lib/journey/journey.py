"""The five stages from first hearing of the shop to recommending it, and what is counted in them.

Each share is of one population; populations of different kinds stand side by side and are never
multiplied.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.accounts import leads as lead_counts
from templates_lib.accounts.accounts import accounts
from templates_lib.coverage import local_day
from templates_lib.journey.funnel import ALL
from templates_lib.language import N_, tr
from templates_lib.nps_drivers import nps
from templates_lib.params.journey import EVENTS as STAGES
from templates_lib.params.journey import Journey
from templates_lib.repeat_purchase import repeat_purchase
from templates_lib.stats.intervals import wilson
from templates_lib.words import Words

COUNTED = ["stage", "source", "what", "n", "units"]
POPULATIONS = ["population", "split", "segment", "measure", "days", "n", "share", "low", "high"]
BUYER_SPLITS = ("first_category", "first_is_b2b")
RETURN_DAYS = 365
MIN_N = 30
SMALL_SHARE = 0.1
POPULATION_WORDS = {
    "second_purchase": N_("first-time buyers who buy again within a year"),
    "promoters": N_("of those asked, recommend (9 or 10)"),
    "won": N_("decided leads that are won"),
}


def counted(
    have: Mapping[str, ir.Table], events: ir.Table | None, settings: Journey, *, zone: str,
    since: date, as_of: date, min_cell: int,
) -> pd.DataFrame:  # fmt: skip
    """What the data hold of each stage, by the settings' map of stages.

    Parameters
    ----------
    events : of ``visits.events``; None without events
    since : first day on which contacts and answers are counted

    Returns
    -------
    Columns: stage, source (events, touchpoints, responses), what (the event, the topic or kind of
    contact, or the survey), n (rows; of a survey answers), units (visitors or visits, customers, or
    people who answered). Rows of fewer than ``min_cell`` units are left out. A contact whose kind
    or topic no stage names is of its own stage. In the order of the stages, the most first.
    """
    parts = []
    if events is not None:
        parts.append(("events", "events", events.mutate(what=events.event, who=events.unit_id)))
    if "touchpoints" in have:
        rows = _between(have["touchpoints"], "occurred_at", zone, since, as_of)
        who = ibis.coalesce(rows.customer_id, rows.touchpoint_id)
        parts.append(("touchpoints", "touchpoints", rows.mutate(what=rows.topic, who=who)))
    if "responses" in have:
        rows = _between(have["responses"], "answered_at", zone, since, as_of)
        rows = rows.mutate(what=rows.survey, who=ibis.coalesce(rows.customer_id, rows.response_id))
        parts.append(("responses", "surveys", rows))
    found = [_of_stages(rows, source, key, settings) for source, key, rows in parts]
    if not found:
        return pd.DataFrame(columns=COUNTED)
    made = pd.concat(found, ignore_index=True)
    made = made[made["units"] >= min_cell]
    order = made.assign(place=made["stage"].map(list(STAGES).index))
    order = order.sort_values(["place", "source", "n"], ascending=[True, True, False])
    return order[COUNTED].reset_index(drop=True)


def _between(rows: ir.Table, column: str, zone: str, since: date, as_of: date) -> ir.Table:
    day = local_day(rows, column, zone)
    return rows.filter((day >= since) & (day <= as_of))


def _of_stages(rows: ir.Table, source: str, key: str, settings: Journey) -> pd.DataFrame:
    """What is counted of one source, by stage; what no stage names is of its own, or of none."""
    names = [rows.what, rows.kind] if source == "touchpoints" else [rows.what]
    cases = []
    for stage, own in settings.stages.items():
        wanted = [name.lower() for name in getattr(own, key)]
        if wanted:
            cases += [(name.lower().isin(wanted).fill_null(False), stage) for name in names]
    own = rows.stage if source == "touchpoints" else ibis.null("string")
    stage = ibis.cases(*cases, else_=own) if cases else own
    counted_id = {"responses": "response_id"}.get(source)
    staged = rows.mutate(in_stage=stage).filter(lambda t: t.in_stage.isin(list(STAGES)))
    n = staged[counted_id].nunique() if counted_id else staged.count()
    by = staged.group_by(stage="in_stage", what="what").aggregate(n=n, units=staged.who.nunique())
    return by.to_pandas().assign(source=source)


def populations(
    have: Mapping[str, ir.Table], *, zone: str, as_of: date, min_cell: int, max_groups: int
) -> pd.DataFrame:
    """What becomes of buyers, of those who are asked, and of leads: a share of each by itself.

    Returns
    -------
    Columns: population (``buyers``: customers with a first purchase; ``answers``: scores of how
    likely they are to recommend; ``leads``: those decided), split, segment (``all``, or the first
    category and business or not of buyers), measure (``second_purchase``, ``promoters``, ``won``),
    days (within which the second purchase came), n (of the population), share, low, high
    (Kaplan–Meier with its log-log limits for buyers, Wilson otherwise, at the effective number of
    answers where people answered several times). Shares of fewer than 30
    have no rows.
    """
    parts = []
    if "first_orders" in have:
        parts += _buyers(have["first_orders"], as_of, max_groups)
    people = nps.respondents(have, survey=nps.score_survey(have), zone=zone, as_of=as_of)
    scores = people["score"].dropna()
    if len(scores) >= MIN_N:
        promoters = int((nps.class_names(scores) == "promoters").sum())
        parts.append(_row("answers", "promoters", len(scores), promoters, nps.repeats(people)))
    if "leads" in have:
        companies = accounts(have, as_of=as_of, window_days=RETURN_DAYS)
        decided = lead_counts.overall(lead_counts.leads(have, companies, zone=zone, as_of=as_of))
        if decided is not None:
            parts.append(_row("leads", "won", int(decided["n"]), int(decided["won"])))
    made = pd.DataFrame(parts, columns=POPULATIONS)
    few = (made["n"] * made["share"]).between(1e-9, min_cell - 0.5)
    return made[(made["n"] >= MIN_N) & made["share"].notna() & ~few].reset_index(drop=True)


def _buyers(first_orders: ir.Table, as_of: date, max_groups: int) -> list[list]:
    rows = []
    for split in (ALL, *BUYER_SPLITS):
        if split != ALL and split not in first_orders.columns:
            continue
        counts = repeat_purchase.return_counts(
            first_orders, as_of=as_of, split=None if split == ALL else split, max_groups=max_groups
        )
        read = repeat_purchase.returned_by(counts, days=[RETURN_DAYS], split=split)
        if split != ALL and len(read) < 2:
            continue
        rows += [
            ["buyers", split, row.group, "second_purchase", RETURN_DAYS, row.n, row.returned,
             row.low, row.high]
            for row in read.itertuples()
        ]  # fmt: skip
    return rows


def _row(population: str, measure: str, n: int, count: int, design_effect: float = 1.0) -> list:
    low, high = wilson(count / design_effect, n / design_effect)
    return [population, ALL, ALL, measure, None, n, count / n, float(low), float(high)]


def buyers_by_group(found: pd.DataFrame) -> pd.DataFrame:
    """The buyers of ``populations`` by what they are, with a name for each group; no rows where
    only everyone is known."""
    rows = found[found["population"] == "buyers"]
    is_business = rows["split"] == "first_is_b2b"
    names = rows["segment"].map({"yes": "businesses", "no": "consumers"})
    named = rows.assign(segment=rows["segment"].mask(is_business, names))
    return named if named["split"].nunique() > 1 else named.iloc[:0]


def side_by_side(found: pd.DataFrame, funnel: pd.DataFrame, buy: str) -> pd.DataFrame:
    """One share of each population, in the order of the way: population (in words), n, share, low,
    high.

    Parameters
    ----------
    found : of ``populations``
    funnel : of ``funnel.funnel``
    buy : what those who go the whole way of it are called
    """
    rows = []
    whole = funnel[funnel["split"] == ALL]
    for last in whole.tail(1).dropna(subset=["of_all"]).itertuples():
        n = int(whole["entered"].iloc[0])
        rows.append([buy, n, last.of_all, last.of_all_low, last.of_all_high])
    for measure, name in POPULATION_WORDS.items():
        own = found[(found["measure"] == measure) & (found["split"] == ALL)]
        rows += [[tr(name), r.n, r.share, r.low, r.high] for r in own.itertuples()]
    return pd.DataFrame(rows, columns=["population", "n", "share", "low", "high"])


def in_words(share: float, low: float, high: float, words: Words) -> tuple[str, str]:
    """A base and how many of it: of ``100``, ``19 (very likely 17–21)``; of ``1,000`` where the
    share is under a tenth, such as of visitors who buy."""
    base = 1000 if share < SMALL_SHARE else 100
    n, low_end, high_end = (words.number(base * value) for value in (share, low, high))
    many = tr("{n} (very likely {low}–{high})", n=n, low=low_end, high=high_end)
    return words.number(base), many

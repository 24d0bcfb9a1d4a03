"""What the data are enough for: every analysis with the least data that it may be shown on.

The least data are those of the methods: under them an estimate says more about chance than about
customers. ``amounts`` counts what there is, ``sufficiency`` holds it against what is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.language import N_, NN_, tr, trn
from templates_lib.sources.engine import one
from templates_lib.words import Words

YEAR_DAYS = 365
PERIODS = {"week": "W", "month": "M", "quarter": "Q"}
WORDS = {
    "customers": NN_("{n} customer", "{n} customers"),
    "scores": NN_("{n} answer with a score", "{n} answers with a score"),
    "knows_costs": NN_("{n} kind of cost known", "{n} kinds of cost known"),
    "totals_agreeing": NN_("{n} month's total that agrees", "{n} months' totals that agree"),
    "attributes": NN_("{n} thing known of a customer", "{n} things known of a customer"),
    "known_answers": NN_("{n} answer of a known customer", "{n} answers of known customers"),
    "companies": NN_("{n} company with a customer", "{n} companies with a customer"),
    "full_waves": NN_("{n} wave of 100 scores", "{n} waves of 100 scores"),
    "ratings": NN_("{n} rating beside the score", "{n} ratings beside the score"),
    "rated_scores": NN_(
        "{n} answer with a score and ratings",
        "{n} answers with a score and ratings",
    ),
    "scored_customers": NN_(
        "{n} scored answer of a known buyer",
        "{n} scored answers of known buyers",
    ),
    "returned": NN_("{n} return", "{n} returns"),
    "followed": NN_("{n} customer followed for a year", "{n} customers followed for a year"),
    "full_groups": NN_(
        "{n} group of 30 customers and 10 returns",
        "{n} groups of 30 customers and 10 returns",
    ),
    "full_cohorts": NN_("{n} cohort of 30 customers", "{n} cohorts of 30 customers"),
    "visitors": NN_("{n} visitor", "{n} visitors"),
    "buying_visitors": NN_("{n} visitor who bought", "{n} visitors who bought"),
    "purchase_answers": NN_("{n} answer to a purchase survey", "{n} answers to a purchase survey"),
    "exit_answers": NN_("{n} answer to an exit survey", "{n} answers to an exit survey"),
    "spend_months": NN_(
        "{n} month of cost with 30 new customers",
        "{n} months of cost with 30 new customers",
    ),
    "channel_months": NN_(
        "{n} channel and month of cost with 30 new customers",
        "{n} channels and months of cost with 30 new customers",
    ),
    "holdouts": NN_("{n} test without advertising", "{n} tests without advertising"),
    "twice_coded": NN_("{n} excerpt coded by two people", "{n} excerpts coded by two people"),
    "smaller_arm": NN_("{n} answer in each arm", "{n} answers in each arm"),
    "months": NN_("{n} month of orders", "{n} months of orders"),
}


class Need(NamedTuple):
    """So many of something: a key of the amounts, and how many are needed."""

    amount: str
    least: int

    def said(self, n: int, shown: str) -> str:
        """``shown`` is how the number is written: ``3`` or ``3 more``."""
        return trn(*WORDS[self.amount], n, n=shown)


class Analysis(NamedTuple):
    """A question of a notebook, by its ``name``, and all that it needs."""

    topic: str
    name: str
    question: str
    needs: tuple[Need, ...]


CUSTOMERS = Need("customers", 30)
SCORES = Need("scores", 30)
COSTS = Need("knows_costs", 1)


def analyses(amounts: Mapping[str, int]) -> list[Analysis]:
    """Every question with its least data; that of the drivers depends on their number."""
    n = Need
    # of 150 customers the best fifth are 30, the fewest that a share is told of
    drivers = max(100, 10 * amounts.get("ratings", 0))
    return [
        Analysis("data_health", "figures_agree", N_("Do the figures agree with the shop's own?"),
                 (n("totals_agreeing", 1),)),
        Analysis("icp", "best_customers", N_("Who are the best customers?"),
                 (n("customers", 150), n("attributes", 1))),
        Analysis("icp", "best_motives", N_("What drives the best customers, in their own words?"),
                 (n("known_answers", 30),)),
        Analysis("icp", "companies", N_("Which companies buy, and who in them?"),
                 (n("companies", 30),)),
        Analysis("nps_drivers", "score", N_("How likely are customers to recommend the shop?"),
                 (SCORES,)),
        Analysis("nps_drivers", "score_change", N_("Has the score changed?"),
                 (n("full_waves", 2),)),
        Analysis("nps_drivers", "score_drivers", N_("What moves the score?"),
                 (n("ratings", 2), n("rated_scores", drivers))),
        Analysis("nps_drivers", "score_outcome", N_("What does the score lead to?"),
                 (n("scored_customers", 30),)),
        Analysis("repeat_purchase", "returns", N_("Who comes back, and when?"),
                 (CUSTOMERS, n("returned", 10))),
        Analysis("repeat_purchase", "returns_in_a_year", N_("Who comes back within a year?"),
                 (n("followed", 30),)),
        Analysis("repeat_purchase", "returns_by_first_purchase",
                 N_("After which first purchase do they come back?"), (n("full_groups", 2),)),
        Analysis("cohorts", "newer_cohorts", N_("Do newer customers stay as well as older ones?"),
                 (n("full_cohorts", 2),)),
        Analysis("cohorts", "cohort_trend", N_("Where is it going?"),
                 (n("full_cohorts", 4),)),
        Analysis("customer_value", "value_fifths",
                 N_("What are the best fifths of customers worth?"), (n("customers", 50),)),
        Analysis("customer_value", "value_tenths",
                 N_("What are the best tenths of customers worth?"), (n("customers", 200),)),
        Analysis("customer_value", "losses", N_("Who loses money?"),
                 (n("customers", 50), COSTS)),
        Analysis("journey", "path", N_("Where does the path to a purchase break?"),
                 (n("visitors", 30), n("buying_visitors", 10))),
        Analysis("purchase_survey", "why_today", N_("Why did they buy today?"),
                 (n("purchase_answers", 30),)),
        Analysis("purchase_survey", "why_not", N_("Why did they leave without buying?"),
                 (n("exit_answers", 30),)),
        Analysis("marketing", "cac", N_("What does a new customer cost?"),
                 (n("spend_months", 1),)),
        Analysis("marketing", "channel_cac",
                 N_("What does a new customer of each channel of the orders cost?"),
                 (n("channel_months", 1),)),
        Analysis("marketing", "incremental",
                 N_("What does marketing bring that would not have come anyway?"),
                 (n("holdouts", 1),)),
        Analysis("interviews", "call_plan", N_("Whom to call, and what to ask?"),
                 (CUSTOMERS,)),
        Analysis("interviews", "themes", N_("What do they tell, whoever reads it?"),
                 (n("twice_coded", 100),)),
        Analysis("profiles", "recognition", N_("Do customers recognise themselves?"),
                 (n("smaller_arm", 50),)),
        Analysis("summary", "year", N_("Is this year better than the one before?"),
                 (n("months", 24),)),
    ]  # fmt: skip


def sufficiency(amounts: Mapping[str, int], *, words: Words) -> pd.DataFrame:
    """What can be concluded: every question with what it needs, what there is and what is lacking.

    Parameters
    ----------
    amounts : from ``amounts``; what is not there counts as none

    Returns
    -------
    Columns: topic, analysis (the name of the question), question, needs, has, enough, lacks (what
    it would take; empty where enough).
    """
    rows = []
    for topic, name, question, needs in analyses(amounts):
        there = [(need, int(amounts.get(need.amount, 0))) for need in needs]
        lacking = [(need, has) for need, has in there if has < need.least]
        rows.append(
            {
                "topic": topic,
                "analysis": name,
                "question": tr(question),
                "needs": _said([(need, need.least) for need in needs], words),
                "has": _said(there, words),
                "enough": not lacking,
                "lacks": ", ".join(_lacking(need, has, words) for need, has in lacking),
            }
        )
    return pd.DataFrame(rows)


def _said(parts: Sequence[tuple[Need, int]], words: Words) -> str:
    """``30 customers, 0 returns``."""
    return ", ".join(need.said(n, words.number(n)) for need, n in parts)


def _lacking(need: Need, has: int, words: Words) -> str:
    """``20 more customers``; where there is none of it, ``30 customers``."""
    n = words.number(need.least - has)
    return need.said(need.least - has, tr("{n} more", n=n) if has else n)


def amounts(
    have: Mapping[str, ir.Table],
    *,
    as_of: date,
    costs: str,
    control: pd.DataFrame | None,
    period: str = "month",
    split_by: Sequence[str] = (),
) -> dict[str, int]:
    """How much there is of what the analyses need; of a table that is not there, nothing.

    Parameters
    ----------
    have : staged tables by name
    costs : on what margins rest: costs, costs_and_fallback, fallback or none
    control : from ``data_health.control_totals``; None without orders
    period : of the cohorts: week, month or quarter
    split_by : attributes by which returns are compared; the first one counts

    Returns
    -------
    Counts by the names in ``analyses``. A control total agrees only where all of them do.
    """
    agrees = control is not None and len(control) > 0 and bool(control["agrees"].all())
    found = {
        "knows_costs": int(costs != "none"),
        "totals_agreeing": len(control) if agrees else 0,
    }
    if "first_orders" in have:
        found |= _of_customers(have["first_orders"], as_of=as_of, period=period)
        found |= {"full_groups": _full_groups(have["first_orders"], split_by)}
    if "companies" in have and "customers" in have:
        found |= {"companies": _companies(have)}
    if "responses" in have:
        found |= _of_answers(have["responses"], have.get("first_orders"))
    if "events" in have:
        found |= _of_events(have["events"])
    if "spend" in have and "first_orders" in have:
        found |= _of_spend(have["spend"], have["first_orders"], as_of)
    if "holdouts" in have:
        arms = (
            have["holdouts"]
            .group_by("channel", "start")
            .aggregate(arms=have["holdouts"].arm.nunique())
        )
        found["holdouts"] = _count(arms.filter(arms.arms > 1))
    if "interviews" in have:
        found["twice_coded"] = _twice_coded(have["interviews"])
    return found


def _count(rows: ir.Table) -> int:
    return int(one(rows, n=rows.count())["n"])


def _of_customers(first_orders: ir.Table, *, as_of: date, period: str) -> dict[str, int]:
    """Customers, returns, those followed for a year, months of orders, and cohorts of 30 people
    whose last joiner has had a whole period since."""
    since = ibis.literal(as_of).delta(first_orders.first_on, unit="day")
    counts = one(
        first_orders,
        customers=first_orders.count(),
        returned=first_orders.second_on.notnull().sum(),
        first=first_orders.first_on.min(),
        followed=(since >= YEAR_DAYS).sum(),
    )
    if not counts["customers"]:
        return {}
    unit = PERIODS[period]
    begins = first_orders.mutate(begin=first_orders.first_on.truncate(unit))
    cohorts = begins.group_by("begin").aggregate(n=begins.count())
    sizes = cohorts.filter(cohorts.n >= 30).to_pandas()["begin"]
    complete = [
        start for start in sizes
        if (pd.Period(pd.Timestamp(start), unit) + 1).end_time.date() <= as_of
    ]  # fmt: skip
    return {
        "customers": counts["customers"],
        "returned": counts["returned"] or 0,
        "followed": counts["followed"] or 0,
        "months": whole_months(counts["first"], as_of),
        "full_cohorts": len(complete),
        "attributes": _attributes(first_orders),
    }


NOT_ATTRIBUTES = ("customer_id", "first_on", "second_on", "last_on", "purchases", "net_sales",
                  "contribution_margin", "first_order_value", "role")  # fmt: skip


def _attributes(first_orders: ir.Table) -> int:
    """Attributes, of the first order or of the customer file, with two values or more."""
    names = [name for name in first_orders.columns if name not in NOT_ATTRIBUTES]
    if not names:
        return 0
    values = one(first_orders, **{name: first_orders[name].nunique() for name in names})
    return sum((number or 0) >= 2 for number in values.values())


def _full_groups(first_orders: ir.Table, split_by: Sequence[str]) -> int:
    """Values of the first split with 30 customers and 10 returns each."""
    if not split_by or split_by[0] not in first_orders.columns:
        return 0
    groups = first_orders.filter(first_orders[split_by[0]].notnull()).group_by(split_by[0])
    counts = groups.aggregate(n=ibis._.count(), back=ibis._.second_on.notnull().sum())
    return _count(counts.filter((counts.n >= 30) & (counts.back >= 10)))


def _companies(have: Mapping[str, ir.Table]) -> int:
    known = have["customers"].filter(have["customers"].company_id.notnull())
    return _count(have["companies"].semi_join(known, "company_id"))


def _of_answers(responses: ir.Table, first_orders: ir.Table | None) -> dict[str, int]:
    """Answers by what they hold; scores and ratings those of the survey with the most scores."""
    given = responses.value.notnull() | responses.option.notnull() | responses.text.notnull()
    rows = responses.filter(given)
    is_score, is_rating = rows.kind == "score", rows.kind == "rating"
    is_reason = rows.kind.isin(["choice", "open"])
    answers = rows.group_by("survey", "response_id").aggregate(
        customer_id=rows.customer_id.max(), wave=rows.wave.max(), arm=rows.arm.lower().max(),
        scored=is_score.max(), rated=is_rating.max(), reasoned=is_reason.max(),
    )  # fmt: skip
    surveys = answers.group_by("survey").aggregate(n=answers.count(), scores=answers.scored.sum())
    sizes = surveys.order_by(ibis.desc("scores"), "survey").to_pandas().set_index("survey")
    found = {
        "known_answers": _count(answers.filter(answers.reasoned & answers.customer_id.notnull())),
        "purchase_answers": int(sizes["n"].get("purchase", 0)),
        "exit_answers": int(sizes["n"].get("exit_intent", 0)),
        "smaller_arm": _smaller_arm(answers.filter(answers.survey == "profile")),
    }
    if sizes["scores"].any():
        asked = rows.filter(is_rating & (rows.survey == sizes.index[0]))
        scored = answers.filter(answers.scored & (answers.survey == sizes.index[0]))
        found |= _of_scores(scored, first_orders)
        found["ratings"] = one(asked, n=asked.question.nunique())["n"]
    return found


def _of_scores(scored: ir.Table, first_orders: ir.Table | None) -> dict[str, int]:
    waves = scored.group_by("wave").aggregate(n=scored.count())
    known = 0 if first_orders is None else _count(scored.semi_join(first_orders, "customer_id"))
    return {
        "scores": _count(scored),
        "rated_scores": _count(scored.filter(scored.rated)),
        "full_waves": _count(waves.filter(waves.n >= 100)),
        "scored_customers": known,
    }


def _smaller_arm(answers: ir.Table) -> int:
    """Answers in the smaller of the two arms: shown their own profile, or another one."""
    arms = one(answers, own=(answers.arm == "matched").sum(),
               other=(answers.arm == "mismatched").sum())  # fmt: skip
    return min(arms["own"] or 0, arms["other"] or 0)


def _of_events(events: ir.Table) -> dict[str, int]:
    """Visitors who consented, and those of them who bought."""
    known = events.filter(events.visitor_id.notnull())
    bought = known.event.lower() == "purchase"
    counts = one(known, visitors=known.visitor_id.nunique(),
                 buying_visitors=known.visitor_id.nunique(where=bought))  # fmt: skip
    return {name: int(count or 0) for name, count in counts.items()}


def _of_spend(spend: ir.Table, first_orders: ir.Table, as_of: date) -> dict[str, int]:
    """Whole months of cost with 30 new customers, of all channels and channel by channel.

    A channel is one that costs and orders call the same, ignoring case.
    """
    costs = _by_month(spend.filter(spend.cost > 0), spend.date)
    has_channel = "first_channel" in first_orders.columns
    channel = first_orders.first_channel if has_channel else ibis.null("string")
    new = _by_month(first_orders.mutate(channel=channel), first_orders.first_on)
    end = (as_of + timedelta(days=1)).replace(day=1)  # months before this day are whole
    costs = costs[costs.index.get_level_values("month") < pd.Timestamp(end)]
    paid = new[new.index.get_level_values("month").isin(costs.index.get_level_values("month"))]
    return {
        "spend_months": int((paid.groupby(level="month").sum() >= 30).sum()),
        "channel_months": int((paid[paid.index.isin(costs.index)] >= 30).sum()),
    }


def _by_month(rows: ir.Table, day: ir.DateValue) -> pd.Series:
    """Rows by month and channel."""
    placed = rows.mutate(month=day.truncate("M"), channel=rows.channel.lower().fill_null(""))
    counts = placed.group_by("month", "channel").aggregate(n=placed.count()).to_pandas()
    counts["month"] = pd.to_datetime(counts["month"])
    return counts.set_index(["month", "channel"])["n"]


def _twice_coded(interviews: ir.Table) -> int:
    coded = interviews.filter(interviews.code.notnull() & interviews.coder.notnull())
    excerpts = coded.group_by("interview_id", "question", "excerpt").aggregate(
        coders=coded.coder.nunique()
    )
    return _count(excerpts.filter(excerpts.coders > 1))


def whole_months(first: date, last: date) -> int:
    """Whole months from the first to the last day, both included."""
    end = last + timedelta(days=1)
    return (end.year - first.year) * 12 + end.month - first.month - (end.day < first.day)

"""What people said beside what they did: answers joined to the behaviour of a visit.

An answer belongs to the visit in which it was given (by the number of the visit, or of the order
that it is about), or to the customer's first visit after it. Of the events only those before the
answer count where it was given in the visit; recordings hold totals of whole visits only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.coverage import local_day
from templates_lib.journey import visits
from templates_lib.language import N_, tr
from templates_lib.params.journey import Journey
from templates_lib.sources.engine import one
from templates_lib.stats.intervals import benjamini_hochberg, mean_interval, newcombe, wilson
from templates_lib.words import Words

LATER = ("nps", "satisfaction")  # surveys about what was, whose answer comes before the visit
IN_VISIT, OF_ORDER, AFTER = "in_visit", "of_order", "after_answer"
BEFORE, WHOLE, NEXT = "before_answer", "whole_visit", "next_visit"
FOLLOW = timedelta(days=90)
EARLY, LATE = timedelta(minutes=1), timedelta(minutes=30)  # around the events of the own visit
MIN_ANSWERS = 30
BEYOND_CHANCE = 0.05
PAGE_VIEW = "page_view"
TOTALS = ("scroll_depth_share", "duration_seconds", "rage_clicks", "dead_clicks")
CLICKS = {"rage_clicks": "any_rage_click", "dead_clicks": "any_dead_click"}
ANSWER = ["survey", "response_id"]
RATES = ["survey", "way", "n", "matched", "share", "low", "high", "out_of_time"]
BY_ANSWER = ["survey", "question", "option", "measure", "n", "mean", "low", "high", "others_mean",
             "difference", "diff_low", "diff_high", "q_value", "others_n", "way",
             "counted"]  # fmt: skip


class Joined(NamedTuple):
    """Answers and the behaviour of their visits.

    answers : one row an answer and option: survey, response_id, question, option
    behaviour : one row an answer whose visit is known: survey, response_id, way, and a column a
        measure, missing where it is not known
    counted : measure: whether it is of ``before_answer``, ``whole_visit`` or ``next_visit``, by way
    rates : one row a survey: survey, way, n (answers of the days of the events), matched (whose
        visit is known), share, low, high (Wilson), out_of_time (answers with the number of a
        visit that was not going on at their time: the clocks of the two tools differ)
    """

    answers: pd.DataFrame
    behaviour: pd.DataFrame
    counted: dict[tuple[str, str], str]
    rates: pd.DataFrame


def joined(
    have: Mapping[str, ir.Table], events: ir.Table, settings: Journey, *, zone: str, as_of: date
) -> Joined | None:
    """The answers of all surveys with the visits that they can be joined to.

    Parameters
    ----------
    have : staged tables; responses are needed, sessions (recordings) add clicks and scrolling
    events : of ``visits.events``; answers of other days are left out

    Returns
    -------
    None without responses, or without an answer that names a visit, an order or a customer.
    """
    ends = one(events, first=events.occurred_at.min(), last=events.occurred_at.max())
    if "responses" not in have or ends["first"] is None:
        return None
    rows = have["responses"]
    rows = rows.filter(rows.was_asked & (rows.survey != "profile"))  # it asks of our own words
    rows = rows.mutate(on=local_day(rows, "answered_at", zone))
    inside = rows.answered_at.between(ends["first"], ends["last"] + LATE)
    rows = rows.filter(inside & (rows.on <= as_of))
    people = rows.group_by(*ANSWER).aggregate(
        answered_at=rows.answered_at.min(), session_id=rows.session_id.max(),
        order_id=rows.order_id.max(), customer_id=rows.customer_id.max(),
    )  # fmt: skip
    found = ibis.union(*_ways(people, visits.table_of(have), events)).cache()
    behaviour = _behaviour(have, events, found, settings)
    rates = _rates(people, behaviour, found)
    if rates.empty:
        return None
    names = [column for column in behaviour if column not in (*ANSWER, "way")]
    counted = {
        (way, name): WHOLE if name in (*TOTALS, *CLICKS.values()) else BEFORE
        for way in (IN_VISIT, OF_ORDER)
        for name in names
    } | {(AFTER, name): NEXT for name in names}
    return Joined(_options(rows), behaviour, counted, rates)


def _spans(events: ir.Table) -> ir.Table:
    """When each visit began and ended: visit, began, ended, visitor (the customer, if known)."""
    known = events.filter(events.session_id.notnull())
    return known.group_by(visit="session_id").aggregate(
        began=known.occurred_at.min(), ended=known.occurred_at.max(),
        visitor=known.customer_id.max(),
    )  # fmt: skip


def _ways(people: ir.Table, every: ir.Table, events: ir.Table) -> Iterator[ir.Table]:
    """The answers by how they are joined to a visit: survey, response_id, answered_at, visit, way,
    is_in_time, is_seen (whether the events know the visit). Answers given in a visit that does not
    count are left out."""
    is_later = people.survey.isin(LATER)
    columns = [*ANSWER, "answered_at", "visit", "way", "is_in_time", "is_seen"]
    named = people.filter(people.session_id.notnull() & ~is_later)
    spans = _spans(events.semi_join(named, "session_id"))
    of_named = every.semi_join(named, "session_id").select("session_id").distinct()
    named = named.anti_join(
        of_named.anti_join(spans, of_named.session_id == spans.visit), "session_id"
    )
    inside = named.left_join(spans, named.session_id == spans.visit).drop("visit")
    is_in_time = inside.answered_at.between(
        inside.began - ibis.literal(EARLY), inside.ended + ibis.literal(LATE)
    ).fill_null(False)
    inside = inside.mutate(
        visit=inside.session_id, way=ibis.literal(IN_VISIT), is_in_time=is_in_time,
        is_seen=inside.began.notnull(),
    )  # fmt: skip
    yield inside.select(*columns)
    bought = events.filter((events.event == visits.PURCHASE) & events.session_id.notnull())
    bought = bought.group_by(bought_id="order_id").aggregate(visit=bought.session_id.max())
    about = people.filter(people.session_id.isnull() & ~is_later)
    of_order = about.inner_join(bought, about.order_id == bought.bought_id)
    of_order = of_order.mutate(way=ibis.literal(OF_ORDER), is_in_time=True, is_seen=True)
    yield of_order.select(*columns)
    told = people.filter(is_later)
    theirs = events.semi_join(told, "customer_id").select("session_id").distinct()
    spans = _spans(events.semi_join(theirs, "session_id"))
    after = told.inner_join(spans, told.customer_id == spans.visitor)
    after = after.filter(
        (after.began > after.answered_at)
        & (after.began <= after.answered_at + ibis.literal(FOLLOW))
    )
    first = after.group_by(*ANSWER, "answered_at").aggregate(visit=after.visit.argmin(after.began))
    first = first.mutate(way=ibis.literal(AFTER), is_in_time=True, is_seen=True)
    yield first.select(*columns)


def _behaviour(
    have: Mapping[str, ir.Table], events: ir.Table, placed: ir.Table, settings: Journey
) -> pd.DataFrame:
    """One row a placed answer whose visit is known, a column a measure."""
    steps = [step.lower() for step in settings.steps[1:]]
    own = placed.join(events, placed.visit == events.session_id)
    own = own.mutate(
        counts=own.is_in_time & ((own.way == AFTER) | (own.occurred_at <= own.answered_at))
    )
    done = own.group_by(*ANSWER, "way").aggregate(
        knows_time=own.is_in_time.any(),
        pages=(own.counts & (own.event == PAGE_VIEW)).sum(),
        **{step: (own.counts & (own.event == step)).any() for step in steps},
    )
    table = done.to_pandas().set_index([*ANSWER, "way"])
    measured = table[["pages", *steps]].astype("float64")
    measured = measured.where(table["knows_time"].astype(bool))
    measured["steps_taken"] = measured[steps].sum(axis=1, skipna=False)
    if "sessions" in have:
        recorded = have["sessions"].filter(have["sessions"].session_id.notnull())
        totals = recorded.group_by(recorded="session_id").aggregate(
            **{name: recorded[name].max().cast("float64") for name in TOTALS}
        )
        both = placed.inner_join(totals, placed.visit == totals.recorded)
        whole = both.select(*ANSWER, "way", *TOTALS).to_pandas().set_index([*ANSWER, "way"])
        for clicks, flag in CLICKS.items():
            whole[flag] = (whole[clicks] > 0).astype("float64").where(whole[clicks].notna())
        measured = measured.join(whole, how="outer")
    return measured.reset_index().sort_values(ANSWER, ignore_index=True)


def _options(rows: ir.Table) -> pd.DataFrame:
    """The given answers, and the classes of a score: survey, response_id, question, option."""
    value = rows.value.cast("float64")
    group = ibis.cases((value >= 9, "promoters"), (value >= 7, "passives"), else_="detractors")
    is_score = (rows.kind == "score") & value.notnull()
    said = is_score.ifelse(group, (rows.kind == "choice").ifelse(rows.option, ibis.null("string")))
    told = rows.select(*ANSWER, "question", option=said)
    table = told.filter(told.option.notnull()).distinct().to_pandas()
    return table.sort_values([*ANSWER, "question", "option"], ignore_index=True)


def _rates(people: ir.Table, behaviour: pd.DataFrame, placed: ir.Table) -> pd.DataFrame:
    """How many answers of each survey have a known visit."""
    asked = people.group_by("survey").aggregate(n=people.count()).to_pandas()
    ways = placed.group_by("survey").aggregate(
        way=placed.way.max(), out_of_time=(~placed.is_in_time & placed.is_seen).sum()
    )
    table = asked.merge(ways.to_pandas(), on="survey").sort_values("survey", ignore_index=True)
    known = behaviour.groupby("survey").size()
    table["matched"] = table["survey"].map(known).fillna(0).astype("int64")
    table["share"] = table["matched"] / table["n"]
    table["low"], table["high"] = wilson(table["matched"], table["n"])
    return table[RATES]


def by_answer(found: Joined, *, min_cell: int, surveys: Sequence[str] = ()) -> pd.DataFrame:
    """What those who gave an answer did, against those who gave another to the same question.

    Parameters
    ----------
    surveys : only these; all without any named

    Returns
    -------
    Columns: survey, question, option, measure, n (those who gave it, with the measure known),
    mean (a share where the measure is one of yes and no), low, high (Hall's; of shares Wilson's),
    others_mean, difference (mean less others_mean), diff_low, diff_high (Welch's; Newcombe's),
    q_value (Benjamini and Hochberg over all rows; of Welch's test, of the chi-square test),
    others_n, way, counted (before_answer, whole_visit or next_visit). Under 30 answers, or
    ``min_cell``, on either side there is no row; nor where a count of people is from 1 to
    ``min_cell`` − 1, or where all did the same.
    """
    least = max(MIN_ANSWERS, min_cell)
    measures = [c for c in found.behaviour if c not in (*ANSWER, "way")]
    rows = []
    both = found.answers.merge(found.behaviour, on=ANSWER)
    for (survey, question, way), own in both.groupby(["survey", "question", "way"], sort=True):
        if surveys and survey not in surveys:
            continue
        each = own.drop_duplicates("response_id").set_index("response_id")
        for option, given in own.groupby("option", sort=True):
            has_said = each.index.isin(given["response_id"])
            for measure in measures:
                a, b = (each[measure][side].dropna() for side in (has_said, ~has_said))
                if min(len(a), len(b)) >= least:
                    test = _shares if set(each[measure].dropna()) <= {0.0, 1.0} else _means
                    made = test(a.to_numpy(), b.to_numpy(), min_cell)
                    if made is not None:
                        rows.append([survey, question, option, measure, len(a), *made, len(b), way,
                                     found.counted[way, measure]])  # fmt: skip
    table = pd.DataFrame(rows, columns=BY_ANSWER)
    if len(table):
        table["q_value"] = benjamini_hochberg(table["q_value"])
    return table


def _means(a: np.ndarray, b: np.ndarray, min_cell: int) -> tuple[float, ...] | None:
    """Mean, low, high, others' mean, difference, its low and high, p."""
    if np.ptp(a) == 0 and np.ptp(b) == 0:
        return None
    low, high = mean_interval(len(a), a.sum(), (a**2).sum(), (a**3).sum())
    test = stats.ttest_ind(a, b, equal_var=False)
    apart = test.confidence_interval(0.95)
    return (a.mean(), float(low), float(high), b.mean(), a.mean() - b.mean(), apart.low,
            apart.high, test.pvalue)  # fmt: skip


def _shares(a: np.ndarray, b: np.ndarray, min_cell: int) -> tuple[float, ...] | None:
    """The same of shares; nothing where a count of people is too small."""
    counts = np.array([[a.sum(), len(a) - a.sum()], [b.sum(), len(b) - b.sum()]])
    if (counts.sum(axis=0) == 0).any() or ((counts > 0) & (counts < min_cell)).any():
        return None
    low, high = wilson(a.sum(), len(a))
    apart = newcombe(a.sum(), len(a), b.sum(), len(b))
    p = stats.chi2_contingency(counts, correction=False).pvalue
    return (a.mean(), float(low), float(high), b.mean(), a.mean() - b.mean(),
            float(apart[0]), float(apart[1]), float(p))  # fmt: skip


class Apart(NamedTuple):
    """The answer whose givers did most unlike the others, with its rows of ``by_answer``, the
    clearest first."""

    survey: str
    question: str
    option: str
    rows: pd.DataFrame


def most_apart(table: pd.DataFrame, *, ways: Sequence[str] = (IN_VISIT, OF_ORDER)) -> Apart | None:
    """The answer that goes with the clearest difference beyond chance; None where none does.

    The clearest is the widest against its own interval.
    """
    sure = table[(table["q_value"] < BEYOND_CHANCE) & table["way"].isin(ways)]
    if sure.empty:
        return None
    clear = sure["difference"].abs() / (sure["diff_high"] - sure["diff_low"])
    ordered = sure.loc[clear.sort_values(ascending=False, kind="stable").index]
    first = ordered.iloc[0]
    keys = ["survey", "question", "option"]
    own = ordered[(ordered[keys] == first[keys]).all(axis=1)]
    return Apart(first["survey"], first["question"], first["option"], own.reset_index(drop=True))


TOLD = {
    "scroll_depth_share": (
        N_("Those who say “{option}” saw {own} of the page; the others {others}"),
        N_("They saw {own} of the page; the others {others}."),
    ),
    "rage_clicks": (
        N_("Those who say “{option}” clicked in anger {own} times; the others {others}"),
        N_("They clicked in anger {own} times; the others {others}."),
    ),
    "dead_clicks": (
        N_(
            "Those who say “{option}” clicked {own} times where nothing happens; "
            "the others {others}"
        ),
        N_("They clicked {own} times where nothing happens; the others {others}."),
    ),
    "duration_seconds": (
        N_("Those who say “{option}” stayed {own} seconds; the others {others}"),
        N_("They stayed {own} seconds; the others {others}."),
    ),
    "pages": (
        N_("Those who say “{option}” looked at {own} pages; the others {others}"),
        N_("They looked at {own} pages; the others {others}."),
    ),
    "steps_taken": (
        N_("Those who say “{option}” took {own} steps towards the purchase; the others {others}"),
        N_("They took {own} steps towards the purchase; the others {others}."),
    ),
}


def headline(apart: Apart, words: Words) -> str:
    """The clearest difference: *Those who say “dear” saw 28% of the page; the others 61%*."""
    return _told(_clearest(apart).iloc[0], words, 0, option=apart.option)


def rest_in_words(apart: Apart, words: Words, *, most: int = 3) -> str:
    """The next clearest differences, one a measure, and what of the visit is counted."""
    told = [_told(row, words, 1) for _, row in _clearest(apart).iloc[1:most].iterrows()]
    if (apart.rows["counted"] == WHOLE).any():
        told.append(tr("Scrolling, clicks and time are those of the whole visit."))
    return " ".join(told)


def _clearest(apart: Apart) -> pd.DataFrame:
    return apart.rows[apart.rows["measure"].isin(TOLD)]


def _told(row: pd.Series, words: Words, place: int, **more: str) -> str:
    show = form(row["measure"], words)
    own, others = show(row["mean"]), show(row["others_mean"])
    return tr(TOLD[row["measure"]][place], own=own, others=others, **more)


def form(measure: str, words: Words) -> Callable[[float], str]:
    """How a mean of a measure is written: a share, seconds, or how often."""
    digits = _digits(measure)

    def show(value: float) -> str:
        return words.share(value) if digits is None else words.number(value, digits)

    return show


def _digits(measure: str) -> int | None:
    """Decimals of a mean of a measure; None for a share."""
    if measure == "scroll_depth_share" or measure not in TOLD:
        return None
    return 0 if measure == "duration_seconds" else 1


def to_question(table: pd.DataFrame, apart: Apart, *, most: int = 2) -> dict[str, pd.DataFrame]:
    """The means of everybody who answered the question of ``apart``, by answer: a table of rows of
    ``by_answer`` for each of the measures that set it apart most clearly."""
    same = (table["survey"] == apart.survey) & (table["question"] == apart.question)
    own = table[same & table["way"].isin(apart.rows["way"])]
    measures = [m for m in dict.fromkeys(apart.rows["measure"]) if m in TOLD][:most]
    ranked = own[own["measure"].isin(measures[:1])].sort_values(["mean", "option"])
    order = [apart.option, *(o for o in ranked["option"] if o != apart.option)]
    ordered = own.sort_values("option", key=pd.Index(order).get_indexer)
    return {m: ordered[ordered["measure"] == m] for m in measures}


def for_the_eye(rows: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Rows of ``by_answer`` as text: measure, those (mean with its interval), others, n."""
    made = []
    for _, row in rows.iterrows():
        show = form(row["measure"], words)
        digits, ends = _digits(row["measure"]), (row["low"], row["high"])
        span = words.share_span(*ends) if digits is None else words.span(*ends, digits)
        those = f"{show(row['mean'])} ({span})"
        made.append([row["measure"], those, show(row["others_mean"]), row["n"]])
    return pd.DataFrame(made, columns=["measure", "those", "others", "n"])

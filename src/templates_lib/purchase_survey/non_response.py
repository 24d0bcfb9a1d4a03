"""Who answers, what they answer, and whether they differ from those who buy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.coverage import local_day
from templates_lib.language import tr
from templates_lib.privacy import hide_small
from templates_lib.purchases import with_groups
from templates_lib.sources.engine import one
from templates_lib.stats.intervals import newcombe, upper_tail, wilson
from templates_lib.words import Words

MIN_PERSONS = 30  # respondents, and buyers who did not answer, for a comparison
YEAR_DAYS = 365
COMPARED = ["survey", "measure", "group", "respondents", "buyers", "gap", "low", "high",
            "n", "buyers_n"]  # fmt: skip


def _answers(responses: ir.Table) -> ir.Table:
    """One row an answer: survey, response_id, customer_id, answered_at, and whether it holds
    anything, and a score."""
    given = responses.value.notnull() | responses.option.notnull() | responses.text.notnull()
    scored = (responses.kind == "score") & responses.value.notnull()
    marked = responses.mutate(given=given, scored=scored)
    return marked.group_by("survey", "response_id").aggregate(
        customer_id=marked.customer_id.max(),
        answered_at=marked.answered_at.min(),
        given=marked.given.max(),
        scored=marked.scored.max(),
        asks_score=(marked.kind == "score").max(),
    )


def surveys(responses: ir.Table, *, zone: str) -> pd.DataFrame:
    """Each survey at a glance.

    Returns
    -------
    Columns: survey, date_from, date_to (first and last day of an answer), answers, with_any (that
    answer anything), with_score (missing where no score is asked), without_identity (answers of
    no known customer), share (without identity / answers), low, high (Wilson).
    """
    rows = _answers(responses)
    rows = rows.mutate(on=local_day(rows, "answered_at", zone))
    found = rows.group_by("survey").aggregate(
        date_from=rows.on.min(),
        date_to=rows.on.max(),
        answers=rows.count(),
        with_any=rows.given.sum(),
        with_score=rows.asks_score.any().ifelse(rows.scored.sum(), ibis.null("int64")),
        without_identity=rows.customer_id.isnull().sum(),
    )
    table = found.order_by("survey").to_pandas()
    table["with_score"] = table["with_score"].astype("Int64")
    return _with_share(table, "without_identity", "answers")


def questions(responses: ir.Table) -> pd.DataFrame:
    """How many of those who were asked a question answered it.

    Returns
    -------
    Columns: survey, question, kind, asked (answers in which it was put), answered, share, low,
    high (Wilson), in the order of the share.
    """
    given = responses.value.notnull() | responses.option.notnull() | responses.text.notnull()
    rows = responses.filter(responses.was_asked).mutate(given=given)
    found = rows.group_by("survey", "question", "kind").aggregate(
        asked=rows.response_id.nunique(), answered=rows.response_id.nunique(where=rows.given)
    )
    table = _with_share(found.to_pandas(), "answered", "asked")
    ordered = table.sort_values(["survey", "share", "question"], ascending=[True, False, True])
    return ordered.reset_index(drop=True)


def _with_share(table: pd.DataFrame, count: str, total: str) -> pd.DataFrame:
    low, high = wilson(table[count], table[total])
    return table.assign(share=table[count] / table[total], low=low, high=high)


def against_buyers(
    have: Mapping[str, ir.Table], *, zone: str, as_of: date, min_cell: int
) -> pd.DataFrame:
    """Respondents against all buyers of the same time, on value, tenure and first channel.

    The time of a survey runs from its first to its last answer, and at least over the year before
    the last one, since people are asked about a purchase that lies behind. Buyers are the known
    customers with a counted order in it; respondents those of them who answered. Value and tenure
    are as of the last answer: net sales so far, and days since the first order.

    Respondents are buyers too, so that they are compared with the buyers who did not answer
    (Welch's t for means, Newcombe for shares) and the difference is scaled by those' share:
    mean(respondents) − mean(all) = (1 − f)·(mean(respondents) − mean(others)).

    Returns
    -------
    Columns: survey, measure (net_sales, tenure_days, first_channel), group (the channel, or
    ``all``), respondents and buyers (mean, or share of the channel), gap, low, high, n
    (respondents: of the channel's share all of them), buyers_n. A survey with under 30 respondents
    among the buyers, or under 30 other buyers, has no rows; a channel of fewer than ``min_cell``
    people is hidden.
    """
    table = pd.DataFrame(columns=COMPARED)
    if not {"responses", "orders", "first_orders"} <= set(have):
        return table
    answers = _answers(have["responses"])
    answers = answers.mutate(on=local_day(answers, "answered_at", zone))
    answers = answers.filter(answers.on <= as_of)
    spans = answers.group_by("survey").aggregate(first=answers.on.min(), last=answers.on.max())
    parts = []
    for survey, first, last in spans.order_by("survey").to_pandas().itertuples(index=False):
        ends = pd.Timestamp(first).date(), pd.Timestamp(last).date()
        persons = buyers_of(have, answers.filter(answers.survey == survey), *ends)
        counts = one(persons, n=persons.count(), answered=persons.answered.sum())
        answered = counts["answered"] or 0
        if min(answered, counts["n"] - answered) >= MIN_PERSONS:
            rows = [*_means(persons), *_channels(persons, min_cell)]
            parts.append(pd.DataFrame(rows, columns=COMPARED[1:]).assign(survey=survey))
    return pd.concat(parts, ignore_index=True)[COMPARED] if parts else table


def buyers_of(have: Mapping[str, ir.Table], answers: ir.Table, first: date, last: date) -> ir.Table:
    """One row a buyer of the survey's time: customer_id, answered, net_sales, tenure_days,
    first_channel, first_category."""
    begin = min(first, last - timedelta(days=YEAR_DAYS))
    orders = have["orders"].filter(lambda t: t.customer_id.notnull() & (t.ordered_on <= last))
    buyers = orders.group_by("customer_id").aggregate(
        last_on=orders.ordered_on.max(),
        net_sales=orders.net_sales.sum().cast("float64"),
        tenure_days=ibis.literal(last).delta(orders.ordered_on.min(), unit="day"),
    )
    buyers = buyers.filter(buyers.last_on >= begin)
    known = answers.filter(answers.customer_id.notnull()).select("customer_id").distinct()
    channels = have["first_orders"].select("first_channel", "first_category", buyer="customer_id")
    joined = buyers.left_join(channels, buyers.customer_id == channels.buyer)
    return joined.mutate(answered=joined.customer_id.isin(known.customer_id))


def _means(persons: ir.Table) -> Iterator[list[Any]]:
    for measure in ("net_sales", "tenure_days"):
        value = persons[measure].cast("float64")
        sides = persons.group_by("answered").aggregate(
            n=persons.count(), mean=value.mean(), variance=value.var(how="sample")
        )
        found = {row.answered: row for row in sides.to_pandas().itertuples(index=False)}
        answered, others = (_Side(found[side].n, found[side].mean, found[side].variance)
                            for side in (True, False))  # fmt: skip
        difference, low, high = _welch(answered, others)
        rest = others.n / (answered.n + others.n)
        whole = answered.mean - rest * difference
        yield [measure, "all", answered.mean, whole, rest * difference, rest * low, rest * high,
               answered.n, answered.n + others.n]  # fmt: skip


class _Side(NamedTuple):
    n: int
    mean: float
    variance: float


def _welch(a: _Side, b: _Side, *, confidence: float = 0.95) -> tuple[float, float, float]:
    """The difference of two means with Welch's interval."""
    parts = np.array([a.variance / a.n, b.variance / b.n])
    difference = a.mean - b.mean
    if not parts.sum():
        return difference, difference, difference
    freedom = parts.sum() ** 2 / (parts**2 / np.array([a.n - 1, b.n - 1])).sum()
    half = stats.t.isf(upper_tail(confidence), freedom) * np.sqrt(parts.sum())
    return difference, difference - half, difference + half


def _channels(persons: ir.Table, min_cell: int) -> list[list[Any]]:
    """The share of each channel; nothing where not two of them are known."""
    grouped = with_groups(persons, "first_channel", max_groups=5)
    counts = grouped.group_by(group="first_channel").aggregate(
        hits=grouped.answered.sum(), buyers=grouped.count()
    )
    table = counts.order_by(ibis.desc("buyers"), "group").to_pandas()
    if (table["group"] != "unknown").sum() < 2:
        return []
    n, everyone = table["hits"].sum(), table["buyers"].sum()
    rest = (everyone - n) / everyone
    others = table["buyers"] - table["hits"]
    low, high = newcombe(table["hits"], n, others, everyone - n)
    table = table.assign(
        respondents=table["hits"] / n, all_buyers=table["buyers"] / everyone,
        low=rest * low, high=rest * high,
    )  # fmt: skip
    table["difference"] = table["respondents"] - table["all_buyers"]
    table = table.assign(others=others)
    shown = ["respondents", "all_buyers", "difference", "low", "high"]
    for count in ("hits", "others", "buyers"):
        table = hide_small(table, count=count, values=shown, min_cell=min_cell)
    order = ["group", *shown]
    return [["first_channel", *row, n, everyone] for row in table[order].to_numpy().tolist()]


def in_words(table: pd.DataFrame, words: Words) -> pd.DataFrame:
    """``against_buyers`` for the eye: survey, measure, group, and as text who_answers, who_buys
    and apart (the difference with its interval, and whether it is beyond chance)."""
    show: dict[str, tuple[Callable[[float], str], Callable[[float, float], str]]] = {
        "net_sales": (lambda v: words.money(v, 2), lambda a, b: words.money_span(a, b, 2)),
        "tenure_days": (words.number, words.span),
        "first_channel": (lambda v: words.share(v, 1), lambda a, b: words.share_span(a, b, 1)),
    }
    rows = []
    for row in table.dropna(subset=["gap"]).itertuples(index=False):
        write, write_span = show[row.measure]
        gap = {"estimate": write(row.gap), "range": write_span(row.low, row.high)}
        is_sure = row.low > 0 or row.high < 0
        apart = (
            tr("{estimate} ({range})", **gap)
            if is_sure
            else tr("{estimate} ({range}, may be chance)", **gap)
        )
        rows.append([row.survey, row.measure, row.group, write(row.respondents),
                     write(row.buyers), apart])  # fmt: skip
    names = ["survey", "measure", "group", "who_answers", "who_buys", "apart"]
    return pd.DataFrame(rows, columns=names)


def differs(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``against_buyers`` whose interval excludes no difference."""
    return table[(table["low"] > 0) | (table["high"] < 0)]

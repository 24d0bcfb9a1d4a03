"""How many answer a survey, how much they say, and whether the late ones say something else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.coverage import local_day
from templates_lib.purchase_survey import non_response
from templates_lib.purchase_survey.purchase_survey import MIN_ANSWERS, SURVEYS, own_rows
from templates_lib.sources.engine import one
from templates_lib.stats.intervals import newcombe, wilson

EARLY_LATE = ["question", "option", "n", "early_share", "late_share", "gap_share", "low", "high"]


def depth(responses: ir.Table, *, zone: str, as_of: date) -> pd.DataFrame:
    """How much people answer: given answers against their own words.

    Returns
    -------
    Columns: survey, question, kind (choice or open), asked, answered, share (answered / asked),
    low, high (Wilson), per_answer (mean number of options of a choice, of words of an open
    answer, of those who answered).
    """
    rows = own_rows(responses, zone, as_of)
    rows = rows.filter(rows.kind.isin(["choice", "open"]))
    table = non_response.questions(rows.drop("on"))
    words = ibis.cases((rows.kind == "open", rows.text.strip().re_split(r"\s+").length()), else_=1)
    given = rows.filter(rows.option.notnull() | rows.text.notnull()).mutate(size=words)
    sizes = given.group_by("survey", "question").aggregate(size=given["size"].sum()).to_pandas()
    table = table.merge(sizes, on=["survey", "question"], how="left")
    table["per_answer"] = table["size"] / table["answered"].where(table["answered"] > 0)
    place = table["survey"].map(SURVEYS.index)
    order = table.assign(place=place).sort_values(["place", "kind"], kind="stable").index
    return table.loc[order].drop(columns="size").reset_index(drop=True)


def response_rates(have: Mapping[str, ir.Table], *, zone: str, as_of: date) -> pd.DataFrame:
    """How many answered of those who could, where the client's own data tell how many that are.

    Buyers: of the orders from the first to the last day of an answer, those that an answer names.
    Leavers: of the visits of those days without a purchase, those with an answer. How many were
    invited is not in the data: where only some are asked, the rate of the asked is higher.

    Returns
    -------
    Columns: survey, base (orders or visits), n (of them), answered, share, low, high (Wilson). A
    survey whose answers name no order or visit has no row.
    """
    rows = own_rows(have.get("responses"), zone, as_of)
    found: list[list[Any]] = []
    for survey, base, column in (
        ("purchase", "orders", "order_id"), ("exit_intent", "visits", "session_id"),
    ):  # fmt: skip
        own = rows.filter((rows.survey == survey) & rows[column].notnull())
        ends = one(own, first=own.on.min(), last=own.on.max())
        every = _base(have, base, zone) if ends["first"] is not None else None
        if every is None:
            continue
        inside = every.filter(every.on.between(ends["first"], ends["last"]))
        named = own.select(column).distinct()[column]
        counts = one(inside, n=inside.count(), hits=inside[column].isin(named).sum())
        if counts["hits"]:
            found.append([survey, base, counts["n"], counts["hits"]])
    table = pd.DataFrame(found, columns=["survey", "base", "n", "answered"])
    counts = table[["n", "answered"]].astype("int64")
    low, high = wilson(counts["answered"], counts["n"])
    return table.assign(**counts, share=counts["answered"] / counts["n"], low=low, high=high)


def _base(have: Mapping[str, ir.Table], base: str, zone: str) -> ir.Table | None:
    """One row an order, or a visit without a purchase: its id and day."""
    if base == "orders":
        return have["orders"].select("order_id", on="ordered_on") if "orders" in have else None
    if "events" not in have:
        return None
    events = have["events"].filter(lambda t: t.session_id.notnull())
    events = events.mutate(on=local_day(events, "occurred_at", zone))
    visits = events.group_by("session_id").aggregate(
        on=events.on.min(), bought=(events.event.lower() == "purchase").any()
    )
    return visits.filter(~visits.bought)


def early_and_late(picks: pd.DataFrame, orders: ir.Table, *, min_cell: int) -> pd.DataFrame:
    """The first half to answer after the order against the other half.

    Who answers late is often more like those who do not answer at all. The interval of a gap is
    Newcombe's, widened by Bonferroni for the number of options compared.

    Returns
    -------
    Columns: question, option, n (people with a known order who answered), early_share,
    late_share, gap_share, low, high. No rows with under 30 people a half, or where an option has
    fewer than ``min_cell`` people in a half, but not none.
    """
    known = picks[picks["survey"] == "purchase"].dropna(subset=["order_id", "option"])
    wanted = orders.filter(orders.order_id.isin(known["order_id"].unique().tolist()))
    placed = wanted.select("order_id", "ordered_at").to_pandas().set_index("order_id")["ordered_at"]
    waited = known["answered_at"] - known["order_id"].map(placed)
    known = known.assign(waited=waited).dropna(subset=["waited"])
    rows = []
    for question, own in known.groupby("question"):
        each = own.groupby("person")["waited"].min()
        early = each.index[each <= each.median()]
        late = each.index.difference(early)
        if min(len(early), len(late)) < MIN_ANSWERS:
            continue
        for option, people in own.groupby("option")["person"]:
            hits = people[people.isin(early)].nunique(), people[~people.isin(early)].nunique()
            if all(count == 0 or count >= min_cell for count in hits):
                rows.append([question, option, len(each), len(early), len(late), *hits])
    names = ["question", "option", "n", "early", "late", "early_hits", "late_hits"]
    table = pd.DataFrame(rows, columns=names)
    counts = table[names[3:]].astype("int64")
    table["early_share"] = counts["early_hits"] / counts["early"]
    table["late_share"] = counts["late_hits"] / counts["late"]
    table["gap_share"] = table["late_share"] - table["early_share"]
    table["low"], table["high"] = newcombe(
        counts["late_hits"], counts["late"], counts["early_hits"], counts["early"],
        confidence=1 - 0.05 / max(1, len(table)),
    )  # fmt: skip
    return table[EARLY_LATE]

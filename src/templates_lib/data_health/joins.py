"""How much of one source is found in another: what can be told of the same person or order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.coverage import local_day
from templates_lib.labels import label
from templates_lib.language import N_, tr
from templates_lib.sources.engine import one
from templates_lib.stats.intervals import wilson
from templates_lib.words import MISSING, Words, is_missing

PURCHASE = "purchase"  # GA4's name of the event
COLUMNS = ["join", "part", "n", "matched", "share", "low", "high"]


class Meaning(NamedTuple):
    """What a join is called, what it makes possible, and what a low share means."""

    name: str
    allows: str
    when_low: str


MEANINGS = {
    "responses_customers": Meaning(
        N_("Answers whose customer is known"),
        N_("What people say beside what they buy."),
        N_("The survey was sent without an id or e-mail, or holds others than the shop's own."),
    ),
    "responses_orders": Meaning(
        N_("Answers whose order is known"),
        N_("What was bought when the answer was given."),
        N_(
            "Order numbers are written in another way, or the orders were cancelled or not "
            "exported."
        ),
    ),
    "responses_sessions": Meaning(
        N_("Answers whose visit is known"),
        N_("What the visitor did before answering."),
        N_("The two tools number visits in their own way, or cover different days."),
    ),
    "events_orders": Meaning(
        N_("Purchase events whose order is known"),
        N_("The path to an order beside its money."),
        N_("Events hold tests, cancelled orders or another number than the shop's."),
    ),
    "orders_events": Meaning(
        N_("Orders in the events' days that have an event"),
        N_("Conversion that stands for the whole shop."),
        N_("Visitors without consent, and orders by telephone or in a store, leave no event."),
    ),
    "events_customers": Meaning(
        N_("Events whose customer is known"),
        N_("Paths over several visits and devices."),
        N_("Few visitors log in: usual, but paths are then those of browsers."),
    ),
    "sessions_events": Meaning(
        N_("Visits that have events"),
        N_("Frustration beside what was done."),
        N_("The two tools number visits in their own way, or cover different days."),
    ),
    "touchpoints_customers": Meaning(
        N_("Service contacts whose customer is known"),
        N_("What help costs, and what follows it."),
        N_("Cases hold other e-mails than the orders; a table of aliases joins them."),
    ),
    "file_buyers": Meaning(
        N_("Customers of the file who have bought"),
        N_("Who buys of those who could."),
        N_("The file holds newsletter subscribers, or another kind of id than the orders."),
    ),
    "buyers_file": Meaning(
        N_("Buyers who are in the customer file"),
        N_("What is known of a person beside the purchases."),
        N_("The file holds members only: what it tells holds for them, not for all buyers."),
    ),
    "lines_category": Meaning(
        N_("Order lines with a category"),
        N_("Which goods bring people back."),
        N_("Products were renamed or removed from the product file."),
    ),
    "lines_cost": Meaning(
        N_("Order lines whose product has a unit cost"),
        N_("Profit, not only sales."),
        N_("The shop does not keep costs: margins then rest on a declared share."),
    ),
    "interviews_customers": Meaning(
        N_("Interviews whose customer is known"),
        N_("What people tell beside what they are worth."),
        N_("Interviews were stored without an id."),
    ),
    "companies_customers": Meaning(
        N_("Companies with a person among the customers"),
        N_("What an account buys, and who in it."),
        N_("People are not tied to their company in the customer file."),
    ),
    "leads_companies": Meaning(
        N_("Leads whose company has a person among the customers"),
        N_("Which leads become customers."),
        N_("Leads carry no company id, or have not bought yet."),
    ),
}


def join_rates(have: Mapping[str, ir.Table], facts: Mapping[str, Any], *, zone: str,
               min_cell: int) -> pd.DataFrame:  # fmt: skip
    """The share of each source's rows that is found in another one.

    Parameters
    ----------
    have : staged tables by name; a join is there only where both of its sides are
    facts : for ``customers_in_file``, which staging counts
    min_cell : a join of fewer rows is left out, and a count of matches under it is hidden

    Returns
    -------
    Columns: join (a key of ``MEANINGS``), part (the survey), n (rows that could match: the
    denominator), matched, share, low, high (Wilson).
    """
    found = [
        [join, part, int(n), int(matched or 0)]
        for join, part, n, matched in _all(have, facts, zone)
        if n and n >= min_cell
    ]
    table = pd.DataFrame(found, columns=COLUMNS[:4])
    table["share"] = table["matched"].astype("float64") / table["n"].astype("float64")
    table["low"], table["high"] = wilson(table["matched"], table["n"])
    is_small = table["matched"].between(1, min_cell - 1)
    table["matched"] = table["matched"].astype("Int64").mask(is_small)
    table[["share", "low", "high"]] = table[["share", "low", "high"]].mask(is_small, axis=0)
    return table


def in_words(table: pd.DataFrame, words: Words) -> pd.DataFrame:
    """``join_rates`` for the eye: join, n, found (the share with its interval), allows, when_low,
    the last two said once for the surveys of one join."""
    rows, before = [], ""
    for row in table.itertuples(index=False):
        meaning = MEANINGS[row.join]
        name = f"{tr(meaning.name)}: {label(row.part)}" if row.part else tr(meaning.name)
        found = MISSING
        if not is_missing(row.share):
            found = f"{words.share(row.share, 1)} ({words.share_span(row.low, row.high, 1)})"
        is_new = row.join != before
        said = (tr(meaning.allows), tr(meaning.when_low)) if is_new else ("", "")
        rows.append([name, row.n, found, *said])
        before = row.join
    return pd.DataFrame(rows, columns=["join", "n", "found", "allows", "when_low"])


def weak(table: pd.DataFrame, *, under: float = 0.5) -> list[str]:
    """The joins of which under half is found, in words, each with its surveys in brackets."""
    low = table[table["share"] < under]
    found = []
    for join, part in low.groupby("join", sort=False):
        surveys = ", ".join(label(name) for name in part["part"] if name)
        name = tr(MEANINGS[str(join)].name)
        found.append((name[0].lower() + name[1:]) + (f" ({surveys})" if surveys else ""))
    return found


Counted = tuple[str, str, int, int]


def _all(have: Mapping[str, ir.Table], facts: Mapping[str, Any], zone: str) -> Iterator[Counted]:
    yield from _of_responses(have)
    yield from _of_events(have, zone)
    yield from _of_people(have, facts)
    yield from _of_lines(have)


def _of_responses(have: Mapping[str, ir.Table]) -> Iterator[Counted]:
    """Of each survey; the order or visit only where any answer of it names one."""
    if "responses" not in have:
        return
    rows = have["responses"]
    answers = rows.group_by("survey", "response_id").aggregate(
        customer_id=rows.customer_id.max(),
        order_id=rows.order_id.max(),
        session_id=rows.session_id.max(),
    )
    for column, join, known, is_always in (
        ("customer_id", "responses_customers", _known(have, "customers", "customer_id"), True),
        ("order_id", "responses_orders", _known(have, "orders", "order_id"), False),
        ("session_id", "responses_sessions", _visits(have), False),
    ):
        if known is not None:
            found = answers.mutate(hit=answers[column].isin(known), named=answers[column].notnull())
            counts = found.group_by("survey").aggregate(
                n=found.count(), hits=found.hit.sum(), named=found.named.sum()
            )
            for row in counts.order_by("survey").to_pandas().itertuples(index=False):
                if is_always or row.named:
                    yield join, row.survey, row.n, row.hits


def _of_events(have: Mapping[str, ir.Table], zone: str) -> Iterator[Counted]:
    orders = _known(have, "orders", "order_id")
    customers = _known(have, "customers", "customer_id")
    visits = _known(have, "events", "session_id")
    if "sessions" in have and visits is not None:
        yield _rate("sessions_events", have["sessions"], "session_id", visits)
    if "events" not in have:
        return
    events = have["events"]
    bought = events.filter(events.event.lower() == PURCHASE)
    if orders is not None:
        yield _rate("events_orders", bought, "order_id", orders)
        yield _orders_with_event(have["orders"], events, bought, zone)
    if customers is not None:
        yield _rate("events_customers", events, "customer_id", customers)


def _orders_with_event(orders: ir.Table, events: ir.Table, bought: ir.Table, zone: str) -> Counted:
    """Counted orders from the first to the last day with an event, and those that have one."""
    day = local_day(events, "occurred_at", zone)
    ends = one(events, first=day.min(), last=day.max())
    if ends["first"] is None:
        return "orders_events", "", 0, 0
    inside = orders.filter(orders.ordered_on.between(ends["first"], ends["last"]))
    return _rate("orders_events", inside, "order_id", _distinct(bought, "order_id"))


def _of_people(have: Mapping[str, ir.Table], facts: Mapping[str, Any]) -> Iterator[Counted]:
    customers = _known(have, "customers", "customer_id")
    for name in ("touchpoints", "interviews"):
        if name in have and customers is not None:
            rows = have[name]
            if name == "interviews" and one(rows, n=rows.interview_id.count())["n"]:
                is_known = rows.customer_id.isin(customers)  # one of those interviewed is enough
                found = rows.customer_id.max(where=is_known)
                rows = rows.group_by("interview_id").aggregate(customer_id=found)
            yield _rate(f"{name}_customers", rows, "customer_id", customers)
    if "orders" in have and "customers_in_file" in facts:
        yield from _file_and_buyers(have, facts["customers_in_file"])
    if customers is not None:
        companies = _known(have, "customers", "company_id")
        if "companies" in have:
            yield _rate("companies_customers", have["companies"], "company_id", companies)
        if "leads" in have:
            yield _rate("leads_companies", have["leads"], "company_id", companies)


def _file_and_buyers(have: Mapping[str, ir.Table], in_file: int) -> Iterator[Counted]:
    """The staged customers are those of the file and the buyers, each person once."""
    buyers = one(have["orders"], n=have["orders"].customer_id.nunique())["n"]
    either = one(have["customers"], n=have["customers"].count())["n"]
    both = in_file + buyers - either
    yield "file_buyers", "", in_file, both
    yield "buyers_file", "", buyers, both


def _of_lines(have: Mapping[str, ir.Table]) -> Iterator[Counted]:
    if "order_lines" not in have:
        return
    lines = have["order_lines"]
    counts = one(lines, n=lines.count(), category=lines.category.count())
    if "products" in have or counts["category"]:
        yield "lines_category", "", counts["n"], counts["category"]
    if "products" in have:
        costed = have["products"].filter(have["products"].unit_cost.notnull())
        if one(costed, n=costed.count())["n"]:
            yield "lines_cost", "", counts["n"], _costed_lines(lines, costed)


def _costed_lines(lines: ir.Table, costed: ir.Table) -> int:
    """A product is known by its id, else by its name, with a variant behind a dash or without."""
    names = _distinct(costed, "product_name")
    without_variant = lines.product_name.re_replace(" - [^-]*$", "")
    is_known = lines.product_id.isin(_distinct(costed, "product_id")).fill_null(False)
    for name in (lines.product_name, without_variant):
        is_known |= name.isin(names).fill_null(False)
    return one(lines, n=is_known.sum())["n"] or 0


def _rate(join: str, rows: ir.Table, column: str, known: ir.Column) -> Counted:
    """Rows, and those of them whose id is known; a row without an id is one that is not found."""
    counts = one(rows, n=rows.count(), hits=rows[column].isin(known).sum())
    return join, "", counts["n"], counts["hits"]


def _distinct(rows: ir.Table, column: str) -> ir.Column:
    return rows.filter(rows[column].notnull()).select(column).distinct()[column]


def _known(have: Mapping[str, ir.Table], name: str, column: str) -> ir.Column | None:
    return _distinct(have[name], column) if name in have else None


def _visits(have: Mapping[str, ir.Table]) -> ir.Column | None:
    """The visits that the sessions or the events know."""
    parts = [have[name].select("session_id") for name in ("sessions", "events") if name in have]
    if not parts:
        return None
    every = parts[0] if len(parts) == 1 else ibis.union(*parts)
    return _distinct(every, "session_id")

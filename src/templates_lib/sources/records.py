"""Tables whose rows are read as they stand: each mapped column becomes the column of its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import ibis
import ibis.expr.types as ir

from templates_lib.params.source_files import Rate
from templates_lib.params.tables import HoldoutsSource, SpendSource, TouchpointsSource
from templates_lib.sources.masking import masked, without_query
from templates_lib.sources.people import identity
from templates_lib.sources.reader import Table
from templates_lib.tables import COLUMNS, MONEY, own_key

ARMS = {
    "test": ("test", "tests", "testi", "testiryhmä", "treatment", "treated", "exposed", "on"),
    "holdout": ("holdout", "hold-out", "hold out", "held out", "held-out", "control", "kontrolli",
                "kontrolliryhmä", "verrokki", "verrokkiryhmä", "unexposed", "off"),
}  # fmt: skip
KINDS = ("text", "note", "page", "key", "order", "number", "percent", "time", "day", "flag")


def record_rows(name: str, table: Table, *, zone: str) -> ir.Table:
    """One row a row of the files: ``file``, ``row_number`` and the columns of the table ``name``,
    typed, under the shop's own keys.

    Raises
    ------
    InputProblems
        All problems of headers and values at once.
    """
    columns = table.source.columns
    values: dict[str, ir.Value] = {"customer_key": identity(table, columns)}
    for field, about in type(columns).model_fields.items():
        kind = next((mark for mark in about.metadata if mark in KINDS), None)
        if kind is not None:
            values[own_key(field)] = _read(table, kind, getattr(columns, field), zone)
    if name in FINISH:
        values |= FINISH[name](table, values)
    table.check()
    place = {"file": table.rows.file, "row_number": table.rows.row_number_in_file}
    kept = ~table.matches(table.source.left_out)
    named = {column: values[column] for column in map(own_key, COLUMNS[name])}
    return table.rows.filter(kept).select(**place, **named)


def _read(table: Table, kind: str, header: str | list[str] | None, zone: str) -> ir.Value:
    match kind:
        case "number":
            return table.number(header)
        case "percent":
            return table.percent(header)
        case "time":
            return table.time(header, zone=zone)
        case "day":
            return table.day(header, zone=zone)
        case "flag":
            return table.flag(header)
        case "order":
            return table.order_number(header)
        case "note":
            return masked(table.text(header))
        case "page":
            return without_query(table.text(header))
    return table.text(header)


def converted(
    table: Table, amount: ir.DecimalValue, currency: str | None, rates: Mapping[str, Rate]
) -> ir.DecimalValue:
    """Amounts in the client's currency, by the declared rates; another currency is a problem.

    Rows in another currency are marked in ``table.is_converted``.
    """
    if currency is None:
        return amount
    code = table.text(currency).upper()
    known = [(code == name.upper(), ibis.literal(float(rate.rate))) for name, rate in rates.items()]
    is_own = code.isnull() | (code == table.currency)
    table.is_converted = ~is_own
    factor = ibis.cases((is_own, 1.0), *known)
    table.require(
        currency,
        f"another currency than {table.currency}; declare its rate in rates",
        given=code.notnull(),
        value=factor,
    )
    return (amount.cast("float64") * factor).cast(MONEY)


def _sessions(table: Table, values: Mapping[str, ir.Value]) -> dict[str, ir.Value]:
    depth = ibis.coalesce(values["scroll_depth_share"], values["scroll_depth_percent"])
    return {"scroll_depth_share": depth}


def _touchpoints(table: Table, values: Mapping[str, ir.Value]) -> dict[str, ir.Value]:
    source = table.source
    assert isinstance(source, TouchpointsSource)
    seconds = values["resolved_at"].epoch_seconds() - values["occurred_at"].epoch_seconds()
    hours = (seconds / 3600).cast(MONEY)
    return {
        "hours_to_resolve": ibis.coalesce(values["hours_to_resolve"], hours),
        "stage": values["stage"].fill_null(source.stage),
    }


def _spend(table: Table, values: Mapping[str, ir.Value]) -> dict[str, ir.Value]:
    source = table.source
    assert isinstance(source, SpendSource)
    channel = values["channel"]
    cost = values["cost"]
    if source.columns.cost is None:
        cost = (values["impressions"] * ibis.literal(source.cost_per_impression)).cast(MONEY)
    first, last = values["date"], values["date_to"]
    if source.period is not None:
        first = first.fill_null(ibis.literal(source.period.first))
        last = last.fill_null(ibis.literal(source.period.last))
    return {
        "date": first,
        "date_to": ibis.coalesce(last, first),
        "channel": channel.fill_null(source.channel) if source.channel else channel,
        "cost": converted(table, cost, source.columns.currency, source.rates).fill_null(0),
    }


def _holdouts(table: Table, values: Mapping[str, ir.Value]) -> dict[str, ir.Value]:
    source = table.source
    assert isinstance(source, HoldoutsSource)
    said = values["arm"]
    known = [(said.strip().lower().isin(names), arm) for arm, names in ARMS.items()]
    arm = ibis.cases(*known, else_=ibis.null("string"))
    table.require(
        source.columns.arm,
        "an arm of the test: test (who saw the advertising; treatment, exposed) or holdout "
        "(who did not; control)",
        given=said.notnull(),
        value=arm,
    )
    return {"arm": arm}


FINISH: dict[str, Callable[[Table, Mapping[str, ir.Value]], dict[str, ir.Value]]] = {
    "sessions": _sessions,
    "touchpoints": _touchpoints,
    "spend": _spend,
    "holdouts": _holdouts,
}

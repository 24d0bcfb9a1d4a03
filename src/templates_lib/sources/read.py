"""Every table of a client from its files: typed rows under the shop's own keys."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from templates_lib.params.source_files import FileSource
from templates_lib.sources import orders
from templates_lib.sources.engine import one
from templates_lib.sources.people import alias_rows
from templates_lib.sources.reader import Table
from templates_lib.sources.records import record_rows
from templates_lib.sources.responses import response_rows
from templates_lib.tables import COLUMNS, KEYS, own_key


def typed_rows(name: str, table: Table, source: FileSource, *, zone: str) -> ir.Table:
    """The rows of one source of the table ``name``, read column by column.

    Raises
    ------
    InputProblems
        All problems of headers and values at once.
    """
    match name:
        case "orders":
            return orders.order_rows(table, source, zone=zone)
        case "products":
            return orders.product_rows(table, source)
        case "customers":
            return orders.customer_rows(table, source, zone=zone)
        case "aliases":
            return alias_rows(table)
        case "responses":
            return response_rows(table, source, zone=zone)
    return record_rows(name, table, zone=zone)


SAME_CASE = {  # what tells that a row of a later export is a row that was read already
    "responses": ("survey", "response_key"),
    "sessions": ("session_key",),
    "touchpoints": ("touchpoint_key",),
    "spend": ("campaign", "date", "date_to", "channel"),
    "leads": ("lead_key",),
    "companies": ("company_key",),
    "market": ("attribute", "value"),
}


def from_latest_export(name: str, rows: ir.Table) -> tuple[ir.Table, int]:
    """The rows without those that a later export repeats, and how many those were.

    The rows of a case (a response, a campaign's day) are taken from the file whose last time is
    the latest, its name deciding a tie. Rows that nothing tells apart are one where they stand in
    several files, and as many as there are within one.
    """
    counts = one(rows, files=rows.file.nunique(), rows=rows.count())
    if counts["files"] > 1:
        rows = _from_last_file(rows, SAME_CASE.get(name, ()))
    if name in KEYS:  # of several rows of one thing the smallest filled values
        keys = [own_key(column) for column in KEYS[name]]
        named = rows.filter(*(rows[key].notnull() for key in keys))
        rest = [own_key(column) for column in COLUMNS[name] if own_key(column) not in keys]
        rows = named.group_by(keys).aggregate(**{c: named[c].min() for c in rest})
    kept = one(rows, n=rows.count())["n"]
    return rows.select(*map(own_key, COLUMNS[name])), counts["rows"] - kept


def _from_last_file(rows: ir.Table, case: tuple[str, ...]) -> ir.Table:
    content = [column for column in rows.columns if column not in ("file", "row_number")]
    is_told = case and not one(rows, n=rows[case[-1]].isnull().sum())["n"]
    times = [rows[c].cast("timestamp") for c in content if rows[c].type().is_temporal()]
    end = ibis.coalesce(*times).max() if times else ibis.literal(0)
    ends = rows.group_by("file").aggregate(end=end)
    ranked = ends.select("file", rank=ibis.row_number().over(order_by=[ends.end, ends.file]))
    joined = rows.join(ranked, "file")
    same = [joined[column] for column in (case if is_told else content)]
    placed = joined.mutate(last=joined["rank"].max().over(group_by=same))
    return placed.filter(placed["rank"] == placed["last"]).select(*rows.columns)

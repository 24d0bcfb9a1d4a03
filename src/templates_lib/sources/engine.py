"""The engine asked directly: a statement on its driver, the one row of an aggregate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ibis
import ibis.expr.types as ir


def execute(connection: ibis.BaseBackend, sql: str, values: Iterable[object] = ()) -> list[tuple]:
    """Runs one statement on the driver itself, with bound values, to its end."""
    return connection.con.execute(sql, list(values)).fetchall()


def one(table: ir.Table, **measures: ir.Value) -> dict[str, Any]:
    """The only row of an aggregate."""
    return table.aggregate(**measures).to_pyarrow().to_pylist()[0]


def has_table(connection: ibis.BaseBackend, name: str) -> bool:
    """Whether a table is there."""
    found = "select count(*) from duckdb_tables() where table_name = ?"
    return bool(execute(connection, found, [name])[0][0])

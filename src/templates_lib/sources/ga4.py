"""GA4's events as BigQuery exports them (Parquet or JSON lines): nested, one row an event.

Schema: support.google.com/analytics/answer/7029846.
"""

from __future__ import annotations

import duckdb
import ibis

from templates_lib.problems import InputProblems, Problem
from templates_lib.sources.engine import execute
from templates_lib.sources.rows import SourceFile


def _param(key: str, kind: str) -> str:
    return f"list_filter(event_params, lambda p: p.key = '{key}')[1].value.{kind}"


SESSION = f"user_pseudo_id || '.' || {_param('ga_session_id', 'int_value')}"
COLUMNS = {
    "event_timestamp": "event_timestamp::varchar",
    "event_name": "event_name",
    "user_pseudo_id": "user_pseudo_id",
    "user_id": "user_id",
    "session": SESSION,
    "page_location": _param("page_location", "string_value"),
    "item_id": "items[1].item_id",
    "device.category": "device.category",
    "source / medium": "traffic_source.source || ' / ' || traffic_source.medium",
    "transaction_id": "ecommerce.transaction_id",
    "traffic_type": _param("traffic_type", "string_value"),
}
NEEDED = ("event_timestamp", "event_name")


def flat_events(connection: ibis.BaseBackend, file: SourceFile, raw: str) -> list[str]:
    """Creates the table ``raw`` of one file: ``row_number_in_file`` and the columns as text.

    Returns
    -------
    The names of the columns that the file has, in their order.

    Raises
    ------
    InputProblems
        When the file is neither Parquet nor JSON lines, or is not such an export.
    """
    reader = "read_parquet" if file.kind == ".parquet" else "read_json_auto"
    path = [str(file.path)]
    found = {}
    for name, expression in COLUMNS.items():
        try:
            execute(connection, f"select {expression} from {reader}(?) limit 0", path)
            found[name] = expression
        except (duckdb.BinderException, duckdb.CatalogException):
            continue  # an export without this field
        except duckdb.Error as error:
            raise _refused(file, error) from None
    if lacking := [name for name in NEEDED if name not in found]:
        raise InputProblems(
            Problem(file.name, f"has no field {name!r}: expected GA4's export from BigQuery")
            for name in lacking
        )
    columns = ", ".join(f"({e})::varchar as c{i}" for i, e in enumerate(found.values()))
    create = f"create table {raw} as select row_number() over () + 1 as row_number_in_file"
    try:
        execute(connection, f"{create}, {columns} from {reader}(?)", path)
    except duckdb.Error as error:
        raise _refused(file, error) from None
    return list(found)


def _refused(file: SourceFile, error: duckdb.Error) -> Exception:
    """What is told of a file that cannot be read; the engine's own message may show a value."""
    if isinstance(error, duckdb.OutOfMemoryException):
        return error
    return InputProblems(
        [Problem(file.name, "is not whole Parquet or JSON lines; export it again")]
    )

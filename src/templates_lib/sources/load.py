"""Brings a source's files, or its table in a warehouse, into the engine as one table of rows."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from templates_lib.params.source_files import ANY_COLUMN, FileSource
from templates_lib.problems import InputProblems, Problem
from templates_lib.sources.engine import execute
from templates_lib.sources.files import SourceFile, find_files, normalise
from templates_lib.sources.ga4 import flat_events
from templates_lib.sources.headers import fold
from templates_lib.sources.reader import Table
from templates_lib.sources.values import trimmed

FLATTENED = {"ga4_bigquery": flat_events}  # what no column map can read


def load(
    connection: ibis.BaseBackend,
    source: FileSource,
    *,
    key: str,
    data: Path,
    scratch: Path,
    currency: str = "EUR",
) -> Table:
    """A source's rows in the engine, with ``file`` and ``row_number_in_file`` (header = row 1).

    Text and XLSX files arrive as text columns; Parquet and warehouse tables keep their types.
    The files of a source need not have the same columns, nor in the same order.

    Raises
    ------
    InputProblems
        When a file is missing or unreadable.
    """
    raw = f"raw_{key.replace('.', '_')}"
    if source.connection is not None:
        parts = [_from_warehouse(connection, source, key, raw, currency)]
    else:
        parts, problems = [], []
        for number, file in enumerate(find_files(source, data=data, key=key)):
            try:
                parts.append(_from_file(connection, source, file, f"{raw}_{number}", scratch))
            except InputProblems as error:
                problems += error.problems
        if problems:
            raise InputProblems(problems)
    folded = dict.fromkeys(fold(header) for part in parts for header in part.headers)
    columns = {name: f"c{i}" for i, name in enumerate(folded)}
    tidy = _tidied(_together(parts, columns), source)
    return Table(
        key,
        source,
        connection.create_table(f"{raw}_tidy", tidy),
        columns,
        {part.name: part.headers for part in parts},
        [part.note for part in parts],
        currency,
    )


@dataclass(frozen=True)
class _Part:
    """One file or warehouse table in the engine; its columns stand in the order of its headers
    after ``row_number_in_file``."""

    name: str
    headers: tuple[str, ...]
    rows: ir.Table
    note: dict[str, object]


def _part(
    name: str,
    headers: Iterable[str],
    rows: ir.Table,
    encoding: str,
    undefined: int = 0,
    left_out: int = 0,
) -> _Part:
    count = int(rows.count().execute())
    if not count:
        raise InputProblems([Problem(name, "has a header but no rows; export it again")])
    note = {"file": name, "rows": count, "encoding": encoding, "undefined_bytes": undefined}
    if left_out:
        note["left_out"] = left_out
    return _Part(name, tuple(headers), rows, note)


def _together(parts: list[_Part], columns: Mapping[str, str]) -> ir.Table:
    """The rows of all parts under the same columns, missing ones null; a column whose type is
    not the same in all parts is text."""
    found: dict[str, dict[str, ir.Column]] = {name: {} for name in columns}
    for part in parts:
        for header, column in reversed(list(zip(part.headers, part.rows.columns[1:], strict=True))):
            found[fold(header)][part.name] = part.rows[column]
    selected = []
    for part in parts:
        values = {}
        for header, name in columns.items():
            kinds = {column.type() for column in found[header].values()}
            kind = kinds.pop() if len(kinds) == 1 else dt.string
            values[name] = found[header].get(part.name, ibis.null(kind)).cast(kind)
        number = part.rows.row_number_in_file
        file = ibis.literal(part.name)
        selected.append(part.rows.select(file=file, row_number_in_file=number, **values))
    return functools.reduce(lambda a, b: a.union(b), selected)


def _tidied(rows: ir.Table, source: FileSource) -> ir.Table:
    """The rows with their texts trimmed, and null where nothing stands: done once, so that what
    reads a column several times does not do it again."""
    tidy = {}
    for name in rows.columns[2:]:
        if not rows[name].type().is_string():
            continue
        text = trimmed(rows[name])
        if source.apostrophe == "leave_out":
            text = text.re_replace("^'", "").nullif("")
        for nothing in source.empty:
            text = text.nullif(nothing)
        tidy[name] = text
    return rows.mutate(**tidy)


def _from_file(
    connection: ibis.BaseBackend, source: FileSource, file: SourceFile, raw: str, scratch: Path
) -> _Part:
    if source.format in FLATTENED:
        headers = FLATTENED[source.format](connection, file, raw)
        return _part(file.name, headers, connection.table(raw), source.format)
    if file.kind == ".parquet":
        headers = _from_parquet(connection, file, raw)
        return _part(file.name, headers, connection.table(raw), "parquet")
    plain = normalise(file, source, to=scratch / f"{raw}.parquet")
    execute(connection, f"create table {raw} as from read_parquet(?)", [str(plain.path)])
    plain.path.unlink()
    rows = connection.table(raw)
    return _part(
        file.name, plain.header, rows, plain.encoding, plain.undefined_bytes, plain.left_out
    )


def _from_parquet(connection: ibis.BaseBackend, file: SourceFile, raw: str) -> list[str]:
    read, path = "read_parquet(?, file_row_number = true)", [str(file.path)]
    try:
        described = execute(connection, f"describe from {read}", path)
        names = ", ".join(f"c{i}" for i in range(len(described) - 1))
        execute(
            connection,
            f"create table {raw} as select n + 1 as row_number_in_file, {names} "
            f"from {read} as t({names}, n)",
            path,
        )
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        raise InputProblems(
            [Problem(file.name, "is not a whole Parquet file; copy it again")]
        ) from None
    return [row[0] for row in described[:-1]]


def _from_warehouse(
    connection: ibis.BaseBackend, source: FileSource, key: str, raw: str, currency: str
) -> _Part:
    """The rows of a table, batch by batch; columns that no setting names stay where they are and
    are empty here."""
    variable = str(source.connection)[2:-1]
    address = os.environ.get(variable)
    if not address:
        raise InputProblems(
            [Problem(f"{key}.connection", f"the environment variable {variable} is not set")]
        )
    schema, _, name = str(source.table).rpartition(".")
    try:
        remote = ibis.connect(address)
        try:
            table = remote.table(name, database=schema or None)
            headers = table.columns
            read = _named(source, headers, currency)
            sent = table.select(**{f"c{i}": _plain(table[headers[i]]) for i in read})
            is_duckdb = remote.name == "duckdb"  # Ibis 12 asks DuckDB 2 for batches in vain
            rows = sent.to_pyarrow() if is_duckdb else sent.to_pyarrow_batches()
            connection.con.register("incoming", rows)
            execute(connection, f"create table {raw} as from incoming")
            connection.con.unregister("incoming")
        finally:
            remote.disconnect()
    except ImportError:
        raise InputProblems(
            [Problem(f"{key}.connection", "the driver of this kind of warehouse is not installed; "
                     "see docs/analyst.md, Data in a warehouse")]
        ) from None  # fmt: skip
    except Exception as error:  # a driver's message may hold the address: only its kind is shown
        kind = type(error).__name__
        raise InputProblems(
            [Problem(f"{key}.connection", f"{source.table} cannot be read ({kind}); check the "
                     f"address in {variable}, the rights and the table's name")]
        ) from None  # fmt: skip
    rows = connection.table(raw)
    number = (ibis.row_number() + 1).name("row_number_in_file")
    empty = ibis.null("string")
    values = {f"c{i}": rows[f"c{i}"] if i in read else empty for i in range(len(headers))}
    return _part(str(source.table), headers, rows.select(number, **values), "warehouse")


def _named(source: FileSource, headers: Sequence[str], currency: str) -> list[int]:
    """The places of the columns that the settings name; of all where a condition is about any."""
    texts = set(_texts(source.model_dump(mode="json")))
    if ANY_COLUMN in texts:
        return list(range(len(headers)))
    headers_named = (name for text in texts for name in source.names_of(text))
    named = {fold(name.replace("{currency}", currency)) for name in headers_named}
    return [i for i, header in enumerate(headers) if fold(header) in named] or [0]


def _texts(value: object) -> Iterator[str]:
    """Every text of a section, keys included: a superset of the headers that it names."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in (*value.keys(), *value.values()):
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _plain(column: ir.Column) -> ir.Column:
    """The column as it can travel: a type that is none of a table's usual ones, as text."""
    kind = column.type()
    is_usual = kind.is_numeric() or kind.is_temporal() or kind.is_boolean() or kind.is_string()
    return column if is_usual and not kind.is_uuid() else column.cast("string")

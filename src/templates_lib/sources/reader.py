"""Loads a source into the engine as text and reads each declared column as what it is.

Nothing is guessed: a number, a time or a condition is read by what the parameter file declares,
and what cannot be read so is a problem that names file, column and row, never the value.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from templates_lib.problems import InputProblems, Problem
from templates_lib.source_params import Condition, FileSource
from templates_lib.sources.engine import execute
from templates_lib.sources.files import SourceFile, find_files, normalise
from templates_lib.sources.ga4 import flat_events
from templates_lib.sources.headers import fold, hint
from templates_lib.sources.values import (
    instant_to_utc,
    iso_time,
    local_to_utc,
    number_with_marks,
    time_of_form,
    trimmed,
    unix_time,
    utc_to_local,
)
from templates_lib.tables import MONEY

__all__ = ["Table", "execute", "fold", "load", "local_to_utc", "utc_to_local"]

WIDE = dt.Decimal(38, 4)  # room for what is computed; DuckDB stops with an error beyond 18 digits
FLATTENED = {"ga4_bigquery": flat_events}  # what no column map can read
YES = ("yes", "true", "1", "x", "y", "k", "kyllä", "joo", "on")
FORMS = {
    "iso": "a time as in 2026-10-31 13:05:00",
    "unix": "a number of seconds since 1970",
    "unix_us": "a number of microseconds since 1970",
}


@dataclass
class Table:
    """A source in the engine: its rows, the columns by folded header, the headers of each file,
    and what was noted."""

    key: str
    source: FileSource
    rows: ir.Table
    columns: Mapping[str, str]
    files: Mapping[str, tuple[str, ...]]
    notes: list[dict[str, object]]
    currency: str = ""
    problems: list[Problem] = field(default_factory=list)
    _bad: dict[tuple[str, str], ir.BooleanValue] = field(default_factory=dict)

    def text(self, header: str | None) -> ir.StringValue:
        """A column as trimmed text; empty is missing."""
        column = self._column(header)
        if column is None:
            return ibis.null("string")
        if column.type().is_floating():  # ids that Parquet holds as 12346.0, since some are missing
            whole = column.cast("int64")
            column = (whole == column).ifelse(whole.cast("string"), column.cast("string"))
        text = trimmed(column)
        if self.source.apostrophe == "leave_out":
            text = text.re_replace("^'", "").nullif("")
        return text.isin(self.source.empty).ifelse(ibis.null("string"), text)

    def order_number(self, header: str | None) -> ir.StringValue:
        """The number of an order, which a survey may hold with or without ``#``."""
        return self.text(header).re_replace(r"^#\s*", "").nullif("")

    def percent(self, header: str | None) -> ir.DecimalValue:
        """A percentage as a share; the sign may stand behind it."""
        return (self._number(header, unit=r"\s*%$") / 100).cast(MONEY)

    def day(self, header: str | None, *, zone: str) -> ir.DateValue:
        """A time as the day in the source's time zone."""
        return utc_to_local(self.time(header, zone=zone), self.source.timezone or zone).date()

    def flag(self, header: str | None) -> ir.BooleanValue:
        """Whether a column says yes; empty is missing."""
        return self.text(header).lower().isin(YES)

    def texts(self, headers: Mapping[str, str | None]) -> dict[str, ir.StringValue]:
        return {name: self.text(header) for name, header in headers.items()}

    def number(self, headers: str | list[str] | None) -> ir.DecimalValue:
        """A number of up to four decimals; several columns are summed, missing ones as 0."""
        names = [headers] if isinstance(headers, str) else headers or []
        values = [self._number(name) for name in names]
        if len(values) < 2:
            return values[0] if values else ibis.null(MONEY)
        zero = ibis.literal(0).cast(MONEY)
        total = functools.reduce(lambda a, b: a + b, (v.fill_null(zero).cast(WIDE) for v in values))
        given = ibis.or_(*(v.notnull() for v in values))
        return self._fits(" + ".join(names), given, given.ifelse(total, ibis.null(WIDE)))

    def product(self, header: str, other: str) -> ir.DecimalValue:
        """Two columns multiplied, such as pieces and the price of a piece."""
        value = self._number(header).cast(WIDE) * self._number(other)
        return self._fits(f"{header} × {other}", value.notnull(), value)

    def time(self, header: str | None, *, zone: str) -> ir.TimestampValue:
        """A time as UTC; without an offset it is the clock of the source's time zone."""
        column = self._column(header)
        if column is None:
            return ibis.null("timestamp")
        zone = self.source.timezone or zone
        kind = column.type()
        if kind.is_timestamp() and kind.timezone:
            return instant_to_utc(column)
        if kind.is_timestamp() or kind.is_date():
            return local_to_utc(column.cast("timestamp"), zone)
        text = self.text(header)
        forms = self.source.date_format
        value = ibis.coalesce(*(_time_of(text, form, zone) for form in forms))
        meant = " or ".join(FORMS.get(form, f"a time of the form {form}") for form in forms)
        expected = f"not {meant}" + ("; declare date_format" if forms == ["iso"] else "")
        value = value.year().between(1900, 2199).ifelse(value, ibis.null("timestamp"))
        return self.require(str(header), expected, given=text.notnull(), value=value)

    def matches(self, conditions: Iterable[Condition]) -> ir.BooleanValue:
        """Whether a row meets any of the conditions."""
        return ibis.or_(ibis.literal(False), *(self._matches(c) for c in conditions))

    def check(self) -> None:
        """Raises all problems of the headers and of the values at once."""
        problems = self.problems + (self._value_problems() if self._bad else [])
        if problems:
            raise InputProblems(problems)

    def _matches(self, condition: Condition) -> ir.BooleanValue:
        if condition.at_most is not None:
            return (self._number(condition.column) <= condition.at_most).fill_null(False)
        text = self.text(condition.column).lower()
        if condition.is_filled is not None:
            return text.notnull() if condition.is_filled else text.isnull()
        if condition.equals is not None:
            found = text.isin(_lower(condition.equals))
        elif condition.other_than is not None:
            found = text.notin(_lower(condition.other_than))
        elif condition.starts_with is not None:
            found = text.startswith(condition.starts_with.lower())
        else:
            found = text.contains(str(condition.contains).lower())
        return found.fill_null(False)

    def _number(self, header: str | None, *, unit: str | None = None) -> ir.DecimalValue:
        column = self._column(header)
        if column is None:
            return ibis.null(MONEY)
        if column.type().is_numeric():
            return self._fits(str(header), column.notnull(), column)
        text = self.text(header)
        if unit is not None:
            text = text.re_replace(unit, "")
        decimal, thousands = self.source.decimal, self.source.thousands
        value = number_with_marks(text, decimal, thousands)
        marks = f"decimal {decimal!r}, thousands {thousands!r}"
        expected = f"not a number with the declared marks ({marks}); declare decimal and thousands"
        return self.require(str(header), expected, given=text.notnull(), value=value)

    def _fits(self, header: str, given: ir.BooleanValue, value: ir.NumericValue) -> ir.DecimalValue:
        return self.require(
            header, "not a number of at most 14 digits", given=given, value=value.try_cast(MONEY)
        )

    def require(
        self, header: str, expected: str, *, given: ir.BooleanValue, value: ir.Value
    ) -> ir.Value:
        """The value, noted as a problem of its rows where something is given and nothing read."""
        self._bad[header, expected] = given & value.isnull()
        return value

    def _column(self, header: str | None) -> ir.Column | None:
        if header is None:
            return None
        names = {fold(name) for name in self.source.names_of(header)}
        found = {
            file: [fold(h) for h in there if fold(h) in names] for file, there in self.files.items()
        }
        lacking = [file for file, there in found.items() if not there]
        if lacking and not self.source.is_optional(header):
            self._note(f"no column {header!r} in {', '.join(lacking)}"
                       + hint(header, self.files[lacking[0]]))  # fmt: skip
            return None
        if repeating := [file for file, there in found.items() if len(there) > 1]:
            self._note(f"several columns {header!r} in {', '.join(repeating)}; rename all but one")
            return None
        present = sorted({self.columns[name] for there in found.values() for name in there})
        columns = [self.rows[name] for name in present]
        if len({column.type() for column in columns}) > 1:
            columns = [column.cast("string") for column in columns]
        return ibis.coalesce(*columns) if columns else None

    def _note(self, message: str) -> None:
        problem = Problem(self.key, message)
        if problem not in self.problems:
            self.problems.append(problem)

    def _value_problems(self) -> list[Problem]:
        row_number = self.rows.row_number_in_file
        kept = ~self.matches(self.source.left_out)
        measures = {}
        for i, found_bad in enumerate(self._bad.values()):
            bad = found_bad & kept
            measures[f"n{i}"] = bad.sum()
            measures[f"first{i}"] = row_number.min(where=bad)
            measures[f"file{i}"] = self.rows.file.argmin(row_number, where=bad)
        found = self.rows.aggregate(**measures).to_pyarrow().to_pylist()[0]
        problems = []
        for i, (header, expected) in enumerate(self._bad):
            if found[f"n{i}"]:
                place = f"{found[f'file{i}']} row {found[f'first{i}']} column {header!r}"
                more = f" ({found[f'n{i}']} rows)" if found[f"n{i}"] > 1 else ""
                problems.append(Problem(place, expected + more))
        return problems


def _lower(values: Iterable[str]) -> list[str]:
    return [value.strip().lower() for value in values]


def _time_of(text: ir.StringValue, form: str, zone: str) -> ir.TimestampValue:
    if form == "iso":
        return iso_time(text, zone)
    if form in ("unix", "unix_us"):
        return unix_time(text, per_second=1 if form == "unix" else 1_000_000)
    return time_of_form(text, form, zone)


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
        parts = [_from_warehouse(connection, source, key, raw)]
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
    return Table(
        key,
        source,
        _together(parts, columns),
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
    name: str, headers: Iterable[str], rows: ir.Table, encoding: str, undefined: int = 0
) -> _Part:
    count = int(rows.count().execute())
    if not count:
        raise InputProblems([Problem(name, "has a header but no rows; export it again")])
    note = {"file": name, "rows": count, "encoding": encoding, "undefined_bytes": undefined}
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
    return _part(file.name, plain.header, rows, plain.encoding, plain.undefined_bytes)


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


def _from_warehouse(connection: ibis.BaseBackend, source: FileSource, key: str, raw: str) -> _Part:
    variable = str(source.connection)[2:-1]
    address = os.environ.get(variable)
    if not address:
        raise InputProblems(
            [Problem(f"{key}.connection", f"the environment variable {variable} is not set")]
        )
    schema, _, name = str(source.table).rpartition(".")
    try:
        remote = ibis.connect(address)
        table = remote.table(name, database=schema or None)
        headers = table.columns
        renamed = table.rename({f"c{i}": header for i, header in enumerate(headers)})
        connection.create_table(raw, renamed.to_pyarrow())
        remote.disconnect()
    except Exception as error:  # a driver's message may hold the address: only its kind is shown
        kind = type(error).__name__
        raise InputProblems(
            [Problem(f"{key}.connection", f"{source.table} cannot be read ({kind}); check the "
                     f"address in {variable}, the rights and the table's name")]
        ) from None  # fmt: skip
    rows = connection.table(raw)
    number = (ibis.row_number() + 1).name("row_number_in_file")
    return _part(str(source.table), headers, rows.select(number, *rows.columns), "warehouse")

"""Loads a source into the engine as text and reads each declared column as what it is.

Nothing is guessed: a number, a time or a condition is read by what the parameter file declares,
and what cannot be read so is a problem that names file, column and row, never the value.
"""

from __future__ import annotations

import functools
import html
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from templates_lib.params import Condition, FileSource
from templates_lib.problems import InputProblems, Problem, nearest
from templates_lib.sources.files import SourceFile, find_files, normalise
from templates_lib.tables import MONEY

BLANKS = "[\\s\\x{00A0}\\x{202F}\\x{2009}]"
OFFSET = r"(Z|[+-]\d{2}:?\d{2})$"


@ibis.udf.scalar.builtin(name="timezone")
def _at_zone(zone: str, time: dt.Timestamp()) -> dt.Timestamp(timezone="UTC"):  # type: ignore[empty-body]
    """DuckDB: a local time as an instant."""


@ibis.udf.scalar.builtin(name="timezone")
def _to_zone(zone: str, time: dt.Timestamp(timezone="UTC")) -> dt.Timestamp():  # type: ignore[empty-body]
    """DuckDB: an instant as a local time."""


@ibis.udf.scalar.builtin(name="try_strptime")
def _try_strptime(text: str, form: str) -> dt.Timestamp():  # type: ignore[empty-body]
    """DuckDB: a time by its format, or null."""


@ibis.udf.scalar.builtin(name="try_strptime")
def _try_strptime_offset(text: str, form: str) -> dt.Timestamp(timezone="UTC"):  # type: ignore[empty-body]
    """DuckDB: an instant by its format with an offset, or null."""


def utc_to_local(time: ir.TimestampValue, zone: str) -> ir.TimestampValue:
    """A UTC time as the clock showed it in a time zone."""
    return _to_zone(zone, _at_zone("UTC", time))


def local_to_utc(time: ir.TimestampValue, zone: str) -> ir.TimestampValue:
    """A clock time of a zone as UTC; in the repeated hour of autumn, the later of the two."""
    return _to_zone("UTC", _at_zone(zone, time))


@dataclass
class Table:
    """A source in the engine: its rows, the columns by folded header, and what was noted."""

    key: str
    source: FileSource
    rows: ir.Table
    columns: Mapping[str, str]
    headers: tuple[str, ...]
    notes: list[dict[str, object]]
    problems: list[Problem] = field(default_factory=list)
    _bad: dict[str, tuple[ir.BooleanValue, str]] = field(default_factory=dict)

    def text(self, header: str | None) -> ir.StringValue:
        """A column as trimmed text; empty is missing."""
        column = self._column(header)
        if column is None:
            return ibis.null("string")
        return column.cast("string").strip().nullif("")

    def texts(self, headers: Mapping[str, str | None]) -> dict[str, ir.StringValue]:
        return {name: self.text(header) for name, header in headers.items()}

    def number(self, headers: str | list[str] | None) -> ir.DecimalValue:
        """A number of up to four decimals; several columns are summed, missing ones as 0."""
        names = [headers] if isinstance(headers, str) else headers or []
        values = [self._number(name) for name in names]
        if len(values) < 2:
            return values[0] if values else ibis.null(MONEY)
        zero = ibis.literal(0).cast(MONEY)
        total = functools.reduce(lambda a, b: a + b, (v.fill_null(zero) for v in values))
        return ibis.or_(*(v.notnull() for v in values)).ifelse(total.cast(MONEY), ibis.null(MONEY))

    def time(self, header: str | None, *, zone: str) -> ir.TimestampValue:
        """A time as UTC; without an offset it is the clock of the source's time zone."""
        column = self._column(header)
        if column is None:
            return ibis.null("timestamp")
        zone = self.source.timezone or zone
        if column.type().is_timestamp() and column.type().timezone:
            return _to_zone("UTC", column)
        if column.type().is_temporal():
            return local_to_utc(column.cast("timestamp"), zone)
        text = self.text(header)
        if self.source.date_format == "iso":
            spaced = text.re_replace(r"\s+([+-]\d{2}:?\d{2})$", r"\1")
            instant = _to_zone("UTC", spaced.try_cast(dt.Timestamp(timezone="UTC")))
            local = local_to_utc(text.try_cast("timestamp"), zone)
            is_instant = text.re_search(r"\d{2}:\d{2}.*" + OFFSET)
            is_iso = text.re_search(r"^\d{4}-\d{2}-\d{2}([ T]|$)")
            value = is_iso.ifelse(is_instant.ifelse(instant, local), ibis.null("timestamp"))
            expected = "not a time as in 2026-10-31 13:05:00; declare date_format"
        elif "%z" in self.source.date_format:
            value = _to_zone("UTC", _try_strptime_offset(text, self.source.date_format))
            expected = f"not a time of the form {self.source.date_format}"
        else:
            value = local_to_utc(_try_strptime(text, self.source.date_format), zone)
            expected = f"not a time of the form {self.source.date_format}"
        self._bad[str(header)] = (text.notnull() & value.isnull(), expected)
        return value

    def matches(self, conditions: Iterable[Condition]) -> ir.BooleanValue:
        """Whether a row meets any of the conditions."""
        return ibis.or_(ibis.literal(False), *(self._matches(c) for c in conditions))

    def check(self) -> None:
        """Raises all problems of the headers and of the values at once."""
        if not self.problems and self._bad:
            self.problems += self._value_problems()
        if self.problems:
            raise InputProblems(self.problems)

    def _matches(self, condition: Condition) -> ir.BooleanValue:
        if condition.at_most is not None:
            return (self._number(condition.column) <= condition.at_most).fill_null(False)
        text = self.text(condition.column).lower()
        if condition.equals is not None:
            found = text.isin([value.strip().lower() for value in condition.equals])
        elif condition.starts_with is not None:
            found = text.startswith(condition.starts_with.lower())
        else:
            found = text.contains(str(condition.contains).lower())
        return found.fill_null(False)

    def _number(self, header: str) -> ir.DecimalValue:
        column = self._column(header)
        if column is None:
            return ibis.null(MONEY)
        if column.type().is_numeric():
            return column.cast(MONEY)
        text = column.cast("string").strip().nullif("")
        decimal, thousands = self.source.decimal, self.source.thousands
        plain = text.re_replace(BLANKS, "").re_replace("[€$£]|[A-Z]{3}$", "").replace("\u2212", "-")
        mark = re.escape(thousands.strip())
        whole = f"[0-9]{{1,3}}({mark}[0-9]{{3}})+|[0-9]+" if mark else "[0-9]+"
        looks = plain.re_search(f"^[+-]?({whole})({re.escape(decimal)}[0-9]*)?$")
        bare = plain.replace(thousands, "") if mark else plain
        value = looks.ifelse(bare.replace(decimal, ".").try_cast(MONEY), ibis.null(MONEY))
        marks = f"decimal {decimal!r}, thousands {thousands!r}"
        self._bad[header] = (
            text.notnull() & value.isnull(),
            f"not a number with the declared marks ({marks}); declare decimal and thousands",
        )
        return value

    def _column(self, header: str | None) -> ir.Column | None:
        if header is None:
            return None
        name = self.columns.get(fold(header))
        if name is None:
            problem = Problem(
                f"{self.key}.columns",
                f"no column {header!r} in {self.notes[0]['file']}" + nearest(header, self.headers),
            )
            if problem not in self.problems:
                self.problems.append(problem)
            return None
        return self.rows[name]

    def _value_problems(self) -> list[Problem]:
        measures = {}
        for i, (bad, _) in enumerate(self._bad.values()):
            measures[f"n{i}"] = bad.sum()
            measures[f"first{i}"] = self.rows.row_number_in_file.min(where=bad)
            measures[f"file{i}"] = self.rows.file.argmin(self.rows.row_number_in_file, where=bad)
        found = self.rows.aggregate(**measures).to_pyarrow().to_pylist()[0]
        problems = []
        for i, (header, (_, expected)) in enumerate(self._bad.items()):
            if found[f"n{i}"]:
                place = f"{found[f'file{i}']} row {found[f'first{i}']} column {header!r}"
                more = f" ({found[f'n{i}']} rows)" if found[f"n{i}"] > 1 else ""
                problems.append(Problem(place, expected + more))
        return problems


def execute(connection: ibis.BaseBackend, sql: str, values: Iterable[object] = ()) -> list[tuple]:
    """Runs one statement on the driver itself, with bound values, to its end."""
    return connection.con.execute(sql, list(values)).fetchall()


def fold(header: str) -> str:
    """A header as it is matched: without HTML, outer blanks and case."""
    text = html.unescape(re.sub(r"<[^>]*>", "", header))
    return re.sub(r"\s+", " ", text.replace("\ufeff", "")).strip().casefold()


def load(
    connection: ibis.BaseBackend, source: FileSource, *, key: str, data: Path, scratch: Path
) -> Table:
    """A source's rows in the engine, with ``file`` and ``row_number_in_file`` (header = row 1).

    Text and XLSX files arrive as text columns; Parquet and warehouse tables keep their types.

    Raises
    ------
    InputProblems
        When a file is missing or unreadable, or two files of one source differ in their header.
    """
    if source.connection is not None:
        rows, headers, notes = _from_warehouse(connection, source, key)
    else:
        rows, headers, notes = _from_files(connection, source, key, data, scratch)
    columns = {fold(name): f"c{i}" for i, name in reversed(list(enumerate(headers)))}
    return Table(key, source, rows, columns, tuple(headers), notes)


def _from_files(
    connection: ibis.BaseBackend, source: FileSource, key: str, data: Path, scratch: Path
) -> tuple[ir.Table, list[str], list[dict[str, object]]]:
    parts, notes = [], []
    headers: list[str] = []
    for number, file in enumerate(find_files(source, data=data, key=key)):
        name = f"raw_{key.replace('.', '_')}_{number}"
        header, note = _load_file(connection, source, file, name, scratch)
        if not headers:
            headers = header
        elif not set(map(fold, header)) >= set(map(fold, headers)):
            missing = sorted(set(map(fold, headers)) - set(map(fold, header)))
            raise InputProblems(
                [Problem(file.name, f"lacks columns of {notes[0]['file']}: {', '.join(missing)}")]
            )
        place = {fold(h): f"c{i}" for i, h in reversed(list(enumerate(header)))}
        table = connection.table(name)
        columns = {f"c{i}": table[place[fold(h)]] for i, h in enumerate(headers)}
        parts.append(
            table.select(
                file=ibis.literal(file.name),
                row_number_in_file=table.row_number_in_file,
                **columns,
            )
        )
        notes.append(note)
    rows = functools.reduce(lambda a, b: a.union(b), parts)
    return rows, headers, notes


def _load_file(
    connection: ibis.BaseBackend, source: FileSource, file: SourceFile, name: str, scratch: Path
) -> tuple[list[str], dict[str, object]]:
    if file.is_parquet:
        try:
            described = execute(
                connection, "describe select * from read_parquet(?)", [str(file.path)]
            )
        except Exception:
            raise InputProblems([Problem(file.name, "is not a whole Parquet file")]) from None
        header, encoding, undefined, first_row = [row[0] for row in described], "parquet", 0, 1
        names = ", ".join(f"c{i}" for i in range(len(header)))
        execute(
            connection,
            f"create table {name} as select row_number() over () + 0 as row_number_in_file, {names} "
            f"from read_parquet(?) as t({names})",
            [str(file.path)],
        )
    else:
        plain = normalise(file, source, to=scratch / f"{name}.csv")
        header, encoding, undefined = list(plain.header), plain.encoding, plain.undefined_bytes
        first_row = 1 if source.header else 2
        columns = {f"c{i}": "VARCHAR" for i in range(len(header))}
        execute(
            connection,
            f"create table {name} as select row_number() over () + {first_row - 1} "
            "as row_number_in_file, * from read_csv(?, columns=?, header=false, auto_detect=false, "
            "delim=',', quote='\"', escape='\"', max_line_size=20000000)",
            [str(plain.path), columns],
        )
        plain.path.unlink()
    rows = execute(connection, f"select count(*) from {name}")[0][0]
    if not rows:
        raise InputProblems([Problem(file.name, "has no rows; export it again")])
    note = {"file": file.name, "rows": rows, "encoding": encoding, "undefined_bytes": undefined}
    return header, note


def _from_warehouse(
    connection: ibis.BaseBackend, source: FileSource, key: str
) -> tuple[ir.Table, list[str], list[dict[str, object]]]:
    variable = str(source.connection)[2:-1]
    address = os.environ.get(variable)
    if not address:
        raise InputProblems(
            [Problem(f"{key}.connection", f"the environment variable {variable} is not set")]
        )
    name = f"raw_{key.replace('.', '_')}_0"
    schema, _, table_name = str(source.table).rpartition(".")
    read: Callable[[], ir.Table]
    try:
        remote = ibis.connect(address)
        table = remote.table(table_name, database=schema or None)
        headers = list(table.columns)
        renamed = table.rename({f"c{i}": header for i, header in enumerate(headers)})
        connection.create_table(name, renamed.to_pyarrow())
    except Exception as error:  # a driver's message may hold the address: only its kind is shown
        kind = type(error).__name__
        raise InputProblems(
            [Problem(f"{key}.connection", f"{source.table} cannot be read ({kind}); check the "
                     f"address in {variable}, the rights and the table's name")]
        ) from None  # fmt: skip
    rows = connection.table(name)
    numbered = rows.mutate(row_number_in_file=ibis.row_number() + 1)
    note = {
        "file": str(source.table),
        "rows": rows.count().execute(),
        "encoding": "warehouse",
        "undefined_bytes": 0,
    }
    return numbered.mutate(file=ibis.literal(str(source.table))), headers, [note]

"""Reads each declared column of a source as what it is: text, number, time, mark.

Nothing is guessed: a number, a time or a condition is read by what the parameter file declares,
and what cannot be read so is a problem that names file, column and row, never the value.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from templates_lib.params.source_files import ANY_COLUMN, Condition, FileSource
from templates_lib.problems import InputProblems, Problem
from templates_lib.sources.engine import one
from templates_lib.sources.headers import TOTALS, fold, hint
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

__all__ = ["Table", "utc_to_local"]

WIDE = dt.Decimal(38, 4)  # room for what is computed; DuckDB stops with an error beyond 18 digits
TOTAL = (
    "",
    "begins with a word for totals; leave such rows out: left_out: [{column: '*', equals: Total}]",
)
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
    is_converted: ir.BooleanValue = field(default_factory=lambda: ibis.literal(False))
    _bad: dict[tuple[str, str], ir.BooleanValue] = field(default_factory=dict)

    def text(self, header: str | None) -> ir.StringValue:
        """A column as trimmed text; empty is missing."""
        column = self._column(header)
        if column is None:
            return ibis.null("string")
        if column.type().is_floating():  # ids that Parquet holds as 12346.0, since some are missing
            whole = column.cast("int64")
            column = (whole == column).ifelse(whole.cast("string"), column.cast("string"))
        return column if column.type().is_string() else trimmed(column)

    def has(self, header: str) -> bool:
        """Whether any of the files has a column."""
        return any(fold(name) in self.columns for name in self.source.names_of(header))

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

    def row_key(self) -> ir.StringValue:
        """What a row is known by that has no number: its content, equal rows of a file counted
        apart, so that neither the order of rows nor a second file with them matters."""
        texts = [self.rows[name].cast("string").fill_null("") for name in self.columns.values()]
        content = ibis.literal("\x1f").join(texts)
        copies = ibis.row_number().over(
            group_by=[self.rows.file, content], order_by=self.rows.row_number_in_file
        )
        return content.concat("#", copies.cast("string"))

    def check(self) -> None:
        """Raises all problems of the headers, of the values and of rows of totals at once."""
        problems = self.problems + self._value_problems()
        if problems:
            raise InputProblems(problems)

    def _matches(self, condition: Condition) -> ir.BooleanValue:
        if condition.at_most is not None:
            return (self._number(condition.column) <= condition.at_most).fill_null(False)
        if condition.column == ANY_COLUMN:
            one_of = (self._meets(column, condition) for column in self._texts())
            return ibis.or_(ibis.literal(False), *one_of)
        return self._meets(self.text(condition.column), condition)

    def _meets(self, column: ir.StringValue, condition: Condition) -> ir.BooleanValue:
        text = column.lower()
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
        is_optional = self.source.is_optional(header)
        names = {fold(self._in_currency(name)) for name in self.source.names_of(header)}
        header = self._in_currency(header)
        found = {
            file: [fold(h) for h in there if fold(h) in names] for file, there in self.files.items()
        }
        lacking = [file for file, there in found.items() if not there]
        if lacking and not is_optional:
            self._note(f"no column {header!r} in {', '.join(lacking)}"
                       + hint(header, self.files[lacking[0]], self.source))  # fmt: skip
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

    def _texts(self) -> list[ir.Column]:
        """The columns that arrived as text, in the order of the file."""
        return [
            c for c in map(self.rows.__getitem__, self.columns.values()) if c.type().is_string()
        ]

    def _value_problems(self) -> list[Problem]:
        kept = ~self.matches(self.source.left_out)
        wrong = dict(self._bad)
        if texts := self._texts():
            begins = ibis.coalesce(*texts, "").lower().re_replace(":$", "")
            is_total = begins.isin(TOTALS)
            wrong = {key: bad & ~is_total for key, bad in wrong.items()} | {TOTAL: is_total}
        if not wrong:
            return []
        place = {"file": self.rows.file, "row": self.rows.row_number_in_file}
        marked = self.rows.select(
            **place,
            **{f"wrong{i}": wrong_here & kept for i, wrong_here in enumerate(wrong.values())},
        )
        measures = {}
        for i in range(len(wrong)):
            is_wrong = marked[f"wrong{i}"]
            measures[f"n{i}"] = is_wrong.sum()
            measures[f"first{i}"] = marked["row"].min(where=is_wrong)
            measures[f"file{i}"] = marked.file.argmin(marked["row"], where=is_wrong)
        found = one(marked, **measures)
        problems = []
        for i, (header, expected) in enumerate(wrong):
            if found[f"n{i}"]:
                column = f" column {header!r}" if header else ""
                place = f"{found[f'file{i}']} row {found[f'first{i}']}{column}"
                more = f" ({found[f'n{i}']} rows)" if found[f"n{i}"] > 1 else ""
                problems.append(Problem(place, expected + more))
        return problems

    def _in_currency(self, header: str) -> str:
        """A header that names the currency of its amounts, which is the client's."""
        return header.replace("{currency}", self.currency)


def _lower(values: Iterable[str]) -> list[str]:
    return [value.strip().lower() for value in values]


def _time_of(text: ir.StringValue, form: str, zone: str) -> ir.TimestampValue:
    if form == "iso":
        return iso_time(text, zone)
    if form in ("unix", "unix_us"):
        return unix_time(text, per_second=1 if form == "unix" else 1_000_000)
    return time_of_form(text, form, zone)

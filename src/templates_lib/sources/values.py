"""Texts of a file as trimmed texts, numbers and times: expressions that the engine runs.

What is none by its declared form is null; ``reader.py`` tells where.
"""

from __future__ import annotations

import re

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from templates_lib.tables import MONEY

BLANKS = " \t\n\r\v\f\u00a0\u2007\u2009\u202f\ufeff"
CURRENCY = "(?:[€$£]|[A-Z]{3})"
CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?"
ISO = rf"^[12]\d{{3}}-\d{{2}}-\d{{2}}(?:[ T]{CLOCK})?$"
OFFSET = r"\s*(Z|UTC|[+-]\d{2}(?::?\d{2})?)$"


@ibis.udf.scalar.builtin(name="convert_timezone")
def _convert(from_zone: str, to_zone: str, time: dt.Timestamp()) -> dt.Timestamp():  # type: ignore[empty-body]
    """A clock time of a zone as that of another; SQLGlot writes it in the words of each engine."""


@ibis.udf.scalar.builtin(name="timezone")
def _to_zone(zone: str, time: dt.Timestamp(timezone="UTC")) -> dt.Timestamp():  # type: ignore[empty-body]
    """DuckDB: an instant as a local time."""


@ibis.udf.scalar.builtin(name="try_strptime")
def _try_strptime(text: str, form: str) -> dt.Timestamp():  # type: ignore[empty-body]
    """DuckDB: a time by its format, or null."""


@ibis.udf.scalar.builtin(name="try_strptime")
def _try_strptime_offset(text: str, form: str) -> dt.Timestamp(timezone="UTC"):  # type: ignore[empty-body]
    """DuckDB: an instant by its format with an offset, or null."""


@ibis.udf.scalar.builtin(name="make_timestamp")
def _of_microseconds(count: int) -> dt.Timestamp():  # type: ignore[empty-body]
    """DuckDB: a time by its microseconds since 1970."""


@ibis.udf.scalar.builtin(name="trim")
def _trim(text: str, characters: str) -> str:  # type: ignore[empty-body]
    """DuckDB: a text without any of the characters at its ends."""


def utc_to_local(time: ir.TimestampValue, zone: str) -> ir.TimestampValue:
    """A UTC time as the clock showed it in a time zone."""
    return _convert("UTC", zone, time)


def local_to_utc(time: ir.TimestampValue, zone: str) -> ir.TimestampValue:
    """A clock time of a zone as UTC.

    Of a time that the clock showed twice (in autumn), the later one, in winter time; a time that
    it never showed (in spring) is taken as if the clock had not been put forward yet.
    """
    return _convert(zone, "UTC", time)


def trimmed(column: ir.Column) -> ir.StringValue:
    """A column as text without blanks of any kind at its ends; empty is missing."""
    return _trim(column.cast("string"), BLANKS).nullif("")


def instant_to_utc(column: ir.TimestampColumn) -> ir.TimestampValue:
    """Instants of a typed column as UTC."""
    return _to_zone("UTC", column.cast(dt.Timestamp(timezone="UTC")))


def iso_time(text: ir.StringValue, zone: str) -> ir.TimestampValue:
    """A time of ISO 8601 as UTC; without an offset it is the clock of the zone."""
    clock = text.re_replace(OFFSET, "")
    offset = text.re_extract(OFFSET, 1).nullif("").replace("UTC", "Z")
    has_offset = offset.notnull() & clock.contains(":")
    instant = _to_zone("UTC", clock.concat(offset).try_cast(dt.Timestamp(timezone="UTC")))
    local = local_to_utc(text.try_cast("timestamp"), zone)
    known = has_offset.ifelse(clock, text).re_search(ISO)
    return known.ifelse(has_offset.ifelse(instant, local), ibis.null("timestamp"))


def time_of_form(text: ir.StringValue, form: str, zone: str) -> ir.TimestampValue:
    """A time of a declared form as UTC; without an offset it is the clock of the zone."""
    if "%z" in form:
        return _to_zone("UTC", _try_strptime_offset(text, form))
    return local_to_utc(_try_strptime(text, form), zone)


def unix_time(text: ir.StringValue, *, per_second: int) -> ir.TimestampValue:
    """Seconds since 1970, or parts of them, as UTC."""
    count = text.re_search(r"^[0-9]{1,17}$").ifelse(text, ibis.null("string")).try_cast("int64")
    return _of_microseconds(count * (1_000_000 // per_second))


def number_with_marks(text: ir.StringValue, decimal: str, thousands: str) -> ir.DecimalValue:
    """A number by its declared marks, null where it is none; a currency beside it is left out."""
    blanks = f"[{BLANKS}]"
    plain = text.replace("\u2212", "-").re_replace(f"{blanks}+", " ")
    plain = plain.re_replace(f"^([+-]?) ?{CURRENCY} ?", r"\1").re_replace(f" ?{CURRENCY}$", "")
    mark = re.escape(thousands)
    whole = f"[0-9]{{1,3}}({mark}[0-9]{{3}})+|[0-9]+" if thousands else "[0-9]+"
    looks = plain.re_search(f"^[+-]?({whole})({re.escape(decimal)}[0-9]*)?$")
    bare = plain.replace(thousands, "") if thousands else plain
    return looks.ifelse(bare.replace(decimal, ".").try_cast(MONEY), ibis.null(MONEY))

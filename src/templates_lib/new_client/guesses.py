"""What the values of a file tell with certainty: how it writes dates and numbers, which currency
it is in, whether amounts hold VAT, and until when it goes.

A value is looked at in the engine and only counted; none is taken into the parameter file, but for
codes that are no person's: a currency, a status, the letters before an order's number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir
from babel.numbers import list_currencies

from templates_lib.params.orders import OrderColumns
from templates_lib.params.source_files import ANY_COLUMN, Condition, FileSource
from templates_lib.sources.engine import one
from templates_lib.sources.formats import headers
from templates_lib.sources.headers import TOTALS, fold
from templates_lib.sources.reader import Table

SAMPLE = 2_000
DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",
        "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%b %d, %Y", "%d %b %Y", "%B %d, %Y",
        "%d %B %Y")  # fmt: skip
CLOCKS = ("", " %H:%M", " %H:%M:%S", " klo %H.%M", " klo %H.%M.%S", " %H.%M", " %H.%M.%S",
          " %I:%M %p", " %I:%M:%S %p", " %H:%M %z", " %H:%M:%S %z")  # fmt: skip
DATE_FORMS = ("iso", "unix", "unix_us", *(day + clock for day in DAYS for clock in CLOCKS))
MARKS = ((".", ""), (",", ""), (",", " "), (",", "."), (".", ","), (".", " "), (".", "'"))
NOTHING = ("NA", "N/A", "n/a", "--", "-", "–", "null", "NULL", "None", "NaN", ".")
USUAL_RATES = (0.255, 0.25, 0.24, 0.23, 0.22, 0.21, 0.20, 0.19, 0.14, 0.135, 0.10)
LEAST_AMOUNT = 20  # below this a cent's rounding makes two rates look alike
SURE = 0.9
TOLD = 0.2  # of the taxed orders: the others hold several rates


@dataclass(frozen=True)
class Dates:
    """How a file writes times: the form, or the several that fit; nothing if the usual ones do."""

    form: str | None = None
    candidates: tuple[str, ...] = ()


def as_if(table: Table, **settings: Any) -> Table:
    """The same rows, read with other settings."""
    source = table.source.model_copy(update=settings)
    return replace(table, source=source, problems=[], _bad={})


def has(table: Table, header: str | None) -> bool:
    """Whether a file has a column, under whatever name, once."""
    named = table.source.names_of(header) if header else []
    names = {fold(name.replace("{currency}", table.currency)) for name in named}
    return bool(names & set(table.columns)) and not any(
        sum(fold(name) in names for name in there) > 1 for there in table.files.values()
    )


def is_filled(table: Table, header: str | list[str] | None) -> bool:
    """Whether a column holds anything in any row."""
    names = [header] if isinstance(header, str) else header or []
    return any(has(table, n) and count(table, table.text(n).notnull()) for n in names)


def in_use(table: Table) -> Table:
    """The table without the rows that are none of it, such as totals."""
    return replace(table, rows=table.rows.filter(~table.matches(table.source.left_out)))


def totals(table: Table) -> tuple[list[str], int]:
    """The words for totals that stand alone in a cell of a row, and the number of such rows."""
    words = [f"{word}{mark}" for word in sorted(TOTALS) for mark in ("", ":")]

    def rows(texts: list[str]) -> int:
        return count(table, table.matches([Condition(column=ANY_COLUMN, equals=texts)]))

    number = rows(words)
    return ([word for word in words if rows([word])] if number else []), number


def dates(table: Table, names: Sequence[str]) -> Dates:
    """The form in which these columns are written, looked for among the usual ones."""
    there = [name for name in names if has(table, name)]
    declared = table.source.date_format
    if not there or _fits(table, there, declared) is not None:
        return Dates()
    few = replace(table, rows=table.rows.limit(SAMPLE))
    likely = [form for form in DATE_FORMS if _fits(few, there, [form]) is not None]
    found = {form: _fits(table, there, [form]) for form in likely}
    fitting = {form: times for form, times in found.items() if times is not None}
    if len(set(fitting.values())) == 1:
        return Dates(next(iter(fitting)))
    return Dates(None, tuple(fitting)) if fitting else Dates(None, ("",))


def _fits(table: Table, names: Sequence[str], forms: list[str]) -> tuple[Any, ...] | None:
    """What the columns are as times, if the forms read every one of them; else None."""
    reader = as_if(table, date_format=forms)
    measures = {}
    for number, name in enumerate(names):
        text, time = reader.text(name), reader.time(name, zone="UTC")
        known = time.year().between(1990, 2100)
        measures[f"bad{number}"] = (text.notnull() & ~known.fill_null(False)).sum()
        measures[f"sum{number}"] = time.epoch_seconds().cast("decimal(38, 0)").sum()
    found = one(table.rows, **measures)
    if any(found[f"bad{number}"] for number in range(len(names))):
        return None
    return tuple(found[f"sum{number}"] for number in range(len(names)))


@dataclass(frozen=True)
class Numbers:
    """How a file writes numbers: marks that differ from the declared ones, whether they are
    ambiguous, and what stands for nothing."""

    settings: dict[str, Any]
    is_ambiguous: bool = False
    is_unread: bool = False


def numbers(table: Table, names: Sequence[str]) -> Numbers:
    """The marks with which all these columns are numbers."""
    there = [name for name in names if has(table, name)]
    source = table.source
    if not there:
        return Numbers({})
    empty = _empty_words(table, there)
    told: dict[str, Any] = {"empty": [*source.empty, *empty]} if empty else {}
    table = as_if(table, **told)
    declared = (source.decimal, source.thousands)
    sums = {marks: _sums(table, there, marks) for marks in dict.fromkeys([declared, *MARKS])}
    fitting = {marks: total for marks, total in sums.items() if total is not None}
    if declared in fitting and (source.preset or len(set(fitting.values())) == 1):
        return Numbers(told)
    if not fitting:
        return Numbers(told, is_unread=True)
    if len(set(fitting.values())) > 1:
        return Numbers(told, is_ambiguous=True)
    decimal, thousands = next(iter(fitting))
    marks = {"decimal": decimal, "thousands": thousands}
    return Numbers({k: v for k, v in marks.items() if v != getattr(source, k)} | told)


def _empty_words(table: Table, names: Sequence[str]) -> list[str]:
    found = one(
        table.rows,
        **{
            f"w{i}": ibis.or_(*(table.text(name) == word for name in names)).sum()
            for i, word in enumerate(NOTHING)
        },
    )
    return [word for i, word in enumerate(NOTHING) if found[f"w{i}"]]


def _sums(table: Table, names: Sequence[str], marks: tuple[str, str]) -> tuple[Any, ...] | None:
    reader = as_if(table, decimal=marks[0], thousands=marks[1])
    measures = {}
    for i, name in enumerate(names):
        value = reader.number(name)
        measures[f"bad{i}"] = (reader.text(name).notnull() & value.isnull()).sum()
        measures[f"sum{i}"] = value.cast("decimal(38, 4)").sum()
    found = one(table.rows, **measures)
    if any(found[f"bad{i}"] for i in range(len(names))):
        return None
    return tuple(found[f"sum{i}"] for i in range(len(names)))


def number_headers(source: FileSource) -> list[str]:
    """The headers of the columns that are numbers."""
    columns = source.columns  # type: ignore[attr-defined]
    if isinstance(columns, OrderColumns):
        texts = {"order_id", "ordered_at", "customer_id", "customer_email", "currency", "status",
                 "channel", "discount_code", "country", "is_b2b", "refunded_at", "product_id",
                 "product_name", "category"}  # fmt: skip
        named = {k: v for k, v in columns.model_dump().items() if k not in texts}
    else:
        marked = type(columns).model_fields.items()
        named = {k: getattr(columns, k) for k, f in marked if "number" in f.metadata}
        named["unit_cost"] = getattr(columns, "unit_cost", None)
    return list(dict.fromkeys(headers(named)))


def time_headers(source: FileSource) -> list[str]:
    """The headers of the columns that are times or days."""
    columns = source.columns  # type: ignore[attr-defined]
    times = ("_at", "_on")
    named = {
        k: getattr(columns, k)
        for k, f in type(columns).model_fields.items()
        if k.endswith(times) or {"time", "day"} & set(map(str, f.metadata))
    }
    return list(dict.fromkeys(headers(named)))


def currency(table: Table, header: str | None) -> str | None:
    """The currency of all amounts, where a column says it and says one."""
    if not has(table, header):
        return None
    text = table.text(header).upper()
    found = one(table.rows, n=text.nunique(), first=text.min())
    return found["first"] if found["n"] == 1 and found["first"] in list_currencies() else None


def vat(table: Table, columns: OrderColumns) -> tuple[str | None, float]:
    """Whether amounts hold VAT, from the file's own VAT: ``included``, ``excluded``, or None.

    Of amounts with VAT the tax is r / (1 + r), of amounts without it r. Orders of several rates are
    neither, so that it is told by those of one rate, where they are not few.

    Returns
    -------
    The basis, and the share of the orders of one rate that show it.
    """
    base = columns.amount or columns.line_amount
    tax = columns.tax if columns.amount else columns.line_tax or columns.tax
    parts = [*(base or []), *((columns.shipping or []) if columns.amount else [])]
    if not base or not tax or not all(has(table, h) for h in [*base, *tax]):
        return None, 0.0
    amount = table.number([h for h in parts if has(table, h)]).cast("float64")
    paid = table.number(tax).cast("float64")
    is_taxed = (amount >= LEAST_AMOUNT) & (paid > 0)
    near = {
        "included": [rate / (1 + rate) for rate in USUAL_RATES],
        "excluded": list(USUAL_RATES),
    }
    fits = {
        basis: ibis.or_(*((paid - amount * share).abs() <= 0.02 for share in shares))
        for basis, shares in near.items()
    }
    one_basis = is_taxed & (fits["included"] ^ fits["excluded"])
    found = one(
        table.rows,
        taxed=is_taxed.sum(),
        n=one_basis.sum(),
        **{basis: (one_basis & fit).sum() for basis, fit in fits.items()},
    )
    if not found["n"] or found["n"] < TOLD * found["taxed"]:
        return None, 0.0
    shares = {basis: found[basis] / found["n"] for basis in near}
    high = max(shares, key=shares.__getitem__)
    return (high, shares[high]) if shares[high] >= SURE else (None, shares[high])


def b2b_share(table: Table, order: str | None, company: str | None) -> float:
    """The share of orders that name a company."""
    if not has(table, company) or not has(table, order):
        return 0.0
    number = table.text(order)
    found = one(
        table.rows,
        every=number.nunique(),
        named=number.nunique(where=table.text(company).notnull()),
    )
    return (found["named"] or 0) / found["every"] if found["every"] else 0.0


def last_day(table: Table, header: str | None, *, zone: str) -> date | None:
    """The last day of a column, in the time zone."""
    if not has(table, header):
        return None
    return one(table.rows, last=table.day(header, zone=zone).max())["last"]


def count(table: Table, condition: ir.BooleanValue) -> int:
    """Rows that are so."""
    return int(one(table.rows, n=condition.sum())["n"] or 0)


def not_positive(table: Table, header: str | None) -> int:
    """Rows whose number is 0 or less."""
    if not has(table, header):
        return 0
    return count(table, table.number(header) <= 0)


def marked_numbers(table: Table, header: str | None) -> tuple[str, int] | None:
    """The letters before the numbers of some orders, where the others have none: often what marks
    a cancellation. With the number of such orders."""
    if not has(table, header):
        return None
    text = table.text(header)
    letters = text.re_extract(r"^([A-Za-z]{1,3})\d+$", 1).nullif("")
    found = one(
        table.rows,
        orders=text.nunique(),
        marked=text.nunique(where=letters.notnull()),
        kinds=letters.nunique(),
    )
    common = table.rows.select(l=letters, o=text).filter(ibis._.l.notnull()).distinct()
    if not found["marked"] or found["marked"] > 0.5 * found["orders"] or found["kinds"] > 3:
        return None
    top = common.group_by("l").aggregate(n=ibis._.count()).order_by(ibis.desc("n")).limit(1)
    first = top.to_pyarrow().to_pylist()[0]
    return first["l"], first["n"]


def statuses(table: Table, header: str | None) -> list[str]:
    """The words of a column of statuses; none where it holds what is no word, or too many."""
    if not has(table, header):
        return []
    words = table.rows.select(word=table.text(header)).distinct().limit(31)
    found = sorted(word for word in words.to_pyarrow()["word"].to_pylist() if word)
    plain = all(len(w) <= 30 and not re.search(r"[@\d]", w) for w in found)
    return found if plain and len(found) <= 30 else []

"""The section of each source as lines of a parameter file: what its files tell, and what a person
must decide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from babel.dates import parse_date

from templates_lib.new_client import guesses
from templates_lib.new_client.draft import DECIDE, Line, code, comment, printable, written
from templates_lib.new_client.groups import Group
from templates_lib.new_client.questions import Questions, questions, survey_of
from templates_lib.params.orders import COUNTED_STATUSES
from templates_lib.params.source_files import ANY_COLUMN, Condition
from templates_lib.params.surveys import Survey
from templates_lib.params.tables import SpendSource
from templates_lib.sources.formats import filled_in
from templates_lib.sources.headers import LOOKS_LIKE_DATA
from templates_lib.sources.reader import Table

FEW_TOTALS = 3  # a file: more of them are a value of a column
ONLY_NUMBER = re.compile(r"[\d.,:/ -]+")
TITLE_DAYS = (
    (r"\d{4}-\d{2}-\d{2}", None),
    (r"\d{1,2}\.\d{1,2}\.\d{4}", "fi"),
    (r"[A-Z][a-z]{2,8} \d{1,2}, \d{4}", "en_US"),
    (r"\d{1,2} [A-Z][a-z]{2,8} \d{4}", "en_GB"),
)


def source_lines(group: Group, table: Table | None, told: Sequence[Line] = ()) -> tuple[Line, ...]:
    """The section of a group of files; without its rows nothing is guessed from them.

    Parameters
    ----------
    table, told : as ``as_written`` returns them
    """
    own = OWN[group.source](group, table) if group.source in OWN else ()
    return (*_where(group), *told, *_column_lines(group), *own)


def shown_headers(headers: Sequence[str]) -> str:
    """Headers for a comment, unless the first row looks like data."""
    named = [printable(header) for header in headers if header.strip()]
    if not named or any(LOOKS_LIKE_DATA.search(h) or ONLY_NUMBER.fullmatch(h) for h in named):
        return "the first row does not look like a header"
    return "headers: " + ", ".join(named[:40]) + (" …" if len(named) > 40 else "")


def _where(group: Group) -> Iterator[Line]:
    preset = group.preset
    title = preset.title if preset else "read by its headers"
    if preset and preset.evidence == "unverified":
        title += "; compare the headers with docs/sources.md"
    yield Line("format", group.format, title)
    path = group.path[0] if len(group.path) == 1 else list(group.path)
    count = f"{len(group.files)} files" if len(group.files) > 1 else ""
    yield Line("path", path, count)
    for key, value in group.files[0].settings.items():
        yield Line(key, value)


def _column_lines(group: Group) -> Iterator[Line]:
    columns = group.section.get("columns", {})
    if columns:
        rows = tuple(Line(column, header) for column, header in columns.items())
        yield Line("columns", None, "what this project calls it: the file's header", lines=rows)
    if group.preset is None:
        left = [h for h in group.headers if h not in columns.values()]
        if left and group.source != "responses":
            yield comment(f"not read: {shown_headers(left).removeprefix('headers: ')}")


def as_written(table: Table) -> tuple[Table, list[Line]]:
    """The table read in the form in which its dates and numbers are written, and that form."""
    table, lines = _without_totals(table)
    times = guesses.dates(table, guesses.time_headers(table.source))
    if times.form:
        lines.append(Line("date_format", times.form, "the one usual form that fits every row"))
        table = guesses.as_if(table, date_format=[times.form])
    elif times.candidates:
        several = " and ".join(form for form in times.candidates[:4] if form)
        note = f"{several} fit every row" if several else "none of the usual forms fits every row"
        lines.append(Line("date_format", DECIDE, note))
    marks = guesses.numbers(table, guesses.number_headers(table.source))
    for key, value in marks.settings.items():
        note = "stand for nothing in columns of numbers" if key == "empty" else "as every row has"
        lines.append(Line(key, value, note))
    table = guesses.as_if(table, **marks.settings)
    if marks.is_ambiguous:
        lines.append(Line("decimal", DECIDE, "1,234 or 1.234 in the file is read in two ways"))
    if marks.is_unread:
        lines.append(Line("decimal", DECIDE, "numbers are in none of the usual forms"))
    return table, lines


def _without_totals(table: Table) -> tuple[Table, list[Line]]:
    words, number = guesses.totals(table)
    if not words or number > FEW_TOTALS * len(table.files):
        return table, []
    known = list(table.source.left_out)
    totals = Condition(column=ANY_COLUMN, equals=words)
    table = guesses.in_use(guesses.as_if(table, left_out=[*known, totals]))
    every = [c.model_dump(mode="json", exclude_none=True) for c in [*known, totals]]
    note = f"{number} row{'s' if number > 1 else ''} of totals"
    return table, [Line("left_out", every, note, look=True)]


def _orders(group: Group, table: Table | None) -> Iterator[Line]:
    told = filled_in(group.section)
    columns = told.get("columns", {})
    if "vat" not in told:
        yield from _vat_lines(table, columns)
    if not columns.get("refund"):
        yield comment("refunds: the file has none of its own; ask how they are recorded", look=True)
    elif columns.get("refunded_at"):
        yield Line("refunds", DECIDE, "by_order_date or by_refund_date: whose sales it reduces")
    else:
        yield Line("refunds", "by_order_date", "the file has no dates of refunds")
    if table is None:
        return
    if columns.get("status") and guesses.has(table, columns["status"]):
        yield from _status_lines(table, columns["status"], told)
    if group.preset is None:
        yield from _suggestions(table, columns)
    sold = columns.get("product_id") or columns.get("product_name")
    if sold and guesses.has(table, sold):
        yield comment("gift cards that are sold are no sale of goods yet: name them", look=True)
        yield code(_condition("left_out", sold, "starts_with", "GIFTCARD"))
    b2b = columns.get("is_b2b")
    if share := guesses.b2b_share(table, columns.get("order_id"), b2b):
        note = f"B2B where {printable(b2b)!r} is filled in, {share:.0%} of the orders"
        yield comment(note, look=True)


def _vat_lines(table: Table | None, columns: dict[str, Any]) -> Iterator[Line]:
    basis, share = guesses.vat(table, table.source.columns) if table is not None else (None, 0.0)
    if basis:
        yield Line("vat", basis, f"by the VAT in the file: so in {share:.0%} of orders of one rate")
        return
    yield Line("vat", DECIDE, "included or excluded: whether the amounts hold VAT")
    if not columns.get("tax") and not columns.get("line_tax"):
        yield comment("if included: the rates by which it is taken off, as the file has no VAT")
        yield code("vat_rates: [{rate: 0.24}, {rate: 0.255, valid_from: 2024-09-01}]")


def _status_lines(table: Table, header: str, told: dict[str, Any]) -> Iterator[Line]:
    counted = {s.casefold() for s in told.get("counted_statuses", COUNTED_STATUSES)}
    words = guesses.statuses(table, header)
    if not counted & {word.casefold() for word in words}:
        note = "a list of those that count" + (f"; the file has {', '.join(words)}" * bool(words))
        yield Line("counted_statuses", DECIDE, note)


def _suggestions(table: Table, columns: dict[str, Any]) -> Iterator[Line]:
    """What the file has that may be no sale: shown, never put in force."""
    if found := guesses.marked_numbers(table, columns.get("order_id")):
        letters, count = found
        yield comment(f"{count} order numbers begin with {letters}: cancellations?", look=True)
        yield code(_condition("cancelled", columns["order_id"], "starts_with", letters))
    for name in ("quantity", "unit_price"):
        if count := guesses.not_positive(table, columns.get(name)):
            note = f"{count} rows have 0 or less as {columns[name]!r}: returns, or no sale?"
            yield comment(note, look=True)
            yield code(_condition("left_out", columns[name], "at_most", 0))


def _condition(key: str, header: str, comparison: str, value: str | int) -> str:
    return f"{key}: [{written({'column': header, comparison: value})}]"


def _responses(group: Group, table: Table | None) -> Iterator[Line]:
    told = filled_in(group.section)
    columns = told.get("columns", {})
    file = group.files[0].file.path.stem
    kind = survey_of(file)
    kinds = ", ".join(Survey.__args__)  # type: ignore[attr-defined]
    yield Line("survey", kind or DECIDE, "by the file's name" if kind else f"one of {kinds}")
    if not columns.get("answered_at"):
        yield Line("answered_on", DECIDE, "the day of the answers; the file holds no times")
    asked = questions(table, group.headers) if table is not None else Questions()
    if asked.empty:
        yield Line("empty", asked.empty, "stand for nothing in columns of numbers")
    if asked.score:
        yield Line("score", asked.score, "whole numbers from 0 to 10")
    elif kind == "nps" and not told.get("score"):
        yield Line("score", DECIDE, "the header of the question for the recommendation")
    for key, found in (("ratings", asked.ratings), ("choices", asked.choices)):
        yield from _named(key, found)
    if asked.open:
        yield Line("open", asked.open, "long texts")
    if not asked and not told.get("score") and kind != "nps":
        yield Line("open", [DECIDE], "headers of the questions: score, ratings, choices or open")
    if asked.left:
        yield comment(f"not read: {shown_headers(asked.left).removeprefix('headers: ')}")


def _named(key: str, found: dict[str, Any]) -> Iterator[Line]:
    notes = {"ratings": "whole numbers; 1 to 5 where no scale is given",
             "choices": "few texts that repeat"}  # fmt: skip
    if found and all(name == value for name, value in found.items()):
        yield Line(key, list(found), notes[key])
    elif found:
        yield Line(key, None, notes[key], lines=tuple(_question(n, v) for n, v in found.items()))


def _question(name: str, value: Any) -> Line:
    if not isinstance(value, dict):
        return Line(name, value)
    if DECIDE in value.values():
        return Line(name, value, "where the scale begins and ends")
    if "columns" in value:
        return Line(name, value, "one column an option: name the question, part several", look=True)
    if "separator" in value:
        return Line(name, value, "give options if one of them holds the separator", look=True)
    return Line(name, value)


def _spend(group: Group, table: Table | None) -> Iterator[Line]:
    told = filled_in(group.section)
    columns = told.get("columns", {})
    if not columns.get("channel") and not told.get("channel"):
        yield Line("channel", DECIDE, "the channel of the whole file, such as google_ads")
    if not columns.get("cost"):
        yield Line("cost_per_impression", DECIDE, "the file has no cost: the price of one message")
    day = columns.get("date")
    if table is None or not isinstance(table.source, SpendSource) or guesses.has(table, day):
        return
    days = title_days(group.files[0].titles)
    if len(days) == 2:
        period = {"first": days[0], "last": days[1]}
        yield Line("period", period, "from the line above the header; the file holds no days")
    else:
        period = {"first": DECIDE, "last": DECIDE}
        yield Line("period", period, "first and last day; the file holds no days")


def title_days(titles: Sequence[str]) -> list[date]:
    """The days that stand above a header, where they can only be read in one way."""
    text = " ".join(titles)
    for pattern, locale in TITLE_DAYS:
        found = re.findall(pattern, text)
        if len(found) == 2:
            try:
                return [_day(day, locale) for day in found]
            except ValueError:
                return []
    return []


def _day(text: str, locale: str | None) -> date:
    if locale is None:
        return date.fromisoformat(text)
    if locale == "fi":
        return parse_date(text, locale="fi")
    months = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905
    word = re.findall(r"[A-Za-z]+", text)[0][:3].casefold()
    day, year = (int(number) for number in re.findall(r"\d+", text))
    return date(year, months.index(word) + 1, day)


def _customers(group: Group, table: Table | None) -> Iterator[Line]:
    if group.preset is None or "attributes" not in filled_in(group.section):
        yield comment(
            "attributes: {segment: Segment}   # headers worth comparing; no contact details"
        )


OWN = {
    "orders": _orders,
    "responses": _responses,
    "spend": _spend,
    "customers": _customers,
}

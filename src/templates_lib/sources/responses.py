"""Surveys: one row an answer and one column a question become one row a question answered."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import ibis
import ibis.expr.types as ir

from templates_lib.params.surveys import STAGES, Choice, Question, Rating, ResponsesSource
from templates_lib.sources.masking import masked
from templates_lib.sources.people import identity
from templates_lib.sources.reader import Table, local_to_utc, utc_to_local
from templates_lib.tables import COLUMNS, MONEY, own_key

NPS_SCALE = Rating(column="score", low=0, high=10)


def response_rows(table: Table, source: ResponsesSource, *, zone: str) -> ir.Table:
    """One row an answer to a question, with ``file`` and ``row_number``, under the own keys.

    Every question of every answer has a row: ``was_asked`` says whether it was put (not where the
    file has no such column, or the answer is outside of the declared days), and value, option and
    text are empty where it was not answered. Of a choice each option taken is a row.

    Raises
    ------
    InputProblems
        Also for a score outside 0 to 10 and a rating outside its declared scale.
    """
    columns = source.columns
    answered_at = _answered_at(table, source, zone)
    day = utc_to_local(answered_at, zone).date()
    quarter = day.year().cast("string").concat("-Q", day.quarter().cast("string"))
    about = {
        "file": table.rows.file,
        "row_number": table.rows.row_number_in_file,
        "response_key": ibis.coalesce(table.text(columns.response_id), table.row_key()),
        "survey": ibis.literal(source.survey),
        "stage": ibis.literal(source.stage or STAGES[source.survey]),
        "wave": ibis.coalesce(table.text(columns.wave), quarter),
        "customer_key": identity(table, columns),
        "order_key": table.order_number(columns.order_id),
        "session_key": table.text(columns.session_id),
        "answered_at": answered_at,
        "arm": table.text(columns.arm),
        "profile_shown": table.text(columns.profile_shown),
    }
    kept = ~table.matches(source.left_out) & answered_at.notnull()
    asked = [{**about, **each} for each in _answers(table, source, day)]
    table.check()
    parts = [table.rows.filter(kept).select(**_complete(values)) for values in asked]
    return functools.reduce(lambda a, b: a.union(b), (_one_an_option(part) for part in parts))


def _answered_at(table: Table, source: ResponsesSource, zone: str) -> ir.TimestampValue:
    """When it was answered: of a file without times noon of its day, the same day everywhere."""
    if source.answered_on is None:
        times = (table.time(h, zone=zone) for h in source.columns.answered_at or [])
        return ibis.coalesce(*times)
    return local_to_utc(ibis.timestamp(f"{source.answered_on} 12:00:00"), zone)


def _complete(values: dict[str, ir.Value]) -> dict[str, ir.Value]:
    empty = {"value": ibis.null(MONEY), "option": ibis.null("string"),
             "text": ibis.null("string")}  # fmt: skip
    named = {**empty, **values}
    order = ["file", "row_number", *map(own_key, COLUMNS["responses"])]
    return {name: named[name] for name in order}


def _answers(
    table: Table, source: ResponsesSource, day: ir.DateValue
) -> Iterator[dict[str, ir.Value]]:
    """The columns of each question: its name, kind, whether it was asked, and the answer."""
    if source.score is not None:
        value = _rated(table, source.score, NPS_SCALE)
        yield _question(table, "score", "score", source.score, day) | {"value": value}
    for name, rating in source.ratings.items():
        value = _rated(table, rating, rating)
        yield _question(table, name, "rating", rating, day) | {"value": value}
    for name, choice in source.choices.items():
        options = _options(table, choice)
        yield _question(table, name, "choice", choice, day) | {"option": options}
    for name, question in source.open.items():
        text = masked(table.text(question.column))
        yield _question(table, name, "open", question, day) | {"text": text}


def _question(
    table: Table, name: str, kind: str, question: Question, day: ir.DateValue
) -> dict[str, ir.Value]:
    asked = ibis.literal(True)
    if question.asked_from is not None:
        asked &= day >= ibis.literal(question.asked_from)
    if question.asked_until is not None:
        asked &= day <= ibis.literal(question.asked_until)
    return {"question": ibis.literal(name), "kind": ibis.literal(kind), "was_asked": asked}


def _rated(table: Table, question: Question, scale: Rating) -> ir.DecimalValue:
    value = table.number(question.column)
    is_within = value.between(scale.low, scale.high)
    return table.require(
        str(question.column),
        f"not a rating from {scale.low} to {scale.high}; a scale is declared, never stretched",
        given=value.notnull(),
        value=is_within.ifelse(value, ibis.null(MONEY)),
    )


def _options(table: Table, choice: Choice) -> ir.ArrayValue:
    """The options taken, as a list; one that was not taken is null or blank."""
    none = ibis.null("string")
    if choice.columns:
        return ibis.array(
            [
                table.text(header).notnull().ifelse(ibis.literal(option), none)
                for option, header in choice.columns.items()
            ]
        )
    text = table.text(choice.column)
    if choice.separator is None:
        return ibis.array([_as_declared(text, choice.options)])
    taken, rest = [], text
    for option in sorted(choice.options, key=len, reverse=True):  # those with the separator first
        found = rest.re_search(_bounds(option, choice.separator)).fill_null(False)
        taken.append(found.ifelse(ibis.literal(option), none))
        without = rest.re_replace(_bounds(option, choice.separator), choice.separator)
        rest = found.ifelse(without, rest)
    others = masked(rest).fill_null("").split(choice.separator)
    return ibis.array([*taken, none]).concat(others)


def _as_declared(text: ir.StringValue, options: list[str]) -> ir.StringValue:
    """The declared option that a text is, ignoring case; what was typed freely is masked."""
    known = [(text.lower() == option.lower(), ibis.literal(option)) for option in options]
    return ibis.cases(*known, else_=masked(text)) if known else masked(text)


def _bounds(option: str, separator: str) -> str:
    mark = re.escape(separator.strip() or separator)
    return rf"(?i)(^|{mark}\s*){re.escape(option)}(\s*{mark}\s*|$)"


def _one_an_option(rows: ir.Table) -> ir.Table:
    """A row for each option taken; a question without any keeps its one row."""
    if not rows.option.type().is_array():
        return rows
    each = rows.unnest("option")
    each = each.mutate(option=each.option.strip().nullif(""))
    taken = each.filter(each.option.notnull())
    without = rows.anti_join(taken, ["file", "row_number"])
    return taken.union(without.mutate(option=ibis.null("string")).select(*taken.columns))

"""What was read: the sources, their files, and the months in which each of them has rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.sources.values import utc_to_local
from templates_lib.tables import TIMES

MADE_OF = {
    "orders": ("orders", "order_lines", "purchases", "first_orders", "customers"),
    "customers": ("customers",),
}
SOURCES = ["source", "part", "format", "files", "rows", "left_out", "superseded", "date_from",
           "date_to"]  # fmt: skip
DATED = [name for name in TIMES if name != "holdouts"]  # a test is a stretch, not rows in time


def table_names(facts: Mapping[str, Any]) -> list[str]:
    """The staged tables that a client has, by the sources that were read."""
    read = dict.fromkeys(source["table"] for source in facts["sources"])
    read.pop("aliases", None)
    names = [name for table in read for name in MADE_OF.get(table, (table,))]
    return list(dict.fromkeys(names))


def sources(
    facts: Mapping[str, Any], *, zone: str, parts: Mapping[str, str | None] | None = None
) -> pd.DataFrame:
    """Every source as it was read.

    Parameters
    ----------
    parts : by source, the survey or the channel that it holds

    Returns
    -------
    Columns: source, part, format, files, rows, left_out (rows that are none of the table),
    superseded (rows that a later export repeats; empty where they are not counted),
    date_from, date_to (first and last day in the client's time zone; empty for a table without
    days).
    """
    noted = [
        {
            "source": about["source"],
            "part": (parts or {}).get(about["source"]) or "",
            "format": about["format"],
            "files": sum(file["source"] == about["source"] for file in facts["files"]),
            "rows": about["rows"],
            "left_out": about["left_out"],
            "superseded": _superseded(facts, about["table"]),
            "date_from": _local_day(about.get("begin"), zone),
            "date_to": _local_day(about.get("end"), zone),
        }
        for about in facts["sources"]
    ]
    return pd.DataFrame(noted, columns=SOURCES).astype({"superseded": "Int64"})


def _superseded(facts: Mapping[str, Any], table: str) -> int | None:
    """Of a table read from several sources the count is of all of them: it is told of none."""
    several = sum(about["table"] == table for about in facts["sources"]) > 1
    counts = [each["count"] for each in facts.get("repeated", []) if each["source"] == table]
    return None if several else sum(counts)


def _local_day(text: str | None, zone: str) -> date | None:
    """The day of a time as staging noted it: in UTC, or a day already."""
    if not text:
        return None
    time = pd.Timestamp(text)
    if len(text) > len("2026-10-31"):
        time = time.tz_localize("UTC").tz_convert(ZoneInfo(zone))
    return time.date()


def files(facts: Mapping[str, Any]) -> pd.DataFrame:
    """The files read: source, file, rows, encoding, undefined_bytes."""
    columns = ["source", "file", "rows", "encoding", "undefined_bytes"]
    return pd.DataFrame(facts["files"], columns=columns)


def by_month(have: Mapping[str, ir.Table], *, zone: str, as_of: date) -> pd.DataFrame:
    """How many rows each source has in each month up to the last day observed.

    A month between a source's first and last row that has none is a hole: its count is 0 and
    ``coverage`` is ``empty``. Before the first and after the last row nothing was observed: the
    count is missing and ``coverage`` is ``outside``. Answers are counted once, however many
    questions they hold, and apart for each survey; a cost of a stretch of days counts in each of
    its months.

    Parameters
    ----------
    have : staged tables by name
    zone : the client's time zone, in which a month begins

    Returns
    -------
    Columns: source (with the survey behind a colon), month (``2026-01``), count, coverage (rows,
    empty, outside). One row for each source and each month from the first of all to ``as_of``;
    none where nothing has a day.
    """
    counted = [
        part
        for name in DATED
        if name in have
        for part in _counts(name, have[name], zone=zone, as_of=as_of)
    ]
    columns = ["source", "month", "count", "coverage"]
    if not counted:
        return pd.DataFrame(columns=columns)
    first = min(counts.index.min() for _, counts in counted)
    months = pd.period_range(first, pd.Period(as_of, "M"))
    parts = []
    for source, counts in counted:
        own = counts.reindex(months)
        inside = (months >= counts.index.min()) & (months <= counts.index.max())
        is_hole = own.isna() & inside
        state = pd.Series("outside", index=months).mask(inside, "rows").mask(is_hole, "empty")
        parts.append(
            pd.DataFrame(
                {
                    "source": source,
                    "month": months.astype(str),
                    "count": own.mask(is_hole, 0).astype("Int64").to_numpy(),
                    "coverage": state.to_numpy(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)[columns]


def local_day(table: ir.Table, column: str, zone: str) -> ir.DateValue:
    """A time as the day in the client's time zone; a day as it is."""
    value = table[column]
    return value if value.type().is_date() else utc_to_local(value, zone).date()


def _counts(name: str, table: ir.Table, *, zone: str, as_of: date) -> list[tuple[str, pd.Series]]:
    """Counts by month of a table, of each survey apart; a part without rows is left out."""
    day = table.ordered_on if name == "orders" else local_day(table, TIMES[name], zone)
    dated = table.mutate(on=day).filter(lambda t: t.on.notnull() & (t.on <= as_of))
    dated = dated.mutate(
        source=ibis.literal("responses: ").concat(dated.survey)
        if name == "responses"
        else ibis.literal(name),
        begins=dated.on.truncate("M"),
        ends=(ibis.least(dated.date_to, as_of) if name == "spend" else dated.on).truncate("M"),
    )
    once = {"responses": "response_id", "interviews": "interview_id"}.get(name)
    rows = dated.count()
    count = ibis.coalesce(dated[once].nunique().nullif(0), rows) if once else rows
    found = dated.group_by("source", "begins", "ends").aggregate(n=count).to_pandas()
    return [(source, _spread(part)) for source, part in found.groupby("source")]


def _spread(part: pd.DataFrame) -> pd.Series:
    """Counts by month, where a row may stand for several months."""
    months = [
        (month, n)
        for begins, ends, n in part[["begins", "ends", "n"]].itertuples(index=False)
        for month in pd.period_range(begins, max(begins, ends), freq="M")
    ]
    index = pd.PeriodIndex([month for month, _ in months], freq="M")
    return pd.Series([n for _, n in months], index=index).groupby(level=0).sum()


def holes(months: pd.DataFrame) -> pd.DataFrame:
    """The holes of ``by_month``, stretch by stretch.

    Returns
    -------
    Columns: source, month_from, month_to (first and last month without a row), months.
    """
    rows = []
    for source, part in months.groupby("source", sort=False):
        is_hole = part["coverage"] == "empty"
        run = (is_hole != is_hole.shift()).cumsum()
        for _, stretch in part[is_hole].groupby(run[is_hole]):
            ends = stretch["month"].iloc[[0, -1]]
            rows.append([source, *ends, len(stretch)])
    return pd.DataFrame(rows, columns=["source", "month_from", "month_to", "months"])

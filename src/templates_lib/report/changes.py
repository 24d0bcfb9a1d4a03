"""What changed since the last report, and whether customers, definitions or late data changed it.

A finding is followed through the states of its notebook: as it was published, computed again for
the same day with today's data and definitions, and today. What differs between the first two was
never a change of customers; between the last two it is, and may be chance.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pandas as pd
from IPython.display import HTML, display
from scipy import stats

from templates_lib.client import RUN_FOLDER
from templates_lib.labels import label
from templates_lib.language import N_, tr
from templates_lib.report.tables import to_html
from templates_lib.stats.intervals import benjamini_hochberg
from templates_lib.words import Words
from templates_lib.workspace import shown, workspace

FILE = "changes.json"
COLUMNS = ["finding", "before", "now", "difference", "low", "high", "kind"]
MOST = 3
Z = float(stats.norm.ppf(0.975))
LEVEL = 0.05  # of the changes that are named, so many are expected to be chance; of 1, all
Cause = Literal["customers", "definition", "late_data", "definition_or_late_data"]
VERDICTS = {
    "definition": N_("computed otherwise now"),
    "late_data": N_("data that came in later"),
    "definition_or_late_data": N_("computed otherwise now, or data that came in later"),
    "vanished": N_("no longer said"),
    "new": N_("new"),
}
CORRECTED = {
    "late_data": N_(
        "Figures of {day} that read differently today because data of that time came in later: {n}."
    ),
    "definition": N_(
        "Figures of {day} that read differently today because they are computed otherwise: {n}."
    ),
    "definition_or_late_data": N_(
        "Figures of {day} that read differently today because they are computed otherwise or "
        "because data of that time came in later: {n}."
    ),
}
NUMBER = re.compile(r"[-−+]?\d[\d\s.,]*")
QUOTES = re.compile("[“”]")
Finding = Mapping[str, Any]


class State(NamedTuple):
    """The findings of one notebook at one time, and what made them differ from the state before."""

    findings: Sequence[Finding]
    cause: Cause


@dataclass(frozen=True)
class Changes:
    """What changed since the report of the day ``since``.

    ``table`` has ``COLUMNS`` and notebook, unit, headline_before, headline_now and is_named (a
    change of customers that stands out among all of them). ``report`` is that report's folder,
    ``unknown`` the notebooks that did not run for its day.
    """

    since: date
    report: Path
    table: pd.DataFrame
    unknown: tuple[str, ...]


def difference(before: Finding, now: Finding) -> tuple[float, float, float]:
    """now - before with its 95 % interval, from the interval of each (MOVER).

    The two count as independent. Most of their customers are the same, so that the true interval
    is narrower: what is called a change is one, and a small change is seen late. A number without
    an interval of its own (low = high) has none here: nan.

    References
    ----------
    Zou and Donner (2008), Statistics in Medicine 27:1693; for shares with Wilson's intervals it is
    Newcombe's.

    Examples
    --------
    >>> before = {"estimate": 48 / 80, "low": 0.4904, "high": 0.7005}
    >>> now = {"estimate": 56 / 70, "low": 0.6918, "high": 0.8770}
    >>> print("{:.3f} {:.3f} {:.3f}".format(*difference(before, now)))
    0.200 0.052 0.334
    """
    change = now["estimate"] - before["estimate"]
    if now["low"] == now["high"] or before["low"] == before["high"]:
        return change, math.nan, math.nan
    down = math.hypot(now["estimate"] - now["low"], before["high"] - before["estimate"])
    up = math.hypot(now["high"] - now["estimate"], before["estimate"] - before["low"])
    return change, change - down, change + up


def compared(notebooks: Mapping[str, Sequence[State]]) -> list[dict[str, Any]]:
    """Every change of every finding, and those that came and went.

    Parameters
    ----------
    notebooks : the states of each notebook, the earliest first; the first one's cause says nothing

    Returns
    -------
    Rows of ``Changes.table``. A row of customers stands for each finding that says the same thing
    in both states, changed or not; the other causes have rows where the estimate differs. A
    finding that speaks of something else than before (another category, another direction) has
    vanished, and is new.
    """
    rows = []
    for notebook, states in notebooks.items():
        found = [{f["id"]: f for f in state.findings} for state in states]
        for identity in sorted(set().union(*found)):
            line = [of_state.get(identity) for of_state in found]
            causes = [state.cause for state in states]
            rows += [{**row, "notebook": notebook} for row in _of_one(line, causes)]
    p_values = [_p_value(row) for row in rows]
    q_values = benjamini_hochberg(p_values)
    for row, q in zip(rows, q_values, strict=True):
        row["is_named"] = bool(q <= LEVEL)
    return rows


def _of_one(
    line: Sequence[Finding | None], causes: Sequence[Cause]
) -> list[dict[str, Any]]:  # of one finding
    rows = []
    *earlier, now = line
    last = next((f for f in reversed(earlier) if f is not None), None)
    for before, after, cause in zip(line[:-1], line[1:], causes[1:], strict=True):
        if before is None or after is None or not _comparable(before, after, cause):
            continue
        change, low, high = difference(before, after)
        if cause != "customers":
            if math.isclose(before["estimate"], after["estimate"], rel_tol=1e-9, abs_tol=1e-12):
                continue
            low = high = math.nan  # the same customers of the same days: no chance in it
        rows.append(_row(before, after, change, low, high, cause))
    is_other = last is not None and now is not None and not _comparable(last, now, causes[-1])
    if last is not None and (now is None or is_other):
        rows.append(_row(last, None, math.nan, math.nan, math.nan, "vanished"))
    if now is not None and (last is None or is_other):
        rows.append(_row(None, now, math.nan, math.nan, math.nan, "new"))
    return rows


def _comparable(before: Finding, after: Finding, cause: Cause) -> bool:
    """Whether two states of a finding measure the same; a definition may change the words."""
    if before["unit"] != after["unit"]:
        return False
    return cause.startswith("definition") or subject(before["headline"]) == subject(
        after["headline"]
    )


def subject(headline: str) -> str:
    """What a headline speaks of: its words and the values in quotes, without its numbers."""
    parts = QUOTES.split(headline)
    parts[::2] = [NUMBER.sub("0 ", part) for part in parts[::2]]
    return " ".join("“".join(parts).split())


def _row(
    before: Finding | None, now: Finding | None, change: float, low: float, high: float, kind: str
) -> dict[str, Any]:
    one = now or before or {}
    return {
        "finding": one["id"], "unit": one["unit"],
        "before": math.nan if before is None else before["estimate"],
        "now": math.nan if now is None else now["estimate"],
        "difference": change, "low": low, "high": high, "kind": kind,
        "headline_before": before and before["headline"],
        "headline_now": now and now["headline"],
    }  # fmt: skip


def _p_value(row: Mapping[str, Any]) -> float:
    """How often chance alone makes such a change of customers; nan for every other row."""
    if row["kind"] != "customers" or math.isnan(row["low"]):
        return math.nan
    if row["difference"] == 0:
        return 1.0
    end = row["low"] if row["difference"] > 0 else row["high"]
    return float(2 * stats.norm.sf(Z * abs(row["difference"] / (row["difference"] - end))))


def write(
    rows: Sequence[Mapping[str, Any]],
    work: Path,
    *,
    since: date,
    report: Path,
    unknown: Sequence[str],
) -> None:
    """Hands the changes on to the notebooks of a run."""
    plain = [{k: None if v != v else v for k, v in row.items()} for row in rows]
    about = {"since": since.isoformat(), "report": shown(report), "unknown": list(unknown)}
    text = json.dumps({**about, "changes": plain}, ensure_ascii=False, allow_nan=False)
    (work / FILE).write_text(text, encoding="utf-8")


def of_run() -> Changes | None:
    """The changes that this run has found; None outside a run, and without an earlier report."""
    run = os.environ.get(RUN_FOLDER)
    if not run or not (file := Path(run, FILE)).is_file():
        return None
    read = json.loads(file.read_text(encoding="utf-8"))
    more = ["notebook", "unit", "headline_before", "headline_now", "is_named"]
    table = pd.DataFrame(read["changes"], columns=[*COLUMNS, *more])
    numbers = dict.fromkeys(("before", "now", "difference", "low", "high"), float)
    return Changes(
        date.fromisoformat(read["since"]), workspace() / read["report"],
        table.astype(numbers | {"is_named": bool}), tuple(read["unknown"]),
    )  # fmt: skip


def greatest(table: pd.DataFrame, *, most: int = MOST) -> pd.DataFrame:
    """The changes of customers that stand out beyond chance, the clearest first."""
    named = table[table["is_named"]]
    end = named["low"].where(named["difference"] > 0, named["high"])
    clear = (named["difference"] / (named["difference"] - end)).abs()
    order = clear.sort_values(ascending=False, kind="stable").index
    return named.loc[order].head(most)


def tell(changes: Changes, words: Words) -> None:
    """The greatest changes as they read then and now, what is no longer said, and what differs
    from the report that was sent for other reasons than customers."""
    table, day = changes.table, words.day(changes.since)
    parts = []
    for row in greatest(table).itertuples():
        then = tr("On {day}: {headline}.", day=day, headline=row.headline_before)
        parts.append(f"<strong>{escape(row.headline_now)}.</strong> {escape(then)}")
    if not parts:
        none = tr("No finding has changed beyond chance since the report of {day}.", day=day)
        parts.append(escape(none))
    for headline in table.loc[table["kind"] == "vanished", "headline_before"]:
        parts.append(escape(tr("No longer said: {headline}.", headline=headline)))
    kinds = table["kind"].value_counts()
    for kind in kinds.index.intersection(list(CORRECTED), sort=False):
        n = words.number(int(kinds[kind]))
        parts.append(escape(tr(CORRECTED[kind], day=day, n=n)))
    if changes.unknown:
        names = words.listed([label(topic) for topic in changes.unknown])
        text = tr("Not compared, since its notebook cannot look back: {names}.", names=names)
        parts.append(escape(text))
    items = "".join(f"<li>{part}</li>" for part in parts)
    display(HTML(f'<ul class="changes">{items}</ul>'))


def show(changes: Changes, words: Words) -> None:
    """Every finding then and now, in its own unit, with what changed it; the changed ones first."""
    table = changes.table
    rows = pd.DataFrame({"finding": table["headline_now"].fillna(table["headline_before"])})
    for name in ("before", "now"):
        pairs = zip(table[name], table["unit"], strict=True)
        rows[name] = [words.cell(value, unit) for value, unit in pairs]
    rows["kind"] = [_verdict(row) for row in table.itertuples()]
    unchanged = (table["kind"] == "customers") & ~((table["low"] > 0) | (table["high"] < 0))
    order = (2 * unchanged - table["is_named"]).sort_values(kind="stable").index
    title = tr("Every finding, as of {day} and now", day=words.day(changes.since))
    display(HTML(to_html(rows.loc[order], words, caption=title, units=dict.fromkeys(rows, "text"))))


def _verdict(row: Any) -> str:
    if row.kind != "customers":
        return tr(VERDICTS[row.kind])
    if math.isnan(row.low):
        return tr("a figure without a range")
    if row.is_named:
        return tr("customers changed")
    beyond = row.low > 0 or row.high < 0
    return tr("perhaps changed") if beyond else tr("no change beyond chance")

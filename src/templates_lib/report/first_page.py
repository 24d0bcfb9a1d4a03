"""The parts of the first page, as the summary notebook shows them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
from IPython.display import HTML, display

from templates_lib.report.findings import BASES, STRENGTHS
from templates_lib.summary import Stretch
from templates_lib.words import Words, is_missing

Finding = Mapping[str, Any]


def answer(findings: Sequence[Finding]) -> None:
    """The answer in a sentence or two: the headlines of the findings that make it."""
    text = ". ".join(finding["headline"] for finding in findings)
    text = text or "The data are too few for a conclusion yet; what is missing stands below"
    display(HTML(f'<p class="answer">{escape(text)}.</p>'))


def tiles(
    table: pd.DataFrame,
    words: Words,
    *,
    stretch: Stretch,
    return_days: int,
    newcomers: str,
) -> None:
    """Four figures; an arrow only where the change is beyond chance."""
    days = words.number(return_days)
    names = {
        "net_sales": "Net sales",
        "new_customers": newcomers.capitalize(),
        "returned": f"Returned within {days} days",
        "contribution_margin_per_customer": f"Margin per new customer in {days} days",
        "net_sales_per_customer": f"Net sales per new customer in {days} days (costs unknown)",
    }
    cards = []
    for row in table.itertuples():
        cards.append(
            f'<div class="tile"><p class="name">{escape(names[row.measure])}</p>'
            f'<p class="figure">{escape(_estimate(row, words))}</p>'
            f'<p class="change">{escape(_change(row, stretch.before_start, words))}</p></div>'
        )
    months = f"{words.month(stretch.start)} to {words.month(stretch.end)}"
    against = "against the same months a year before" if stretch.before_start else ""
    note = f"{months} {against}".strip() + "."
    joined = table.loc[table["measure"] == "new_customers", "n"]
    if stretch.before_start and not joined.sum():
        note += (
            " The file holds no first purchase in these months: it follows earlier customers, and "
            "its sales are not those of the whole shop."
        )
    display(HTML(f'<div class="tiles">{"".join(cards)}</div><p class="note">{escape(note)}</p>'))


def _estimate(row: Any, words: Words) -> str:
    if is_missing(row.estimate):
        return "–"
    if row.measure == "new_customers":
        return words.number(row.estimate)
    if row.measure == "returned":
        return words.share(row.estimate, 1)
    return words.money(row.estimate)


def _change(row: Any, before_start: date | None, words: Words) -> str:
    if row.n == 0:
        return "none in these months"
    if before_start is None:
        return "no year before in the data"
    if is_missing(row.change):
        return "not to be compared: the year before is too short or too small"
    if not row.beyond_chance:
        return "no change beyond chance"
    arrow, direction = ("▲", "more") if row.change > 0 else ("▼", "less")
    if not row.before:
        return f"{arrow} none a year before"
    return f"{arrow} {words.share(abs(row.change) / row.before)} {direction} than a year before"


def cards(
    findings: Sequence[Finding], words: Words, *, picture: Callable[[str], Path | None]
) -> None:
    """The findings of the first page, each with its chart, its worth, what to do and to check."""
    display(HTML("".join(_card(f, words, picture(f["id"])) for f in findings)))


def _card(finding: Finding, words: Words, chart: Path | None) -> str:
    parts = [f"<h3>{escape(finding['headline'])}</h3>"]
    if chart is not None:
        data = base64.b64encode(chart.read_bytes()).decode("ascii")
        alt = escape(f"Chart: {finding['headline']}")
        parts.append(f'<img alt="{alt}" src="data:image/png;base64,{data}">')
    parts.append(f"<p>{escape(finding['text'])}</p>")
    if finding["effect_eur"]:
        worth = finding["effect_eur"]
        amounts = [words.money(worth[key], 0) for key in ("estimate", "low", "high")]
        parts.append(
            f'<p class="worth"><strong>Worth about {escape(amounts[0])} a year</strong> '
            f"({escape(amounts[1])} to {escape(amounts[2])}), if {escape(worth['assumptions'])}</p>"
        )
    if finding["action"]:
        action = finding["action"]
        parts.append(f"<p><strong>Next:</strong> {escape(action['do'])}</p>")
        parts.append(f"<p><strong>Check:</strong> {escape(action['check'])}</p>")
    chapter = escape(finding["id"])
    base = f"{words.number(finding['n'])} {BASES[finding['evidence']]}"
    sure = f"{STRENGTHS[finding['strength']]} · {base}"
    parts.append(f'<p class="sure">{escape(sure)} · <a href="#{chapter}">in its chapter</a></p>')
    return f'<section class="finding {finding["strength"]}">{"".join(parts)}</section>'


def not_yet(finding: Finding | None, words: Words) -> None:
    """The one thing not to act on yet."""
    if finding is not None:
        n = f"{words.number(finding['n'])} {BASES[finding['evidence']]}"
        why = {
            "chance": f"With {n} the difference may be chance.",
            "weak": f"With {n} the range is too wide to act on.",
        }[finding["strength"]]
        text = escape(f"{finding['headline']}. {why}")
        card = f'<section class="not-yet"><h3>Not to act on yet</h3><p>{text}</p></section>'
        display(HTML(card))


def trust(control: pd.DataFrame, steps: pd.DataFrame, words: Words) -> None:
    """The line of trust: the shop's figure, the report's, and why they differ."""
    analysed = steps.iloc[-1]
    text = (
        f"{words.number(analysed['orders'])} purchases by {words.number(analysed['customers'])} "
        f"customers, net sales {words.money(analysed['net_sales'])}."
    )
    if len(control):
        agreed = int(control["agrees"].sum())
        text += (
            f" Of {words.number(len(control))} figures of the shop's own screen "
            f"{words.number(agreed)} agree with this report."
        )
        for row in control[~control["agrees"].astype(bool)].itertuples():
            figures = [words.number(value, 2) for value in (row.shop, row.ours)]
            text += f" {row.period}: the shop {figures[0]}, here {figures[1]}."
    else:
        text += " They have not been held against the shop's own figures yet."
    display(HTML(f'<p class="trust">{escape(text)}</p>'))

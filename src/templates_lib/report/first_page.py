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

from templates_lib.labels import label
from templates_lib.language import N_, first_upper, tr
from templates_lib.report.findings import BASES, STRENGTHS, chart_name, said_of, what_next
from templates_lib.summary import Stretch
from templates_lib.words import Words, is_missing

Finding = Mapping[str, Any]


def answer(findings: Sequence[Finding]) -> None:
    """The answer in a sentence or two: the headlines of the findings that make it."""
    text = ". ".join(finding["headline"] for finding in findings)
    nothing = tr("The data are too few for a conclusion yet; what is missing stands below")
    display(HTML(f'<p class="answer">{escape(text or nothing)}.</p>'))


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
        "net_sales": tr("Net sales"),
        "new_customers": first_upper(newcomers),
        "returned": tr("Returned within {days} days", days=days),
        "contribution_margin_per_customer": tr("Margin per new customer in {days} days", days=days),
        "net_sales_per_customer": tr(
            "Net sales per new customer in {days} days (costs unknown)", days=days
        ),
    }
    cards = []
    for row in table.itertuples():
        cards.append(
            f'<div class="tile"><p class="name">{escape(names[row.measure])}</p>'
            f'<p class="figure">{escape(_estimate(row, words))}</p>'
            f'<p class="change">{escape(_change(row, stretch.before_start, words))}</p></div>'
        )
    ends = {"first": words.month(stretch.start), "last": words.month(stretch.end)}
    if stretch.before_start:
        note = tr("{first} to {last} against the same months a year before.", **ends)
    else:
        note = tr("{first} to {last}.", **ends)
    joined = table.loc[table["measure"] == "new_customers", "n"]
    if stretch.before_start and not joined.sum():
        note += " " + tr(
            "The file holds no first purchase in these months: it follows earlier customers, and "
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
        return tr("none in these months")
    if before_start is None:
        return tr("no year before in the data")
    if is_missing(row.change):
        return tr("not to be compared: the year before is too short or too small")
    if not row.beyond_chance:
        return tr("no change beyond chance")
    if not row.before:
        return tr("▲ none a year before")
    share = words.share(abs(row.change) / row.before)
    if row.change > 0:
        return tr("▲ {share} more than a year before", share=share)
    return tr("▼ {share} less than a year before", share=share)


def cards(
    findings: Sequence[Finding], words: Words, *, picture: Callable[[str], Path | None]
) -> None:
    """The findings of the first page, each with its chart, its worth, what to do and to check."""
    display(HTML("".join(_card(f, words, picture(chart_name(f))) for f in findings)))


def _card(finding: Finding, words: Words, chart: Path | None) -> str:
    parts = [f"<h3>{escape(finding['headline'])}</h3>"]
    if chart is not None:
        data = base64.b64encode(chart.read_bytes()).decode("ascii")
        alt = escape(tr("Chart: {headline}", headline=finding["headline"]))
        parts.append(f'<img alt="{alt}" src="data:image/png;base64,{data}">')
    parts.append(f"<p>{escape(finding['text'])}</p>")
    parts += what_next(finding["effect_eur"], finding["action"], words)
    parts += said_of(finding["comment"], finding["owner"])
    sure = tr(
        "{strength} · {base}", strength=tr(STRENGTHS[finding["strength"]]),
        base=_base(finding, words),
    )  # fmt: skip
    link = f'<a href="#{escape(finding["id"])}">{escape(tr("in its chapter"))}</a>'
    parts.append(f'<p class="sure">{escape(sure)} · {link}</p>')
    return f'<section class="finding {finding["strength"]}">{"".join(parts)}</section>'


def _base(finding: Finding, words: Words) -> str:
    base = finding.get("base") or tr(BASES[finding["evidence"]])
    return base.format(n=words.number(finding["n"]))


def not_yet(finding: Finding | None, words: Words) -> None:
    """The one thing not to act on yet."""
    if finding is not None:
        n = _base(finding, words)
        why = {
            "chance": tr("With {n} the difference may be chance.", n=n),
            "weak": tr("With {n} the range is too wide to act on.", n=n),
        }[finding["strength"]]
        title, text = escape(tr("Not to act on yet")), escape(f"{finding['headline']}. {why}")
        display(HTML(f'<section class="not-yet"><h3>{title}</h3><p>{text}</p></section>'))


def actions(table: pd.DataFrame, words: Words, *, most: int = 7) -> None:
    """What to do next: with whom, where, who sees to it, and when it is looked at again."""
    items = []
    for row in table.head(most).itertuples():
        places = [label(code) for code in (row.with_whom, row.stage, row.channel) if code]
        parts = [f"<strong>{escape(row.do)}</strong>"]
        if places:
            parts.append(f'<span class="where">{escape(first_upper(" · ".join(places)))}</span>')
        parts.append(f"{escape(row.check)} {escape(_again(row, words))}")
        link = f'<a href="#{escape(row.finding)}">{escape(tr("Why"))}</a>'
        items.append(f"<li>{'<br>'.join(parts)} {link}</li>")
    if items:
        display(HTML(f'<ol class="actions">{"".join(items)}</ol>'))
    if len(table) > most:
        rest = tr("All {n} are in the workbook.", n=words.number(len(table)))
        display(HTML(f'<p class="note">{escape(rest)}</p>'))


def _again(row: Any, words: Words) -> str:
    day = words.day(row.check_on)
    if row.owner:
        return tr("Looked at again on {day} by {owner}.", day=day, owner=row.owner)
    return tr("Looked at again on {day}.", day=day)


def outcomes(table: pd.DataFrame, headlines: Mapping[str, str]) -> None:
    """What became of those of last time's actions that were tried."""
    said = {
        "better": N_("It got better since, beyond chance."),
        "worse": N_("It got worse since, beyond chance."),
        "changed": N_("It has changed since, beyond chance."),
        "no_change_beyond_chance": N_("No change beyond chance yet."),
        "not_comparable": N_("What it was about is no longer told, so that nobody can say yet."),
    }
    items = []
    for row in table[table["outcome"] != "not_tried"].itertuples():
        found = headlines.get(row.finding)
        now = tr("Now: {headline}.", headline=found) if found else ""
        parts = [f"<strong>{escape(row.tried or row.do)}</strong>",
                 escape(f"{tr(said[row.outcome])} {now}".strip())]  # fmt: skip
        items.append(f"<li>{'<br>'.join(parts)}</li>")
    if items:
        display(HTML(f'<ul class="outcomes">{"".join(items)}</ul>'))


def halves(strongest: pd.DataFrame, joined: pd.DataFrame, headlines: Mapping[str, str]) -> None:
    """What people say beside what they do, and where the two agree or contradict."""
    names = {"feeling": tr("What people say"), "facts": tr("What they do")}
    columns = []
    for half, name in names.items():
        own = strongest[strongest["half"] == half]
        if len(own):
            rows = "".join(f"<li>{_linked(row.finding, row.headline)}</li>"
                           for row in own.itertuples())  # fmt: skip
            columns.append(f"<div><h3>{escape(name)}</h3><ul>{rows}</ul></div>")
    if columns:
        display(HTML(f'<div class="halves">{"".join(columns)}</div>'))
    verdicts = {"agree": tr("They agree"), "contradict": tr("They contradict each other")}
    items = []
    for row in joined.itertuples():
        ids = dict.fromkeys((row.feeling, row.facts))
        told = "; ".join(_linked(identity, headlines[identity]) for identity in ids)
        theme = f" ({escape(label(row.theme))})" if row.theme else ""
        items.append(f"<li><strong>{escape(verdicts[row.verdict])}</strong>{theme}: {told}.</li>")
    if items:
        display(HTML(f'<ul class="joined">{"".join(items)}</ul>'))


def _linked(identity: str, text: str) -> str:
    return f'<a href="#{escape(identity)}">{escape(text)}</a>'


def trust(control: pd.DataFrame, steps: pd.DataFrame, words: Words) -> None:
    """The line of trust: the shop's figure, the report's, and why they differ."""
    analysed = steps.iloc[-1]
    parts = [
        tr(
            "{purchases} purchases by {customers} customers, net sales {sales}.",
            purchases=words.number(analysed["orders"]),
            customers=words.number(analysed["customers"]),
            sales=words.money(analysed["net_sales"]),
        )
    ]
    if len(control):
        parts.append(
            tr(
                "Of {n} figures of the shop's own screen {agreed} agree with this report.",
                n=words.number(len(control)), agreed=words.number(int(control["agrees"].sum())),
            )
        )  # fmt: skip
        for row in control[~control["agrees"].astype(bool)].itertuples():
            shop, ours = (words.number(value, 2) for value in (row.shop, row.ours))
            parts.append(
                tr("{period}: the shop {shop}, here {ours}.", period=row.period, shop=shop,
                   ours=ours)
            )  # fmt: skip
    else:
        parts.append(tr("They have not been held against the shop's own figures yet."))
    display(HTML(f'<p class="trust">{escape(" ".join(parts))}</p>'))

"""What to ask: open questions, and what the client's own data left unanswered behind each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from typing import Any, NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib import worksheets
from templates_lib.coding import coding
from templates_lib.coding.codebook import Codebook
from templates_lib.data_health import sufficiency
from templates_lib.interviews import guide_words
from templates_lib.language import in_use, tr
from templates_lib.nps_drivers import nps, nps_reasons
from templates_lib.purchase_survey import purchase_survey
from templates_lib.stats.intervals import newcombe, wilson
from templates_lib.words import Words

YEAR_DAYS, LEAST = 365, 30
GUIDE = ["stratum", "question", "reason"]
TEMPLATE = ["interview", "pseudonym", "email", "date", "coder", "question", "excerpt", "code",
            "may_quote"]  # fmt: skip
PRINTED = (
    "body{font:12pt/1.45 sans-serif;max-width:42em;margin:2em auto;padding:0 1em}"
    "li{margin:.4em 0;break-inside:avoid}h4{break-after:avoid}small{color:#555}"
)
LACKING = {
    "why_today": ("trigger", "no_motive"),
    "why_not": ("hesitation", "no_exit"),
    "score": ("told_others", "no_score"),
}
"""Analysis of ``sufficiency``: the question of the guide that asks for it, and why."""


class Gap(NamedTuple):
    """Something that the data show or lack without telling why: the question of the guide that
    asks for it, the text of ``guide_words.REASONS``, and the values in it (shares 0 to 1)."""

    question: str
    reason: str
    values: dict[str, Any]


def from_survey(
    choices: pd.DataFrame, *, competitor: str, nearly_stopped: str, nothing: Sequence[str]
) -> list[Gap]:
    """The competitor that buyers looked at most, and what nearly stopped most of them.

    Parameters
    ----------
    choices : of ``purchase_survey.choices``
    nothing : given answers that name nothing
    """
    pairs = ((competitor, "alternatives", "competitor"),
             (nearly_stopped, "hesitation", "nearly_stopped"))  # fmt: skip
    found = []
    for asked, question, reason in pairs:
        named = purchase_survey.named(purchase_survey.of(choices, asked), nothing=nothing)
        for top in named.head(1).itertuples():
            shares = {"share": top.share, "low": top.low, "high": top.high}
            found.append(Gap(question, reason, {**shares, "option": top.option}))
    return found


def from_detractors(
    have: Mapping[str, ir.Table], book: Codebook, *, zone: str, as_of: date, min_cell: int,
    language: str,
) -> list[Gap]:  # fmt: skip
    """What most of the low scores with a reason are about, by the terms of the codebook."""
    survey = nps.score_survey(have)
    people = nps.respondents(have, survey=survey, zone=zone, as_of=as_of)
    asked = nps_reasons.comments(have, people, zone=zone, as_of=as_of)
    low = people[nps.class_names(people["score"]) == nps.CLASSES[-1]]
    said = coding.open_answers(asked[asked["response_id"].isin(low["response_id"])])
    if len(said) < LEAST:
        return []
    counted = coding.mentions(coding.coded(said, book), said, min_cell=min_cell)
    names = book.described(language)
    return [
        Gap("went_wrong", "detractor_reason", {
            "share": top.share, "low": top.low, "high": top.high,
            "option": names.get(top.code) or top.code,
        })
        for top in counted.dropna(subset=["share"]).head(1).itertuples()
    ]  # fmt: skip


def from_first_purchases(first_orders: ir.Table, *, as_of: date) -> list[Gap]:
    """The category after which fewest come back within a year, against that of most, where the
    difference is beyond chance; of customers observed for a year, 30 a category at least."""
    if "first_category" not in first_orders.columns:
        return []
    whole = first_orders.filter(
        first_orders.first_category.notnull()
        & (ibis.literal(as_of).delta(first_orders.first_on, unit="day") >= YEAR_DAYS)
    )
    back = whole.second_on.delta(whole.first_on, unit="day") <= YEAR_DAYS
    counts = whole.group_by(option=whole.first_category.cast("string")).aggregate(
        n=whole.count(), returned=back.fill_null(False).sum()
    )
    table = counts.order_by("option").to_pandas()
    table = table[table["n"] >= LEAST].assign(share=lambda t: t["returned"] / t["n"])
    if len(table) < 2:
        return []
    least, most = table.loc[table["share"].idxmin()], table.loc[table["share"].idxmax()]
    start, _ = newcombe(most["returned"], most["n"], least["returned"], least["n"])
    if start <= 0:
        return []
    low, high = wilson(least["returned"], least["n"])
    shares = {"share": least["share"], "low": float(low), "high": float(high)}
    names = {"option": least["option"], "other": most["option"], "other_share": most["share"]}
    return [Gap("first_use", "first_purchase", {**shares, **names})]


def from_lacking(have: Mapping[str, ir.Table], *, as_of: date, words: Words) -> list[Gap]:
    """Questions that the data have too few answers to, by ``sufficiency``."""
    amounts = sufficiency.amounts(have, as_of=as_of, costs="none", control=None)
    table = sufficiency.sufficiency(amounts, words=words)
    lacking = set(table.loc[~table["enough"], "analysis"])
    return [Gap(*pair, {}) for name, pair in LACKING.items() if name in lacking]


def guide(gaps: Sequence[Gap], strata: Sequence[str], words: Words) -> pd.DataFrame:
    """The questions in the order asked, in the reader's language.

    Parameters
    ----------
    gaps : what the data left open; the first one of a question is told
    strata : whom there is to call: the questions of others are left out

    Returns
    -------
    Columns: stratum (``all``, a stratum, or ``end``), question, reason (what the data left open;
    empty where the question is asked in any case).
    """
    told: dict[str, str] = {}
    for gap in gaps:
        told.setdefault(gap.question, _reason(gap, words))
    rows = [
        (stratum, tr(text), told.get(name, ""))
        for name, (stratum, text) in guide_words.QUESTIONS.items()
        if (name in guide_words.ALWAYS or name in told) and stratum in ("all", "end", *strata)
    ]
    return pd.DataFrame(rows, columns=GUIDE)


def _reason(gap: Gap, words: Words) -> str:
    values = {
        name: value if isinstance(value, str) else words.number(100 * value)
        for name, value in gap.values.items()
    }
    return tr(guide_words.REASONS[gap.reason], **values)


def page(table: pd.DataFrame) -> str:
    """The guide as a part of a page: how to interview, then the questions of each group
    under its name, everything escaped."""
    ways = "".join(f"<li>{escape(tr(way))}</li>" for way in guide_words.HOW)
    parts = [f"<h4>{escape(tr('Before and during the call'))}</h4><ul>{ways}</ul>"]
    for stratum, own in table.groupby("stratum", sort=False):
        name = tr(guide_words.GROUPS[str(stratum)])
        items = "".join(_item(row.question, row.reason) for row in own.itertuples())
        parts.append(f"<h4>{escape(name)}</h4><ol>{items}</ol>")
    title = escape(tr("Interview guide"))
    return f'<section class="guide"><h3>{title}</h3>{"".join(parts)}</section>'


def document(table: pd.DataFrame) -> bytes:
    """The guide as a page of its own, to print."""
    title = escape(tr("Interview guide"))
    head = f'<meta charset="utf-8"><title>{title}</title><style>{PRINTED}</style>'
    html = f'<!doctype html><html lang="{in_use()}"><head>{head}</head>'
    return f"{html}<body>{page(table)}</body></html>\n".encode()


def _item(question: str, reason: str) -> str:
    why = escape(tr("Why we ask: {reason}", reason=reason)) if reason else ""
    why = f"<br><small>{why}</small>" if why else ""
    return f"<li>{escape(question)}{why}</li>"


def template(calls: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The notes to fill, a row a call and question; more rows are added by hand.

    Who is behind a pseudonym is in the list of ``make contacts``; the e-mail from there, filled in,
    makes the notes those of a customer again when they come back as ``sources.interviews``.

    Parameters
    ----------
    calls : of ``call_plan.plan``
    table : of ``guide``

    Returns
    -------
    Columns of ``TEMPLATE``: interview (number), pseudonym, question; the others empty.
    No rows where nobody is to be called yet.
    """
    rows = [
        (str(number), call.customer_id, row.question)
        for number, call in enumerate(calls.itertuples(), start=1)
        for row in table.itertuples()
        if row.stratum in ("all", "end", call.stratum)
    ]
    made = pd.DataFrame(rows, columns=["interview", "pseudonym", "question"])
    return made.reindex(columns=TEMPLATE).fillna("")


def workbook(notes: pd.DataFrame, book: Codebook, *, language: str) -> bytes:
    """The template as XLSX, and the codes of the codebook on a second sheet."""
    codes = [(code.code, code.said(language)) for code in book.codes]
    return worksheets.workbook({
        "excerpts": (notes.columns, notes.astype(str).to_numpy()),
        "codes": (("code", "about"), codes),
    })  # fmt: skip

"""A card for each stage of the path: who is in it, what they do, ask and feel, who goes on, and
what the client does there.

Made of the tables of the other parts. What is not known has no line; the card says what to ask
next instead. Shares of different people stand side by side and are never multiplied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from html import escape
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.coding import coding
from templates_lib.coverage import local_day
from templates_lib.journey import funnel, wording
from templates_lib.labels import label
from templates_lib.language import N_, tr
from templates_lib.params.journey import EVENTS, Journey
from templates_lib.service.service import ALL, LEAST
from templates_lib.sources.engine import one
from templates_lib.sources.reader import YES
from templates_lib.stats.intervals import mean_interval, wilson
from templates_lib.words import Words

STAGES = list(EVENTS)
STAGE_NAMES = {
    "awareness": N_("They hear of the shop"),
    "consideration": N_("They look and compare"),
    "purchase": N_("They buy"),
    "after_purchase": N_("After the purchase"),
    "loyalty": N_("They come back and recommend"),
}
PARTS = {
    "who": N_("Who is here"),
    "do": N_("What they do"),
    "ask": N_("What they ask and say"),
    "feel": N_("How they feel"),
    "go_on": N_("Who goes on"),
    "we_do": N_("What we do here"),
    "ask_next": N_("Ask next"),
}
KNOWS = "knows"  # the question of the awareness survey
MOST = 3  # lines of a kind on a card
COUNTED_BY = {  # the event that counts who is in a stage, and what they are called
    "awareness": ("session_start", "base"),
    "consideration": ("add_to_cart", "with_a_cart"),
    "purchase": ("purchase", "with_a_purchase"),
}
OBSTACLES = {
    "purchase": N_("Of 100 buyers, {share} were nearly stopped by “{said}”"),
    "exit_intent": N_("Of 100 who leave without buying, {share} say “{said}”"),
    "soft_lead": N_("Of 100 who have not bought yet, {share} say “{said}”"),
}
ASK_NEXT = {
    "awareness": [
        ("aware", N_("Ask people of the market once a year whether they know the shop.")),
    ],
    "consideration": [
        ("feel", N_("Ask those who leave without buying what stopped them today.")),
        ("do", N_("Take the visits from the analytics tool, event by event.")),
    ],
    "purchase": [("feel", N_("Ask after the order what nearly stopped them from buying."))],
    "after_purchase": [
        ("feel", N_("Ask two weeks after the order how likely they are to recommend, and why.")),
        ("ask", N_("Export the service contacts with their topic and the hours until resolved.")),
    ],
    "loyalty": [("ask", N_("Ask those who buy again why they do, and what they tell others."))],
}
COLUMNS = ["stage", "about", "line", "n", "estimate", "low", "high"]


class Line(NamedTuple):
    """One line of a card: a count (``n`` alone), an estimate with its base, or words only."""

    stage: str
    about: str
    line: str
    n: int | None = None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None


class Known(NamedTuple):
    """What the cards are made of; an empty table where a part is not known.

    ``counted`` and ``populations`` are of ``journey``, ``steps`` of ``funnel.funnel``, ``choices``
    of ``purchase_survey.choices``, ``mentions`` of ``coding.mentions`` with survey, ``ratings`` of
    this module, ``scores`` of ``nps.scores``, ``aware`` and ``repeat_buyers`` of this module.
    """

    counted: pd.DataFrame
    steps: pd.DataFrame
    populations: pd.DataFrame
    choices: pd.DataFrame
    mentions: pd.DataFrame
    ratings: pd.DataFrame
    scores: pd.DataFrame
    aware: pd.Series | None
    repeat_buyers: tuple[int, int] | None


def ratings(have: Mapping[str, ir.Table], *, zone: str, as_of: date) -> pd.DataFrame:
    """The mean of each rating, of each person's last answer.

    Returns
    -------
    Columns: survey, question, n (people), mean_rating (on its own scale), low, high (Hall's
    interval); questions of fewer than 30 people have no row.
    """
    columns = ["survey", "question", "n", "mean_rating", "low", "high"]
    if "responses" not in have:
        return pd.DataFrame(columns=columns)
    responses = have["responses"].filter(lambda t: t.survey != "profile")  # it rates our own words
    rows = _last_answers(responses, "rating", zone, as_of)
    x = rows.value.cast("float64")
    table = (
        rows.group_by("survey", "question")
        .aggregate(n=rows.count(), total=x.sum(), squares=(x**2).sum(), cubes=(x**3).sum())
        .filter(lambda t: t.n >= LEAST)
        .order_by("survey", "question")
        .to_pandas()
    )
    low, high = mean_interval(table["n"], table["total"], table["squares"], table["cubes"])
    table = table.assign(mean_rating=table["total"] / table["n"], low=low, high=high)
    return table[columns]


def aware(have: Mapping[str, ir.Table], *, zone: str, as_of: date) -> pd.Series | None:
    """Of those asked in the awareness survey, how many know the shop: n, people, share, low, high.

    The question is called ``knows``. None with fewer than 30 answers, or fewer than ten that are
    yes.
    """
    if "responses" not in have:
        return None
    rows = _last_answers(have["responses"], "choice", zone, as_of)
    rows = rows.filter((rows.survey == "awareness") & (rows.question == KNOWS))
    known = rows.option.lower().isin([*YES, "ja"]).fill_null(False)
    found = one(rows, n=rows.count(), people=known.sum())
    n, people = found["n"], found["people"] or 0
    if n < LEAST or people < 10:
        return None
    low, high = wilson(people, n)
    shares = {"share": people / n, "low": float(low), "high": float(high)}
    return pd.Series({"n": n, "people": people, **shares})


def open_rows(have: Mapping[str, ir.Table], *, zone: str, as_of: date) -> pd.DataFrame:
    """The open answers of all surveys, to be coded and never shown: survey, response_id, question,
    kind, text. Surveys ``coding.WITHOUT_THEMES`` are left out."""
    columns = ["survey", "response_id", "question", "kind", "text"]
    if "responses" not in have:
        return pd.DataFrame(columns=columns)
    rows = have["responses"]
    has_themes = rows.survey.notin(coding.WITHOUT_THEMES)
    rows = rows.filter((rows.kind == "open") & rows.text.notnull() & has_themes)
    rows = rows.filter(local_day(rows, "answered_at", zone) <= as_of)
    return rows.select(*columns).order_by(*columns[:3]).to_pandas()


def _last_answers(responses: ir.Table, kind: str, zone: str, as_of: date) -> ir.Table:
    """Each person's last answer to each question of a kind."""
    given = responses.value if kind == "rating" else responses.option
    rows = responses.filter((responses.kind == kind) & given.notnull())
    rows = rows.filter(local_day(rows, "answered_at", zone) <= as_of)
    rows = rows.mutate(person=ibis.coalesce(rows.customer_id, rows.response_id))
    last = ibis.window(
        group_by=["survey", "question", "person"],
        order_by=[ibis.desc("answered_at"), "response_id"],
    )
    rows = rows.mutate(place=ibis.row_number().over(last))
    return rows.filter(rows["place"] == 0)


def repeat_buyers(have: Mapping[str, ir.Table]) -> tuple[int, int] | None:
    """Customers who have bought several times, and all who have bought; None without orders."""
    if "first_orders" not in have:
        return None
    firsts = have["first_orders"]
    found = one(firsts, n=firsts.count(), again=(firsts.purchases > 1).sum())
    return int(found["again"] or 0), int(found["n"])


def lines(
    known: Known, settings: Journey, words: Words, *, unit: str = wording.VISITOR
) -> list[Line]:
    """All lines of all cards, in the order of the stages and parts; ``unit`` is what the events
    count, visitor or session."""
    made = [
        *_who(known, words, unit),
        *_do(known, words, unit),
        *_ask(known, settings, words),
        *_feel(known, settings, words),
        *_go_on(known, settings, words, unit),
        *(
            Line(stage, "we_do", text)
            for stage, own in settings.stages.items()
            for text in own.does
        ),
    ]
    for stage, wishes in ASK_NEXT.items():
        has = {line.about for line in made if line.stage == stage}
        has |= {"aware"} if known.aware is not None else set()
        made += [Line(stage, "ask_next", tr(text)) for about, text in wishes if about not in has][
            :1
        ]
    order = {(s, p): (i, j) for i, s in enumerate(STAGES) for j, p in enumerate(PARTS)}
    return sorted(made, key=lambda line: order[line.stage, line.about])


def _share(
    stage: str, about: str, row: pd.Series, tell: Callable[[str], str], words: Words
) -> Line:
    """A share as a line; ``tell`` says it of so many of 100."""
    values = (float(row["share"]), float(row["low"]), float(row["high"]))
    return Line(stage, about, tell(words.of_100(*values)), int(row["n"]), *values)


def _who(known: Known, words: Words, unit: str) -> Iterator[Line]:
    if known.aware is not None:
        text = N_("Of 100 people of the market, {share} know the shop")
        yield _share("awareness", "who", known.aware, _filled(text), words)
    events = known.counted[known.counted["source"] == "events"].set_index("what")["units"]
    for stage, (event, which) in COUNTED_BY.items():
        if event in events.index:
            n = int(events[event])
            yield Line(stage, "who", wording.said(unit, which, n=words.number(n)), n)
    if known.repeat_buyers is not None:
        again, n = known.repeat_buyers
        text = tr("{n} customers have bought", n=words.number(n))
        yield Line("after_purchase", "who", text, n)
        if again >= LEAST:
            text = tr("{n} customers have bought several times", n=words.number(again))
            yield Line("loyalty", "who", text, again)
    for _, row in _population(known, "promoters").iterrows():
        text = N_("Of 100 who are asked, {share} recommend the shop")
        yield _share("loyalty", "who", row, _filled(text), words)


def _do(known: Known, words: Words, unit: str) -> Iterator[Line]:
    told = [event for event, _ in COUNTED_BY.values()]
    rows = known.counted[known.counted["source"] == "events"]
    rows = rows[~rows["what"].isin(told)]
    for row in rows.groupby("stage", sort=False).head(MOST).itertuples():
        step = funnel.in_words(row.what)
        text = wording.said(unit, "at_step", n=words.number(row.units), step=step)
        yield Line(row.stage, "do", text, int(row.units))


def _ask(known: Known, settings: Journey, words: Words) -> Iterator[Line]:
    """Topics of contacts, at an effective number as if each person always asked the same; and what
    open answers are about."""
    contacts = known.counted[known.counted["source"] == "touchpoints"]
    for stage, own in contacts.groupby("stage", sort=False):
        n, effect = own["n"].sum(), own["n"].sum() / own["units"].sum()
        if n < LEAST:
            continue
        low, high = wilson(own["n"] / effect, n / effect)
        shares = own.assign(share=own["n"] / n, low=low, high=high, n=n, said=own["what"]).head(
            MOST
        )
        for _, row in shares.head(MOST).iterrows():
            text = N_("Of 100 service contacts, {share} are about “{said}”")
            yield _share(str(stage), "ask", row, _filled(text, said=row["said"]), words)
    stages = _stage_of(settings)
    mentions = known.mentions.dropna(subset=["share"])
    mentions = mentions[mentions["n"] >= LEAST]
    for (survey, question), own in mentions.groupby(["survey", "question"], sort=False):
        if survey in stages:
            where = f"{label(survey)}: {question}"
            text = N_("Of 100 open answers ({where}), {share} are about “{said}”")
            for _, row in own.head(MOST - 1).iterrows():
                tell = _filled(text, where=where, said=label(row["code"]))
                yield _share(stages[survey], "ask", row, tell, words)


def _feel(known: Known, settings: Journey, words: Words) -> Iterator[Line]:
    stages = _stage_of(settings)
    for survey, row in _scores(known):
        if survey in stages:
            span = words.span(row["low"], row["high"])
            text = tr("NPS {nps} (very likely {span})", nps=words.number(row["nps"]), span=span)
            values = (float(row["nps"]), float(row["low"]), float(row["high"]))
            yield Line(stages[survey], "feel", text, int(row["n"]), *values)
    for row in known.ratings.itertuples():
        if row.survey in stages:
            mean, span = words.number(row.mean_rating, 1), words.span(row.low, row.high, 1)
            text = tr(
                "{question}: {mean} (very likely {span})",
                question=row.question, mean=mean, span=span,
            )  # fmt: skip
            values = (float(row.mean_rating), float(row.low), float(row.high))
            yield Line(stages[row.survey], "feel", text, int(row.n), *values)
    for survey, own in known.choices.groupby("survey", sort=False):
        if survey in stages and survey in OBSTACLES:
            for _, row in own.head(MOST - 1).iterrows():
                tell = _filled(OBSTACLES[survey], said=row["option"])
                yield _share(stages[survey], "feel", row, tell, words)


def _go_on(known: Known, settings: Journey, words: Words, unit: str) -> Iterator[Line]:
    """Of the visitors at the first step of a stage, those who reach the first of the next one;
    of the buyers, those who buy again."""
    whole = known.steps[known.steps["split"] == ALL] if len(known.steps) else known.steps
    if len(whole):
        reached = {settings.steps[0]: whole["entered"].iloc[0]}
        reached |= dict(zip(whole["stage"], whole["converted"], strict=True))
        firsts = {
            stage: next((step for step in settings.steps if step in own.events), None)
            for stage, own in settings.stages.items()
        }
        path = [(s, firsts[s]) for s in STAGES[:3] if firsts.get(s)]
        ends = [*[step for _, step in path[1:]], settings.steps[-1]]
        for (stage, first), end in zip(path, ends, strict=True):
            n, count = reached.get(first), reached.get(end)
            if first == end or pd.isna(n) or pd.isna(count) or n < LEAST:
                continue
            low, high = wilson(count, n)
            shares = {"share": count / n, "low": float(low), "high": float(high)}
            step = funnel.in_words(end)
            tell = partial(_go_on_to, unit, step)
            yield _share(stage, "go_on", pd.Series({"n": n, **shares}), tell, words)
    for _, row in _population(known, "second_purchase").iterrows():
        text = N_("Of 100 first-time buyers, {share} buy again within a year")
        yield _share("after_purchase", "go_on", row, _filled(text), words)


def _go_on_to(unit: str, step: str, share: str) -> str:
    return wording.said(unit, "go_on", share=share, step=step)


def _filled(text: str, **values: object) -> Callable[[str], str]:
    """A message that waits for its ``share``."""
    return lambda share: tr(text, share=share, **values)


def _population(known: Known, measure: str) -> pd.DataFrame:
    rows = known.populations
    return rows[(rows["measure"] == measure) & (rows["split"] == ALL)] if len(rows) else rows


def _scores(known: Known) -> Iterator[tuple[str, pd.Series]]:
    for _, row in known.scores.dropna(subset=["nps"]).iterrows():
        if row["n"] >= LEAST:
            yield str(row["group"]), row


def _stage_of(settings: Journey) -> dict[str, str]:
    """The stage of each survey."""
    return {s: stage for stage, own in settings.stages.items() for s in own.surveys}


def frame(made: list[Line]) -> pd.DataFrame:
    """The lines as a table: stage, about, line, n, estimate (a share; the mean of a rating; points
    of the NPS), low, high."""
    return pd.DataFrame(made, columns=COLUMNS).astype({"n": "Int64"})


def to_html(made: list[Line]) -> str:
    """The cards as HTML, one below the other on a phone; every text is escaped."""
    cards = []
    for place, stage in enumerate(STAGES, start=1):
        rows = [f"<h4>{place}. {escape(tr(STAGE_NAMES[stage]))}</h4>"]
        for part, name in PARTS.items():
            own = [line.line for line in made if line.stage == stage and line.about == part]
            if own:
                items = "".join(f"<li>{escape(text)}</li>" for text in own)
                rows.append(f"<p><strong>{escape(tr(name))}</strong></p><ul>{items}</ul>")
        cards.append(f'<section class="tile stage">{"".join(rows)}</section>')
    return f'<div class="tiles stages">{"".join(cards)}</div>'

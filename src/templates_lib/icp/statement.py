"""The profile as a page to read aloud: every line with its evidence, and what is not known yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

import pandas as pd

from templates_lib.icp.attribute_lift import NO_ANSWERS
from templates_lib.icp.dimensions import DIMENSIONS
from templates_lib.icp.wording import does, evidence, name_of, shares
from templates_lib.params.params import PurchaseSurvey
from templates_lib.report.findings import MIN_N, STRENGTHS, strength
from templates_lib.words import Words

AS_ALL, HYPOTHESIS, NOT_KNOWN = "no difference beyond chance", "hypothesis", "not known"
MOST_LINES = 3


class Part(NamedTuple):
    """A part of the page: its opening words, the dimension and the attributes that it is made of
    (all others of the dimension where there are none), and the question to ask if nothing is."""

    title: str
    dimension: str
    attributes: frozenset[str]
    ask: str


class Line(NamedTuple):
    """A line: its part, the sentence that is read aloud, the numbers behind it, what it rests on
    (orders or survey), how many of the best customers, and how sure it is in words."""

    part: str
    text: str
    numbers: str
    evidence: str
    n: int
    sure: str


def parts(survey: PurchaseSurvey) -> list[Part]:
    """The parts of the page in their order."""
    found = frozenset({survey.first_heard, "first_channel"})
    compare = frozenset({survey.competitor, survey.considers})
    nothing: frozenset[str] = frozenset()
    return [
        Part("Why they buy", "motives", nothing, "What made you buy from us today?"),
        Part("What nearly stops them", "pains", nothing,
             "What nearly stopped you from buying today?"),
        Part("How they found us", "habits", found, "Where did you first hear of us?"),
        Part("Whom they compare us with", "habits", compare, "Which other shops did you look at?"),
        Part("What they are used to", "habits", nothing, "How do you usually buy this?"),
        Part("What they began with", "first_purchase", nothing, ""),
        Part("Who they are, with reserve", "demographics", nothing, ""),
    ]  # fmt: skip


def lines(
    table: pd.DataFrame,
    *,
    survey: PurchaseSurvey,
    words: Words,
    own: frozenset[str] = frozenset(),
) -> list[Line]:
    """The page, from the rows of ``icp_lift.lift`` alone.

    What is called different is told with its strength; where nothing is, what is most frequent,
    as something in which the best are like everybody; where fewer than 30 of the best are known,
    as a hypothesis; and where nothing is known, the question to ask.

    Parameters
    ----------
    own : the client's own columns; what is neither these nor of the first order was asked
    """
    made: list[Line] = []
    taken: set[str] = set()
    for part in parts(survey):
        rows = table[(table["dimension"] == part.dimension) & ~table["value"].isin(NO_ANSWERS)]
        question = rows["attribute"].str.split(": ").str[0]
        rows = rows[question.isin(part.attributes) if part.attributes else ~question.isin(taken)]
        taken |= set(part.attributes)
        if part.dimension == DIMENSIONS[-1] and len(rows) and not rows["is_different"].any():
            names = ", ".join(sorted({name_of(a.split(": ")[0]) for a in rows["attribute"]}))
            found = [Line(part.title, f"Nothing that is known sets them apart ({names}).",
                          "", "", int(rows["n_target"].max()), AS_ALL)]  # fmt: skip
        else:
            found = list(_of_part(part, rows, survey, words, own))
        made += found or [_not_known(part)]
    return made


def _of_part(
    part: Part, rows: pd.DataFrame, survey: PurchaseSurvey, words: Words, own: frozenset[str]
) -> Iterator[Line]:
    """What is more frequent among the best, else what is most frequent; and what is rarer."""
    told = rows[rows["is_different"] & (rows["n_target"] >= MIN_N)]
    told = told.sort_values(["gap_share", "attribute"], ascending=[False, True])
    more, less = told[told["lift"] > 1].head(MOST_LINES), told[told["lift"] < 1].tail(1)
    often = rows[~rows["value"].isin(survey.nothing) & (rows["lift"] > 0)]
    own_question = often["attribute"].str.split(": ").str[0].isin(_questions(survey))
    often = often.assign(is_asked=own_question & (often["n_target"] >= MIN_N))
    by = ["is_asked", "n_target", "share_target", "attribute"]
    often = often.sort_values(by, ascending=[False, False, False, True]).head(1)
    for opening, chosen in (
        ("More often than others, they", more),
        ("Most often they", often if more.empty else often.head(0)),
        ("Less often than others, they", less),
    ):
        for _, row in chosen.iterrows():
            sure = _how_sure(row)
            like = ", like everybody" if sure == AS_ALL else ""
            text = f"{opening} {does(row['attribute'], row['value'], own=own)}{like}."
            rests_on = evidence(row["attribute"], own=own)
            numbers = shares(row, words)
            yield Line(part.title, text, numbers, rests_on, int(row["n_target"]), sure)


def _questions(survey: PurchaseSurvey) -> list[str]:
    """The questions of the purchase survey that a line is made of first, if enough answered."""
    motive = survey.motive or survey.why_today
    return [motive, survey.nearly_stopped, survey.first_heard, survey.competitor]


def _how_sure(row: pd.Series) -> str:
    if row["n_target"] < MIN_N:
        return HYPOTHESIS
    if not row["is_different"]:
        return AS_ALL
    return STRENGTHS[strength(row["gap_share"], row["gap_low"], row["gap_high"], null=0.0)]


def _not_known(part: Part) -> Line:
    ask = f" Ask next: “{part.ask}”" if part.ask else ""
    return Line(part.title, f"Not known yet.{ask}", "", "", 0, NOT_KNOWN)


def to_html(opening: str, made: Sequence[Line], words: Words) -> str:
    """The page as HTML; every text is escaped."""
    rows = [f'<p class="opening">{escape(opening)}</p>']
    for title in dict.fromkeys(line.part for line in made):
        own = [line for line in made if line.part == title]
        items = "".join(f"<li>{escape(line.text)}{_sure(line, words)}</li>" for line in own)
        rows.append(f"<h4>{escape(title)}</h4><ul>{items}</ul>")
    return f'<section class="statement">{"".join(rows)}</section>'


def _sure(line: Line, words: Words) -> str:
    if not line.n:
        return ""
    base = f"{words.number(line.n)} of the best"
    said = " · ".join(part for part in (line.numbers, line.sure, line.evidence, base) if part)
    return f'<br><small class="sure">{escape(said)}</small>'


def frame(made: Sequence[Line]) -> pd.DataFrame:
    """The page as a table: about, line, numbers, evidence, n, strength."""
    columns = ["about", "line", "numbers", "evidence", "n", "strength"]
    return pd.DataFrame([tuple(line) for line in made], columns=columns)


def leading(table: pd.DataFrame, *, most: int = 1) -> pd.DataFrame:
    """The rows that set the best apart most: more frequent, known of 30 of the best, one an
    attribute; demographics last. The first product says the same as its category."""
    apart = table[table["is_different"] & (table["lift"] > 1) & (table["n_target"] >= MIN_N)]
    apart = apart[apart["attribute"] != "first_product"]
    apart = apart.assign(is_last=apart["dimension"] == DIMENSIONS[-1])
    by = ["is_last", "gap_share", "attribute"]
    apart = apart.sort_values(by, ascending=[True, False, True]).drop(columns="is_last")
    return apart.drop_duplicates("attribute").head(most)


def headline(table: pd.DataFrame, *, own: frozenset[str] = frozenset()) -> str:
    """What sets the best customers apart most, in one sentence; empty where nothing does."""
    rows = leading(table, most=3)
    said = [does(a, v, own=own) for a, v in zip(rows["attribute"], rows["value"], strict=True)]
    return f"Our best customers, more often than others, {' · '.join(said)}" if said else ""

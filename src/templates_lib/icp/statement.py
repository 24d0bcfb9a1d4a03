"""The profile as a page to read aloud: every line with its evidence, and what is not known yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

import pandas as pd

from templates_lib.icp.attribute_lift import NO_ANSWERS
from templates_lib.icp.dimensions import DIMENSIONS
from templates_lib.icp.wording import does, evidence, name_of, shares
from templates_lib.labels import label
from templates_lib.language import N_, tr, trn
from templates_lib.params.purchase_survey import PurchaseSurvey
from templates_lib.report.findings import MIN_N, STRENGTHS, strength
from templates_lib.words import Words

AS_ALL, HYPOTHESIS, NOT_KNOWN = "no_difference", "hypothesis", "not_known"
SURE = {
    AS_ALL: N_("no difference beyond chance"),
    HYPOTHESIS: N_("hypothesis"),
    NOT_KNOWN: N_("not known"),
    **STRENGTHS,
}
MOST_LINES = 3
MORE, MOST, MOST_LIKE_ALL, LESS = range(4)
SAID = {
    MORE: N_("More often than others, they {did}."),
    MOST: N_("Most often they {did}."),
    MOST_LIKE_ALL: N_("Most often they {did}, like everybody."),
    LESS: N_("Less often than others, they {did}."),
}


class Part(NamedTuple):
    """A part of the page: its title, the dimension and the attributes that it is made of
    (all others of the dimension where there are none), and the question to ask if nothing is."""

    title: str
    dimension: str
    attributes: frozenset[str]
    ask: str


class Line(NamedTuple):
    """A line: its part, the sentence that is read aloud, the numbers behind it, what it rests on
    (orders or survey), how many of the best customers, and how sure it is (a code of ``SURE``)."""

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
        Part(tr("Why they buy"), "motives", nothing, tr("What made you buy from us today?")),
        Part(tr("What nearly stops them"), "pains", nothing,
             tr("What nearly stopped you from buying today?")),
        Part(tr("How they found us"), "habits", found, tr("Where did you first hear of us?")),
        Part(tr("Whom they compare us with"), "habits", compare,
             tr("Which other shops did you look at?")),
        Part(tr("What they are used to"), "habits", nothing, tr("How do you usually buy this?")),
        Part(tr("What they began with"), "first_purchase", nothing, ""),
        Part(tr("Who they are, with reserve"), "demographics", nothing, ""),
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
            said = tr("Nothing that is known sets them apart ({names}).", names=names)
            found = [Line(part.title, said, "", "", int(rows["n_target"].max()), AS_ALL)]
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
    for chosen, way in (
        (more, MORE),
        (often if more.empty else often.head(0), MOST),
        (less, LESS),
    ):
        for _, row in chosen.iterrows():
            sure = _how_sure(row)
            said = SAID[MOST_LIKE_ALL if way == MOST and sure == AS_ALL else way]
            text = tr(said, did=does(row["attribute"], row["value"], own=own))
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
    return strength(row["gap_share"], row["gap_low"], row["gap_high"], null=0.0)


def _not_known(part: Part) -> Line:
    said = tr("Not known yet. Ask next: “{question}”", question=part.ask) if part.ask else ""
    return Line(part.title, said or tr("Not known yet."), "", "", 0, NOT_KNOWN)


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
    base = tr("{n} of the best", n=words.number(line.n))
    rests_on = label(line.evidence) if line.evidence else ""
    said = " · ".join(part for part in (line.numbers, tr(SURE[line.sure]), rests_on, base) if part)
    return f'<br><small class="sure">{escape(said)}</small>'


def frame(made: Sequence[Line]) -> pd.DataFrame:
    """The page as a table: about, line, numbers, evidence, n, strength (in words)."""
    columns = ["about", "line", "numbers", "evidence", "n", "strength"]
    table = pd.DataFrame([tuple(line) for line in made], columns=columns)
    return table.assign(strength=[tr(SURE[code]) for code in table["strength"]])


def known_in_words(made: Sequence[Line], words: Words) -> str:
    """How many lines rest on a difference beyond chance, and how many parts are not known."""
    known = sum(bool(line.n) and line.sure not in (AS_ALL, HYPOTHESIS) for line in made)
    asks = sum(line.sure == NOT_KNOWN for line in made)
    said = [trn("{n} line of the page rests on a difference beyond chance.",
                "{n} lines of the page rest on a difference beyond chance.",
                known, n=words.number(known))]  # fmt: skip
    if asks:
        said.append(trn("{n} part is not known yet.", "{n} parts are not known yet.",
                        asks, n=words.number(asks)))  # fmt: skip
    return " ".join(said)


def leading(table: pd.DataFrame, *, most: int = 1) -> pd.DataFrame:
    """The rows that set the best apart most: more frequent, known of 30 of the best, one an
    attribute; demographics last. The first product says the same as its category."""
    apart = table[table["is_different"] & (table["lift"] > 1) & (table["n_target"] >= MIN_N)]
    apart = apart[apart["attribute"] != "first_product"]
    apart = apart.assign(is_last=apart["dimension"] == DIMENSIONS[-1])
    by = ["is_last", "gap_share", "attribute"]
    apart = apart.sort_values(by, ascending=[True, False, True]).drop(columns="is_last")
    return apart.drop_duplicates("attribute").head(most)


def headline(
    table: pd.DataFrame, *, unit: str = "customer", own: frozenset[str] = frozenset()
) -> str:
    """What sets the best customers apart most, in one sentence; empty where nothing does."""
    rows = leading(table, most=3)
    said = [does(a, v, own=own) for a, v in zip(rows["attribute"], rows["value"], strict=True)]
    if not said:
        return ""
    if unit == "company":
        return tr("Our best companies, more often than others, {did}", did=" · ".join(said))
    return tr("Our best customers, more often than others, {did}", did=" · ".join(said))

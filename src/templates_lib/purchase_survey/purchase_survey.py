"""Why they bought, what nearly stopped them, and why others did not buy: given answers counted.

The unit is a person: whoever answered a survey several times counts with the last answer to each
question, and an answer of nobody known is a person of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.coverage import local_day
from templates_lib.language import tr
from templates_lib.stats.intervals import newcombe, wilson
from templates_lib.tables import RESPONSES
from templates_lib.words import Words

SURVEYS = ("purchase", "exit_intent", "soft_lead")
OTHER = "other"
MIN_ANSWERS = 30
KEY = ["survey", "question", "person"]
CHOICES = ["question", "option", "n", "share", "low", "high", "weighted_share", "weighted_low",
           "weighted_high", "people", "survey"]  # fmt: skip


def surveys_in(responses: ir.Table | None, *, zone: str, as_of: date) -> dict[str, int]:
    """The surveys of ``SURVEYS`` that the client has: the number of their answers."""
    rows = own_rows(responses, zone, as_of)
    found = rows.group_by("survey").aggregate(answers=rows.response_id.nunique()).to_pandas()
    counts = dict(zip(found["survey"], found["answers"], strict=True))
    return {survey: int(counts[survey]) for survey in SURVEYS if survey in counts}


def own_rows(responses: ir.Table | None, zone: str, as_of: date) -> ir.Table:
    """The rows of these surveys up to the last day, with ``on``, the day of the answer; none of a
    client without responses."""
    if responses is None:
        responses = ibis.memtable([], schema=RESPONSES)
    rows = responses.filter(responses.survey.isin(SURVEYS))
    rows = rows.mutate(on=local_day(rows, "answered_at", zone))
    return rows.filter(rows.on <= as_of)


def taken(responses: ir.Table | None, *, zone: str, as_of: date) -> pd.DataFrame:
    """The options taken of all questions with given answers.

    Returns
    -------
    One row a person, question and option of the person's last answer to the question; one row
    with a missing option where a person was asked and never answered. Who was not asked has no
    row. Columns: survey, question, person, customer_id, order_id, answered_at, on, option.
    """
    rows = own_rows(responses, zone, as_of)
    rows = rows.filter((rows.kind == "choice") & rows.was_asked)
    rows = rows.mutate(person=ibis.coalesce(rows.customer_id, rows.response_id))
    person = ibis.window(group_by=KEY)
    given_at = rows.option.notnull().ifelse(rows.answered_at, ibis.null(rows.answered_at.type()))
    rows = rows.mutate(last_at=given_at.max().over(person))
    is_last = (rows.option.notnull() & (rows.answered_at == rows.last_at)).fill_null(False)
    kept = rows.filter(is_last | rows.last_at.isnull())
    columns = [*KEY, "customer_id", "order_id", "answered_at", "on", "option"]
    table = kept.select(*columns).to_pandas()
    ordered = table.sort_values([*KEY, "answered_at", "option"], kind="stable")
    return ordered.drop_duplicates([*KEY, "option"]).reset_index(drop=True)


def choices(
    picks: pd.DataFrame,
    *,
    min_cell: int,
    max_options: int = 10,
    weights: pd.Series | None = None,
) -> pd.DataFrame:
    """How many of those who answered a question took each option.

    A person may take several, so that the shares of a question can add up to more than 1. Options
    of fewer than ``min_cell`` people, and those past the most frequent, are together ``other``,
    with so many of the smallest that ``other`` holds ``min_cell`` people too.

    Parameters
    ----------
    picks : of ``taken``
    weights : by person; the weighted share is over the people who have one, and its interval
        Wilson's at Kish's effective number of them

    Returns
    -------
    Columns: question, option, n (people who answered: the denominator), share, low, high
    (Wilson), weighted_share, weighted_low, weighted_high, people (who took it), survey. The most
    frequent first, ``other`` last. Under ``min_cell`` answers a question has no rows.
    """
    given = picks.dropna(subset=["option"])
    parts = []
    for (survey, question), rows in given.groupby(["survey", "question"], sort=True):
        named = rows.assign(option=_merged(rows, min_cell, max_options))
        named = named.drop_duplicates(["person", "option"])
        n = rows["person"].nunique()
        if n < min_cell or (named["option"] == OTHER).all():
            continue
        people = named.groupby("option").size()
        order = sorted(people.index, key=lambda o: (o == OTHER, -people[o], o))
        table = people.reindex(order).rename("people").rename_axis("option").reset_index()
        table["n"] = n
        table["share"] = table["people"] / n
        table["low"], table["high"] = wilson(table["people"], n)
        weighted = _weighted(named, weights, order)
        parts.append(table.assign(question=question, survey=survey, **weighted))
    if not parts:
        return pd.DataFrame(columns=CHOICES)
    made = pd.concat(parts, ignore_index=True)
    place = made["survey"].map(SURVEYS.index)
    return made.loc[place.sort_values(kind="stable").index, CHOICES].reset_index(drop=True)


def _merged(rows: pd.DataFrame, min_cell: int, max_options: int) -> pd.Series:
    """Each row's option, ``other`` where it is too small to be shown."""
    people = rows.groupby("option")["person"].nunique()
    order = sorted(people.index, key=lambda o: (-people[o], o))
    kept = [o for o in order if people[o] >= min_cell and o != OTHER][:max_options]
    while kept:
        rest = rows[~rows["option"].isin(kept)]
        if not len(rest) or rest["person"].nunique() >= min_cell:
            break
        kept.pop()
    return rows["option"].where(rows["option"].isin(kept), OTHER)


def _weighted(named: pd.DataFrame, weights: pd.Series | None, order: Sequence[str]) -> dict:
    """Weighted shares of the options with Wilson's interval at the effective number."""
    nothing = dict.fromkeys(("weighted_share", "weighted_low", "weighted_high"), np.nan)
    if weights is None:
        return nothing
    own = named.assign(weight=named["person"].map(weights)).dropna(subset=["weight"])
    each = own.drop_duplicates("person")["weight"]
    if len(each) < MIN_ANSWERS:
        return nothing
    effective = each.sum() ** 2 / (each**2).sum()
    share = own.groupby("option")["weight"].sum().reindex(order, fill_value=0) / each.sum()
    share = share.clip(upper=1).to_numpy()
    low, high = wilson(share * effective, effective)
    return {"weighted_share": share, "weighted_low": low, "weighted_high": high}


def led(table: pd.DataFrame, *, is_weighted: bool) -> pd.DataFrame:
    """``choices`` with the estimate that is led with in share, low and high: the weighted one
    where it holds and is known, the plain one otherwise."""
    if not is_weighted:
        return table
    has = table["weighted_share"].notna()
    columns = {"share": "weighted_share", "low": "weighted_low", "high": "weighted_high"}
    return table.assign(**{to: table[of].where(has, table[to]) for to, of in columns.items()})


def of(table: pd.DataFrame, question: str, *, survey: str = "purchase") -> pd.DataFrame:
    """The rows of ``choices`` of one question."""
    own = table[(table["survey"] == survey) & (table["question"] == question)]
    return own.reset_index(drop=True)


def two_ways(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows of one question as answered, and weighted to all buyers where that is known."""
    weighted = table.dropna(subset=["weighted_share"])
    if weighted.empty:
        return {"as_answered": table}
    return {"as_answered": table, "as_all_buyers": led(weighted, is_weighted=True)}


def named(table: pd.DataFrame, *, nothing: Sequence[str] = ()) -> pd.DataFrame:
    """The options of one question that say something, the most frequent first; no rows with
    fewer than 30 answers."""
    rows = table[~table["option"].isin([*nothing, OTHER]) & (table["n"] >= MIN_ANSWERS)]
    return rows.sort_values(["share", "option"], ascending=[False, True], ignore_index=True)


def next_in_words(table: pd.DataFrame, words: Words, *, most: int = 2) -> str:
    """The options of ``named`` after the first, as a sentence: *Then: “a” (32), “b” (25).*"""
    after = table.iloc[1 : most + 1]
    told = [
        f"{words.quoted(o)} ({words.number(100 * s)})"
        for o, s in zip(after.option, after.share, strict=True)
    ]
    return tr("Then: {options}.", options=", ".join(told)) if told else ""


def takes_several(picks: pd.DataFrame, question: str, *, survey: str = "purchase") -> bool:
    """Whether anybody took more than one option of a question."""
    own = picks[(picks["survey"] == survey) & (picks["question"] == question)]
    return bool(own["person"].duplicated().any())


def most_moved(table: pd.DataFrame) -> pd.Series | None:
    """The row of ``choices`` whose share weighting changes most; None without weights."""
    moved = (table["weighted_share"] - table["share"]).abs().dropna()
    return None if moved.empty else table.loc[moved.idxmax()]


def themed(
    picks: pd.DataFrame, *, questions: Mapping[str, str], themes: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """What stopped people under the same names in several surveys: ``taken`` with themes.

    Parameters
    ----------
    questions : survey: its question
    themes : theme: the options that mean it, in any of the surveys; an option of none is its own
        theme, and options of the same wording (but for case) are one

    Returns
    -------
    Columns of ``taken``; question is ``stopped``, option the theme.
    """
    asked = picks["survey"].map(questions)
    rows = picks[picks["question"] == asked]
    declared = {o.casefold(): theme for theme, options in themes.items() for o in options}
    wording = {o.casefold(): o for o in sorted(rows["option"].dropna(), reverse=True)}
    names = {**wording, **declared}
    option = rows["option"].map(lambda o: names[o.casefold()], na_action="ignore")
    return rows.assign(question="stopped", option=option).drop_duplicates([*KEY, "option"])


def not_answered(
    picks: pd.DataFrame, *, questions: Mapping[str, str], themes: Mapping[str, Sequence[str]],
    nothing: Sequence[str],
) -> list[str]:  # fmt: skip
    """The options named under ``themes`` or ``nothing`` that no answer has, as they are written.

    An option of a theme is looked for among the answers to ``questions`` (survey: its question),
    in any case; one under ``nothing`` among all answers and themes, as it stands.
    """
    asked = picks["survey"].map(questions)
    of_themes = set(picks.loc[picks["question"] == asked, "option"].dropna().str.casefold())
    given = {*picks["option"].dropna(), *themes}
    named = [o for options in themes.values() for o in options if o.casefold() not in of_themes]
    return list(dict.fromkeys([*named, *(o for o in nothing if o not in given)]))


def beside(table: pd.DataFrame) -> pd.DataFrame:
    """The themes of ``choices`` that two surveys or more share, most frequent among buyers first;
    no rows where there are none."""
    named = table[table["option"] != OTHER]
    shared = named.groupby("option")["survey"].nunique()
    return named[named["option"].isin(shared.index[shared > 1])].reset_index(drop=True)


class Gap(NamedTuple):
    """A theme that stops those who leave more often than it nearly stopped those who bought."""

    option: str
    left_share: float
    bought_share: float
    difference: float
    low: float
    high: float
    n: int


def widest_gap(table: pd.DataFrame, *, survey: str, nothing: Sequence[str]) -> Gap | None:
    """The theme of ``choices`` that those of a survey name most often beyond the buyers.

    The interval is Newcombe's, widened by Bonferroni for the number of themes. None with fewer
    than 30 answers on a side, or without a theme that both have.
    """
    own, bought = (table[table["survey"] == s].set_index("option") for s in (survey, "purchase"))
    both = [o for o in own.index if o in bought.index and o not in (*nothing, OTHER)]
    if not both or min(own["n"].max(), bought["n"].max()) < MIN_ANSWERS:
        return None
    gap = own.loc[both, "share"] - bought.loc[both, "share"]
    option = str(gap.idxmax())
    a, b = own.loc[option], bought.loc[option]
    low, high = newcombe(a["people"], a["n"], b["people"], b["n"], confidence=1 - 0.05 / len(both))
    n = int(a["n"] + b["n"])
    return Gap(option, a["share"], b["share"], gap[option], float(low), float(high), n)


def gap_in_words(gap: Gap | None, words: Words) -> str:
    """The widest gap as a sentence; nothing where it may be chance."""
    if gap is None or gap.low <= 0:
        return ""
    left, bought = (words.number(100 * share) for share in (gap.left_share, gap.bought_share))
    return tr(
        "“{option}” sets them apart most: {left} of 100 who leave, {bought} of 100 who bought.",
        option=gap.option, left=left, bought=bought,
    )  # fmt: skip


def by_competitor(
    picks: pd.DataFrame, *, competitor: str, reason: str, min_cell: int, max_options: int = 10
) -> pd.DataFrame:
    """Why they bought, of those who looked at each competitor and bought here all the same.

    Returns
    -------
    Columns: competitor, and those of ``choices``; n are the people who looked at it and named a
    reason. A competitor with fewer than 30 of them has no rows.
    """
    own = picks[picks["survey"] == "purchase"]
    seen = own[own["question"] == competitor].dropna(subset=["option"])
    reasons = own[own["question"] == reason]
    parts = []
    for name, rows in seen.groupby("option", sort=True):
        table = choices(
            reasons[reasons["person"].isin(rows["person"])],
            min_cell=min_cell, max_options=max_options,
        )  # fmt: skip
        if len(table) and table["n"].iloc[0] >= MIN_ANSWERS:
            parts.append(table.assign(competitor=name))
    columns = ["competitor", *CHOICES[:6], "people"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def open_rows(responses: ir.Table | None, *, zone: str, as_of: date) -> pd.DataFrame:
    """The rows of open answers of these surveys: survey, response_id, question, kind, text."""
    rows = own_rows(responses, zone, as_of).filter(lambda t: (t.kind == "open") & t.text.notnull())
    columns = ["survey", "response_id", "question", "kind", "text"]
    return rows.select(*columns).order_by(*columns[:3]).to_pandas()


def agreed(mentions: pd.DataFrame, agreement: pd.DataFrame) -> pd.DataFrame:
    """The ``mentions`` without the themes on which two people who coded them do not agree.

    ``agreement`` is that of ``coding_agreement``; a theme that it does not know stays.
    """
    keys = ["survey", "question", "code"]
    apart = agreement[agreement["status"] == "suppressed"][keys]
    is_apart = pd.MultiIndex.from_frame(mentions[keys]).isin(pd.MultiIndex.from_frame(apart))
    return mentions[~is_apart].reset_index(drop=True)


def sayings(
    mentions: pd.DataFrame, described: Mapping[str, str], people: Mapping[str, str]
) -> dict[str, pd.DataFrame]:
    """The themes of the open answers for the eye, a table a question, in the order of the surveys;
    those too small to be shown are left out.

    Parameters
    ----------
    mentions : of ``coding.mentions``
    described : code: its description; people : survey: who answered it
    """
    told = mentions.dropna(subset=["share"]).assign(
        theme=mentions["code"].map(described), place=mentions["survey"].map(SURVEYS.index)
    )
    told = told.sort_values("place", kind="stable")
    return {
        f"{people[survey]}: {question}": rows
        for (survey, question), rows in told.groupby(["survey", "question"], sort=False)
    }

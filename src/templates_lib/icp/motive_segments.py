"""Segments of motives: who gives the same answers to questions about why they buy.

Latent classes of all these answers together; classes that the same answers set apart are one
segment, since answers that hang together by their form (“tick two”) split a group into several
classes. One question alone holds no hidden groups: then the given answers are the segments, and
are called so.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm

from templates_lib.icp.motive_value import Gap, by_motive
from templates_lib.icp.profile_attributes import NO, OTHER, UNKNOWN, YES
from templates_lib.labels import label
from templates_lib.language import tr, trn
from templates_lib.stats import latent_classes
from templates_lib.stats.intervals import upper_tail, wilson
from templates_lib.words import Words

LEAST_PEOPLE = 200  # who answered, for latent classes
LEAST_IN_SEGMENT = 30
NO_SEGMENT = "no_segment"
BETWEEN = ": "  # a question and one of its several answers, in the name of an attribute
SEGMENTS = ["segment", "customers", "share", "low", "high", "stability", "says", "n"]
OPTIONS = ["segment", "question", "option", "n", "share", "low", "high", "share_base"]
MEMBERS = ["unit_id", "segment", "probability"]
TRIED = ["classes", "log_likelihood", "estimated", "bic", "starts_alike", "entropy_r2", "n"]
Basis = Literal["latent", "given", "alike", "too_few"]


class Item(NamedTuple):
    """A column of answers: of a question with one answer all its options, else no and yes."""

    attribute: str
    question: str
    options: tuple[str, ...]

    def said(self) -> list[tuple[int, str]]:
        """Level and option of each answer that says something."""
        if self.options == (NO, YES):
            return [(1, self.attribute.partition(BETWEEN)[2])]
        return [(level, name) for level, name in enumerate(self.options) if name != OTHER]


class Answers(NamedTuple):
    """``codes``: one row a unit that answered anything, one column an item: the place of its
    option, nan where it did not answer."""

    codes: pd.DataFrame
    items: tuple[Item, ...]


class Found(NamedTuple):
    """The segments and what they rest on.

    ``basis``: ``latent`` classes, those of one name together; ``given`` answers of one question;
    ``alike``: the answers fall into no groups; ``too_few`` answers.

    ``segments`` has segment, customers (those likeliest in it), share, low, high, stability (mean
    Jaccard; missing for given answers), says (what sets it apart) and n (who answered); a group
    that is not found again, or has fewer than 30 people, is only counted, under ``no_segment``.
    ``options`` has segment, question, option, n (of the segment, who answered the question),
    share, low, high (Wilson), share_base (of all who answered it). ``members`` has unit_id,
    segment, probability. ``tried`` has a row a number of classes: classes, log_likelihood,
    estimated (parameters), bic, starts_alike, entropy_r2, n. ``error_share`` of people are
    expected to be in another segment than their likeliest one.
    """

    basis: Basis
    segments: pd.DataFrame
    options: pd.DataFrame
    members: pd.DataFrame
    tried: pd.DataFrame
    error_share: float


def answers(attributes: pd.DataFrame, *, open_questions: Collection[str] = ()) -> Answers:
    """The answers about motives as a matrix.

    Parameters
    ----------
    attributes : of ``icp_attributes.attributes``; those of the dimension ``motives`` count
    open_questions : names of questions whose answers are coded texts; they are left out
    """
    rows = attributes[(attributes["dimension"] == "motives") & (attributes["value"] != UNKNOWN)]
    items, columns = [], {}
    for attribute, own in rows.groupby("attribute", sort=True):
        question, _, option = str(attribute).partition(BETWEEN)
        is_open = any(part in open_questions for part in str(attribute).split(BETWEEN)[:-1])
        values = set(own["value"])
        if is_open or len(values) < 2:
            continue
        is_tick = bool(option) and values == {NO, YES}
        options = (NO, YES) if is_tick else tuple(sorted(values))
        items.append(Item(str(attribute), question if is_tick else str(attribute), options))
        columns[attribute] = own.set_index("unit_id")["value"].map(options.index)
    codes = pd.DataFrame(columns).sort_index().astype(float)
    return Answers(codes.rename_axis("unit_id"), tuple(items))


def find(given: Answers, *, max_segments: int, min_cell: int, seed: int = 0) -> Found:
    """The segments: latent classes where three questions or answers with several options to tick
    allow them, of 200 people or more; the given answers of the question most answered otherwise."""
    nothing = pd.DataFrame
    levels = [len(item.options) for item in given.items]
    if latent_classes.most_classes(levels) < 2 or len(given.codes) < LEAST_PEOPLE:
        return _given(given, min_cell)
    codes = given.codes.to_numpy()
    fits = latent_classes.fits(codes, levels, max_classes=max_segments, seed=seed)
    tried = pd.DataFrame(
        [[f.classes, f.log_likelihood, f.parameters, f.bic, f.starts_alike, f.entropy_r2,
          len(codes)] for f in fits], columns=TRIED,
    )  # fmt: skip
    fit = latent_classes.chosen(fits)
    if fit.classes == 1:
        return Found("alike", nothing(columns=SEGMENTS), nothing(columns=OPTIONS),
                     nothing(columns=MEMBERS), tried, np.nan)  # fmt: skip
    named = _naming(given, fit)
    names = named(fit.shares, fit.probabilities)
    segments = pd.DataFrame({"segment": list(dict.fromkeys(names))})
    if len(segments) == 1:
        return Found("alike", nothing(columns=SEGMENTS), nothing(columns=OPTIONS),
                     nothing(columns=MEMBERS), tried, np.nan)  # fmt: skip
    posterior = latent_classes.grouped(fit.posterior, names)
    stability = latent_classes.stability(codes, levels, fit, name=named, seed=seed)
    likeliest = posterior.argmax(axis=1)
    segments["customers"] = np.bincount(likeliest, minlength=len(segments))
    segments["share"] = latent_classes.grouped(fit.shares[None], names)[0]
    segments["low"], segments["high"] = _share_interval(segments["share"], stability.shares)
    segments["stability"], segments["n"] = stability.jaccard, len(codes)
    holds = segments["stability"] >= latent_classes.DOUBTFUL
    holds &= segments["customers"] >= max(LEAST_IN_SEGMENT, min_cell)
    options = _options(given, posterior, segments.loc[holds, "segment"], min_cell)
    members = pd.DataFrame(
        {"unit_id": given.codes.index, "segment": segments["segment"].to_numpy()[likeliest],
         "probability": posterior.max(axis=1)}
    )[holds.to_numpy()[likeliest]]  # fmt: skip
    lost = int(segments.loc[~holds, "customers"].sum())
    segments = segments[holds].sort_values("share", ascending=False)
    segments["says"] = segments["segment"].map(lambda name: says(options, name))
    if lost >= min_cell:
        rest = pd.DataFrame([{"segment": NO_SEGMENT, "customers": lost, "n": len(codes)}])
        segments = pd.concat([segments, rest])
    return Found("latent", segments[SEGMENTS].reset_index(drop=True), options,
                 members.reset_index(drop=True), tried,
                 float(1 - posterior.max(axis=1).mean()))  # fmt: skip


def _share_interval(shares: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of each class's share: normal on the logit, with its spread over the draws,
    so that who belongs to a class is as uncertain in it as how many were asked."""

    def logit(p: np.ndarray) -> np.ndarray:
        p = np.clip(p, 1e-9, 1 - 1e-9)
        return np.log(p / (1 - p))

    half = norm.isf(upper_tail(0.95)) * logit(drawn).std(axis=0, ddof=1)
    low, high = (1 / (1 + np.exp(-(logit(shares) + side * half))) for side in (-1, 1))
    return low, high


def _naming(given: Answers, fit: latent_classes.Fit) -> latent_classes.Named:
    """Names a class by the answers that set it most apart, of the one question in which the
    classes differ most; a second answer where it sets apart half as much."""
    places = {item.attribute: place for place, item in enumerate(given.items)}
    asked: dict[str, list[Item]] = {}
    for item in given.items:
        asked.setdefault(item.question, []).append(item)

    def above(
        question: str, shares: np.ndarray, probabilities: tuple[np.ndarray, ...]
    ) -> pd.DataFrame:
        """One row a class: by how much it gives each answer more often than all."""
        columns = {
            option: probabilities[places[item.attribute]][:, level]
            for item in asked[question] for level, option in item.said()
        }  # fmt: skip
        table = pd.DataFrame(columns)
        return table - shares @ table

    def width(question: str) -> float:
        return float(above(question, fit.shares, fit.probabilities).max(axis=1).mean())

    lead = max(sorted(asked), key=width)

    def name(shares: np.ndarray, probabilities: tuple[np.ndarray, ...]) -> list[str]:
        names = []
        for _, row in above(lead, shares, probabilities).iterrows():
            most = row.sort_index().sort_values(ascending=False, kind="stable").head(2)
            names.append(", ".join(most.index[most >= most.iloc[0] / 2]))
        return names

    return name


def _options(
    given: Answers, posterior: np.ndarray, segments: pd.Series, min_cell: int
) -> pd.DataFrame:
    """What each segment says, each person counted by the probability to be in it."""
    rows = []
    for place, segment in segments.items():
        weight = posterior[:, place]
        for item in given.items:
            code = given.codes[item.attribute].to_numpy()
            known = ~np.isnan(code)
            n = weight[known].sum()
            for level, option in item.said():
                took = min(weight[code == level].sum(), n)  # sums of weights are rounded
                if took >= min_cell and n >= LEAST_IN_SEGMENT:
                    base = (code[known] == level).mean()
                    rows.append([segment, item.question, option, n, took, base])
    table = pd.DataFrame(rows, columns=["segment", *OPTIONS[1:4], "took", "share_base"])
    table["share"] = table["took"] / table["n"]
    table["low"], table["high"] = wilson(table["took"], table["n"])
    return table[OPTIONS]


def says(options: pd.DataFrame, segment: str) -> str:
    """What sets a segment apart: up to three answers whose interval is above the base."""
    own = options[(options["segment"] == segment) & (options["low"] > options["share_base"])]
    own = own.assign(above=own["share"] - own["share_base"]).nlargest(3, "above")
    return "; ".join(
        tr("“{option}” {n} of 100, of all {all}", option=label(row.option),
           n=f"{100 * row.share:.0f}", all=f"{100 * row.share_base:.0f}")
        for row in own.itertuples()
    )  # fmt: skip


def _given(given: Answers, min_cell: int) -> Found:
    """The given answers of the question that most have answered, each with its people."""
    nothing = pd.DataFrame(columns=SEGMENTS), pd.DataFrame(columns=OPTIONS)
    tried, nobody = pd.DataFrame(columns=TRIED), pd.DataFrame(columns=MEMBERS)
    asked: dict[str, list[Item]] = {}
    for item in given.items:
        asked.setdefault(item.question, []).append(item)
    answered = {
        question: int(given.codes[[i.attribute for i in own]].notna().any(axis=1).sum())
        for question, own in asked.items()
    }
    question = max(answered, key=lambda q: (answered[q], q), default=None)
    if question is None or answered[question] < LEAST_IN_SEGMENT:
        return Found("too_few", *nothing, nobody, tried, np.nan)
    n, rows, members = answered[question], [], []
    for item in asked[question]:
        for level, option in item.said():
            who = given.codes.index[given.codes[item.attribute] == level]
            if len(who) >= min_cell:
                rows.append([option, len(who), len(who) / n, np.nan, None, n])
                members.append(pd.DataFrame({"unit_id": who, "segment": option,
                                             "probability": 1.0}))  # fmt: skip
    columns = [name for name in SEGMENTS if name not in ("low", "high")]
    segments = pd.DataFrame(rows, columns=columns)
    segments["low"], segments["high"] = wilson(segments["customers"], n)
    segments = segments[SEGMENTS].sort_values(["customers", "segment"], ascending=[False, True])
    people = pd.concat(members, ignore_index=True) if members else nobody
    return Found("given", segments.reset_index(drop=True), nothing[1], people, tried, 0.0)


def worth(members: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """What each member was worth over the first days, of those observed so long.

    Each is counted in the likeliest segment, so that who is put into a wrong one draws the
    segments together. Returns person, option (the segment) and value, as ``motive_value`` takes
    them; who gives several answers is in each of them.
    """
    known = units.loc[units["observed"] & units["value"].notna(), ["unit_id", "value"]]
    table = members.merge(known, on="unit_id")
    return table.rename(columns={"unit_id": "person", "segment": "option"})[
        ["person", "option", "value"]
    ]


def value(people: pd.DataFrame) -> pd.DataFrame:
    """Mean value by segment: segment, n, value_per_customer, low, high (Hall's interval); the
    highest first. A segment of fewer than 30 has no row."""
    table = by_motive(people).rename(
        columns={"option": "segment", "mean_value": "value_per_customer"}
    )
    return table.drop(columns="median_value")


def basis_in_words(found: Found, words: Words) -> str:
    """What the segments rest on, for the small print."""
    if found.basis == "too_few":
        return tr(
            "Too few known customers have said why they buy: one question after the order, “What "
            "matters most to you?”, answered by thirty, is enough to begin with."
        )
    if found.basis == "given":
        return tr(
            "These are the given answers to one question, not hidden groups: it takes three "
            "questions or ticked answers, by {n} people, to look for groups behind them.",
            n=LEAST_PEOPLE,
        )
    n = words.number(int(found.tried["n"].iloc[0]))
    if found.basis == "alike":
        return tr("No segments: the answers of {n} people do not fall into groups.", n=n)
    shown = int((found.segments["segment"] != NO_SEGMENT).sum())
    lost = int(found.segments.loc[found.segments["segment"] == NO_SEGMENT, "customers"].sum())
    said = [trn("The answers of {people} people fall into {n} group that is found again when "
                "people are drawn anew.",
                "The answers of {people} people fall into {n} groups that are found again when "
                "people are drawn anew.", shown, people=n, n=words.number(shown))]  # fmt: skip
    if lost:
        said.append(tr("{n} people are in groups that are too small, or not found again, to be "
                       "shown.", n=words.number(lost)))  # fmt: skip
    said.append(tr("Of 100 people, {n} may be in another group than the one they are counted in.",
                   n=words.number(100 * found.error_share)))  # fmt: skip
    return " ".join(said)


def in_words(segments: pd.DataFrame, words: Words) -> str:
    """The next segments by size as a sentence."""
    told = [f"{words.quoted(label(row.segment))}, {words.of_100(row.share, row.low, row.high)}"
            for row in segments.dropna(subset=["share"]).iloc[1:4].itertuples()]  # fmt: skip
    return tr("Then come {segments}.", segments="; ".join(told)) if told else ""


def gap_in_words(gap: Gap | None, words: Words, *, days: int) -> str:
    """What the segments worth most and least are worth, as a sentence; nothing where there are no
    two to compare."""
    if gap is None:
        return ""
    values = {
        "days": words.number(days), "best": label(gap.best), "worst": label(gap.worst),
        "best_mean": words.money(gap.best_mean, 0), "worst_mean": words.money(gap.worst_mean, 0),
    }  # fmt: skip
    if gap.low <= 0:
        return tr(
            "In their first {days} days, those of “{best}” are worth {best_mean} and those of "
            "“{worst}” {worst_mean} each: the difference may be chance.",
            **values,
        )
    return tr(
        "In their first {days} days, those of “{best}” are worth {best_mean} each, those of "
        "“{worst}” {worst_mean}: very likely {range} more.",
        **values, range=words.money_span(gap.low, gap.high),
    )  # fmt: skip

"""The recommendation score (NPS): counted, by wave, by group, with its interval.

Promoters give 9 or 10, passives 7 or 8, detractors 0 to 6. The score is 100 × (promoters −
detractors) / answers with a score; who gave none is in no denominator. Every answer counts, and
where customers answered several times, intervals allow for it: they are those of as many
independent answers as would be as sure (counts divided by the design effect).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.coverage import local_day
from templates_lib.privacy import hide_small
from templates_lib.stats import net_score
from templates_lib.stats.intervals import holm, mean_interval
from templates_lib.stats.net_score_design import design_effect

CLASSES = ["promoters", "passives", "detractors"]
NPS = ["split", "group", *CLASSES, "n", "nps", "low", "high"]
LEAST, LEAST_RANKED, LEAST_WAVE = 10, 30, 100
A_YEAR, YEAR_DAYS = (300, 430), 365
ALL = "all"
NO_GROUP = ("other", "unknown")
PEOPLE = {"response_id": "string", "survey": "string", "stage": "string", "wave": "string",
          "customer_id": "string", "answered_at": "timestamp(6)", "on": "date",
          "score": "float64"}  # fmt: skip


def score_survey(have: Mapping[str, ir.Table], *, survey: str | None = None) -> str | None:
    """The survey whose score is analysed: the one named, else that with the most scores."""
    if "responses" not in have:
        return None
    responses = have["responses"]
    scored = responses.filter((responses.kind == "score") & responses.value.notnull())
    if survey is not None:
        scored = scored.filter(scored.survey == survey)
    counts = scored.group_by("survey").aggregate(n=scored.count())
    found = counts.order_by([ibis.desc("n"), "survey"]).limit(1).to_pandas()
    return str(found["survey"].iloc[0]) if len(found) else None


def respondents(
    have: Mapping[str, ir.Table], *, survey: str | None, zone: str, as_of: date
) -> pd.DataFrame:
    """Everyone who was asked for the score of a survey (of every survey without one named).

    Returns
    -------
    One row an answer: response_id, survey, stage, wave, customer_id, answered_at, on (the day in
    the client's time zone), score (missing where none was given). No rows without a survey.
    """
    if "responses" not in have:
        return pd.DataFrame(columns=list(PEOPLE)).astype({"score": "float64"})
    responses = have["responses"]
    rows = responses.filter((responses.kind == "score") & responses.was_asked)
    rows = rows if survey is None else rows.filter(rows.survey == survey)
    rows = rows.mutate(on=local_day(rows, "answered_at", zone), score=rows.value.cast("float64"))
    rows = rows.filter(rows.on <= as_of).select(*PEOPLE)
    return rows.to_pandas().sort_values(["answered_at", "response_id"], ignore_index=True)


def in_periods(people: pd.DataFrame, period: str) -> pd.DataFrame:
    """The answers with ``wave`` as the file or survey has it, or by ``month``, ``quarter``,
    ``year`` of the answer."""
    if period == "wave" or people.empty:
        return people
    days = pd.to_datetime(people["on"])
    names = {
        "month": days.dt.strftime("%Y-%m"),
        "quarter": days.dt.year.astype(str) + "-Q" + days.dt.quarter.astype(str),
        "year": days.dt.year.astype(str),
    }
    return people.assign(wave=names[period])


USUAL_SPLITS = ("first_category", "first_channel", "first_is_b2b", "role")


def attributes_of(have: Mapping[str, ir.Table], chosen: Sequence[str] | None) -> list[str]:
    """The attributes to split by that the data hold: the usual ones unless some are chosen."""
    known = have["first_orders"].columns if "first_orders" in have else ()
    return [name for name in (USUAL_SPLITS if chosen is None else chosen) if name in known]


def with_attributes(
    people: pd.DataFrame, have: Mapping[str, ir.Table], attributes: Sequence[str], *,
    max_groups: int = 5,
) -> pd.DataFrame:  # fmt: skip
    """The answers with what is known of the customer on the first day, ``unknown`` without one.

    The largest groups of 10 scores or more keep their names, the rest is ``other``.
    """
    if not attributes:
        return people
    about = have["first_orders"].select("customer_id", *attributes).to_pandas()
    joined = people.merge(about, on="customer_id", how="left")
    for name in attributes:
        values = joined[name].astype("object").where(joined[name].notna(), "unknown").astype(str)
        sizes = values[joined["score"].notna()].value_counts()
        order = sorted(sizes.index[sizes >= LEAST], key=lambda v: (-sizes[v], v))
        joined[name] = values.where(values.isin(order[:max_groups]), "other")
    return joined


def classes(scores: pd.Series) -> pd.Series:
    """+1 for 9 and 10, 0 for 7 and 8, −1 for 0 to 6; missing stays missing."""
    return ((scores >= 9).astype(float) - (scores <= 6)).where(scores.notna())


def class_names(scores: pd.Series) -> pd.Series:
    """``promoters``, ``passives`` or ``detractors``; missing stays missing."""
    return classes(scores).map({1.0: CLASSES[0], 0.0: CLASSES[1], -1.0: CLASSES[2]})


def repeats(people: pd.DataFrame) -> float:
    """The design effect of customers who answered several times; an answer of nobody known is a
    person of its own."""
    return design_effect(classes(people["score"]), people["customer_id"])


def _counts(table: pd.DataFrame) -> list[np.ndarray]:
    """The counts of each class, as those of independent answers that are as sure."""
    return [(table[name] / table["design_effect"]).to_numpy(float) for name in CLASSES]


def scores(people: pd.DataFrame, *, split: str = ALL) -> pd.DataFrame:
    """The score of everyone, or of each value of a column; the denominator is ``n``, the scores.

    Returns
    -------
    Columns: split, group, promoters, passives, detractors, n, nps (points), low, high (adjusted
    Wald), mean_score (0 to 10), design_effect (of customers who answered several times; 1 where
    none did), is_small (10 to 29 scores: shown, never ranked). Under 10 scores there are only
    counts.
    """
    known = people.dropna(subset=["score"])
    group = known[split].fillna("unknown") if split != ALL else pd.Series(ALL, known.index)
    counts = pd.crosstab(group, class_names(known["score"])).reindex(columns=CLASSES, fill_value=0)
    means = known["score"].groupby(group).mean()
    table = counts.rename_axis("group").reset_index()
    table.columns.name = None
    table.insert(0, "split", split)
    table["n"] = table[CLASSES].sum(axis=1)
    effects = {name: repeats(own) for name, own in known.groupby(group)}
    table["design_effect"] = table["group"].map(effects).astype(float)
    found = net_score.net_score(*_counts(table))
    estimates = ["nps", "low", "high", "mean_score", "design_effect"]
    table = table.assign(nps=found.score, low=found.low, high=found.high)
    table["mean_score"] = table["group"].map(means).astype(float)
    few = table["n"] < LEAST
    table[estimates] = table[estimates].mask(few)
    ordered = table[[*NPS, *estimates[3:]]]
    return ordered.assign(is_small=(table["n"] < LEAST_RANKED) & ~few)


def hidden(table: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """The scores with counts of fewer than ``min_cell`` people empty.

    Where a class of a group is that small, all three counts of the group are hidden: the score
    and ``n`` would give away any two from the third.
    """
    values = [*CLASSES, "nps", "low", "high", "mean_score", "design_effect"]
    shown = hide_small(table, count="n", values=values, by=["split"], min_cell=min_cell)
    counts = table[CLASSES].where(table[CLASSES] > 0)
    least = counts.min(axis=1).fillna(0).where(shown["n"].notna())
    marked = hide_small(
        shown.assign(least=least), count="least", values=CLASSES, by=["split"], min_cell=min_cell
    )
    shown[CLASSES] = marked[CLASSES].astype("Float64").astype("Int64")
    return shown


def histogram(people: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """How many gave each score from 0 to 10.

    Returns
    -------
    Columns: score, class (promoters …), count (hidden under ``min_cell``, with another), share
    (of all scores).
    """
    known = people["score"].dropna()
    table = pd.DataFrame({"score": np.arange(11)})
    counts = known.astype(int).value_counts()
    table["class"] = class_names(table["score"].astype(float))
    table["count"] = table["score"].map(counts).fillna(0).astype("Int64")
    table["share"] = table["count"].astype(float) / max(len(known), 1)
    return hide_small(table, count="count", values=["share"], min_cell=min_cell)


def wave_changes(waves: pd.DataFrame) -> pd.DataFrame:
    """Each wave of 100 scores or more against the one before, Holm-adjusted over all.

    Returns
    -------
    Columns: group_1 (the wave), group_2 (the one before), n, points (the change), points_low,
    points_high, p_value, p_holm.
    """
    full = waves[waves["n"] >= LEAST_WAVE].sort_values("group").reset_index(drop=True)
    now, before = full.iloc[1:], full.iloc[:-1]
    found = net_score.net_score_difference(_counts(now), _counts(before))
    return pd.DataFrame(
        {
            "group_1": now["group"].to_numpy(),
            "group_2": before["group"].to_numpy(),
            "n": now["n"].to_numpy() + before["n"].to_numpy(),
            "points": found.difference,
            "points_low": found.low,
            "points_high": found.high,
            "p_value": found.p_value,
            "p_holm": holm(found.p_value),
        }
    )


def mix_adjusted(people: pd.DataFrame, *, mix_by: str) -> pd.DataFrame:
    """The score of each wave of 100 scores or more, as if all had the same mix of customers.

    The mix is that of all these answers by one attribute; its values that any of the waves has
    under 10 scores of are taken together.

    Returns
    -------
    Columns: group (the wave), n, nps, adjusted_nps, low, high (of adjusted_nps).
    """
    columns = ["group", "n", "nps", "adjusted_nps", "low", "high"]
    known = people.dropna(subset=["score"])
    if mix_by not in known.columns:
        return pd.DataFrame(columns=columns)
    sizes = known["wave"].value_counts()
    known = known[known["wave"].isin(sizes.index[sizes >= LEAST_WAVE])]
    cells = pd.crosstab(known[mix_by], known["wave"])
    large = cells.index[(cells >= LEAST).all(axis=1)]
    if known.empty or len(large) == 0 or known["wave"].nunique() < 2:
        return pd.DataFrame(columns=columns)
    mixed = known[mix_by].where(known[mix_by].isin(large), "other")
    tallies = pd.crosstab([known["wave"], mixed], class_names(known["score"]))
    tallies = tallies.reindex(columns=CLASSES, fill_value=0).reset_index()
    tallies.columns = ["wave", "mix", *net_score.COUNTS]
    effects = {wave: repeats(own) for wave, own in known.groupby("wave")}
    as_sure = tallies[net_score.COUNTS].div(tallies["wave"].map(effects), axis=0)
    found = net_score.mix_adjusted(
        tallies.assign(**as_sure), wave="wave", group="mix",
        mix=mixed.value_counts(normalize=True).to_dict(),
    )  # fmt: skip
    found["n"] = found["wave"].map(known["wave"].value_counts())
    return found.drop(columns="missing_groups").set_axis(columns, axis=1)


def year_before(people: pd.DataFrame, waves: pd.DataFrame) -> pd.Series | None:
    """The last wave of 100 scores or more against the one a year before (300 to 430 days by the
    middle of their answers): the one comparison that is chosen before the scores are seen.

    Returns
    -------
    As a row of ``wave_changes``, without p_holm, with nps_1 and nps_2; None without two waves.
    """
    full = waves[waves["n"] >= LEAST_WAVE].set_index("group")
    known = people.dropna(subset=["score"])
    known = known[known["wave"].isin(full.index)]
    if known.empty:
        return None
    middle = pd.to_datetime(known["on"]).groupby(known["wave"]).median().sort_values()
    ago = (middle.iloc[-1] - middle).dt.days
    near = ago[ago.between(*A_YEAR)]
    if near.empty:
        return None
    now, before = middle.index[-1], (near - YEAR_DAYS).abs().idxmin()
    own, others = full.loc[now], full.loc[before]
    found = net_score.net_score_difference(
        *([float(row[c]) / row["design_effect"] for c in CLASSES] for row in (own, others))
    )
    return pd.Series(
        {
            "group_1": now, "group_2": before, "n": int(own["n"] + others["n"]),
            "nps_1": own["nps"], "nps_2": others["nps"], "points": float(found.difference),
            "points_low": float(found.low), "points_high": float(found.high),
            "p_value": float(found.p_value),
        }
    )  # fmt: skip


def same_customers(people: pd.DataFrame) -> net_score.PairedDifference:
    """The change from the first to the last score of customers who gave two or more."""
    known = people.dropna(subset=["score", "customer_id"]).sort_values("answered_at")
    ends = known.groupby("customer_id")["score"].agg(["first", "last", "size"])
    twice = ends[ends["size"] >= 2]
    return net_score.paired_net_score_difference(classes(twice["first"]), classes(twice["last"]))


def by_groups(people: pd.DataFrame, splits: Sequence[str]) -> pd.DataFrame:
    """The scores by each split that has two named groups or more, as ``scores`` gives them."""
    parts = [scores(people, split=split) for split in splits]
    named = [p for p in parts if (~p["group"].isin(NO_GROUP)).sum() >= 2]
    return pd.concat([scores(people).head(0), *named], ignore_index=True)


def against_others(people: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Each group of 30 scores or more against all others of its split, Holm-adjusted over all
    groups of all splits; ``other`` and ``unknown`` are compared with, and are no answer.

    Parameters
    ----------
    table : of ``by_groups``, of these people

    Returns
    -------
    Columns: split, group, n, nps, low, high, points (difference), points_low, points_high,
    p_value, p_holm.
    """
    totals = table.groupby("split")[[*CLASSES, "n"]].transform("sum")
    is_enough = (table["n"] >= LEAST_RANKED) & (totals["n"] - table["n"] >= LEAST_RANKED)
    own = table[is_enough & ~table["group"].isin(NO_GROUP)]
    others = (totals[CLASSES] - table[CLASSES]).loc[own.index]
    others["design_effect"] = [
        repeats(people[people[row.split].fillna("unknown") != row.group])
        for row in own.itertuples()
    ]
    found = net_score.net_score_difference(_counts(own), _counts(others))
    compared = own[["split", "group", "n", "nps", "low", "high"]].assign(
        points=found.difference, points_low=found.low, points_high=found.high,
        p_value=found.p_value, p_holm=holm(found.p_value),
    )  # fmt: skip
    return compared.reset_index(drop=True)


def widest(compared: pd.DataFrame) -> pd.Series | None:
    """The group that differs most from the others of its split, beyond chance."""
    found = compared[compared["p_holm"] < 0.05]
    return None if found.empty else found.loc[found["points"].abs().idxmax()]


def answers_needed(score: pd.Series, *, points: float) -> int:
    """Answers in each of two waves to see a change of so many points (5 %, power 80 %), where the
    answers spread as in ``score``, a row of ``scores``."""
    up, down = score["promoters"] / score["n"], score["detractors"] / score["n"]
    variance = up + down - (up - down) ** 2
    z = stats.norm.isf(0.025) + stats.norm.isf(0.2)
    return math.ceil(2 * variance * (z * net_score.POINTS / points) ** 2)


def measures(
    have: Mapping[str, ir.Table], *, zone: str, as_of: date, min_cell: int, period: str = "wave"
) -> pd.DataFrame:
    """Every rating of every survey by wave; the denominator is who rated.

    Returns
    -------
    Columns: survey, measure (the question), wave, n, mean_rating, low, high (Hall's interval).
    Under 30 ratings there is only ``n``, which is hidden under ``min_cell``, with another.
    """
    columns = ["survey", "measure", "wave", "n", "mean_rating", "low", "high"]
    if "responses" not in have:
        return pd.DataFrame(columns=columns)
    responses = have["responses"]
    rows = responses.filter((responses.kind == "rating") & responses.value.notnull())
    rows = rows.mutate(on=local_day(rows, "answered_at", zone)).filter(lambda t: t.on <= as_of)
    rows = rows.select("survey", "wave", "on", measure="question", value=rows.value)
    ratings = in_periods(rows.to_pandas(), period)
    found = []
    for keys, part in ratings.groupby(["survey", "measure", "wave"], sort=True):
        values = part["value"].tolist()
        low = high = mean = np.nan
        if len(values) >= LEAST_RANKED:
            powers = [sum(v**k for v in values) for k in (1, 2, 3)]
            low, high = (float(end) for end in mean_interval(len(values), *powers))
            mean = float(powers[0]) / len(values)
        found.append((*keys, len(values), mean, low, high))
    return hide_small(
        pd.DataFrame(found, columns=columns), count="n", values=columns[-3:],
        by=["survey", "measure"], min_cell=min_cell,
    )  # fmt: skip

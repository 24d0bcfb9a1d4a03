"""Who answered a survey against all who bought, and weights that make them alike.

Weighting mends only what the margins know of: people of the same value, tenure, channel and first
category who answer for another reason are weighted alike.
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
from templates_lib.purchase_survey import non_response
from templates_lib.purchases import FIRST_ORDER_VALUES as THIRDS
from templates_lib.purchases import with_groups
from templates_lib.sources.engine import one
from templates_lib.stats import raking
from templates_lib.stats.intervals import newcombe

MIN_PERSONS = 30
OTHER, UNKNOWN = "other", "unknown"
MAX_GROUPS = 6
MOST_DESIGN_EFFECT = 2.0
COMPARED = ["measure", "group", "n", "respondents_share", "buyers_share", "gap_share", "low",
            "high", "weighted_share", "buyers_n"]  # fmt: skip


class Audience(NamedTuple):
    """The buyers of a survey's time by class, and those of them who answered.

    ``classes`` has one row a measure and class: measure, group, respondents, buyers (people).
    ``people`` has one row a respondent: customer_id and its class of each measure.
    """

    classes: pd.DataFrame
    people: pd.DataFrame


def audience(
    have: Mapping[str, ir.Table],
    *,
    survey: str,
    measures: Sequence[str],
    zone: str,
    as_of: date,
    min_cell: int = 5,
) -> Audience | None:
    """Respondents and all buyers of the survey's time (as ``non_response`` counts them).

    Net sales so far and days since the first order are in thirds of the buyers; a class of fewer
    than 30 buyers, or of fewer than ``min_cell`` respondents (5 at least), is ``other``. A measure
    with one known class only is left out. None without orders, or with under 30 respondents or 30
    others among the buyers.
    """
    if not {"responses", "orders", "first_orders"} <= set(have):
        return None
    answers = have["responses"].filter(lambda t: t.survey == survey)
    answers = answers.mutate(on=local_day(answers, "answered_at", zone))
    answers = answers.filter(answers.on <= as_of)
    ends = one(answers, first=answers.on.min(), last=answers.on.max())
    if ends["first"] is None:
        return None
    buyers = non_response.buyers_of(have, answers, ends["first"], ends["last"])
    counts = one(buyers, n=buyers.count(), answered=buyers.answered.sum())
    answered = counts["answered"] or 0
    if min(answered, counts["n"] - answered) < MIN_PERSONS:
        return None
    classed = _classed(buyers, measures)
    people = classed.filter(classed.answered).select("customer_id", *measures).to_pandas()
    people = people.sort_values("customer_id").reset_index(drop=True)
    parts = []
    for measure in measures:
        counted = (
            classed.group_by(group=measure)
            .aggregate(respondents=classed.answered.sum(), buyers=classed.count())
            .to_pandas()
        )
        names = _large(counted, least=max(5, min_cell))
        people[measure] = people[measure].map(names)
        own = counted.assign(group=counted["group"].map(names))
        own = own.groupby("group", as_index=False)[["respondents", "buyers"]].sum()
        if (own["group"] != UNKNOWN).sum() > 1:
            parts.append(own.assign(measure=measure))
        else:
            people = people.drop(columns=measure)
    columns = ["measure", "group", "respondents", "buyers"]
    classes = pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)
    return Audience(classes.reset_index(drop=True), people)


def _classed(buyers: ir.Table, measures: Sequence[str]) -> ir.Table:
    """The buyers with each measure as a class."""
    for measure in measures:
        if measure in ("net_sales", "tenure_days"):
            value = buyers[measure].cast("float64")
            limits = one(buyers, low=value.quantile(1 / 3), high=value.quantile(2 / 3))
            low, high = (ibis.literal(limits[end], "float64") for end in ("low", "high"))
            lower, middle, upper = THIRDS
            named = ibis.cases((value <= low, lower), (value <= high, middle), else_=upper)
            buyers = buyers.mutate(**{measure: named})
        else:
            buyers = with_groups(buyers, measure, max_groups=MAX_GROUPS)
    return buyers


def _large(table: pd.DataFrame, *, least: int) -> dict[str, str]:
    """Each class, or ``other`` where too few answered; with the smallest ones until it holds
    enough too."""
    ordered = table.sort_values(["respondents", "group"], ascending=[False, True])
    is_large = (ordered["respondents"] >= least) & (ordered["group"] != OTHER)
    kept = ordered["group"][is_large].tolist()
    while kept:
        rest = table[~table["group"].isin(kept)]
        if not len(rest) or rest["respondents"].sum() >= least:
            break
        kept.pop()
    return {group: group if group in kept else OTHER for group in table["group"]}


def weigh(who: Audience | None) -> raking.Raked | None:
    """Weights by customer that give the respondents the buyers' shares in every measure.

    None where there is no measure to weight by.
    """
    if who is None or who.classes.empty:
        return None
    margins = {
        measure: dict(zip(own["group"], own["buyers"] / own["buyers"].sum(), strict=True))
        for measure, own in who.classes.groupby("measure", sort=False)
    }
    return raking.rake(who.people.set_index("customer_id"), margins)


def hold(weights: raking.Raked | None) -> bool:
    """Whether the weighted answers may be led with: the margins were reached, and the weights do
    not cost more than half of the answers (design effect up to 2)."""
    return (
        weights is not None and weights.is_converged and weights.design_effect <= MOST_DESIGN_EFFECT
    )


def compared(who: Audience, weights: raking.Raked | None) -> pd.DataFrame:
    """Respondents against all buyers, class by class.

    Respondents are buyers too: the gap to all buyers is (1 − f) times the gap to those who did
    not answer, f being the share who answered, and so is its interval (Newcombe's).

    Returns
    -------
    Columns: measure, group, n (respondents), respondents_share, buyers_share, gap_share, low,
    high, weighted_share (of the respondents, weighted), buyers_n.
    """
    parts = []
    for measure, own in who.classes.groupby("measure", sort=False):
        n, everyone = own["respondents"].sum(), own["buyers"].sum()
        rest = (everyone - n) / everyone
        low, high = newcombe(
            own["respondents"], n, own["buyers"] - own["respondents"], everyone - n
        )
        table = own.assign(
            n=n, buyers_n=everyone, low=rest * low, high=rest * high,
            respondents_share=own["respondents"] / n, buyers_share=own["buyers"] / everyone,
            weighted_share=np.nan,
        )  # fmt: skip
        table["gap_share"] = table["respondents_share"] - table["buyers_share"]
        if weights is not None:
            each = who.people.set_index("customer_id")[measure]
            sums = weights.weights.groupby(each).sum() / weights.weights.sum()
            table["weighted_share"] = table["group"].map(sums)
        parts.append(table)
    if not parts:
        return pd.DataFrame(columns=COMPARED)
    return pd.concat(parts, ignore_index=True)[COMPARED]


def most_apart(table: pd.DataFrame) -> pd.Series | None:
    """The class of ``compared`` whose gap is widest beyond chance; None where none is.

    ``unknown`` and ``other`` are no answer and are left out.
    """
    named = table[~table["group"].isin([UNKNOWN, OTHER])]
    beyond = named[(named["low"] > 0) | (named["high"] < 0)]
    return None if beyond.empty else beyond.loc[beyond["gap_share"].abs().idxmax()]


def summary(weights: raking.Raked) -> pd.DataFrame:
    """The weights in one row: n (respondents), effective_n, design_effect, smallest_weight,
    largest_weight, has_converged."""
    each = weights.weights
    row = [len(each), weights.effective_n, weights.design_effect, each.min(), each.max(),
           weights.is_converged]  # fmt: skip
    names = ["n", "effective_n", "design_effect", "smallest_weight", "largest_weight",
             "has_converged"]  # fmt: skip
    return pd.DataFrame([row], columns=names)

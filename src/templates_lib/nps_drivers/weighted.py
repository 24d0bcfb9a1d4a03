"""The recommendation score as answered, and weighted so that those who answer are like all buyers.

Weighting mends only what the margins know of: see ``respondents``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import ibis.expr.types as ir
import pandas as pd

from templates_lib.nps_drivers.nps import LEAST_RANKED, classes, scores
from templates_lib.purchase_survey import respondents
from templates_lib.stats.net_score_design import weighted_net_score
from templates_lib.stats.raking import Raked

BESIDE = ["group", "n", "nps", "low", "high", "effective_n"]


def weights(
    have: Mapping[str, ir.Table],
    *,
    survey: str | None,
    measures: Sequence[str],
    zone: str,
    as_of: date,
    min_cell: int,
) -> Raked | None:
    """Weights by customer that make those who gave a score like all buyers of the survey's time,
    as ``respondents.weigh`` gives them; None without buyers enough to compare them with."""
    if survey is None:
        return None
    rows = have["responses"]
    scored = rows.filter((rows.kind == "score") & rows.value.notnull())
    who = respondents.audience(
        {**have, "responses": scored}, survey=survey, measures=measures, zone=zone, as_of=as_of,
        min_cell=min_cell,
    )  # fmt: skip
    return respondents.weigh(who)


def beside(people: pd.DataFrame, weights: Raked | None) -> pd.DataFrame:
    """The score of the answers of known buyers, as answered and weighted to all buyers.

    A buyer who answered several times counts once in the weighted score, by the mean of these
    answers.

    Parameters
    ----------
    people : of ``nps.respondents``, of one survey
    weights : of ``weights``; None where there are none

    Returns
    -------
    Columns: group (as_answered, as_all_buyers), n (answers with a score), nps
    (points), low, high, effective_n (independent answers of equal weight that would be as sure).
    No rows without weights, or with under 30 scores of buyers.
    """
    known = people.dropna(subset=["score"])
    weight = known["customer_id"].map({} if weights is None else weights.weights).astype(float)
    buyers = known[weight.notna()]
    if weights is None or len(buyers) < LEAST_RANKED:
        return pd.DataFrame(columns=BESIDE)
    plain = scores(buyers).assign(group="as_answered")
    plain["effective_n"] = plain["n"] / plain["design_effect"]
    times = buyers.groupby("customer_id")["score"].transform("size")
    found = weighted_net_score(
        classes(buyers["score"]), weight[buyers.index] / times, clusters=buyers["customer_id"]
    )
    row = ["as_all_buyers", found.n, found.score, found.low, found.high, found.effective_n]
    weighted = pd.DataFrame([row], columns=BESIDE)
    return pd.concat([plain[BESIDE], weighted], ignore_index=True)

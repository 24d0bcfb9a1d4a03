"""A score of the first day: how likely each customer is to become one of the target.

A penalised logit; everything that is told of it is told of customers that it was not fitted to.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from templates_lib.icp.tree_rules import Design
from templates_lib.language import tr
from templates_lib.stats.auc import Area, auc
from templates_lib.stats.calibration import calibration
from templates_lib.stats.intervals import wilson

FOLDS, SEED = 5, 20170831
STRENGTHS = np.logspace(-3, 1, 7)


class Score(NamedTuple):
    """The score and how far it holds.

    ``scores`` has one row a unit: unit_id, score (chance to be of the target, in which a unit of
    the base was left out of the fit), in_base, target. ``area`` is the chance that one of the
    target has the higher score than one of the rest. ``calibration`` has one row a group of units
    of a like score: bin (1 is the highest), n, predicted_share (mean score), observed_share (in
    the target), low, high (Wilson).
    """

    scores: pd.DataFrame
    area: Area
    calibration: pd.DataFrame

    @property
    def holds(self) -> bool:
        """Whether it tells the target from the rest out of sample."""
        return self.area.low > 0.5


def score(made: Design, units: pd.DataFrame, *, seed: int = SEED) -> Score | None:
    """Fits the score and tries it out of sample, five times on a fifth left out.

    The strength of the penalty is chosen within each fit. None without attributes, or with fewer
    than 30 units in the target or outside.

    Parameters
    ----------
    made : of ``icp_rules.design`` with ``everyone``
    units : of ``icp.units``
    """
    in_base = units.set_index("unit_id")["in_base"].reindex(made.x.index).to_numpy()
    x, y = made.x.to_numpy(float), made.target.to_numpy()
    if not made.known or min(y[in_base].sum(), (~y[in_base]).sum()) < 30:
        return None
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    model = LogisticRegressionCV(
        Cs=STRENGTHS, l1_ratios=(0.0,), cv=folds, scoring="neg_log_loss",
        solver="newton-cholesky", use_legacy_attributes=False,
    )  # fmt: skip
    with threadpool_limits(1):  # many small fits: threads would only wait for each other
        left_out = cross_val_predict(
            model, x[in_base], y[in_base], cv=folds, method="predict_proba"
        )
        chance = model.fit(x[in_base], y[in_base]).predict_proba(x)[:, 1]
    chance[in_base] = left_out[:, 1]
    scores = pd.DataFrame(
        {"unit_id": made.x.index, "score": chance, "in_base": in_base, "target": y}
    )
    base = scores[scores["in_base"]]
    found = calibration(base["score"], base["target"])
    return Score(scores, auc(base["target"], base["score"]), found)


class Best(NamedTuple):
    """Those with the highest scores: how many of them are in the target, and of all."""

    share: float
    low: float
    high: float
    of_all: float
    n: int


def best(made: Score, *, part: float = 0.1) -> Best:
    """How many of the tenth with the highest scores are in the target, each score out of sample.

    Of those who share the score at the edge, all are counted in.
    """
    base = made.scores[made.scores["in_base"]]
    ordered = base.sort_values("score", ascending=False)
    edge = ordered["score"].iloc[max(0, int(part * len(ordered)) - 1)]
    own = ordered[ordered["score"] >= edge]
    low, high = wilson(own["target"].sum(), len(own))
    return Best(float(own["target"].mean()), float(low), float(high),
                float(base["target"].mean()), len(own))  # fmt: skip


def sides(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """``calibration`` as two series of a figure: group, share, low, high."""
    ends = {1: tr("highest scores"), len(table): tr("lowest scores")}
    group = [ends.get(place, tr("group {n}", n=place)) for place in table["bin"]]
    seen = table.assign(group=group, share=table["observed_share"])
    expected = table["predicted_share"]
    hoped = pd.DataFrame({"group": group, "share": expected, "low": expected, "high": expected})
    return {tr("expected"): hoped, tr("observed"): seen[["group", "share", "low", "high"]]}


def exported(made: Score, *, unit: str) -> pd.DataFrame:
    """The score of every unit, the highest first: customer_id or company_id, chance, in_base."""
    rows = made.scores.rename(columns={"unit_id": f"{unit}_id", "score": "chance"})
    rows = rows.sort_values(["chance", f"{unit}_id"], ascending=[False, True], ignore_index=True)
    return rows[[f"{unit}_id", "chance", "in_base"]]

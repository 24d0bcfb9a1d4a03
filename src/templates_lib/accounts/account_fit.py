"""Fit and intent of companies, apart: how like those that were won one is, and what it does lately.

Fit is made of what is known of the company alone, never of what it did. Intent is a count of signs
that anybody can check; it is no probability.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, TargetEncoder
from threadpoolctl import threadpool_limits

from templates_lib.accounts.accounts import FIRMOGRAPHICS, persons
from templates_lib.accounts.leads import LOST, OPEN, WON
from templates_lib.coverage import local_day
from templates_lib.language import tr
from templates_lib.privacy import hide_small
from templates_lib.stats.auc import Area, auc
from templates_lib.words import Words

LOGIT, SHRUNKEN = "penalised_logit", "shrunken_shares"
MIN_SHRUNKEN, MIN_LOGIT, MIN_EACH = 30, 100, 10
MIN_VALUE, OTHER, UNKNOWN = 10, "other", "unknown"
FOLDS, SEED = 5, 5
HIGH, LOW = "high", "low"
RECENT_DAYS, LATELY_DAYS, MIN_SIGNS = 30, 90, 2  # of a visit; of all else; for high intent
SIGNS = ("open_lead", "visited", "visited_often", "ordered_lately", "wrote", "answered_soft_lead")


class Fit(NamedTuple):
    """How well the fit tells won from lost companies that it was not made from.

    ``scores`` by company_id: the expected share won. ``area`` is the share of pairs of a won and a
    lost company in which the won one has the higher fit, out of fold. ``share`` is the part of the
    decided companies that was won: a fit from there on is called high.
    """

    method: str
    scores: pd.Series
    area: Area
    share: float

    @property
    def holds(self) -> bool:
        """Whether it tells won from lost beyond chance."""
        return self.area.low > 0.5


def fit(companies: pd.DataFrame, leads: pd.DataFrame) -> Fit | None:
    """The expected share won of every company, by what is known of it.

    Of companies decided as new business (won: any lead was) a penalised logit is made where they
    are 100 or more, and shares won by each attribute, shrunken to the mean (empirical Bayes) and
    averaged, from 30 on. A decided company is scored from the folds that it is not in, any other
    from all.

    Parameters
    ----------
    companies : of ``accounts.accounts``
    leads : of ``leads.leads``

    Returns
    -------
    None with fewer than 30 decided companies, or fewer than 10 won or lost, or where all are alike.

    References
    ----------
    Micci-Barreca (2001), ACM SIGKDD Explorations 3:27 (shrunken shares, as scikit-learn's
    ``TargetEncoder`` makes them).
    """
    decided = leads[(leads["outcome"] != OPEN) & ~leads["was_customer"]]
    won = (decided["outcome"] == WON).groupby(decided["company_id"]).any()
    y = won.reindex(companies["company_id"]).to_numpy()
    is_decided = ~pd.isna(y)
    if is_decided.sum() < MIN_SHRUNKEN:
        return None
    known = y[is_decided].astype(int)
    x = _encoded(companies, is_decided)
    if min(known.sum(), len(known) - known.sum()) < MIN_EACH or x.shape[1] == 0:
        return None
    method = LOGIT if len(known) >= MIN_LOGIT else SHRUNKEN
    scores = np.empty(len(companies))
    scores[~is_decided] = _scored(method, x[is_decided], known, x[~is_decided])
    held = np.empty(len(known))
    own = x[is_decided]
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(own, known):
        held[test] = _scored(method, own[train], known[train], own[test])
    scores[is_decided] = held
    area = auc(known, held)
    named = pd.Series(scores, index=pd.Index(companies["company_id"], name="company_id"))
    return Fit(method, named, area, float(known.mean()))


def _encoded(companies: pd.DataFrame, is_decided: np.ndarray) -> np.ndarray:
    """What is known of each company as text; values of fewer than 10 decided ones are ``other``,
    and what does not vary is left out."""
    columns = []
    for name in FIRMOGRAPHICS:
        value = companies[name].astype(object).fillna(UNKNOWN).astype(str)
        sizes = value[is_decided].value_counts()
        value = value.where(value.isin(sizes.index[sizes >= MIN_VALUE]), OTHER)
        if value[is_decided].nunique() > 1:
            columns.append(value.to_numpy(object))
    return np.column_stack(columns) if columns else np.empty((len(companies), 0), object)


def _scored(method: str, x: np.ndarray, y: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Expected shares won of new companies, from those with a known end."""
    if len(new) == 0:
        return np.empty(0)
    if method == SHRUNKEN:
        encoder = TargetEncoder(smooth="auto", target_type="binary").fit(x, y)
        return encoder.transform(new).mean(axis=1)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    model = make_pipeline(
        OneHotEncoder(handle_unknown="ignore"),
        LogisticRegressionCV(
            Cs=np.logspace(-2, 1, 5), cv=folds, l1_ratios=(0.0,), scoring="neg_log_loss",
            use_legacy_attributes=False, max_iter=1000,
        ),
    )  # fmt: skip
    with threadpool_limits(1):  # small matrices wait for each other's threads
        return model.fit(x, y).predict_proba(new)[:, 1]


def intent(
    have: Mapping[str, ir.Table],
    companies: pd.DataFrame,
    leads: pd.DataFrame,
    *,
    zone: str,
    as_of: date,
) -> pd.DataFrame:
    """The signs of intent of every company, as far as the client's data can show them.

    Returns
    -------
    One row a company: company_id; a column (flag) of each sign that can be seen: open_lead (an
    undecided lead), visited (a person of it was in the shop in the last 30 days), visited_often
    (on two days or more of the last 90), ordered_lately, wrote (to the service),
    answered_soft_lead (in the last 90 days); intent, the number of signs.
    """
    ids = companies["company_id"]
    found = pd.DataFrame({"company_id": ids})
    if len(leads):
        found["open_lead"] = ids.isin(leads.loc[leads["outcome"] == OPEN, "company_id"])
    who = persons(have)
    if who is not None:
        seen = {"visited": ("events", RECENT_DAYS, 1), "visited_often": ("events", LATELY_DAYS, 2),
                "ordered_lately": ("orders", LATELY_DAYS, 1),
                "wrote": ("touchpoints", LATELY_DAYS, 1),
                "answered_soft_lead": ("responses", LATELY_DAYS, 1)}  # fmt: skip
        for sign, (name, days, least) in seen.items():
            if name in have:
                on = _days_seen(have[name], name, who, zone=zone, as_of=as_of, days=days)
                found[sign] = ids.isin(on.index[on >= least])
    signs = [name for name in SIGNS if name in found]
    found["intent"] = found[signs].sum(axis=1).astype("int64")
    return found[["company_id", *signs, "intent"]]


def _days_seen(
    table: ir.Table, name: str, who: ir.Table, *, zone: str, as_of: date, days: int
) -> pd.Series:
    """On how many of the last days the persons of each company have a row; by company_id."""
    times = {"orders": "ordered_on", "responses": "answered_at"}
    if name == "responses":
        table = table.filter((table.survey == "soft_lead") & table.option.notnull())
    rows = table.filter(table.customer_id.notnull())
    rows = rows.select("customer_id", on=local_day(rows, times.get(name, "occurred_at"), zone))
    rows = rows.filter((rows.on <= as_of) & (rows.on > as_of - timedelta(days=days)))
    joined = rows.join(who.select("customer_id", "company_id"), "customer_id")
    counted = joined.group_by("company_id").aggregate(days=joined.on.nunique()).to_pandas()
    return counted.set_index("company_id")["days"]


def standing_out(companies: pd.DataFrame, won: pd.DataFrame, *, allowed: float) -> pd.Series:
    """Fit by single facts: ``high`` for a company with a value of which more leads are won than of
    the others, q up to ``allowed``, ``low`` where fewer are, ``unknown`` without such a value or
    with both.

    Parameters
    ----------
    won : of ``leads.won_by``; the channel is no fact of the company and is left aside
    """
    rows = won[won["attribute"].isin(FIRMOGRAPHICS) & (won["q_value"] <= allowed)]
    score = pd.Series(0, companies.index)
    for row in rows.itertuples():
        score += (companies[row.attribute] == row.value) * int(np.sign(row.gap_share))
    return np.sign(score).map({1: HIGH, -1: LOW, 0: UNKNOWN})


def placed(
    companies: pd.DataFrame,
    leads: pd.DataFrame,
    scores: Fit | None,
    signs: pd.DataFrame,
    *,
    won: pd.DataFrame,
    allowed: float,
) -> pd.DataFrame:
    """Every company with its fit and its intent.

    Where the expected share holds out of fold, a fit is high from the share won of all on. Where
    it does not, the facts that stand out one by one (``standing_out``) are all that is known.

    Returns
    -------
    Columns of ``accounts.accounts``, then: open_leads, won_leads, lost_leads, expected_share (the
    fit; missing where it does not hold), fit (``high``, ``low``, ``unknown``), the signs, intent
    (their number), intent_class (``high`` from two signs on). High fit and intent first.
    """
    counts = pd.crosstab(leads["company_id"], leads["outcome"]) if len(leads) else pd.DataFrame()
    table = companies.copy()
    for outcome in (OPEN, WON, LOST):
        number = counts[outcome] if outcome in counts else pd.Series(dtype="int64")
        table[f"{outcome}_leads"] = table["company_id"].map(number).fillna(0).astype("int64")
    if scores is not None and scores.holds:
        table["expected_share"] = table["company_id"].map(scores.scores)
        table["fit"] = np.where(table["expected_share"] >= scores.share, HIGH, LOW)
    else:
        table["expected_share"] = np.nan
        table["fit"] = standing_out(companies, won, allowed=allowed)
    table = table.merge(signs, on="company_id")
    table["intent_class"] = np.where(table["intent"] >= MIN_SIGNS, HIGH, LOW)
    order = ["expected_share", "intent", "company_id"]
    table["both"] = (table["fit"] == HIGH).astype(int) + (table["intent_class"] == HIGH)
    ordered = table.sort_values(["both", *order], ascending=[False, False, False, True])
    return ordered.drop(columns="both").reset_index(drop=True)


def fit_in_words(scores: Fit | None, words: Words) -> str:
    """How far the fit can be trusted, and what it is made of."""
    if scores is None:
        return tr(
            "Too few offers are decided to say what fits: it takes 30 companies, 10 of them won "
            "and 10 lost."
        )
    n = words.number(scores.area.n)
    of_100 = words.of_100(scores.area.auc, scores.area.low, scores.area.high)
    if scores.holds:
        return tr(
            "Of 100 pairs of a won and a lost company, the fit ranks {of_100} rightly; chance, 50. "
            "It is made of {n} decided companies, each told from the others.",
            of_100=of_100, n=n,
        )  # fmt: skip
    return tr(
        "Of 100 pairs of a won and a lost company, the fit ranks {of_100} rightly; chance, 50: all "
        "that is known of a company taken together does not tell won from lost, of {n} decided "
        "ones. Fit here is by the single facts that stand out above, where any does.",
        of_100=of_100, n=n,
    )  # fmt: skip


def four_fields(table: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """How many companies have a high or low fit and intent.

    Parameters
    ----------
    table : of ``placed``

    Returns
    -------
    Columns: group (``open_leads``: companies with an undecided lead; ``accounts``: those that have
    ordered; ``not_customers``: neither), fit, intent_class, companies (missing under
    ``min_cell``). A company is in one group, the first that it belongs to.
    """
    named = table.assign(
        group=np.select(
            [table["open_leads"] > 0, table["orders"] > 0], ["open_leads", "accounts"],
            "not_customers",
        )
    )  # fmt: skip
    keys = ["group", "fit", "intent_class"]
    made = named.groupby(keys, sort=True).size().rename("companies").reset_index()
    return hide_small(made, count="companies", by=["group"], min_cell=min_cell)

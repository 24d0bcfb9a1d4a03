"""Who is in which profile, with the probability; who cannot be told is unknown.

Who has answered about motives is where their answers put them (latent classes). Anybody else is
where people with the same first order mostly are, if that tells anything: a penalised multinomial
logit of what is known on the first day, tried on respondents that it was not made of.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from templates_lib.icp.first_day_score import FOLDS
from templates_lib.icp.motive_segments import NO_SEGMENT
from templates_lib.icp.personas import HYPOTHESIS, RULE, SEGMENT
from templates_lib.icp.tree_rules import Design
from templates_lib.language import N_
from templates_lib.stats.calibration import calibration
from templates_lib.stats.intervals import mean_interval, wilson

UNKNOWN = "unknown"
MEMBERS = ["customer_id", "profile", "probability"]
ASSIGNED = ["unit_id", "profile", "probability", "basis"]
BASES = {
    "answered": N_("their own answers"),
    "first_day": N_("their first order"),
    "rule": N_("the rule itself"),
    "corrected": N_("they said so"),
    "nothing": N_("nothing that tells"),
}
LEAST = 30  # respondents of a profile
PENALTIES = np.logspace(-3, 0, 4)
MOST_GROUPS = 5
SEED = 20170831


def kinds(personas: pd.DataFrame | None) -> pd.DataFrame:
    """The kinds of customers that have cards: stable segments, else rules, else hypotheses.

    Parameters
    ----------
    personas : of ``icp.personas``, or None
    """
    if personas is None:
        return pd.DataFrame(columns=["persona", "evidence", "n", "says"])
    own = personas[personas["persona"] != NO_SEGMENT]
    best = next((e for e in (SEGMENT, RULE, HYPOTHESIS) if (own["evidence"] == e).any()), None)
    return own[own["evidence"] == best].reset_index(drop=True)


class Trial(NamedTuple):
    """How far the first day tells the profile, of respondents left out of the fit.

    ``chances`` has one row a unit (index unit_id), one column a profile. ``calibration`` compares
    the chance of the likeliest profile with how often it was right. ``gain``, with ``low``
    and ``high`` (normal, on persons), is what is won in log-likelihood a person over the plain
    shares; ``right`` of ``told`` respondents at or over the least probability were right.
    """

    chances: pd.DataFrame
    calibration: pd.DataFrame
    gain: float
    low: float
    high: float
    right: int
    told: int
    n: int

    @property
    def holds(self) -> bool:
        """Whether the first day tells more than the plain shares do."""
        return self.low > 0

    def right_share(self) -> tuple[float, float, float]:
        """Share that was right where a profile was told, with Wilson's interval."""
        low, high = wilson(self.right, self.told)
        return self.right / self.told, float(low), float(high)


def trial(
    made: Design, members: pd.DataFrame, *, least_probability: float, seed: int = SEED
) -> Trial | None:
    """Fits profiles to what is known on the first day, and tries it on those left out.

    None without two profiles of 30 respondents, or without anything that is known of all.

    Parameters
    ----------
    made : of ``tree_rules.design`` with ``everyone``
    members : unit_id, segment (the likeliest), of those who answered
    """
    given = members.drop_duplicates("unit_id", keep=False).set_index("unit_id")["segment"]
    given = given[given.index.isin(made.x.index)]
    sizes = given.value_counts()
    given = given[given.isin(sizes.index[sizes >= LEAST])]
    if given.nunique() < 2 or not made.known:
        return None
    given = given.reindex(made.x.index[made.x.index.isin(given.index)])  # by first purchase
    x, y = made.x.loc[given.index].to_numpy(float), given.to_numpy(str)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    model = LogisticRegressionCV(
        Cs=PENALTIES, l1_ratios=(0.0,), cv=folds, scoring="neg_log_loss",
        use_legacy_attributes=False, max_iter=1000,
    )  # fmt: skip
    with threadpool_limits(1):
        left_out = cross_val_predict(model, x, y, cv=folds, method="predict_proba")
        model.fit(x, y)
        chances = model.predict_proba(made.x.to_numpy(float))
    names = model.classes_
    own = np.searchsorted(names, y)
    plain = given.value_counts(normalize=True).reindex(names).to_numpy()[own]
    gained = np.log(left_out[np.arange(len(y)), own]) - np.log(plain)
    low, high = mean_interval(len(y), gained.sum(), (gained**2).sum(), (gained**3).sum())
    best, is_right = left_out.max(axis=1), left_out.argmax(axis=1) == own
    is_told = best >= least_probability
    return Trial(
        pd.DataFrame(chances, index=made.x.index, columns=names),
        calibration(best, is_right, most=MOST_GROUPS),
        float(gained.mean()), float(low), float(high),
        int((is_right & is_told).sum()), int(is_told.sum()), len(y),
    )  # fmt: skip


def assigned(
    unit_ids: pd.Series, members: pd.DataFrame, tried: Trial | None, *, least_probability: float,
    corrected: pd.Series | None = None,
) -> pd.DataFrame:  # fmt: skip
    """The profile of every unit, in the order given.

    Parameters
    ----------
    members : unit_id, segment, probability, of those who answered
    tried : of ``trial``; where it does not hold, who did not answer is unknown
    corrected : by unit_id, the profile that a person says is theirs

    Returns
    -------
    Columns: unit_id, profile (``unknown`` where no profile is as likely as the least), probability
    (of the likeliest profile; missing where nothing tells), basis (``answered``, ``first_day``,
    ``corrected``, ``nothing``).
    """
    order = pd.Index(unit_ids, name="unit_id")
    nobody = pd.DataFrame({"profile": None, "probability": np.nan, "basis": "nothing"}, order)
    table = nobody.astype({"profile": "object", "basis": "object"})
    if tried is not None and tried.holds:
        chances = tried.chances.reindex(order).dropna()
        table.loc[chances.index, "profile"] = chances.idxmax(axis=1)
        table.loc[chances.index, "probability"] = chances.max(axis=1)
        table.loc[chances.index, "basis"] = "first_day"
    known = members.sort_values("probability").drop_duplicates("unit_id", keep="last")
    known = known[known["unit_id"].isin(order)].set_index("unit_id")
    table.loc[known.index, "profile"] = known["segment"]
    table.loc[known.index, "probability"] = known["probability"].clip(0, 1)
    table.loc[known.index, "basis"] = "answered"
    if corrected is not None:
        own = corrected[corrected.index.isin(order)]
        table.loc[own.index, "profile"], table.loc[own.index, "probability"] = own, 1.0
        table.loc[own.index, "basis"] = "corrected"
    is_told = table["probability"] >= least_probability
    table["profile"] = table["profile"].where(is_told, UNKNOWN)
    return table.reset_index()[ASSIGNED]


def nobody() -> pd.DataFrame:
    """Members of no segment."""
    return pd.DataFrame({"unit_id": [], "segment": [], "probability": []}).astype(
        {"unit_id": "object", "segment": "object"}
    )


def said_so(corrected: pd.DataFrame, known: pd.DataFrame) -> pd.Series:
    """By unit_id, the profile that people say is theirs, of those that there are.

    Parameters
    ----------
    corrected : of ``corrections.corrections``; the attribute is called ``profile``
    known : of ``kinds``
    """
    own = corrected[corrected["attribute"] == "profile"].drop_duplicates("unit_id")
    names = {name.casefold(): name for name in known["persona"]}
    own = own.assign(profile=own["value"].str.casefold().map(names)).dropna(subset=["profile"])
    return own.set_index("unit_id")["profile"]


def by_rules(unit_ids: pd.Series, applies: pd.DataFrame) -> pd.DataFrame:
    """The kind of every unit where kinds are rules: ``assigned``, with probability 1, since the
    rule itself tells who is of the kind; ``unknown`` to whom none applies.

    Parameters
    ----------
    applies : of ``tree_rules.members``
    """
    rule = applies.drop_duplicates("unit_id").set_index("unit_id")["rule"]
    table = pd.DataFrame({"unit_id": unit_ids.to_numpy()})
    table["profile"] = table["unit_id"].map(rule).fillna(UNKNOWN)
    is_told = table["profile"] != UNKNOWN
    table["probability"] = np.where(is_told, 1.0, np.nan)
    table["basis"] = np.where(is_told, "rule", "nothing")
    return table[ASSIGNED]


def of_customers(table: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """``assigned`` for each customer: customer_id, profile, probability, basis.

    Parameters
    ----------
    people : customer_id, unit_id; the customers of a company have its profile
    """
    rows = table.merge(people, on="unit_id")
    return rows[[*MEMBERS, "basis"]]


def by_basis(table: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """How many customers have a profile, by what it rests on: basis, customers, told, share, low,
    high (Wilson), n. A basis of fewer than ``min_cell`` customers is left out."""
    rows = []
    for basis in BASES:
        own = table[table["basis"] == basis]
        told = int((own["profile"] != UNKNOWN).sum())
        if len(own) >= min_cell and (told == 0 or told >= min_cell):
            low, high = wilson(told, len(own))
            rows.append([basis, len(own), told, told / len(own), float(low), float(high), len(own)])
    columns = ["basis", "customers", "told", "share", "low", "high", "n"]
    return pd.DataFrame(rows, columns=columns)

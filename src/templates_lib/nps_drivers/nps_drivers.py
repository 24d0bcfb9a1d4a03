"""What moves the recommendation score: the ratings given beside it, by their share.

The score itself is counted in ``nps.py``, the reasons in ``nps_reasons.py``, what it leads to in
``outcomes.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.coverage import local_day
from templates_lib.privacy import hide_small
from templates_lib.problems import InputProblems, Problem, nearest
from templates_lib.stats.importance import Importance, importance
from templates_lib.stats.intervals import upper_tail
from templates_lib.stats.ordinal import proportional_odds, proportional_odds_check

IMPORTANCE = ["driver", "share", "low", "high", "rank_low", "rank_high", "coefficient",
              "correlation", "mean_rating", "n"]  # fmt: skip
MIN_DRIVERS, MIN_RATINGS = 2, 30
MIN_LISTWISE = 100


class Ratings(NamedTuple):
    """Ratings beside the scores.

    wide : one row an answer with a score, by response_id; one column a rating, missing where
        none was given
    items : one row a rating: driver, asked (answers with a score in which it was put), answered,
        not_answered, not_asked, is_used (30 ratings or more, of two values or more)
    """

    wide: pd.DataFrame
    items: pd.DataFrame


def ratings(
    have: Mapping[str, ir.Table],
    people: pd.DataFrame,
    *,
    drivers: Sequence[str] = (),
    zone: str,
    as_of: date,
) -> Ratings:
    """The ratings that those with a score gave in the same survey.

    Parameters
    ----------
    people : of ``nps.respondents``, of one survey
    drivers : the questions that are drivers; every rating of the survey without any named

    Raises
    ------
    InputProblems
        For a driver that the survey does not ask.
    """
    scored = people[people["score"].notna()]
    empty = pd.DataFrame(index=pd.Index(scored["response_id"], name="response_id"))
    items = ["driver", "asked", "answered", "not_answered", "not_asked", "is_used"]
    if "responses" not in have or people.empty:
        return Ratings(empty, pd.DataFrame(columns=items))
    rows = have["responses"]
    rows = rows.filter((rows.kind == "rating") & (rows.survey == str(people["survey"].iloc[0])))
    rows = rows.mutate(on=local_day(rows, "answered_at", zone)).filter(lambda t: t.on <= as_of)
    rows = rows.select("response_id", "question", "was_asked", value=rows.value.cast("float64"))
    found = rows.to_pandas()
    _refuse_unknown(drivers, sorted(found["question"].unique()))
    found = found[found["response_id"].isin(scored["response_id"])]
    if drivers:
        found = found[found["question"].isin(drivers)]
    wide = found.pivot(index="response_id", columns="question", values="value")
    asked = found[found["was_asked"]].groupby("question")["response_id"].nunique()
    wide = wide.reindex(empty.index)
    wide.columns.name = None
    table = pd.DataFrame({"driver": wide.columns})
    table["asked"] = table["driver"].map(asked).fillna(0).astype(int)
    table["answered"] = [int(wide[name].notna().sum()) for name in wide]
    table["not_answered"] = table["asked"] - table["answered"]
    table["not_asked"] = len(scored) - table["asked"]
    varied = [wide[name].nunique() > 1 for name in wide]
    table["is_used"] = (table["answered"] >= MIN_RATINGS) & np.array(varied, dtype=bool)
    return Ratings(wide, table[items])


def items_shown(items: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """The items of ``ratings`` with fewer than ``min_cell`` answers hidden, and so many others of
    the same rating that they cannot be worked out from the number of scores."""
    parts = ["answered", "not_answered", "not_asked"]
    each = items.melt(id_vars="driver", value_vars=parts, var_name="part", value_name="count")
    each = hide_small(each, count="count", by=["driver"], min_cell=min_cell)
    counts = each.pivot(index="driver", columns="part", values="count")
    counts = counts.reindex(index=items["driver"], columns=parts)
    asked = items["asked"].astype("Int64").mask(counts.isna().any(axis=1).to_numpy())
    return items.assign(asked=asked, **{name: counts[name].to_numpy() for name in parts})


def _refuse_unknown(drivers: Sequence[str], known: Sequence[str]) -> None:
    problems = [
        Problem("nps_drivers.drivers", f"no rating {name!r} in this survey" + nearest(name, known))
        for name in drivers
        if name not in known
    ]
    if problems:
        raise InputProblems(problems)


class Drivers(NamedTuple):
    """What moves the score.

    table : the columns of ``IMPORTANCE``, and rank (empty unless it holds), rating_low and
        rating_high (of mean_rating), coefficient_low, coefficient_high, vif, is_suppressor,
        is_above_noise; in the order of the share
    found, listwise : what ``stats.importance`` says, with missing ratings filled in and of those
        who rated everything (None where these are too few)
    """

    table: pd.DataFrame
    found: Importance
    listwise: Importance | None

    @property
    def is_ranked(self) -> bool:
        """Whether any driver has a rank that holds."""
        return bool(self.table["rank"].notna().any())


def drivers(
    people: pd.DataFrame,
    given: Ratings,
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    draws: int = 1000,
    seed: int = 1,
) -> Drivers | None:
    """The share of each driver in what the ratings explain of the score from 0 to 10.

    A rank is given where the data suffice (100 answers, and 10 for each driver), the ratings
    explain 5 % of the score's variance or more, the rank's interval spans at most 2, and the
    share is beyond that of pure noise. None with fewer than two ratings that can be used, or too
    few answers for any share.

    Raises
    ------
    InputProblems
        For a group of a rating that does not exist.
    """
    used = list(given.items.loc[given.items["is_used"], "driver"])
    scores = people.set_index("response_id")["score"].reindex(given.wide.index)
    if len(used) < MIN_DRIVERS or given.wide[used].notna().any(axis=1).sum() < MIN_RATINGS:
        return None
    named = [name for members in (groups or {}).values() for name in members]
    _refuse_unknown(named, list(given.items["driver"]))
    kept = {name: [m for m in members if m in used] for name, members in (groups or {}).items()}
    kept = {name: members for name, members in kept.items() if members}
    wide = given.wide[used]
    found = importance(wide, scores, draws=draws, seed=seed, groups=kept)
    listwise = None
    whole = wide[wide.notna().all(axis=1)]
    is_varied = bool((whole.nunique() > 1).all()) and scores[whole.index].nunique() > 1
    if len(whole) < len(wide) and len(whole) >= max(MIN_LISTWISE, 10 * len(used)) and is_varied:
        listwise = importance(wide, scores, draws=draws, seed=seed, groups=kept, missing="listwise")
    return Drivers(_ranked(found, wide, kept), found, listwise)


def _ranked(
    found: Importance, wide: pd.DataFrame, groups: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    table = found.table.copy()
    holds = table["is_ranked"] & table["is_above_noise"] & found.is_enough
    ranks = ["rank", "rank_low", "rank_high"]
    table[ranks] = table[ranks].astype("Int64")
    table.loc[~holds, "rank"] = pd.NA
    if not found.is_enough:
        table[ranks[1:]] = pd.NA
    ends = [_mean_interval(wide[list(groups.get(name, [name]))]) for name in table["driver"]]
    table["rating_low"], table["rating_high"] = zip(*ends, strict=True)
    more = ["rank", "rating_low", "rating_high", "coefficient_low", "coefficient_high", "vif",
            "is_suppressor", "is_above_noise"]  # fmt: skip
    ordered = table.sort_values(["share", "driver"], ascending=[False, True], ignore_index=True)
    return ordered[[*IMPORTANCE, *more]]


def _mean_interval(items: pd.DataFrame) -> tuple[float, float]:
    """Student's interval around the mean of the items' means, of persons who rated any."""
    centred = items - items.mean()
    person = centred.mean(axis=1).dropna()
    half = stats.t.isf(upper_tail(0.95), len(person) - 1) * person.std() / np.sqrt(len(person))
    middle = items.mean().mean()
    return middle - half, middle + half


def missing_compared(of: Drivers) -> pd.DataFrame:
    """The shares with missing ratings filled in beside those of answers with every rating.

    Returns
    -------
    Columns: driver, share, low, high, n, listwise_share, listwise_low, listwise_high, listwise_n
    (empty without enough of them).
    """
    table = of.table[["driver", "share", "low", "high"]].assign(n=of.found.n)
    names = ["listwise_share", "listwise_low", "listwise_high"]
    if of.listwise is None:
        return table.assign(**dict.fromkeys(names, np.nan), listwise_n=pd.NA)
    beside = of.listwise.table[["driver", "share", "low", "high"]]
    beside = beside.set_axis(["driver", *names], axis=1)
    return table.merge(beside, on="driver").assign(listwise_n=of.listwise.n)


def odds(people: pd.DataFrame, given: Ratings) -> pd.DataFrame:
    """The check by proportional odds: what one point more of a rating does to the odds of a
    higher score, of answers with every rating.

    Returns
    -------
    Columns: driver, odds_ratio, low, high, n, p_value (that the effect is the same at every
    score); no rows where the model cannot be fitted.
    """
    columns = ["driver", "odds_ratio", "low", "high", "n", "p_value"]
    used = list(given.items.loc[given.items["is_used"], "driver"])
    scores = people.set_index("response_id")["score"].reindex(given.wide.index)
    whole = given.wide[used].notna().all(axis=1)
    if len(used) < MIN_DRIVERS or whole.sum() < max(MIN_LISTWISE, 10 * len(used)):
        return pd.DataFrame(columns=columns)
    try:
        model = proportional_odds(given.wide.loc[whole, used], scores[whole])
        check = proportional_odds_check(given.wide.loc[whole, used], scores[whole])
    except ValueError:  # separated, or a rating repeats another: there is no such model
        return pd.DataFrame(columns=columns)
    fitted = model.coefficients
    return pd.DataFrame(
        {
            "driver": fitted["predictor"],
            "odds_ratio": fitted["odds_ratio"],
            "low": np.exp(fitted["low"]),
            "high": np.exp(fitted["high"]),
            "n": int(model.n),
            "p_value": fitted["predictor"].map(check.set_index("term")["p_value"]),
        }
    )


def diagnostics(of: Drivers) -> pd.DataFrame:
    """How far the shares can be trusted.

    Returns
    -------
    Columns: measure (explained_share: R²; noise_share: what a driver of pure chance gets;
    halo_share: the ratings' first principal component; condition_number; largest_vif), estimate,
    low, high (empty where there is none), n.
    """
    found = of.found
    rows = [
        ("explained_share", *found.r2),
        ("noise_share", *found.probe),
        ("halo_share", found.halo, np.nan, np.nan),
        ("condition_number", found.condition_number, np.nan, np.nan),
        ("largest_vif", found.table["vif"].max(), np.nan, np.nan),
    ]
    table = pd.DataFrame(rows, columns=["measure", "estimate", "low", "high"])
    return table.assign(n=found.n)


def to_improve(of: Drivers) -> pd.Series | None:
    """Where to begin: of the drivers with a rank and a share above the average of the map, the
    one rated lowest; without any, the first."""
    ranked = of.table[of.table["rank"].notna() & ~of.table["is_suppressor"]]
    if ranked.empty:
        return None
    heavy = ranked[ranked["share"] >= of.table["share"].mean()]
    return (heavy if len(heavy) else ranked.head(1)).sort_values("mean_rating").iloc[0]

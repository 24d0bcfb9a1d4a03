"""Which attribute goes with coming back when the others are held equal: Cox on counts.

Where the ratio between two groups does not stay the same as time passes, no single one is told:
the time is split at the median return, and mean days away and accelerated times stand beside it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.labels import label
from templates_lib.language import tr
from templates_lib.repeat_purchase.attribute_design import NO_ANSWER, Design, design
from templates_lib.repeat_purchase.repeat_purchase import ALL, MIN_AT_RISK
from templates_lib.stats import accelerated, comparison, cox, proportionality, survival
from templates_lib.stats.intervals import holm

LEVEL = 0.05
Z = stats.norm.isf(LEVEL / 2)
GROUPS = ["split", "group", "reference"]
RATIOS = [*GROUPS, "days_from", "days_to", "n", "returns", "ratio", "low", "high"]


class ReturnModel(NamedTuple):
    """Ratios of coming back on a day, the others alike.

    ratios : split, group, reference, days_from, days_to (end excluded), n, returns, ratio, low,
        high; one row a group, or one before and one from the median return on where the ratio of
        its attribute changes with time
    checks : split (``all`` for the model), chi2, df, p_value, p_holm, is_steady
    design : what it was made from
    split_day : the median day of a return
    """

    ratios: pd.DataFrame
    checks: pd.DataFrame
    design: Design
    split_day: int

    @property
    def n(self) -> int:
        """Customers."""
        return int(self.design.counts["count"].sum())

    @property
    def changing(self) -> list[str]:
        """The attributes whose ratios change with time."""
        own = self.checks[self.checks["split"] != ALL]
        return own.loc[~own["is_steady"], "split"].tolist()


def model(made: Design, *, horizon_days: int) -> ReturnModel | None:
    """Ratios with the other attributes alike, their check, and the split where it fails.

    The check is Schoenfeld's of each attribute, adjusted by Holm over the attributes. None where
    the groups are so that no finite ratio exists.
    """
    try:
        whole = cox.fit(made.counts, covariates=made.groups["covariate"])
    except ValueError:
        return None
    checks = proportionality.check(whole, terms=made.terms).rename(columns={"term": "split"})
    checks["split"] = checks["split"].replace(proportionality.GLOBAL, ALL)
    own = checks["split"] != ALL
    checks.loc[own, "p_holm"] = holm(checks.loc[own, "p_value"])
    checks["is_steady"] = checks["p_holm"].fillna(checks["p_value"]) >= LEVEL
    back = made.counts[made.counts["event"]].sort_values("duration")
    half = back["count"].cumsum().searchsorted(back["count"].sum() / 2)
    day = int(back["duration"].iloc[half])
    steady = checks.loc[own & checks["is_steady"], "split"]
    changing = checks.loc[own & ~checks["is_steady"], "split"].tolist()
    parts = [_steady(made, whole, list(steady), changing, horizon_days=horizon_days)]
    if changing and day < horizon_days:
        told = _split_in_time(made, day=day, horizon_days=horizon_days)
        parts += [part[part["split"].isin(changing)] for part in told]
    filled = [part for part in parts if len(part)]
    ratios = pd.concat(filled, ignore_index=True) if filled else parts[0]
    order = {name: place for place, name in enumerate(made.groups["covariate"])}
    ratios["place"] = (ratios["split"] + "=" + ratios["group"]).map(order)
    ratios = ratios.sort_values(["place", "days_from"], kind="stable", ignore_index=True)[RATIOS]
    return ReturnModel(ratios, checks, made, day)


def _steady(
    made: Design, whole: cox.Model, steady: list[str], changing: list[str], *, horizon_days: int
) -> pd.DataFrame:
    """The ratios that stay the same, each changing attribute with a hazard of its own (strata)."""
    groups = made.groups[made.groups["split"].isin(steady)]
    if changing and len(groups):
        counts = made.counts.assign(stratum=made.counts.groupby(changing).ngroup())
        with suppress(ValueError):  # an attribute may not vary within any stratum
            whole = cox.fit(counts, covariates=groups["covariate"], strata="stratum")
    fitted = whole.coefficients.set_index("covariate").loc[groups["covariate"]]
    return _ratios(fitted, groups, days_from=0, days_to=horizon_days + 1)


def _split_in_time(made: Design, *, day: int, horizon_days: int) -> list[pd.DataFrame]:
    """The ratios until a day, and of those not back by then after it."""
    counts = made.counts
    early = counts.assign(
        duration=counts["duration"].clip(upper=day),
        event=counts["event"] & (counts["duration"] <= day),
    )
    late = counts[counts["duration"] > day]
    tables = []
    for part, begin, end in ((early, 0, day + 1), (late, day + 1, horizon_days + 1)):
        base = part.drop(columns=made.groups["covariate"])
        own = design(
            base, attributes=list(made.terms), references=made.references, min_cell=made.min_cell
        )
        if own is not None:
            try:
                found = cox.fit(own.counts, covariates=own.groups["covariate"])
            except ValueError:
                continue
            tables.append(_ratios(found.coefficients, own.groups, days_from=begin, days_to=end))
    return tables


def _ratios(
    fitted: pd.DataFrame, groups: pd.DataFrame, *, days_from: int, days_to: int
) -> pd.DataFrame:
    """The ratios of a model beside the groups they are of."""
    values = fitted[["hazard_ratio", "ratio_low", "ratio_high"]].to_numpy()
    table = groups.assign(days_from=days_from, days_to=days_to)
    table[["ratio", "low", "high"]] = values
    return table[RATIOS]


class Strongest(NamedTuple):
    """The attribute that goes most surely with coming back: ``more`` against ``less``.

    The interval is widened by Bonferroni for the number of ratios it was picked from. The ratio
    is of ``period``: ``all``, ``early`` or ``late``, until or after ``day``; ``other`` is that of
    the other period, or None.
    """

    split: str
    more: str
    less: str
    ratio: float
    low: float
    high: float
    period: str
    day: int
    other: float | None


def strongest(ratios: pd.DataFrame, *, horizon_days: int) -> Strongest | None:
    """The ratio whose interval is farthest from 1; None where none differs beyond chance.

    Groups called ``other`` or ``unknown`` are no answer.

    Parameters
    ----------
    ratios : split, group, reference, days_from, days_to, ratio, low, high
    """
    told = ratios[~ratios["group"].isin(NO_ANSWER)].reset_index(drop=True)
    if not len(told):
        return None
    low, middle, high = np.log(told[["low", "ratio", "high"]].to_numpy(float)).T
    widening = stats.norm.isf(LEVEL / 2 / len(told)) / Z
    half = widening * (high - low) / 2
    place = int(np.argmax(np.abs(middle) - half))
    if half[place] >= abs(middle[place]):
        return None
    row = told.iloc[place]
    sign = 1 if middle[place] > 0 else -1
    limits = np.exp(abs(middle[place]) + np.array([-1, 1]) * half[place])
    same = (told["split"] == row["split"]) & (told["group"] == row["group"])
    beside = told.loc[same & (told.index != place), "ratio"]
    more, less = (row["group"], row["reference"])[::sign]
    period = "late" if row["days_from"] else "early" if row["days_to"] <= horizon_days else ALL
    day = int(row["days_to"] if period == "early" else row["days_from"]) - 1
    return Strongest(
        row["split"], more, less, float(np.exp(abs(middle[place]))), *map(float, limits),
        period, day, float(beside.iloc[0] ** sign) if len(beside) else None,
    )  # fmt: skip


def in_series(ratios: pd.DataFrame, *, horizon_days: int) -> dict[str, pd.DataFrame]:
    """The ratios as a figure draws them: one series for all of the time, and one each side of the
    median return, with columns row (attribute, group and reference in words), ratio, low, high."""
    names = [
        tr("{attribute}: “{group}” against “{reference}”", attribute=label(row.split),
           group=label(row.group), reference=label(row.reference))
        for row in ratios.itertuples()
    ]  # fmt: skip
    named = ratios.assign(row=names)
    series = {}
    for (begin, end), own in named.groupby(["days_from", "days_to"], sort=True):
        if end <= horizon_days:
            name = tr("Until day {day}", day=end - 1)
        else:
            name = tr("After day {day}", day=begin - 1) if begin else tr("At any time")
        series[name] = own
    return series


def days_away(found: ReturnModel, *, horizon_days: int) -> pd.DataFrame:
    """Mean days without a return less those of the reference, within the same time for all.

    Each attribute by itself, for those whose ratio changes with time.

    Returns
    -------
    Columns: split, group, reference, days (the time looked at), n, difference, low, high.
    """
    rows = []
    counts = found.design.counts
    for split in found.changing:
        groups = found.design.groups[found.design.groups["split"] == split]
        tables = {
            group: survival.life_table(own) for group, own in counts.groupby(split, observed=True)
        }
        reached = (survival.reach(t, min_at_risk=MIN_AT_RISK) for t in tables.values())
        tau = min([horizon_days, *reached])
        if tau < 1:
            continue
        means = {group: comparison.rmst(table, tau=tau) for group, table in tables.items()}
        for row in groups.itertuples():
            own, base = means[row.group], means[row.reference]
            difference, half = own.estimate - base.estimate, Z * np.hypot(own.se, base.se)
            rows.append(
                (split, row.group, row.reference, tau, own.n, difference,
                 difference - half, difference + half)
            )  # fmt: skip
    return pd.DataFrame(rows, columns=[*GROUPS, "days", "n", "difference", "low", "high"])


def times_as_long(found: ReturnModel) -> pd.DataFrame:
    """How many times as long the way back is, by Weibull and by log-normal times.

    The others alike, for the attributes whose ratio changes with time. Of two models with as many
    parameters, the one of the higher log-likelihood describes the times better.

    Returns
    -------
    Columns: model, split, group, reference, n, time_ratio, low, high, log_likelihood.
    """
    groups = found.design.groups
    parts = []
    for name in ("weibull", "log_normal") if found.changing else ():
        try:
            made = accelerated.fit(
                found.design.counts, covariates=groups["covariate"], distribution=name
            )
        except ValueError:
            continue
        values = made.coefficients[["time_ratio", "ratio_low", "ratio_high"]].to_numpy()[1:]
        part = groups.assign(model=name, log_likelihood=made.log_likelihood)
        part[["time_ratio", "low", "high"]] = values
        parts.append(part[part["split"].isin(found.changing)])
    columns = ["model", *GROUPS, "n", "time_ratio", "low", "high", "log_likelihood"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)

"""Models of the time to the next purchase: in their own family, and outside it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
from scipy import stats

from coverage_cases.case import Case, Claim, Simulation, each
from coverage_cases.populations import TWO_YEARS
from templates_lib.projection import contracts_ahead
from templates_lib.repeat_purchase import return_model
from templates_lib.stats import (
    accelerated,
    contracts,
    cox,
    cure,
    grouped_hazard,
    proportionality,
    survival,
)
from templates_lib.stats.standardised_rates import standardised_ratios

EFFECT = 0.5
Z = stats.norm.isf(0.025)


def _weibull(u: np.ndarray) -> np.ndarray:
    return 400 * (-np.log(u)) ** (1 / 0.8)


def _cut(days: np.ndarray, rng: np.random.Generator, unit: int = 1) -> pd.DataFrame:
    """Customers whose first purchases fall on the days of two years, in whole units of days."""
    left = TWO_YEARS - rng.integers(TWO_YEARS, size=len(days))
    event = np.ceil(days) <= left
    duration = np.ceil(np.where(event, np.ceil(days), left) / unit).astype(int)
    return pd.DataFrame({"duration": np.maximum(duration, 1), "event": event, "count": 1})


def _coefficient(table: pd.DataFrame) -> tuple[float, float]:
    row = table[table["covariate"] == "x"].iloc[0]
    return float(row["low"]), float(row["high"])


def _cox(n: int) -> Simulation:
    """Two groups whose hazards differ by a factor."""

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        x = np.arange(n) % 2
        days = _weibull(rng.random(n) ** np.exp(-EFFECT * x))
        counts = _cut(days, rng).assign(x=x)
        return *_coefficient(cox.fit(counts, covariates=["x"]).coefficients), EFFECT

    return each(one)


def _schoenfeld(n: int) -> Simulation:
    """Hazards that stay proportional: how often the test says so."""

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        x = np.arange(n) % 2
        counts = _cut(_weibull(rng.random(n) ** np.exp(-EFFECT * x)), rng).assign(x=x)
        found = proportionality.check(cox.fit(counts, covariates=["x"]))
        return 0.05, 1.0, found["p_value"].iloc[0]

    return each(one)


def _cumulative_hazard(n: int, day: int) -> Simulation:
    """The cumulative hazard by a day, with the normal interval of its standard error."""
    left = np.exp(-((np.arange(day + 1) / 400) ** 0.8))
    truth = float((1 - left[1:] / left[:-1]).sum())

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        table = survival.nelson_aalen(survival.life_table(_cut(_weibull(rng.random(n)), rng)))
        row = table[table["duration"] <= day].iloc[-1]
        half = Z * row["se"]
        return row["cumulative_hazard"] - half, row["cumulative_hazard"] + half, truth

    return each(one)


def _days_away(n: int) -> Simulation:
    """Mean days without a return of two groups, in the time that both are observed."""
    ratios = {"a": 1.0, "b": np.exp(EFFECT)}
    left = {g: np.exp(-ratio * (np.arange(TWO_YEARS) / 400) ** 0.8) for g, ratio in ratios.items()}
    groups = pd.DataFrame({"split": ["x"], "group": ["b"], "reference": ["a"]})

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        parts = [
            _cut(_weibull(rng.random(n) ** (1 / ratio)), rng).assign(x=g)
            for g, ratio in ratios.items()
        ]
        made = SimpleNamespace(counts=pd.concat(parts, ignore_index=True), groups=groups)
        found = return_model.days_away(
            SimpleNamespace(design=made, changing=["x"]), horizon_days=365
        )
        row = found.iloc[0]
        return row["low"], row["high"], (left["b"] - left["a"])[: row["days"]].sum()

    return each(one)


def _gaps(customers: int) -> Simulation:
    """Several gaps of one customer, who is quick or slow in all of them."""

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        who = np.repeat(np.arange(customers), 3)
        x = (who % 2).astype(float)
        # a positive stable frailty leaves the hazards of all gaps proportional, by its power
        power = 0.7
        angle, wait = rng.uniform(0, np.pi, customers), rng.exponential(size=customers)
        frailty = (
            np.sin(power * angle) / np.sin(angle) ** (1 / power)
            * (np.sin((1 - power) * angle) / wait) ** ((1 - power) / power)
        )  # fmt: skip
        days = _weibull(rng.random(len(who)) ** (np.exp(-EFFECT / power * x) / frailty[who]))
        counts = _cut(days, rng).assign(x=x, customer=who, number=np.tile([1, 2, 3], customers))
        found = cox.fit(counts, covariates=["x"], strata="number", cluster="customer")
        return *_coefficient(found.coefficients), EFFECT

    return each(one)


def _grouped(n: int) -> Simulation:
    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        x = np.arange(n) % 2
        counts = _cut(_weibull(rng.random(n) ** np.exp(-EFFECT * x)), rng, unit=30).assign(x=x)
        found = grouped_hazard.fit(counts, covariates=["x"], baseline="free")
        return *_coefficient(found.coefficients), EFFECT

    return each(one)


def _accelerated(n: int, errors: str, distribution: str) -> Simulation:
    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        x = np.arange(n) % 2
        error = rng.normal(0, 1.2, n) if errors == "log_normal" else 1.25 * np.log(
            rng.exponential(size=n)
        )  # fmt: skip
        counts = _cut(200 * np.exp(EFFECT * x + error), rng).assign(x=x)
        found = accelerated.fit(counts, covariates=["x"], distribution=distribution)
        return *_coefficient(found.coefficients), EFFECT

    return each(one)


def _never(n: int, returns: str, family: str | None, scale: float) -> Simulation:
    """Half never return; those who do take Weibull or log-normal times."""

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        days = scale * (rng.weibull(1.1, n) if returns == "weibull" else rng.lognormal(0, 1.0, n))
        counts = _cut(np.where(rng.random(n) < 0.5, days, np.inf), rng)
        if family is None:
            found = cure.never_return(counts)
            return found.low, found.high, 0.5
        fit = cure.fit(counts, family=family)
        return fit.low, fit.high, 0.5

    return each(one)


def _season(burst: float) -> Simulation:
    """Purchases by month over four years, the first month a fifth more; a burst is a month's own
    swing, from year to year."""

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        true = np.r_[1.2, np.ones(11)]
        year, month = (k.ravel() for k in np.meshgrid(np.arange(4), np.arange(12), indexing="ij"))
        swing = rng.gamma(1 / burst**2, burst**2, 48) if burst else np.ones(48)
        units = pd.DataFrame({"year": year, "month": month, "time": 1.0, "expected": 40.0,
                              "observed": rng.poisson(40 * true[month] * swing)})  # fmt: skip
        row = standardised_ratios(units, group="month", block="year").ratios.iloc[0]
        return row["low"], row["high"], 1.2 / true.mean()

    return each(one)


def _contract_parameter(name: str) -> Simulation:
    """The logarithm of a parameter, of one cohort followed for twelve periods."""
    true = {"leave": 1.2, "stay": 5.0, "c": 1.3}

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        chance, periods = rng.beta(true["leave"], true["stay"], 2000), np.arange(13)
        c = true["c"] if name == "c" else 1.0
        lasts = rng.random(2000)[:, None] < (1 - chance[:, None]) ** (periods**c)
        model = contracts.fit(contracts.ends([lasts.sum(axis=0)]), changing=name == "c")
        place = list(true).index(name)
        half = Z * np.sqrt(model.covariance[place, place])
        return model.vector[place] - half, model.vector[place] + half, np.log(true[name])

    return each(one)


def _contracts(kind: str, is_money: bool = False) -> Simulation:
    """Contracts kept three months on, of six monthly cohorts, and what their renewals bring."""
    ahead, cohorts, size = 3, 6, 200

    def stays(rng: np.random.Generator) -> np.ndarray:
        leaves = rng.beta(1.0, 6.0, size)
        month = np.arange(cohorts + ahead)
        hazard = np.broadcast_to(leaves[:, None], (size, len(month)))
        return (
            hazard
            if kind == "its own family"
            else np.minimum(hazard * np.array([0.3, 0.3, 2.4])[month % 3], 1.0)
        )

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        seen, later, worth, paid = [], 0, [], 0.0
        for age in range(cohorts, 0, -1):
            gone = rng.random((size, cohorts + ahead)) < stays(rng)
            last = np.where(gone.any(axis=1), gone.argmax(axis=1), cohorts + ahead)
            seen.append(np.array([(last >= k).sum() for k in range(age + 1)], float))
            later += (last >= age + ahead).sum()
            own = 20 * rng.lognormal(0, 0.8, size)
            worth.append(own[last >= age])
            paid += own @ np.clip(last - age, 0, ahead)
        model = contracts.likelier(contracts.ends(seen))
        made = contracts_ahead._projected(model, seen, ahead)
        if not is_money:
            return *made[["low", "high"]].iloc[-1], float(later)
        x = np.concatenate(worth)
        found = contracts_ahead._with_value(made, model, seen, (x.mean(), (x**2).mean()))
        row = found.iloc[-1]
        return row["renewal_low"], row["renewal_high"], float(paid)

    return each(one)


CASES = [
    *(Case("cox.fit", f"proportional hazards, n = {n}", _cox(n)) for n in (60, 300)),
    *(Case("proportionality.check, level", f"proportional hazards, n = {n}", _schoenfeld(n))
      for n in (60, 300)),
    *(Case("survival.nelson_aalen", f"Weibull, day 180, n = {n}", _cumulative_hazard(n, 180))
      for n in (100, 300)),
    *(Case("return_model.days_away", f"two groups of {n}", _days_away(n)) for n in (60, 300)),
    *(Case("cox.fit, clusters", f"three gaps of {n} customers alike", _gaps(n))
      for n in (100, 300)),
    *(Case("grouped_hazard.fit", f"months, proportional hazards, n = {n}", _grouped(n))
      for n in (100, 300)),
    *(Case("accelerated.fit", f"{name} times, n = 200",
           _accelerated(200, distribution, distribution))
      for name, distribution in (("Weibull", "weibull"), ("log-normal", "log_normal"))),
    Case("accelerated.fit, Weibull", "log-normal times, n = 200",
         _accelerated(200, "log_normal", "weibull"), Claim.NONE, "The errors are of another form."),
    Case("accelerated.fit, log-normal", "Weibull times, n = 200",
         _accelerated(200, "weibull", "log_normal"), Claim.NONE, "The errors are of another form."),
    Case("cure.fit, Weibull", "half never return, others Weibull, n = 300",
         _never(300, "weibull", "weibull", 60)),
    Case("cure.fit, log-normal", "half never return, others log-normal, n = 300",
         _never(300, "log_normal", "log_normal", 60)),
    Case("cure.fit, Weibull", "half never return, others log-normal, n = 300",
         _never(300, "log_normal", "weibull", 60), Claim.NONE, "The family decides."),
    Case("cure.never_return", "half never return, others Weibull, n = 500",
         _never(500, "weibull", None, 60), Claim.AT_LEAST, "A range over families."),
    Case("cure.never_return", "half never return, others log-normal, n = 500",
         _never(500, "log_normal", None, 60), Claim.AT_LEAST, "A range over families."),
    Case("standardised_rates.standardised_ratios", "Poisson counts of four years", _season(0.0),
         Claim.AT_LEAST, "The dispersion is taken to be 1 at least."),
    Case("standardised_rates.standardised_ratios", "months that swing by 20 %", _season(0.2)),
    *(Case(f"contracts.fit, log {name}", f"{kind}, n = 2,000", _contract_parameter(name))
      for name, kind in (("leave", "shifted-beta-geometric"), ("stay", "shifted-beta-geometric"),
                         ("c", "beta-discrete-Weibull"))),
    Case("contracts, value of three months' renewals", "its own family",
         _contracts("its own family", True)),
    *(Case("contracts, kept in three months", told, _contracts(told),
           Claim.NONE if note else Claim.EXACT, note)
      for told, note in (("its own family", ""),
                         ("leave at the end of a quarter",
                          "The chance of leaving is taken to move smoothly with time."))),
]  # fmt: skip

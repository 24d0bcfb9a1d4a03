"""Scores, drivers, agreement of coders, contacts: what people say."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from scipy import stats

from coverage_cases.case import Case, Claim, Intervals, Simulation, each, seeded
from templates_lib.nps_drivers import nps_drivers
from templates_lib.service import service, service_outcomes
from templates_lib.stats.agreement import cohen_kappa, krippendorff_alpha
from templates_lib.stats.auc import auc
from templates_lib.stats.importance import importance
from templates_lib.stats.net_score import (
    mix_adjusted,
    net_score,
    net_score_difference,
    paired_net_score_difference,
)
from templates_lib.stats.net_score_design import design_effect, weighted_net_score
from templates_lib.stats.ordinal import proportional_odds
from templates_lib.stats.raking import rake
from templates_lib.stats.variance_shares import lmg, r_squared, shares_of

ANSWERS = {"usual": (0.45, 0.35, 0.20), "loved": (0.80, 0.15, 0.05), "split": (0.48, 0.04, 0.48)}


def _net(p: np.ndarray) -> float:
    return float(100 * (p[0] - p[2]))


def _score(kind: str, n: int) -> Simulation:
    def simulation(rng: np.random.Generator, shops: int) -> Intervals:
        counts = rng.multinomial(n, ANSWERS[kind], shops).T
        found = net_score(*counts)
        return found.low, found.high, _net(ANSWERS[kind])

    return simulation


def _score_difference(n: int, m: int, level: bool = False) -> Simulation:
    def simulation(rng: np.random.Generator, shops: int) -> Intervals:
        pair = ("usual", "usual") if level else ("usual", "loved")
        sizes = zip(pair, (n, m), strict=True)
        one, other = (rng.multinomial(k, ANSWERS[kind], shops).T for kind, k in sizes)
        found = net_score_difference(one, other)
        if level:
            return np.full(shops, 0.05), np.ones(shops), found.p_value
        return found.low, found.high, _net(ANSWERS["usual"]) - _net(ANSWERS["loved"])

    return simulation


def _paired(n: int) -> Simulation:
    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        before = rng.choice([1, 0, -1], n, p=ANSWERS["usual"])
        again = rng.choice([1, 0, -1], n, p=ANSWERS["loved"])
        after = np.where(rng.random(n) < 0.5, before, again)
        found = paired_net_score_difference(before, after)
        return found.low, found.high, 0.5 * (_net(ANSWERS["loved"]) - _net(ANSWERS["usual"]))

    return each(one)


def _mix(n: int) -> Simulation:
    kinds, mix = list(ANSWERS), dict(zip(ANSWERS, (0.5, 0.3, 0.2), strict=True))
    truth = sum(share * _net(ANSWERS[kind]) for kind, share in mix.items())

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        rows = []
        for kind, size in zip(kinds, rng.multinomial(n, [0.3, 0.3, 0.4]), strict=True):
            rows.append(["w1", kind, *rng.multinomial(size, ANSWERS[kind])])
        counts = pd.DataFrame(rows, columns=["wave", "group", "positive", "neutral", "negative"])
        found = mix_adjusted(counts, wave="wave", group="group", mix=mix).iloc[0]
        return found["low"], found["high"], truth

    return each(one)


def _clustered(rng: np.random.Generator, people: int) -> tuple[np.ndarray, np.ndarray]:
    """Answers of people who answer once to four times, each much the same."""
    who = np.repeat(np.arange(people), rng.integers(1, 5, people))
    own = rng.choice([1, 0, -1], people, p=ANSWERS["usual"])
    fresh = rng.choice([1, 0, -1], len(who), p=ANSWERS["usual"])
    return np.where(rng.random(len(who)) < 0.6, own[who], fresh), who


def _repeated(people: int, by_counts: bool) -> Simulation:
    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        values, who = _clustered(rng, people)
        if by_counts:
            counts = np.array([(values == v).sum() for v in (1, 0, -1)])
            found = net_score(*(counts / design_effect(values, who)))
        else:
            found = weighted_net_score(values, np.ones(len(values)), clusters=who)
        return float(found.low), float(found.high), _net(ANSWERS["usual"])

    return each(one)


def _raked(n: int) -> Simulation:
    """Regular buyers answer more and like the shop more; their share of all is known."""
    groups, share = list(ANSWERS), np.array([0.4, 0.3, 0.3])
    answering = share * [1.0, 3.0, 0.5] / (share @ [1.0, 3.0, 0.5])
    truth = sum(s * _net(ANSWERS[g]) for g, s in zip(groups, share, strict=True))

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        place = rng.choice(3, n, p=answering)
        values = np.array([rng.choice([1, 0, -1], p=ANSWERS[groups[k]]) for k in place])
        frame = pd.DataFrame({"group": np.array(groups)[place]})
        weights = rake(frame, {"group": dict(zip(groups, share, strict=True))}, trim=5).weights
        found = weighted_net_score(values, weights)
        return found.low, found.high, truth

    return each(one)


LOADINGS = np.array([0.5, 0.3, 0.2, 0.1, 0.0])
_CORRELATED = 0.4 * np.ones((5, 5)) + 0.6 * np.eye(5)
_NOISE = 0.8
DRAWS = (400, 200)  # of complete ratings, and of those to be filled in


def _drivers(rng: np.random.Generator, n: int, missing: float) -> tuple[pd.DataFrame, pd.Series]:
    x = rng.multivariate_normal(np.zeros(5), _CORRELATED, n)
    y = x @ LOADINGS + rng.normal(0, _NOISE, n)
    x[rng.random(x.shape) < missing] = np.nan
    return pd.DataFrame(x).add_prefix("d"), pd.Series(y)


_WITH_OUTCOME = _CORRELATED @ LOADINGS
_WHOLE = np.block([[np.atleast_2d(LOADINGS @ _WITH_OUTCOME + _NOISE**2), _WITH_OUTCOME[None]],
                   [_WITH_OUTCOME[:, None], _CORRELATED]])  # fmt: skip
_SHARES = shares_of(lmg(_WHOLE))
OF_DRIVERS = {
    "share of the largest": _SHARES[0],
    "share of the second": _SHARES[1],
    "share of one without effect": _SHARES[4],
    "R²": float(r_squared(_WHOLE)),
    "coefficient": LOADINGS[0] / np.sqrt(_WHOLE[0, 0]),
}


@cache
def _importances(n: int, missing: float, shops: int) -> list[dict[str, tuple[float, float]]]:
    rng = seeded(f"importance, n = {n}, missing = {missing}")
    made = []
    for _ in range(shops):
        ratings, outcome = _drivers(rng, n, missing)
        found = importance(ratings, outcome, draws=DRAWS[missing > 0], seed=1)
        rows = {name: found.table.iloc[k] for name, k in zip(OF_DRIVERS, (0, 1, 4), strict=False)}
        ends = {name: (row["low"], row["high"]) for name, row in rows.items()}
        first = found.items.iloc[0]
        ends |= {"R²": (found.r2.low, found.r2.high),
                 "coefficient": (first["coefficient_low"], first["coefficient_high"])}  # fmt: skip
        made.append(ends)
    return made


def _importance(what: str, n: int, missing: float = 0.0) -> Simulation:
    def simulation(_: np.random.Generator, shops: int) -> Intervals:
        low, high = np.array([ends[what] for ends in _importances(n, missing, shops)]).T
        return low, high, OF_DRIVERS[what]

    return simulation


def _ordinal(n: int) -> Simulation:
    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        x = pd.DataFrame(rng.normal(size=(n, 2)), columns=["a", "b"])
        latent = x.to_numpy() @ [0.7, 0.2] + rng.logistic(size=n)
        outcome = pd.Series(np.searchsorted([-3, -2, -1, 0, 0.7, 1.5, 2.5], latent))
        row = proportional_odds(x, outcome).coefficients.iloc[0]
        return row["low"], row["high"], 0.7

    return each(one)


def _level_rating(n: int) -> Simulation:
    """The mean of several items, which one person rates alike."""

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        person = rng.normal(0, 1, n)
        ratings = pd.DataFrame(7 + person[:, None] + rng.normal(0, 1, (n, 5)))
        return *nps_drivers._mean_interval(ratings.mask(rng.random((n, 5)) < 0.2)), 7.0

    return each(one)


def _coders(rng: np.random.Generator, n: int, share: float, error: float) -> np.ndarray:
    code = rng.random(n) < share
    return np.array([code ^ (rng.random(n) < error) for _ in range(2)]).astype(int)


def _alpha(n: int, share: float, error: float) -> Simulation:
    coded = share * (1 - error) + (1 - share) * error
    truth = 1 - 2 * error * (1 - error) / (2 * coded * (1 - coded))

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        found = krippendorff_alpha(_coders(rng, n, share, error), draws=500, seed=1)
        return found.low, found.high, truth

    return each(one)


def _kappa(n: int, share: float, error: float) -> Simulation:
    coded = share * (1 - error) + (1 - share) * error
    truth = 1 - 2 * error * (1 - error) / (2 * coded * (1 - coded))

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        found = cohen_kappa(*_coders(rng, n, share, error))
        return found.low, found.high, truth

    return each(one)


def _area(n: int, apart: float) -> Simulation:
    truth = float(stats.norm.cdf(apart / np.sqrt(2)))

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        is_first = np.arange(n) < n // 3
        found = auc(is_first, rng.normal(apart * is_first))
        return found.low, found.high, truth

    return each(one)


def _slope(customers: int) -> Simulation:
    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        who = np.repeat(np.arange(customers), rng.integers(1, 4, customers))
        hours = rng.lognormal(2, 1.2, len(who))
        value = 4 - 0.2 * np.log2(1 + hours) + rng.normal(0, 0.7, customers)[who]
        value = value + rng.normal(0, 0.7, len(who))
        given = pd.DataFrame({"customer_id": who, "question": "q", "value": value, "hours": hours})
        row = service_outcomes.rating_slopes(given).iloc[0]
        return row["low"], row["high"], -0.2

    return each(one)


def _contacts(people: float, changed: bool) -> Simulation:
    """Contacts per 100 orders; some people write many times."""
    orders, now, before = 1000, pd.Period("2026-06", "M"), pd.Period("2025-06", "M")
    ends = {now: people, before: 0.7 * people}
    mean = 1 / 0.6

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        rows = [[pd.Period("2025-01", "M"), "first", 1, np.nan]]
        for last, expected in ends.items():
            for back in range(3):
                rows.append([last - back, None, np.nan, orders / 2])
            for who in range(rng.poisson(expected)):
                rows.append([last - rng.integers(3), f"{last}{who}", rng.geometric(0.6), np.nan])
        months = pd.DataFrame(rows, columns=["month", "who", "contacts", "orders"])
        as_of = pd.Timestamp("2026-06-30").date()
        if changed:
            found = service.rate_change(months, as_of=as_of, min_cell=5)
            return found.low, found.high, 100 * 0.3 * people * mean / (1.5 * orders)
        found = service.contact_rates(months, as_of=as_of, by=(0,), min_cell=5).iloc[0]
        return found["low"], found["high"], 100 * people * mean / (1.5 * orders)

    return each(one)


CASES = [
    *(Case("net_score.net_score", f"{kind}, n = {n}", _score(kind, n))
      for kind in ANSWERS for n in (30, 300)),
    *(Case("net_score.net_score_difference", f"n = {n} and {m}", _score_difference(n, m))
      for n, m in ((30, 30), (100, 300))),
    Case("net_score.net_score_difference, level", "n = 100 and 300",
         _score_difference(100, 300, level=True)),
    *(Case("net_score.paired_net_score_difference", f"{n} pairs", _paired(n)) for n in (30, 300)),
    *(Case("net_score.mix_adjusted", f"three groups, n = {n}", _mix(n)) for n in (100, 400)),
    *(Case("net_score.net_score of counts / design effect", f"{n} people answer 1–4 times",
           _repeated(n, True)) for n in (30, 200)),
    *(Case("net_score_design.weighted_net_score", f"{n} people answer 1–4 times",
           _repeated(n, False)) for n in (30, 200)),
    *(Case("net_score_design.weighted_net_score, raked", f"n = {n}", _raked(n), Claim.AT_LEAST,
           "The weights are taken as given.") for n in (100, 300)),
    *(Case(f"importance.importance, {what}", f"five correlated drivers, n = {n}",
           _importance(what, n))
      for n in (100, 300) for what in OF_DRIVERS),
    *(Case(f"importance.importance, {what}", "a tenth missing, n = 100",
           _importance(what, 100, 0.1), claim, note)
      for what, claim, note in (
          ("share of the largest", Claim.SHORT, "The least number of answers, some filled in."),
          ("R²", Claim.EXACT, ""))),
    *(Case("ordinal.proportional_odds", f"its own family, n = {n}", _ordinal(n))
      for n in (100, 500)),
    *(Case("nps_drivers, mean of the ratings", f"n = {n}, a fifth missing", _level_rating(n))
      for n in (100,)),
    *(Case("agreement.krippendorff_alpha", f"a code in {100 * share:.0f} %, n = {n}",
           _alpha(n, share, 0.05))
      for share, n in ((0.5, 100), (0.2, 100), (0.2, 300))),
    *(Case("agreement.cohen_kappa", f"a code in {100 * share:.0f} %, n = {n}",
           _kappa(n, share, 0.05))
      for share, n in ((0.5, 100), (0.2, 100), (0.2, 300))),
    *(Case("auc.auc", f"area {told}, n = {n}", _area(n, apart))
      for told, apart in ((".64", 0.5), (".86", 1.5)) for n in (90, 300)),
    *(Case("service_outcomes.rating_slopes", f"{n} customers", _slope(n)) for n in (30, 200)),
    *(Case("service.contact_rates", f"about {n} people", _contacts(n, False)) for n in (30, 200)),
    *(Case("service.rate_change", f"about {n} people", _contacts(n, True)) for n in (50,)),
]  # fmt: skip

"""How unevenly money is spread over customers."""

from __future__ import annotations

from functools import cache

import numpy as np

from coverage_cases.case import Case, Claim, Intervals, Simulation, seeded
from coverage_cases.populations import LOSS_MAKERS, Money, log_normal
from templates_lib.stats import concentration

DRAWS = 400
MANY = 4_000_000


@cache
def _truths(money: Money) -> dict[str, float]:
    """Of a population so large that it is all of them."""
    x = -np.sort(-money.draw(seeded(f"all of {money.name}"), (MANY,)))
    place = np.arange(1, MANY + 1)
    return {
        "gini": float((2 * (x[::-1] * place).sum() / x.sum() - (MANY + 1)) / MANY),
        "top tenth": float(x[: MANY // 10].sum() / x.sum()),
        "whale curve at a fifth": float(x[: MANY // 5].sum() / x.sum()),
        "peak": float(x[x > 0].sum() / x.sum()),
    }


@cache
def _estimates(money: Money, n: int, shops: int) -> list[dict[str, concentration.Estimate]]:
    rng = seeded(f"{money.name}, n = {n}")
    made = []
    for _ in range(shops):
        sample = concentration.draw(
            concentration.bins_of(money.draw(rng, (n,))), draws=DRAWS, seed=1
        )
        curve = concentration.whale_curve(sample, [0.2]).iloc[0]
        made.append({"gini": concentration.gini(sample),
                     "top tenth": concentration.top_share(sample, 0.1),
                     "whale curve at a fifth": curve,
                     "peak": concentration.peak(sample)})  # fmt: skip
    return made


def _of(name: str, money: Money, n: int) -> Simulation:
    def simulation(_: np.random.Generator, shops: int) -> Intervals:
        found = [made[name] for made in _estimates(money, n, shops)]
        low, high = np.array([(one.low, one.high) for one in found]).T
        return low, high, _truths(money)[name]

    return simulation


def _difference(name: str, money: Money, n: int) -> Simulation:
    """Two samples of the same customers' kind: the difference is none."""

    def simulation(_: np.random.Generator, shops: int) -> Intervals:
        made = _estimates(money, n, 2 * shops)
        ends = []
        for one, other in zip(made[::2], made[1::2], strict=True):
            found = concentration.difference(one[name], other[name])
            ends.append((found.low, found.high))
        low, high = np.array(ends).T
        return low, high, 0.0

    return simulation


EQUAL = Money("gamma, shape 2", lambda rng, shape: rng.gamma(2.0, 50.0, shape), 100.0)
WIDE = log_normal(1.5)
FEW = "Few customers: the bootstrap knows of no larger one."
TAIL = "A few customers hold much of the sum."
NAMES = {"gini": "concentration.gini", "top tenth": "concentration.top_share, a tenth",
         "whale curve at a fifth": "concentration.whale_curve, a fifth",
         "peak": "concentration.peak"}  # fmt: skip
CASES = [
    *(Case(NAMES[name], f"{money.name}, n = {n}", _of(name, money, n),
           Claim.SHORT if n < 100 else Claim.EXACT, FEW if n < 100 else "")
      for money in (EQUAL, LOSS_MAKERS) for n in (50, 100, 200) for name in NAMES
      if (name == "peak") == (money is LOSS_MAKERS) or name == "gini"),
    *(Case(NAMES[name], f"{WIDE.name}, n = 200", _of(name, WIDE, 200), Claim.NONE, TAIL)
      for name in ("gini", "top tenth", "whale curve at a fifth")),
    *(Case(f"concentration.difference, {told}", f"{EQUAL.name}, n = 200 and 200",
           _difference(name, EQUAL, 200))
      for name, told in (("gini", "Gini"), ("top tenth", "a tenth"))),
]  # fmt: skip

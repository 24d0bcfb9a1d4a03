"""Cure models against lifelines' numbers, a likelihood written anew, and simulated shops.

golden.csv C, cdnow_sample_time_to_second.csv (lifelines): share that never returns .48808 by the
Weibull (log-likelihood -8021.357) and .39774 by the log-normal (-7995.826); alpha_n = .135.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from real_data import example
from scipy import optimize, stats

from templates_lib.repeat_purchase import never_return, repeat_purchase
from templates_lib.stats import cure
from templates_lib.words import Words

WORDS = Words("en", "EUR")


@pytest.fixture(scope="module")
def cdnow():
    params, connection, _ = example("cdnow")
    return repeat_purchase.return_counts(connection.table("first_orders"), as_of=params.as_of)


@pytest.mark.parametrize(
    ("family", "share", "log_likelihood"),
    [("weibull", 0.48808, -8021.357), ("log_normal", 0.39774, -7995.826)],
)
def test_cdnow_is_that_of_lifelines(cdnow, family, share, log_likelihood):
    fitted = cure.fit(cdnow, family=family)
    assert fitted.share == pytest.approx(share, abs=2e-5)
    assert fitted.log_likelihood == pytest.approx(log_likelihood, abs=1e-3)
    assert fitted.n == 2357


def test_follow_up_of_cdnow(cdnow):
    # Two returns in (2 * 532 - 545, 532]: alpha = (1 - 2 / 2357)^2357.
    seen = cure.follow_up(cdnow)
    assert seen[1:] == (2, 532, 545, 2357)
    assert seen.alpha == pytest.approx(0.135, abs=5e-4)


def test_on_cdnow_nothing_is_told(cdnow):
    # The families say .49 and .40, and the better one is the one that says less.
    found = never_return.never_return(cdnow)
    assert found.reason == "short"
    assert np.isnan([found.estimate, found.low, found.high]).all()
    assert never_return.why_not(found, words=WORDS) == (
        "How many will never come back cannot be told yet: customers still come back at the end "
        "of the time observed."
    )
    weibull, log_normal = (one for one in cure.never_return(cdnow).fits)
    assert log_normal.high < weibull.low


def other_likelihood(counts, family):
    """The log-likelihood by scipy's distributions, of (log-odds, log of place, log of shape)."""
    times, weight = counts["duration"].to_numpy(float), counts["count"].to_numpy(float)
    is_event = counts["event"].to_numpy(bool)

    def of(logs):
        never, place, shape = 1 / (1 + np.exp(-logs[0])), np.exp(logs[1]), np.exp(logs[2])
        time = (
            stats.weibull_min(shape, scale=place)
            if family == "weibull"
            else stats.lognorm(shape, scale=place)
        )
        density = np.log(1 - never) + time.logpdf(times)
        still = np.log(never + (1 - never) * time.sf(times))
        return float(np.where(is_event, density, still) @ weight)

    return of


@pytest.mark.parametrize("family", cure.FAMILIES)
def test_limits_are_where_the_profile_has_fallen_by_half_the_quantile(cdnow, family):
    fitted = cure.fit(cdnow, family=family)
    likelihood = other_likelihood(cdnow, family)
    assert likelihood(fitted.fit.log_parameters) == pytest.approx(fitted.log_likelihood)
    for limit in (fitted.low, fitted.high):
        odds = np.log(limit / (1 - limit))
        best = optimize.minimize(
            lambda others, odds=odds: -likelihood([odds, *others]),
            fitted.fit.log_parameters[1:],
            method="Nelder-Mead",
        )
        assert 2 * (fitted.log_likelihood + best.fun) == pytest.approx(3.8415, abs=0.01)


# Simulated shops


def shop(rng, times, *, never, observed):
    """Counts of customers of whom the share `never` does not return."""
    n = len(times)
    times = np.where(rng.random(n) < never, np.inf, np.maximum(times, 1))
    until = rng.uniform(*observed, n)
    rows = {"duration": np.floor(np.minimum(times, until)).astype(int), "event": times <= until}
    counts = pd.DataFrame(rows).value_counts().rename("count").reset_index()
    return counts.assign(group="all")


TIMES = {
    "weibull": lambda rng, n: 60 * rng.weibull(0.9, n),
    "gamma": lambda rng, n: rng.gamma(2, 40, n),
    "two bumps": lambda rng, n: np.where(
        rng.random(n) < 0.7, rng.gamma(4, 12, n), rng.normal(365, 20, n)
    ),
}


@pytest.mark.parametrize("times", TIMES)
def test_with_a_long_plateau_the_range_holds_the_truth(times):
    rng = np.random.default_rng(5)
    holds = []
    for _ in range(5):
        counts = shop(rng, TIMES[times](rng, 1200), never=0.45, observed=(900, 1400))
        found = never_return.never_return(counts)
        assert found.reason is None
        assert found.low <= found.estimate <= found.high
        assert found.high - found.low < 0.1
        holds.append(found.low <= 0.45 <= found.high)
    assert sum(holds) >= 4


def test_where_all_return_late_nothing_is_told():
    # Log-normal with sigma 2: everyone returns, some after years. The Weibull takes some for lost.
    rng = np.random.default_rng(6)
    for _ in range(4):
        times = 80 * np.exp(2 * rng.standard_normal(2000))
        counts = shop(rng, times, never=0, observed=(900, 1400))
        assert cure.never_return(counts).reason in ("short", "families")


def test_families_that_differ_are_a_refusal_with_both_numbers():
    # A growing shop: most are new, and how their curve goes on depends on the family.
    rng = np.random.default_rng(8)
    n = 6000
    times = np.where(rng.random(n) < 0.45, np.inf, np.maximum(60 * rng.weibull(0.9, n), 1))
    until = 1095 * (1 - np.sqrt(rng.random(n)))
    rows = {"duration": np.minimum(times, until).astype(int), "event": times <= until}
    counts = pd.DataFrame(rows).value_counts().rename("count").reset_index().assign(group="all")
    found = never_return.never_return(counts)
    assert found.reason == "families"
    shares = found.table["never_return"]
    said = never_return.why_not(found, words=WORDS)
    assert f"{100 * shares.min():.0f} or {100 * shares.max():.0f} of 100" in said


def test_a_fit_at_the_edge_has_an_interval_there():
    rng = np.random.default_rng(7)
    counts = shop(rng, 60 * rng.weibull(0.9, 800), never=0, observed=(900, 1400))
    fitted = cure.fit(counts, family="weibull")
    assert fitted.low == 0
    assert fitted.share < 0.001
    assert fitted.high < 0.01


# By hand


def counted(*cells):
    return pd.DataFrame(cells, columns=["duration", "event", "count"]).assign(group="all")


@pytest.mark.parametrize(
    ("cells", "alpha"),
    [
        ([(10, False, 5)], 1.0),  # no event
        ([(4, True, 3), (10, True, 1), (10, False, 6)], 1.0),  # one at the very end
        ([(4, True, 3), (10, False, 7)], 0.7**10),  # all in (-2, 4]
        ([(1, True, 2), (6, True, 3), (8, False, 5)], 0.7**10),  # those in (4, 6]
    ],
)
def test_follow_up_by_hand(cells, alpha):
    assert cure.follow_up(counted(*cells)).alpha == pytest.approx(alpha)


def test_a_return_on_the_first_day_counts():
    counts = counted((0, True, 5), (10, True, 20), (30, True, 10), (400, False, 40))
    assert cure.fit(counts, family="weibull").share == pytest.approx(40 / 75, abs=0.02)


def test_where_everyone_returned_none_is_lost():
    days = [(day, True, 30) for day in range(5, 100, 5)]
    found = cure.never_return(counted(*days, (300, False, 1)).iloc[:-1])
    assert found.reason == "short"
    assert found.plateau[0] == 0
    assert 0 < found.plateau[2] < 0.2
    assert all(one.low == 0 for one in found.fits)


def test_too_little_is_not_told():
    assert never_return.never_return(counted((5, True, 9), (30, False, 40))) is None
    assert never_return.never_return(counted((5, True, 20), (30, False, 40))) is None
    with pytest.raises(ValueError, match="two times"):
        cure.fit(counted((5, True, 20), (30, False, 40)), family="weibull")
    with pytest.raises(ValueError, match="weibull, log_normal"):
        cure.fit(counted((5, True, 20)), family="gamma")

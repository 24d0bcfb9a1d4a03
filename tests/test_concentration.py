"""Concentration: R's and published values, brute force, and how often the intervals hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from real_data import cdnow_rows

from templates_lib.stats import concentration as con

# the example of R's ineq::Gini
ILORENZ = [541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261]
VALUES = st.lists(st.integers(-50, 400), min_size=2, max_size=60).filter(lambda x: sum(x) > 0)


def exact(values, **keywords):
    return con.draw(con.bins_of(values), **keywords)


def binned(values, bins):
    """Consecutive values in bins of about the same number, as the engine makes them."""
    x = -np.sort(-np.asarray(values, dtype=float))
    number = np.arange(len(x)) * bins // len(x)
    frame = pd.DataFrame({"bin": number, "n": 1, "total": x, "squares": x**2})
    return frame.groupby("bin", as_index=False).sum().drop(columns="bin")


def test_gini_of_r():
    # R: library(ineq); Gini(x); Gini(x, corr = TRUE)
    sample = exact(ILORENZ)
    assert_allclose(con.gini(sample).estimate, 0.46209113, atol=1e-8)
    assert_allclose(con.gini(sample, corrected=True).estimate, 0.51343459, atol=1e-8)
    # R: cumsum(x) / sum(x)
    of_greatest = con.whale_curve(sample, [0.9, 0.5, 0.1])["total_share"]
    of_least = [0.008124831046, 0.185083951581, 0.665680473373]
    assert_allclose(1 - of_greatest, of_least, atol=1e-12)


def test_golden_values_of_cdnow():
    # golden.csv E: the sample's spending in 78 weeks
    spent = cdnow_rows().groupby("customer")["dollars"].sum()
    sample = exact(spent)
    assert_allclose(con.gini(sample).estimate, 0.6309171, atol=1e-7)
    assert_allclose(con.top_share(sample, 0.1).estimate, 0.50807, atol=1e-5)
    assert_allclose(con.top_share(sample, 0.2).estimate, 0.67455, atol=1e-5)
    assert (spent == 0).sum() == 8
    assert_allclose(sample.totals[0].sum(), 244091.94)
    assert sample.n == 2357


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_against_brute_force(values):
    x = np.array(values, dtype=float)
    sample = exact(x, draws=2)
    # Gini is half the mean absolute difference over the mean
    by_pairs = np.abs(x[:, None] - x).mean() / (2 * x.mean())
    assert_allclose(con.gini(sample).estimate, by_pairs, atol=1e-9)
    first = sorted(values, reverse=True)
    for share in (0.1, 0.2, 0.5):
        number = -(-len(x) * int(100 * share) // 100)
        assert_allclose(con.top_share(sample, share).estimate, sum(first[:number]) / sum(values))
    assert_allclose(con.peak(sample).estimate, sum(v for v in values if v > 0) / sum(values))
    at = np.arange(len(x) + 1) / len(x)
    curve = con.whale_curve(sample, at)["total_share"]
    assert_allclose(curve, np.concatenate([[0], np.cumsum(first)]) / sum(values), atol=1e-12)
    edges = np.array([1, len(x)]) / len(x)
    parts = con.parts(sample, edges)["total_share"]
    assert_allclose(parts, [first[0] / sum(values), 1 - first[0] / sum(values)], atol=1e-12)


def test_a_gini_with_negatives_can_exceed_one():
    found = con.gini(exact([10, 1, -10.5]))
    assert found.estimate > 1
    assert con.peak(exact([10, 1, -10.5])).estimate == pytest.approx(22)
    assert np.isnan(found.low)  # a sample can have nothing at all to share


def test_shares_of_nothing_are_not_told():
    sample = exact([5, -5])
    assert np.isnan(con.gini(sample).estimate)
    assert np.isnan(con.top_share(sample, 0.5)[:3]).all()
    assert con.whale_curve(sample, [0.5, 1])["total_share"].isna().all()


def test_one_unit_with_half_of_all():
    rest = np.random.default_rng(5).gamma(2, 1, 199)
    found = con.top_share(exact([rest.sum(), *rest]), 0.1)
    assert found.estimate > 0.6
    # a third of the samples do not hold it, and a quarter hold it several times
    without = con.top_share(exact(rest), 0.1).estimate
    assert found.low < without + 0.05
    assert found.high > 0.75


def test_bins_tell_what_the_units_do():
    x = np.random.default_rng(3).lognormal(3, 1.2, 40_000)
    x[:1500] *= -0.2
    own = exact(x, draws=100)
    bins = con.draw(binned(x, 2000), draws=100)
    assert len(bins.counts[0]) == 2000
    for ask in (con.gini, lambda sample: con.top_share(sample, 0.1)):
        one, other = ask(own), ask(bins)
        assert_allclose(other.estimate, one.estimate, atol=1e-4)
        assert_allclose(other.high - other.low, one.high - one.low, rtol=0.35)


def test_the_same_seed_gives_the_same():
    assert con.gini(exact(ILORENZ)) == con.gini(exact(ILORENZ))
    assert con.gini(exact(ILORENZ)) != con.gini(exact(ILORENZ, seed=2))


def test_bins_that_are_none_are_refused():
    with pytest.raises(ValueError, match="at least one unit"):
        con.draw(con.bins_of([]))
    with pytest.raises(ValueError, match="greatest values first"):
        con.draw(pd.DataFrame({"n": 1, "total": [1.0, 2.0], "squares": [1.0, 4.0]}))


def test_difference_of_two_estimates():
    newer, older = con.Estimate(0.5, 0.4, 0.7, 10), con.Estimate(0.4, 0.1, 0.5, 20)
    found = con.difference(newer, older)
    assert_allclose(found, [0.1, 0.1 - np.hypot(0.1, 0.1), 0.1 + np.hypot(0.2, 0.3), 30])


def mixed(rng, n):
    """Worths of customers: skewed, with a twentieth below zero."""
    return np.where(rng.random(n) < 0.05, -rng.gamma(1.0, 0.5, n), rng.gamma(0.8, 1.0, n))


@pytest.mark.parametrize("n", [250, 4000])
def test_intervals_hold_the_truth_as_often_as_they_say(n):
    rng = np.random.default_rng(11)
    asked = {
        "gini": con.gini,
        "top": lambda sample: con.top_share(sample, 0.1),
        "peak": con.peak,
    }
    whole = con.draw(con.bins_of(mixed(rng, 1_000_000)), draws=0)
    truth = {name: ask(whole).estimate for name, ask in asked.items()}
    held = dict.fromkeys(asked, 0)
    for number in range(300):
        values = mixed(rng, n)
        gains, losses = values[values >= 0], values[values < 0]
        bins = pd.concat(
            [binned(gains, min(len(gains), 190)), binned(losses, min(len(losses), 10))]
        )
        bins = con.bins_of(values) if n == 250 else bins.reset_index(drop=True)
        sample = con.draw(bins, draws=200, seed=number)
        for name, ask in asked.items():
            low, high = ask(sample)[1:3]
            held[name] += low <= truth[name] <= high
    # ±3.5 standard errors of 300 around 95 %, and a little for the bootstrap at n = 250
    assert all(0.89 * 300 <= count <= 0.99 * 300 for count in held.values()), held

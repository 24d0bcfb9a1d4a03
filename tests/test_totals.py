"""Intervals of counts, totals and ratios against R, Fieller's theorem and published numbers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm

from templates_lib.stats.totals import (
    count_interval,
    margin_multiple,
    ratio_interval,
    total_interval,
)

Z = norm.ppf(0.975)


def test_counts_against_r():
    # R: poisson.test(n)$conf.int for n = 0, 30, 41
    low, high = count_interval([0, 30, 41])
    assert_allclose(low, [0, 20.24087402, 29.42230787], rtol=1e-8)
    assert_allclose(high, [3.688879454, 42.82686539, 55.62112957], rtol=1e-8)
    with pytest.raises(ValueError, match="below 0"):
        count_interval(-1)


def test_the_total_of_ones_is_nearly_the_exact_interval_of_a_count():
    low, high = total_interval(200, 200, 200)
    exact = count_interval(200)
    assert_allclose([low, high], exact, rtol=0.005)


def test_a_total_without_skewness_is_the_normal_interval():
    # values 3 and -1: Σx² = 10·9 + 27·1, Σx³ = 0
    low, high = total_interval(30 - 270, 90 + 270, 270 - 270)
    assert_allclose([low, high], -240 + np.array([-Z, Z]) * np.sqrt(360), rtol=1e-6)


def test_totals_cover_as_often_as_promised():
    rng = np.random.default_rng(7)
    draws = [rng.lognormal(3, 1, rng.poisson(150)) for _ in range(2000)]
    true = 150 * np.exp(3.5)
    sums = np.array([[(x**k).sum() for k in (1, 2, 3)] for x in draws]).T
    low, high = total_interval(*sums)
    covered = np.mean((low <= true) & (true <= high))
    assert 0.93 <= covered <= 0.965


def test_a_ratio_of_normal_estimates_is_fiellers():
    top, bottom, se_top, se_bottom = 10.0, 5.0, 1.0, 0.5
    g = (Z * se_bottom / bottom) ** 2
    half = Z / bottom * np.sqrt(se_top**2 + (top / bottom) ** 2 * se_bottom**2 - g * se_top**2)
    fieller = (top / bottom + np.array([-half, half])) / (1 - g)
    found = ratio_interval(
        top, top - Z * se_top, top + Z * se_top,
        bottom, bottom - Z * se_bottom, bottom + Z * se_bottom,
    )  # fmt: skip
    assert_allclose(found, fieller, rtol=1e-10)


def test_a_ratio_to_what_may_be_nothing_has_no_bounds():
    assert np.isnan(ratio_interval(1, 0.5, 1.5, 1, -0.1, 2)).all()
    assert np.isnan(ratio_interval(1, 0.5, 1.5, 1, 0.5, 2)).all()


def test_margin_multiples_as_published():
    # Gupta & Lehmann (2003), table of margin multiples: retention 60-90 %, discount 10-16 %
    published = [[1.20, 1.15, 1.11, 1.07], [1.75, 1.67, 1.59, 1.52], [2.67, 2.50, 2.35, 2.22],
                 [4.50, 4.09, 3.75, 3.46]]  # fmt: skip
    found = np.column_stack(
        [margin_multiple([0.6, 0.7, 0.8, 0.9], rate) for rate in (0.10, 0.12, 0.14, 0.16)]
    )
    assert_allclose(found, published, atol=0.005 + 1e-9)
    with pytest.raises(ValueError, match="expected a retention"):
        margin_multiple(1.0, 0.0)

"""Lift, its interval and test, and the area under the ROC curve, against R and published values."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from templates_lib.stats import lift as lifts
from templates_lib.stats.auc import auc
from templates_lib.stats.intervals import benjamini_hochberg

# R 4: w <- function(x, n) prop.test(x, n, correct = FALSE)$conf.int; MOVER-R as in the package
# contingencytables, MOVER_R_Wilson_CI_ratio_2x2
R_RATIOS = [
    (30, 100, 20, 100, 0.9234220379, 2.4451515760),
    (7, 34, 1, 34, 1.153668689, 41.976261673),
    (120, 355, 600, 3202, 1.527584900, 2.112437153),
]


@pytest.mark.parametrize(("x1", "n1", "x2", "n2", "low", "high"), R_RATIOS)
def test_the_ratio_of_shares_is_that_of_r(x1, n1, x2, n2, low, high):
    found = lifts.share_ratio(x1, n1, x2, n2)
    assert [float(v) for v in found] == pytest.approx([low, high], rel=1e-8)


def test_the_ratio_is_near_koopmans_score_interval():
    for x1, n1, x2, n2 in [(30, 100, 20, 100), (55, 355, 90, 3202), (18, 60, 200, 900)]:
        score = confint_proportions_2indep(x1, n1, x2, n2, compare="ratio", method="score",
                                           correction=False)  # fmt: skip
        assert [float(v) for v in lifts.share_ratio(x1, n1, x2, n2)] == pytest.approx(
            score, rel=0.02
        )


def test_without_a_success_the_ratio_has_one_end():
    low, high = lifts.share_ratio([0, 10, 0], [50, 50, 50], [10, 0, 0], [100, 100, 100])
    assert low[0] == 0
    assert 0 < high[0] < 1
    assert low[1] > 1
    assert np.isinf(high[1])
    assert np.isnan([low[2], high[2]]).all()


def test_lift_and_its_interval_are_those_of_a_bootstrap():
    """Target and rest resampled by themselves: the sizes of the groups are given."""
    x1, n1, x, n = 118, 355, 626, 3557
    estimate, low, high = (float(v) for v in lifts.lift(x1, n1, x, n))
    rng = np.random.default_rng(1)
    part = rng.binomial(n1, x1 / n1, 100_000)
    rest = rng.binomial(n - n1, (x - x1) / (n - n1), 100_000)
    drawn = (part / n1) / ((part + rest) / n)
    assert estimate == pytest.approx((118 / 355) / (626 / 3557))
    assert [low, high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), rel=0.01)


def test_the_interval_of_a_lift_covers_as_often_as_it_says():
    rng = np.random.default_rng(2)
    for n1, n2, p1, p2 in [(100, 358, 0.37, 0.26), (35, 320, 0.15, 0.08), (355, 3202, 0.02, 0.03)]:
        a, b = rng.binomial(n1, p1, 4000), rng.binomial(n2, p2, 4000)
        f = n1 / (n1 + n2)
        _, low, high = lifts.lift(a, n1, a + b, n1 + n2)
        covered = np.mean(
            (low <= p1 / (f * p1 + (1 - f) * p2)) & (p1 / (f * p1 + (1 - f) * p2) <= high)
        )
        assert 0.94 <= covered <= 0.975


def test_a_part_is_no_larger_than_the_whole():
    with pytest.raises(ValueError, match="part of the whole"):
        lifts.lift(5, 10, 4, 20)


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_mid_p_is_between_fishers_tails(n1, n2, data):
    x1, x2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    tails = [
        stats.fisher_exact([[x1, n1 - x1], [x2, n2 - x2]], alternative=side).pvalue
        for side in ("less", "greater")
    ]
    same = stats.hypergeom(n1 + n2, x1 + x2, n1).pmf(x1)
    expected = min(1.0, 2 * (min(tails) - same / 2))
    assert float(lifts.mid_p(x1, n1, x2, n2)) == pytest.approx(expected, abs=1e-9)


def test_benjamini_and_hochbergs_own_example(shared):
    p = json.loads((shared / "golden" / "bh1995.json").read_text())
    assert (benjamini_hochberg(p) <= 0.05).sum() == 4


def test_q_values_are_those_of_r_and_keep_what_was_not_tested():
    # R: p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.5), "BH")
    q = benjamini_hochberg([0.01, np.nan, 0.04, 0.03, 0.005, 0.5])
    assert np.isnan(q[1])
    assert q[[0, 2, 3, 4, 5]] == pytest.approx([0.025, 0.05, 0.05, 0.025, 0.5])
    assert np.isnan(benjamini_hochberg([np.nan])).all()


def test_the_area_of_hanley_and_mcneil():
    """Hanley and McNeil (1982); Stata's roctab: 0.8932, 0.83295 to 0.95339 (DeLong)."""
    ill = [0] * 58 + [1] * 51
    rated = np.repeat([1, 2, 3, 4, 5] * 2, [33, 6, 6, 11, 2, 3, 2, 2, 11, 33])
    found = auc(ill, rated)
    assert found.auc == pytest.approx(0.8932, abs=5e-5)
    assert (found.low, found.high) == pytest.approx((0.83295, 0.95339), abs=5e-6)
    assert found.n == 109


def test_an_area_takes_two_of_each():
    with pytest.raises(ValueError, match="two of each"):
        auc([1, 0, 0], [1, 2, 3])

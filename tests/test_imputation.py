"""EM against closed forms and a general optimiser; draws against a known truth."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import optimize, stats

from templates_lib.stats.imputation import Normal, em, fill, patterns

COVARIANCE = np.array([[2.0, 0.9, -0.4], [0.9, 1.0, 0.3], [-0.4, 0.3, 1.5]])
MEAN = np.array([1.0, 5.0, -2.0])


def sample(n, seed):
    return np.random.default_rng(seed).multivariate_normal(MEAN, COVARIANCE, size=n)


def with_holes(values, share, seed):
    holes = np.random.default_rng(seed).random(values.shape) < share
    return np.where(holes, np.nan, values)


def drawn(values, model, seed):
    return fill(values, patterns(values), model, np.random.default_rng(seed))


def test_em_of_complete_data_is_mean_and_covariance():
    values = sample(50, 1)
    result = em(values)
    assert_allclose(result.mean, values.mean(axis=0))
    assert_allclose(result.covariance, np.cov(values, rowvar=False, bias=True), rtol=1e-7)
    assert result.is_converged


def test_em_of_monotone_data_is_andersons_closed_form():
    # Anderson (1957), JASA 52:200; Little & Rubin, section 7.2: where only x2 is missing, its
    # regression on x1 among the complete rows is applied to the x1 of all rows.
    values = sample(60, 2)[:, :2]
    values[values[:, 0] > 1.5, 1] = np.nan
    x1, x2 = values.T
    seen = ~np.isnan(x2)
    slope, at_zero = np.polyfit(x1[seen], x2[seen], 1)
    left = np.mean((x2[seen] - at_zero - slope * x1[seen]) ** 2)
    result = em(values, tolerance=1e-11)
    assert_allclose(result.mean, [x1.mean(), at_zero + slope * x1.mean()], rtol=1e-6)
    assert_allclose(result.covariance[0, 1], slope * x1.var(), rtol=1e-6)
    assert_allclose(result.covariance[1, 1], left + slope**2 * x1.var(), rtol=1e-6)
    # Not that of the complete rows, which were chosen by x1.
    assert abs(result.mean[1] - x2[seen].mean()) > 0.2


def test_em_finds_the_largest_observed_likelihood():
    values = with_holes(sample(50, 3), 0.3, 4)
    values = values[~np.isnan(values).all(axis=1)]

    def minus_log_likelihood(parameters):
        root = np.zeros((3, 3))
        root[np.tril_indices(3)] = parameters[3:]
        covariance, total = root @ root.T + 1e-12 * np.eye(3), 0.0
        for row in values:
            seen = np.flatnonzero(~np.isnan(row))
            total -= stats.multivariate_normal.logpdf(
                row[seen], parameters[seen], covariance[np.ix_(seen, seen)]
            )
        return total

    start = np.concatenate([MEAN, np.linalg.cholesky(COVARIANCE)[np.tril_indices(3)]])
    best = optimize.minimize(minus_log_likelihood, start, method="BFGS", options={"gtol": 1e-3})
    root = np.zeros((3, 3))
    root[np.tril_indices(3)] = best.x[3:]
    result = em(values, tolerance=1e-9)
    assert_allclose(result.mean, best.x[:3], atol=1e-3)
    assert_allclose(result.covariance, root @ root.T, atol=2e-3)


def test_weights_are_repeated_rows():
    values = with_holes(sample(40, 5), 0.25, 6)
    weights = np.random.default_rng(7).integers(0, 4, 40)
    weighted, repeated = em(values, weights), em(np.repeat(values, weights, axis=0))
    assert_allclose(weighted.mean, repeated.mean, atol=1e-5)
    assert_allclose(weighted.covariance, repeated.covariance, atol=1e-5)


def test_em_from_elsewhere_ends_in_the_same_place():
    values = with_holes(sample(100, 8), 0.3, 9)
    start = Normal(MEAN + 1, 3 * COVARIANCE, 0, False)
    near, far = em(values, tolerance=1e-10), em(values, start=start, tolerance=1e-10)
    assert_allclose(near.covariance, far.covariance, rtol=1e-6)
    stopped = em(values, max_iterations=2)
    assert stopped.iterations == 2
    assert not stopped.is_converged


def test_rows_without_any_value_do_not_count():
    values = with_holes(sample(30, 10), 0.2, 11)
    empty = np.vstack([values, np.full((9, 3), np.nan)])
    assert_allclose(em(empty).covariance, em(values).covariance)


def test_a_column_without_any_value_is_refused():
    with pytest.raises(ValueError, match=r"column\(s\) \[1\] hold no value"):
        em([[1.0, np.nan], [2.0, np.nan]])


def test_columns_that_repeat_each_other_can_be_filled():
    values = np.column_stack([np.arange(40.0), 3 + 2 * np.arange(40.0)])
    values[5, 1] = np.nan
    complete = drawn(values, em(values), 1)
    assert_allclose(complete[5, 1], 13, atol=0.01)


def test_more_columns_than_bits_in_a_number():
    values = np.random.default_rng(2).normal(size=(300, 70))
    values[:10, 0], values[:10, 69], values[10:20, 69] = np.nan, np.nan, np.nan
    complete = drawn(values, em(values), 1)
    assert not np.isnan(complete).any()
    seen = ~np.isnan(values)
    assert (complete[seen] == values[seen]).all()


def test_draws_keep_what_was_observed_and_repeat_by_seed():
    values = with_holes(sample(200, 12), 0.3, 13)
    one, again, other = (drawn(values, em(values), seed) for seed in (1, 1, 2))
    seen = ~np.isnan(values)
    assert (one[seen] == values[seen]).all()
    assert (one == again).all()
    assert (one[~seen] != other[~seen]).all()


def test_draws_have_the_conditional_distribution():
    # x1 = 3 is 2 above its mean: x2 has mean 5 + .9 / 2 × 2, variance 1 − .9² / 2; x3 −2.4 and
    # 1.5 − .08; their covariance is .3 + .18.
    values = np.tile([3.0, np.nan, np.nan], (40_000, 1))
    model = Normal(MEAN, COVARIANCE, 1, True)
    complete = drawn(values, model, 3)
    assert_allclose(complete[:, 1:].mean(axis=0), [5.9, -2.4], atol=0.03)
    assert_allclose(np.cov(complete[:, 1:], rowvar=False), [[0.595, 0.48], [0.48, 1.42]], atol=0.04)


def test_draws_recover_the_truth_where_complete_rows_do_not():
    # x2 is missing more often the higher x1 is: at random, given x1.
    values = sample(40_000, 14)
    chance = 1 / (1 + np.exp(1 - values[:, 0]))
    values[np.random.default_rng(15).random(40_000) < chance, 1] = np.nan
    complete = drawn(values, em(values), 16)
    assert_allclose(complete.mean(axis=0), MEAN, atol=0.04)
    assert_allclose(np.cov(complete, rowvar=False), COVARIANCE, atol=0.07)
    assert abs(np.nanmean(values[:, 1]) - MEAN[1]) > 0.15

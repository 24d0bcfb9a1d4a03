"""Latent classes against published log-likelihoods, and on people whose class is known."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose

from templates_lib.stats import latent_classes

# Stouffer and Toby (1951), 216 people, four questions with two answers, in Goodman (1974).
STOUFFER_TOBY = (42, 23, 6, 25, 6, 24, 7, 38, 1, 4, 1, 6, 2, 9, 2, 20)
# R: library(poLCA); data(values); f <- cbind(A, B, C, D) ~ 1; poLCA(f, values, nclass = 1), 2, 3
# with maxiter = 8000: the log-likelihoods that the documentation of `values` gives.
PUBLISHED = (-543.6498, -504.4677, -503.3011)


@cache
def goodman() -> tuple[np.ndarray, list[latent_classes.Fit]]:
    answers = np.array(list(product((0.0, 1.0), repeat=4)))
    codes = np.repeat(answers, STOUFFER_TOBY, axis=0)
    return codes, latent_classes.fits(codes, [2] * 4, max_classes=3, starts=20)


def simulated(n: int, *, seed: int, missing: float = 0.2):
    """Two classes of 60 and 40 %: a question of three answers, and five to tick."""
    rng = np.random.default_rng(seed)
    own = (rng.random(n) < 0.4).astype(int)
    main = np.array([rng.choice(3, p=[(0.8, 0.1, 0.1), (0.1, 0.1, 0.8)][c]) for c in own])
    ticks = rng.random((n, 5)) < np.where(own[:, None] == 1, 0.85, 0.15)
    codes = np.column_stack([main, ticks]).astype(float)
    codes[rng.random(codes.shape) < missing] = np.nan
    codes[:, 1] = ticks[:, 0]
    return own, codes, [3, 2, 2, 2, 2, 2]


def test_log_likelihoods_are_the_published_ones():
    _, found = goodman()
    assert_allclose([f.log_likelihood for f in found], PUBLISHED, atol=2e-3)
    assert [f.parameters for f in found] == [4, 9, 14]
    expected = -2 * np.array(PUBLISHED) + np.array([4, 9, 14]) * np.log(216)
    assert_allclose([f.bic for f in found], expected, atol=4e-3)
    assert latent_classes.chosen(found).classes == 2


def test_the_largest_class_comes_first_and_probabilities_are_those_of_people():
    codes, found = goodman()
    fit = found[1]
    assert fit.shares[0] > fit.shares[1]
    assert_allclose(fit.posterior.mean(axis=0), fit.shares, atol=1e-3)
    for item, p in enumerate(fit.probabilities):
        # at the maximum, a class's probabilities are the answers of its people
        own = fit.posterior.T @ (codes[:, item] == 1) / fit.posterior.sum(axis=0)
        assert_allclose(p[:, 1], own, atol=2e-3)
        assert_allclose(p.sum(axis=1), 1)


def test_known_classes_are_found_again_with_answers_missing():
    own, codes, levels = simulated(600, seed=3)
    fit = latent_classes.chosen(latent_classes.fits(codes, levels, max_classes=4, starts=10))
    assert fit.classes == 2
    assert abs(fit.shares[1] - own.mean()) < 0.05
    assert (fit.assigned == own).mean() > 0.9
    assert fit.entropy_r2 > 0.7 and fit.error_share < 0.1
    stable = latent_classes.stability(codes, levels, fit, draws=20)
    assert (stable.jaccard > 0.85).all()
    assert stable.shares.shape == (20, 2)


def test_answers_by_chance_are_one_group():
    rng = np.random.default_rng(5)
    codes = (rng.random((500, 5)) < 0.4).astype(float)
    found = latent_classes.fits(codes, [2] * 5, max_classes=6, starts=5)
    assert latent_classes.chosen(found).classes == 1
    assert len(found) == 3  # no more are tried once two in a row are worse


def test_the_same_seed_gives_the_same_result():
    _, codes, levels = simulated(200, seed=9)
    one, two = (latent_classes.fits(codes, levels, max_classes=2, starts=3) for _ in range(2))
    assert_allclose(one[1].posterior, two[1].posterior)


def test_classes_of_one_name_are_one_group():
    together = latent_classes.grouped(np.array([[0.5, 0.2, 0.3]]), ["a", "b", "a"])
    assert_allclose(together, [[0.8, 0.2]])


def test_two_questions_do_not_tell_classes_apart():
    assert latent_classes.most_classes([5, 5]) == 1
    assert latent_classes.most_classes([2, 2, 2]) == 1  # 7 parameters would leave none over
    assert latent_classes.most_classes([2] * 4) == 3


@pytest.mark.parametrize("codes", [[[0.0, 2.0, 1.0]], [[np.nan] * 3], [[0.5, 0.0, 1.0]]])
def test_wrong_answers_are_refused(codes):
    with pytest.raises(ValueError):
        latent_classes.fits(np.array(codes), [2, 2, 2], max_classes=2)

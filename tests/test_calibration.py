"""Predicted against observed: scikit-learn's quantile bins, R's intervals, counts by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.calibration import calibration_curve

from templates_lib.stats.calibration import CALIBRATION, calibration


def test_groups_of_like_size_are_those_of_scikit_learn():
    rng = np.random.default_rng(4)
    chance = rng.permutation(np.arange(1, 1001) / 1001)
    came = rng.random(1000) < chance**2
    table = calibration(chance, came)
    observed, predicted = calibration_curve(came, chance, n_bins=10, strategy="quantile")
    assert (table["n"] == 100).all()
    assert_allclose(table["observed_share"], observed[::-1])
    assert_allclose(table["predicted_share"], predicted[::-1])


def test_intervals_are_those_of_r():
    # R: prop.test(81, 263, correct = FALSE)$conf.int
    table = calibration(np.full(263, 0.3), np.arange(263) < 81)
    assert_allclose(table[["low", "high"]], [[0.2552885199, 0.3662095770]], atol=1e-9)
    assert table["n"].tolist() == [263]


def test_small_groups_are_joined_by_hand():
    # in three groups by rank: 60 at .9; 20 at .8 and 20 at .4; 60 at .1: the second joins the first
    chance = np.repeat([0.9, 0.8, 0.4, 0.1], [60, 20, 20, 60])
    came = np.concatenate([np.arange(60) < 50, np.arange(20) < 10, np.arange(20) < 5,
                           np.arange(60) < 6])  # fmt: skip
    table = calibration(chance, came, least=50)
    assert table[["bin", "n"]].to_numpy().tolist() == [[1, 100], [2, 60]]
    assert_allclose(table["observed_share"], [65 / 100, 6 / 60])
    assert_allclose(table["predicted_share"], [(54 + 16 + 8) / 100, 0.1])


@pytest.mark.parametrize("n", [0, 1, 49])
def test_few_units_are_one_group_and_none_no_rows(n):
    table = calibration(np.linspace(0, 1, n), np.zeros(n, bool))
    assert table.columns.tolist() == CALIBRATION
    assert table["n"].tolist() == [n] * (n > 0)


chances = st.lists(st.tuples(st.sampled_from([0, 0.05, 0.2, 0.5, 0.9, 1]), st.booleans()),
                   min_size=1, max_size=400)  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(chances, st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_what_always_holds(rows, least, seed):
    frame = pd.DataFrame(rows, columns=["chance", "came"])
    table = calibration(frame["chance"], frame["came"], least=least)
    assert table["n"].sum() == len(frame)
    assert len(table) == 1 or (table["n"] >= least).all()
    assert len(table) <= 10
    assert_allclose((table["observed_share"] * table["n"]).sum(), frame["came"].sum())
    assert table["predicted_share"].is_monotonic_decreasing
    assert (table["low"] - 1e-9 <= table["observed_share"]).all()
    assert (table["observed_share"] <= table["high"] + 1e-9).all()
    mixed = frame.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(calibration(mixed["chance"], mixed["came"], least=least), table)

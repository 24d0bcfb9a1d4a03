"""Net scores against Rocks (2016) by way of R's NPS package, R's t.test, and simulation."""

import csv

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from templates_lib.stats.net_score import (
    mix_adjusted,
    net_score,
    net_score_difference,
    paired_net_score_difference,
)
from templates_lib.stats.net_score_design import design_effect, weighted_net_score

repeatable = settings(deadline=None, derandomize=True)
POSITIVE, NEUTRAL, NEGATIVE = [15, 12, 10], [13, 7, 0], [8, 12, 0]


# One score


def test_net_score_reproduces_rocks_2016():
    # R 4.2.2, NPS 2.0.999 (by B. Rocks): adjusted.wald, pseudo_observations = c(.75, 1.5, .75);
    # the last upper limit is 106.34 before it is cut.
    score, low, high = net_score(POSITIVE, NEUTRAL, NEGATIVE)
    assert_allclose(score, [19.444444, 0, 100], atol=1e-6)
    assert_allclose(low, [-6.280259, -29.109803, 47.503552], atol=1e-6)
    assert_allclose(high, [42.177695, 29.109803, 100], atol=1e-6)


def test_net_score_at_another_confidence():
    # as above, conf.level = 0.9
    assert_allclose(net_score(15, 13, 8, confidence=0.9)[1:], [-2.384881, 38.282317], atol=1e-6)


def test_golden_file(shared):
    with (shared / "golden" / "golden.csv").open(encoding="utf-8") as file:
        rows = {
            (r["data"], r["quantity"]): float(r["value"])
            for r in csv.DictReader(file)
            if r["analysis"] == "A"
        }
    for data, counts in {
        "D8/Pa13/P15 n=36": (15, 13, 8),
        "D12/Pa7/P12 n=31": (12, 7, 12),
        "D0/Pa0/P10 n=10": (10, 0, 0),
    }.items():
        score, low, high = net_score(*counts)
        assert_allclose(score, rows[data, "NPS"], atol=1e-4)
        assert_allclose(low, rows[data, "AdjWald(3,T)95 lo (untruncated)"], atol=1e-4)
        expected = min(100, rows[data, "AdjWald(3,T)95 hi (untruncated)"])
        assert_allclose(high, expected, atol=1e-4)
    both = "15/13/8 vs 12/7/12 (P/Pa/D)"
    result = net_score_difference((15, 13, 8), (12, 7, 12))
    assert_allclose(result.difference, rows[both, "two-sample Wald diff"], atol=1e-4)
    assert_allclose(result.p_value, rows[both, "two-sample AdjWald p"], atol=1e-7)
    assert_allclose(result.low, rows[both, "two-sample AdjWald95 lo"], atol=1e-4)
    assert_allclose(result.high, rows[both, "two-sample AdjWald95 hi"], atol=1e-4)


def test_net_score_of_nobody_is_unknown():
    result = np.array(net_score([0, 10], [0, 0], [0, 0]))
    assert np.isnan(result[:, 0]).all()
    assert not np.isnan(result[:, 1]).any()


@pytest.mark.parametrize("wrong", [-1, np.nan])
def test_net_score_refuses_impossible_counts(wrong):
    with pytest.raises(ValueError, match="counts of at least 0"):
        net_score([3, 3], [1, wrong], 0)
    with pytest.raises(ValueError, match="counts of at least 0"):
        net_score_difference((3, 1, 0), (3, wrong, 0))


def test_interval_covers_small_samples_better_than_wald():
    shares = [0.7, 0.25, 0.05]
    counts = np.random.default_rng(3).multinomial(15, shares, size=20_000).T
    score, low, high = net_score(*counts)
    p, _, d = counts / 15
    half = 196 * np.sqrt((p + d - (p - d) ** 2) / 15)
    adjusted = np.mean((low <= 65) & (high >= 65))
    plain = np.mean((score - half <= 65) & (score + half >= 65))
    # 20,000 samples give a standard error of 0.0015.
    assert adjusted > 0.935 > plain + 0.01


@repeatable
@given(st.tuples(*[st.integers(0, 60)] * 3))
def test_interval_holds_the_score_and_mirrors(counts):
    score, low, high = net_score(*counts)
    if sum(counts) >= 2:
        assert -100 <= low <= score + 1e-9
        assert score - 1e-9 <= high <= 100
    mirrored = net_score(*counts[::-1])
    assert_allclose(mirrored, [-score, -high, -low], atol=1e-9)


# Two scores


def test_difference_reproduces_rocks_2016():
    # R, NPS: nps.test of the two samples, adjusted Wald; the raw difference is 19.444444 and
    # that of the adjusted scores, around which the limits lie, 17.948718.
    result = net_score_difference((15, 13, 8), (12, 7, 12))
    expected = (19.444444, -19.925072, 55.822508, 0.35296996)
    assert_allclose(result, expected, atol=1e-6)
    assert_allclose((result.low + result.high) / 2, 17.948718, atol=1e-6)


def test_difference_of_waves_at_once_and_of_nobody():
    result = net_score_difference(([15, 0], [13, 0], [8, 0]), (12, 7, 12))
    assert_allclose(result.p_value, [0.35296996, np.nan], atol=1e-7)
    assert np.isnan(np.array(result)[:, 1]).all()
    largest = net_score_difference((4, 0, 0), (0, 0, 4), confidence=0.999)
    assert largest.high == 200


def test_paired_difference_is_the_paired_t_test():
    # R: t.test(after, before, paired = TRUE) of the nine complete pairs
    before = [1, 1, 0, -1, 0, 1, -1, 0, 1, np.nan, -1]
    after = [1, 0, 0, 0, 1, 1, -1, 1, 1, 1, np.nan]
    result = paired_net_score_difference(before, after)
    assert result.n == 9
    assert_allclose(result[:4], [22.22222222, -29.02231412, 73.46675856, 0.3465935], rtol=1e-7)


def test_paired_difference_without_spread_is_not_certain():
    assert_allclose(paired_net_score_difference([0] * 40, [1] * 40), [100, *[np.nan] * 3, 40])
    assert_allclose(paired_net_score_difference([0], [1]), [100, *[np.nan] * 3, 1])
    assert_allclose(paired_net_score_difference([np.nan], [1]), [*[np.nan] * 4, 0])
    with pytest.raises(ValueError, match="before holds 2 answers and after 1"):
        paired_net_score_difference([0, 1], [0])
    with pytest.raises(ValueError, match="after holds 9"):
        paired_net_score_difference([0, 1], [0, 9])


# Weights


def test_weighted_score_has_the_linearised_error():
    # The mean with HC1 errors is the design-based ratio estimator with replacement, that of
    # survey::svymean(~v, svydesign(~1, weights = ~w)) in R.
    values = np.array([1, 1, 0, -1, 1, 0, -1, 1, 1, 0])
    weights = np.array([0.4, 2, 1, 1.5, 0.7, 3, 0.2, 1, 1.1, 0.6])
    fit = sm.WLS(values, np.ones(10), weights=weights).fit(cov_type="HC1", use_t=True)
    result = weighted_net_score(values, weights)
    assert_allclose(result.score, 100 * fit.params[0])
    assert_allclose(result.se, 100 * fit.bse[0])
    assert_allclose([result.low, result.high], 100 * fit.conf_int()[0])
    # (Σw)² / Σw² by hand: 11.5² / 19.51
    assert_allclose(result.effective_n, 132.25 / 19.51)


def test_weighted_score_does_not_depend_on_the_scale_or_on_who_does_not_count():
    values, weights = [1, 0, -1, 1, np.nan, -1], np.array([1, 2, 3, 4, 9, 0])
    result = weighted_net_score(values, weights)
    assert result.n == 4
    assert_allclose(weighted_net_score(values, 10 * weights), result)
    assert_allclose(weighted_net_score([1, 0, -1, 1], [1, 2, 3, 4]), result)
    # (1 − 3 + 4) / 10
    assert_allclose(result.score, 20)


def test_weighted_score_without_spread_is_not_certain():
    assert_allclose(weighted_net_score([1, 1], [1, 3])[:5], [100, *[np.nan] * 3, 2])
    assert_allclose(weighted_net_score([np.nan], [1]), [*[np.nan] * 4, 0, 0])


@pytest.mark.parametrize(
    ("values", "weights", "message"),
    [
        ([1, 10], [1, 1], "values holds 10"),
        ([1, 0], [1, -1], "below 0"),
        ([1, 0], [1, np.nan], "missing"),
        ([1, 0], [1], "2 numbers and weights 1"),
    ],
)
def test_weighted_score_refuses(values, weights, message):
    with pytest.raises(ValueError, match=message):
        weighted_net_score(values, weights)


# Several answers of one person


def repeated(seed, persons=300):
    """Persons of one to four answers, who give three of four of them alike."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(persons), rng.integers(1, 5, persons))
    usual = rng.choice([1, 0, -1], persons, p=[0.5, 0.3, 0.2])
    own = rng.choice([1, 0, -1], len(who), p=[0.5, 0.3, 0.2])
    return np.where(rng.random(len(who)) < 0.75, usual[who], own), who


def test_clustered_error_is_that_of_cluster_robust_regression():
    # The mean with clustered errors (statsmodels, as Stata's cluster()), without and with weights.
    values, who = repeated(1)
    weights = np.random.default_rng(2).uniform(0.2, 3, len(values))
    cluster = {"cov_type": "cluster", "cov_kwds": {"groups": who}, "use_t": True}
    fit = sm.WLS(values, np.ones(len(values)), weights=weights).fit(**cluster)
    result = weighted_net_score(values, weights, clusters=who)
    assert_allclose([result.score, result.se], 100 * np.r_[fit.params, fit.bse])
    assert_allclose([result.low, result.high], 100 * fit.conf_int()[0])
    plain = sm.OLS(values, np.ones(len(values)))
    expected = (plain.fit(**cluster).bse / plain.fit().bse) ** 2
    assert_allclose(design_effect(values, who), expected)
    assert expected > 1.5


def test_design_effect_of_the_same_answer_twice_is_two():
    values, n = [1, 0, -1, 1, 0] * 40, 200
    twice = design_effect(np.repeat(values, 2), np.repeat(np.arange(n), 2))
    # Half as many independent answers, beside n / (n − 1) of each variance.
    assert_allclose(twice, 2 * (n / (n - 1)) / (2 * n / (2 * n - 1)))
    once = np.array(net_score(80, 80, 40))
    halved = np.array(net_score(*np.array([160, 160, 80]) / twice))
    assert_allclose(halved, once, atol=0.05)


def test_design_effect_at_its_ends():
    assert design_effect([1, 0, -1], [5, 6, 7]) == 1
    assert design_effect([1, 0, -1], [None, None, None]) == 1, "nobody is known: each alone"
    # All alike: as if each person always said the same, (2² + 1²) / 3.
    assert_allclose(design_effect([1, 1, 1], ["a", "a", "b"]), 5 / 3)
    assert_allclose(design_effect([1, -1, 0], ["a", "a", "a"]), 3)
    assert design_effect([1, -1, 1, -1], ["a", "a", "b", "b"]) == 1, "no gain from what differs"
    assert np.isnan(design_effect([np.nan], ["a"]))
    assert design_effect([1, np.nan, -1], ["a", "a", "b"]) == 1
    with pytest.raises(ValueError, match="2 numbers and clusters 1"):
        design_effect([1, 0], ["a"])


def test_interval_of_repeated_answers_covers():
    # Both parts of an answer have the shares .5, .3 and .2: the score is 30.
    hits, naive = [], []
    for seed in range(1000):
        values, who = repeated(1000 + seed, persons=100)
        counts = np.array([np.sum(values == v) for v in (1, 0, -1)])
        for effect, found in ((design_effect(values, who), hits), (1, naive)):
            _, low, high = net_score(*counts / effect)
            found.append(low <= 30 <= high)
    # The standard error of a coverage is 0.007.
    assert np.mean(hits) > 0.93
    assert np.mean(naive) < 0.87


# Mix


@pytest.fixture
def waves():
    # Each group scores the same in both waves, 50 and −50; only the mix changes.
    return pd.DataFrame(
        {
            "month": ["01", "01", "02", "02"],
            "store": ["a", "b", "a", "b"],
            "positive": [60, 5, 15, 20],
            "neutral": [30, 5, 7, 20],
            "negative": [10, 10, 3, 40],
        }
    ).replace({"positive": {15: 16}, "negative": {3: 4, 40: 60}, "neutral": {7: 4}})


def test_mix_adjustment_takes_out_the_mix(waves):
    result = mix_adjusted(waves, wave="month", group="store", mix={"a": 0.6, "b": 0.4})
    assert result["n"].tolist() == [120, 124]
    # raw: (65 − 20) / 120 and (36 − 64) / 124
    assert_allclose(result["score"], [37.5, -2800 / 124])
    # .6 × 50 + .4 × −25, and .6 × 50 + .4 × −40
    assert_allclose(result["adjusted_score"], [20, 14])
    assert result["missing_groups"].tolist() == [(), ()]


def test_mix_adjusted_interval_by_hand(waves):
    result = mix_adjusted(waves, wave="month", group="store", mix={"a": 0.6, "b": 0.4})
    # Wave 01, with ¾, 1½, ¾ added: a 60.75 + 10.75 of 103, b 5.75 + 10.75 of 23.
    a = 71.5 / 103 - (50 / 103) ** 2
    b = 16.5 / 23 - (5 / 23) ** 2
    half = 100 * 1.9599639845 * np.sqrt(0.36 * a / 100 + 0.16 * b / 20)
    assert_allclose([result["low"][0], result["high"][0]], [20 - half, 20 + half])


def test_mix_is_that_of_all_answers_by_default(waves):
    result = mix_adjusted(waves, wave="month", group="store")
    # a 124 of 244, b 120
    assert_allclose(result["adjusted_score"], [(124 * 50 - 120 * 25) / 244, (6200 - 4800) / 244])


def test_a_wave_without_a_group_cannot_be_standardised(waves):
    mix = {"a": 0.5, "b": 0.4, "c": 0.1, "d": 0}
    extra = pd.DataFrame(
        {"month": ["02"], "store": ["c"], "positive": [3], "neutral": [1], "negative": [0]}
    )
    result = mix_adjusted(pd.concat([waves, extra]), wave="month", group="store", mix=mix)
    assert result["missing_groups"].tolist() == [("c",), ()]
    assert result[["adjusted_score", "low", "high"]].isna().all(axis=1).tolist() == [True, False]
    assert not result["score"].isna().any()


@pytest.mark.parametrize(
    ("mix", "message"),
    [
        ({"a": 0.6, "b": 0.5}, "sum to 1.1"),
        ({"a": 1.5, "b": -0.5}, "at least 0"),
        ({"a": 1.0}, "no share for b"),
    ],
)
def test_mix_is_checked(waves, mix, message):
    with pytest.raises(ValueError, match=message):
        mix_adjusted(waves, wave="month", group="store", mix=mix)
    with pytest.raises(ValueError, match="no column neutral"):
        mix_adjusted(waves.drop(columns="neutral"), wave="month", group="store")


def test_mix_adjusted_interval_covers():
    shares = {"a": [0.7, 0.2, 0.1], "b": [0.3, 0.3, 0.4], "c": [0.9, 0.08, 0.02]}
    rng = np.random.default_rng(8)
    frames = []
    for group, p in shares.items():
        counts = rng.multinomial(15, p, size=4000)
        frames.append(pd.DataFrame(counts, columns=["positive", "neutral", "negative"]))
        frames[-1] = frames[-1].assign(group=group, wave=range(4000))
    mix = {"a": 0.5, "b": 0.3, "c": 0.2}
    result = mix_adjusted(pd.concat(frames), wave="wave", group="group", mix=mix)
    truth = 100 * (0.5 * 0.6 - 0.3 * 0.1 + 0.2 * 0.88)
    coverage = result["low"].le(truth) & result["high"].ge(truth)
    assert 0.935 < coverage.mean() < 0.975

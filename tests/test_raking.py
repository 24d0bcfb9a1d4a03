"""Raking against R's loglin and tables solved by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from templates_lib.stats.raking import rake

repeatable = settings(deadline=None, derandomize=True)
COUNTS = {("m", 1): 10, ("f", 1): 20, ("m", 2): 5, ("f", 2): 30, ("m", 3): 15, ("f", 3): 20}
MARGINS = {"sex": {"m": 0.5, "f": 0.5}, "age": {1: 0.3, 2: 0.3, 3: 0.4}}


@pytest.fixture
def sample():
    rows = [key for key, n in COUNTS.items() for _ in range(n)]
    return pd.DataFrame(rows, columns=["sex", "age"]).sample(frac=1, random_state=1)


def weighted_shares(result, values):
    return (result.weights.groupby(values).sum() / result.weights.sum()).to_dict()


def test_raking_agrees_with_loglin(sample):
    # R: start <- matrix(c(10, 20, 5, 30, 15, 20), 2)
    # loglin(outer(c(.5, .5), c(.3, .3, .4)) * 100, list(1, 2), start = start, fit = TRUE,
    #        eps = 1e-12, iter = 1000)$fit / start
    expected = {
        ("m", 1): 1.6151097216,
        ("f", 1): 0.6924451392,
        ("m", 2): 1.6795540549,
        ("f", 2): 0.7200743242,
        ("m", 3): 1.6967421673,
        ("f", 3): 0.7274433745,
    }
    result = rake(sample, MARGINS, tolerance=1e-12)
    assert result.is_converged
    assert result.weights.index.equals(sample.index)
    for (sex, age), weight in expected.items():
        cell = sample["sex"].eq(sex) & sample["age"].eq(age)
        assert_allclose(result.weights[cell], weight, rtol=1e-9)
    weights = np.repeat(list(expected.values()), list(COUNTS.values()))
    # Kish: 1 + squared coefficient of variation
    assert_allclose(result.design_effect, 1 + (weights.std() / weights.mean()) ** 2)
    assert_allclose(result.effective_n, 100 / result.design_effect)
    assert result.n_trimmed == 0


def test_one_margin_is_solved_in_a_round():
    frame = pd.DataFrame({"region": ["n", "s", "s", "s"]})
    result = rake(frame, {"region": {"n": 0.5, "s": 0.5}})
    assert result.iterations == 1
    assert_allclose(result.weights, [2, 2 / 3, 2 / 3, 2 / 3])
    # (Σw)² / Σw² = 16 / (4 + 4 / 3)
    assert_allclose(result.effective_n, 3)


def test_margins_that_hold_already_leave_the_weights():
    frame = pd.DataFrame({"region": ["n", "s"]})
    result = rake(frame, {"region": {"n": 0.5, "s": 0.5}})
    assert result.iterations == 0
    assert result.is_converged
    assert result.weights.tolist() == [1, 1]


def test_base_weights_keep_their_ratios_within_a_cell():
    frame = pd.DataFrame({"region": ["n", "n", "s"]})
    base = pd.Series([1.0, 3.0, 8.0])
    result = rake(frame, {"region": {"n": 0.5, "s": 0.5}}, base=base)
    assert_allclose(result.weights, [3 / 8, 9 / 8, 12 / 8])


def test_trimmed_weights_stay_below_the_limit_and_keep_the_margins_they_can():
    frame = pd.DataFrame({"a": ["x"] * 9 + ["y"], "b": ["p", "q"] * 5})
    margins = {"a": {"x": 0.7, "y": 0.3}, "b": {"p": 0.5, "q": 0.5}}
    free, cut = rake(frame, margins), rake(frame, margins, trim=2)
    assert_allclose(free.weights.iloc[-1], 3, rtol=1e-5)
    assert_allclose(cut.weights.iloc[-1], 2)
    assert_allclose(cut.weights.mean(), 1)
    assert cut.weights.max() <= 2 + 1e-9
    assert cut.n_trimmed == 1
    assert not cut.is_converged
    # y weighs 2 of 10 where 3 of 10 are wanted.
    assert_allclose(weighted_shares(cut, frame["a"])["y"], 0.2)
    assert_allclose(cut.largest_gap, 0.1, atol=0.01)
    assert cut.design_effect < free.design_effect


def test_what_is_cut_off_does_not_lift_others_over_the_limit():
    # 5, 1.9 and eight of 0.3875; cutting the first to 2 would lift the second to 3.04.
    frame = pd.DataFrame({"a": list("xy") + ["z"] * 8})
    result = rake(frame, {"a": {"x": 0.5, "y": 0.19, "z": 0.31}}, trim=2, max_iterations=1)
    assert_allclose(result.weights, [2, 2, *[0.75] * 8])
    assert result.n_trimmed == 2


def test_a_limit_that_does_not_bind_changes_nothing(sample):
    pd.testing.assert_series_equal(
        rake(sample, MARGINS, trim=5).weights, rake(sample, MARGINS).weights
    )


def test_contradictory_margins_do_not_converge():
    # Everybody in x is also in p, so that their shares cannot differ.
    frame = pd.DataFrame({"a": ["x", "x", "y"], "b": ["p", "p", "q"]})
    margins = {"a": {"x": 0.5, "y": 0.5}, "b": {"p": 0.7, "q": 0.3}}
    result = rake(frame, margins, max_iterations=50)
    assert not result.is_converged
    assert result.iterations == 50
    assert_allclose(result.largest_gap, 0.2)


def test_everything_wrong_is_told_at_once():
    frame = pd.DataFrame({"a": ["x", None, "z"], "b": [1, 1, 1]})
    with pytest.raises(ValueError) as caught:
        rake(
            frame,
            {"a": {"x": 0.5, "y": 0.3}, "b": {1: 0.5, 2: 0.5, 3: 0.0}, "c": {"u": 1}},
            trim=0.5,
            base=pd.Series([1.0, 0.0, 1.0]),
        )
    for message in (
        "shares of 'a' sum to 0.8",
        r"'a' is missing in 1 row(s)",
        "'a' holds z, which has no target",
        "nobody in the frame has 'a' y: merge",
        "nobody in the frame has 'b' 2: merge",
        "no column 'c'",
        "trim is 0.5",
        "base must hold",
    ):
        assert message in str(caught.value)
    with pytest.raises(ValueError, match="at least one row"):
        rake(frame.head(0), {})


def test_a_target_of_nothing_needs_nobody_and_allows_nobody():
    frame = pd.DataFrame({"b": [1, 2]})
    assert rake(frame, {"b": {1: 0.5, 2: 0.5, 3: 0}}).is_converged
    with pytest.raises(ValueError, match="'b' holds 2, which has no target above 0"):
        rake(frame, {"b": {1: 1, 2: 0}})


@repeatable
@given(
    st.lists(st.integers(1, 20), min_size=6, max_size=6),
    st.lists(st.integers(1, 9), min_size=5, max_size=5),
)
def test_raking_reaches_margins_and_keeps_odds_ratios(counts, wanted):
    rows = [k for k, n in zip(COUNTS, counts, strict=True) for _ in range(n)]
    frame = pd.DataFrame(rows, columns=["sex", "age"])
    sex, age = np.array(wanted[:2]) / sum(wanted[:2]), np.array(wanted[2:]) / sum(wanted[2:])
    margins = {
        "sex": dict(zip("mf", sex, strict=True)),
        "age": dict(zip((1, 2, 3), age, strict=True)),
    }
    result = rake(frame, margins, max_iterations=1000, tolerance=1e-10)
    assert result.is_converged
    for column, target in margins.items():
        shares = weighted_shares(result, frame[column])
        assert all(abs(shares[value] - share) < 1e-9 for value, share in target.items())
    weight = result.weights.groupby([frame["sex"], frame["age"]]).first()
    assert_allclose(weight["m", 1] * weight["f", 2], weight["m", 2] * weight["f", 1])

"""Customers against the market, counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from templates_lib.icp import market_gap
from templates_lib.words import Words

MARKET = pd.DataFrame({"attribute": "age", "value": ["Young", "old", "gone"],
                       "share": [0.5, 0.45, 0.05]})  # fmt: skip


def table(old_worth: float = 100.0, n_old: int = 60):
    rng = np.random.default_rng(2)
    ids = [f"u{i}" for i in range(300)]
    value = np.concatenate([rng.normal(old_worth, 15, n_old), rng.normal(100, 15, 300 - n_old)])
    units = pd.DataFrame({"unit_id": ids, "value": value, "observed": True})
    ages = ["old"] * n_old + ["young"] * (298 - n_old) + ["gone", "unknown"]
    attributes = pd.DataFrame({"unit_id": ids, "dimension": "demographics", "attribute": "Age",
                               "value": ages})  # fmt: skip
    return units, market_gap.against_market(units, attributes, MARKET, min_cell=5)


def test_reach_is_the_share_among_customers_over_that_of_the_market():
    units, made = table()
    row = made.set_index("value").loc["old"]
    low, high = proportion_confint(60, 299, method="wilson")
    assert row["n"] == 299
    assert_allclose([row["share"], row["low"], row["high"]], [60 / 299, low, high])
    assert_allclose([row["reach"], row["reach_low"]], [60 / 299 / 0.45, low / 0.45])
    own, others = units["value"][:60], units["value"][60:299]
    apart = stats.ttest_ind(own, others, equal_var=False).confidence_interval()
    assert_allclose([row["difference_low"], row["difference_high"]], [apart.low, apart.high])


@pytest.mark.parametrize("worth, verdict", [(100, "suits"), (130, "suits"), (60, "less")])
def test_a_rare_group_suits_unless_it_is_worth_less(worth, verdict):
    _, made = table(worth)
    assert made.set_index("value").loc["old", "would_suit"] == verdict
    first = market_gap.least_reached(made)
    assert (first is None) == (verdict == "less")


def test_a_group_of_few_is_hidden_and_one_without_values_is_open():
    _, made = table(n_old=20)
    rows = made.set_index("value")
    assert rows.loc["gone", "would_suit"] == "hidden" and np.isnan(rows.loc["gone", "share"])
    assert rows.loc["old", "would_suit"] == "open"
    assert np.isnan(rows.loc["old", "value_per_customer"])
    assert rows.loc["Young", "would_suit"] == "reached"


def test_what_is_not_known_of_the_customers_is_said():
    _, made = table()
    more = pd.concat(
        [MARKET, pd.DataFrame({"attribute": ["region"], "value": ["x"], "share": [1]})]
    )
    assert market_gap.not_known(more, made) == ["region"]


def test_the_sentence_says_what_is_open():
    _, made = table()
    row = market_gap.least_reached(made)
    assert "the offer suits them" in market_gap.worth_in_words(row, Words("en", "EUR"))

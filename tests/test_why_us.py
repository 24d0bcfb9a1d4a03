"""Reasons of those who looked elsewhere, counted by hand and compared by statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose
from statsmodels.stats.proportion import confint_proportions_2indep

from templates_lib.icp import why_us
from templates_lib.words import Words

WORDS = Words("en", "EUR")


def shop(price_of_those_who_looked: int = 60) -> tuple[pd.DataFrame, pd.DataFrame]:
    """100 looked at A, 80 at nobody; of these 10 buy for the price."""
    ids = [f"u{i}" for i in range(180)]
    looked = ["A"] * 100 + ["nobody"] * 80
    priced = ["yes"] * price_of_those_who_looked + ["no"] * (100 - price_of_those_who_looked)
    priced += ["yes"] * 10 + ["no"] * 70
    attributes = pd.concat([
        pd.DataFrame({"unit_id": ids, "dimension": "habits", "attribute": "rival",
                      "value": looked}),
        pd.DataFrame({"unit_id": ids, "dimension": "motives", "attribute": "why: price",
                      "value": priced}),
    ])  # fmt: skip
    units = pd.DataFrame({"unit_id": ids, "in_base": True, "target": np.arange(180) % 3 == 0})
    return units, attributes


def compared(**options):
    units, attributes = shop(**options)
    return why_us.why_us(units, attributes, competitor="rival", nothing=["nobody"], min_cell=5)


def test_those_who_looked_elsewhere_are_compared_with_those_who_did_not():
    row = compared().query("comparison == 'looked_elsewhere'").iloc[0]
    assert (row["n"], row["n_rest"]) == (100, 80)
    assert_allclose([row["share"], row["share_rest"]], [0.6, 0.125])
    low, high = confint_proportions_2indep(60, 100, 10, 80, compare="diff", method="newcomb")
    assert_allclose([row["gap_low"], row["gap_high"]], [low, high])
    assert row["is_different"]


def test_the_strongest_difference_is_told_and_none_where_there_is_none():
    first, best = why_us.in_words(compared(), WORDS)
    assert (
        first
        == ("“price” sets them apart most: 60 of 100, against 13 of those who looked nowhere else.")
        or "12 of those" in first
    )
    assert "same reasons" in best
    alike, _ = why_us.in_words(compared(price_of_those_who_looked=13), WORDS)
    assert "same reasons" in alike


def test_without_the_question_there_is_nothing():
    units, attributes = shop()
    only = attributes[attributes["dimension"] == "motives"]
    table = why_us.why_us(units, only, competitor="rival", nothing=[], min_cell=5)
    assert table.empty and list(table.columns) == why_us.COLUMNS
    assert why_us.strongest(table, why_us.LOOKED) is None


def test_an_answer_of_few_people_has_no_row():
    units, attributes = shop(price_of_those_who_looked=4)
    table = why_us.why_us(units, attributes, competitor="rival", nothing=["nobody"], min_cell=5)
    assert table[table["comparison"] == why_us.LOOKED].empty

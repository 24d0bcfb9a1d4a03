"""Motive segments, why us, the market and personas, on answers whose groups are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from statsmodels.stats.proportion import proportion_confint

from templates_lib.icp import motive_segments
from templates_lib.words import Words

WORDS = Words("en", "EUR")
MOTIVES = ("ethics", "freshness", "price")


def long(unit_ids, attribute: str, values, dimension: str = "motives") -> pd.DataFrame:
    return pd.DataFrame({"unit_id": unit_ids, "dimension": dimension, "attribute": attribute,
                         "value": values})  # fmt: skip


def asked(n: int = 600, *, seed: int = 1) -> tuple[np.ndarray, pd.DataFrame]:
    """People of three motives: half were asked what matters most, all could tick why they bought:
    their motive, and for a third of them another."""
    rng = np.random.default_rng(seed)
    own = rng.choice(3, n, p=[0.2, 0.5, 0.3])
    ids = np.array([f"p{i:04d}" for i in range(n)])
    other = np.where(rng.random(n) < 0.33, rng.integers(3, size=n), own)
    half = np.arange(n) % 2 == 0
    parts = [long(ids[half], "matters", np.array(MOTIVES)[own[half]])]
    for place, name in enumerate(MOTIVES):
        ticked = np.where((own == place) | (other == place), "yes", "no")
        parts.append(long(ids, f"why: {name}", ticked))
    return own, pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def found():
    own, attributes = asked()
    given = motive_segments.answers(attributes)
    return own, given, motive_segments.find(given, max_segments=4, min_cell=5)


def test_a_matrix_has_a_column_a_question_or_tick_and_nothing_for_the_silent():
    _, attributes = asked(20)
    given = motive_segments.answers(attributes)
    assert [item.question for item in given.items] == ["matters", "why", "why", "why"]
    assert given.codes["matters"].isna().sum() == 10
    told = long(["p0000", "p0001"], "own words: taste", ["yes", "no"])
    with_open = motive_segments.answers(pd.concat([attributes, told]), open_questions={"own words"})
    assert with_open.items == given.items


def test_known_groups_are_found_named_and_sized(found):
    own, given, made = found
    assert made.basis == "latent"
    assert set(made.segments["segment"]) == set(MOTIVES)
    for row in made.segments.itertuples():
        true = (own == MOTIVES.index(row.segment)).mean()
        assert row.low <= row.share <= row.high
        assert abs(row.share - true) < 0.06
        assert row.stability > 0.75
    truth = pd.Series(np.array(MOTIVES)[own], given.codes.index)
    right = made.members["segment"] == made.members["unit_id"].map(truth)
    assert right.mean() > 0.85
    assert abs((1 - right.mean()) - made.error_share) < 0.05


def test_shares_of_answers_are_those_of_people_counted_by_probability(found):
    own, given, made = found
    base = (given.codes["matters"].dropna() == MOTIVES.index("ethics")).mean()
    row = made.options.query("segment == 'ethics' and question == 'matters' and option == 'ethics'")
    assert_allclose(row["share_base"], base)
    assert row["share"].item() > 0.9
    low, high = proportion_confint(row["share"] * row["n"], row["n"], method="wilson")
    assert_allclose([row["low"].item(), row["high"].item()], [low.item(), high.item()])


def test_one_question_has_given_answers_and_no_groups():
    _, attributes = asked()
    one = motive_segments.answers(attributes[attributes["attribute"] == "matters"])
    made = motive_segments.find(one, max_segments=4, min_cell=5)
    counts = attributes.query("attribute == 'matters'")["value"].value_counts()
    assert made.basis == "given"
    assert made.segments.set_index("segment")["customers"].to_dict() == counts.to_dict()
    assert made.segments["stability"].isna().all()
    assert "not hidden groups" in motive_segments.basis_in_words(made, WORDS)


def test_answers_by_chance_have_no_segments():
    rng = np.random.default_rng(4)
    ids = [f"p{i}" for i in range(300)]
    parts = [long(ids, f"why: {i}", np.where(rng.random(300) < 0.5, "yes", "no"))
             for i in range(4)]  # fmt: skip
    made = motive_segments.find(
        motive_segments.answers(pd.concat(parts)), max_segments=4, min_cell=5
    )
    assert made.basis == "alike" and made.segments.empty and made.members.empty
    assert motive_segments.basis_in_words(made, WORDS).startswith("No segments")


def test_nothing_said_is_too_few():
    made = motive_segments.find(
        motive_segments.answers(long([], "why", [])), max_segments=4, min_cell=5
    )
    assert made.basis == "too_few" and made.segments.empty


def test_value_counts_those_observed_only():
    members = pd.DataFrame({"unit_id": [f"u{i}" for i in range(80)], "probability": 1.0,
                            "segment": ["a"] * 40 + ["b"] * 40})  # fmt: skip
    units = pd.DataFrame({"unit_id": members["unit_id"], "value": np.arange(80.0),
                          "observed": [True] * 40 + [False] * 20 + [True] * 20})  # fmt: skip
    table = motive_segments.value(motive_segments.worth(members, units))
    assert table["segment"].tolist() == ["a"]  # of b, only 20 are observed
    assert table["value_per_customer"].tolist() == [np.arange(40).mean()]

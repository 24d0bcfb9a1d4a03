"""Rules and score of the first day: what is planted is found, what is not is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from templates_lib.icp import first_day_score, tree_rules

VALUES = {"first_category": ["Kahvi", "Laitteet", "Lahjat"], "first_discounted": ["yes", "no"]}


def shop(rng: np.random.Generator, n: int, chance=None, *, share: float = 0.15):
    """Units with attributes of the first day; ``chance`` gives each its chance to be of the
    target, which otherwise goes with nothing."""
    names = [f"u{i}" for i in range(n)]
    given = {
        "first_category": rng.choice(VALUES["first_category"], n, p=[0.5, 0.3, 0.2]),
        "first_discounted": rng.choice(VALUES["first_discounted"], n, p=[0.3, 0.7]),
        "first_weekday": rng.choice(["working_day", "weekend"], n),
        "first_country": rng.choice(["FI", "SE", "NO"], n, p=[0.7, 0.2, 0.1]),
    }
    p = np.full(n, share) if chance is None else chance(given)
    target = rng.random(n) < p
    units = pd.DataFrame({"unit_id": names, "in_base": True, "target": target})
    parts = [pd.DataFrame({"unit_id": names, "attribute": a, "value": v}) for a, v in given.items()]
    table = pd.concat(parts).assign(dimension="first_purchase", day_one=True)
    return units, table, p


def planted(given):
    is_best = (given["first_category"] == "Laitteet") & (given["first_discounted"] == "no")
    return np.where(is_best, 0.40, 0.08)


def test_the_planted_combination_is_the_first_rule():
    units, attributes, _ = shop(np.random.default_rng(1), 3000, planted)
    rules = tree_rules.rules(tree_rules.design(units, attributes), min_cell=5)
    assert list(rules.columns[:6]) == ["rule", "n", "share_target", "lift", "low", "high"]
    first = rules.iloc[0]
    assert first["rule"] == (
        "category of the first order is “Laitteet”, no discount on the first order"
    )
    assert abs(first["share_target"] - 0.40) < 0.08
    assert first["n"] >= 30
    assert ((rules["low"] > 1) | (rules["high"] < 1)).all()


def test_the_numbers_are_those_of_the_half_that_was_left_out():
    """The rule counted again by hand on the other half."""
    units, attributes, _ = shop(np.random.default_rng(2), 3000, planted)
    made = tree_rules.design(units, attributes)
    first = tree_rules.rules(made, min_cell=5).iloc[0]
    half = tree_rules._half(made.target.to_numpy(), tree_rules.SEED)
    has = (made.x["first_category=Laitteet"] == 1) & (made.x["first_discounted=yes"] == 0)
    assert first["n"] == (has & half).sum()
    assert first["people_target"] == made.target[has & half].sum()
    assert first["n_base"] == half.sum()
    assert first["lift"] == pytest.approx(made.target[has & half].mean() / made.target[half].mean())
    assert abs(made.target[half].mean() - made.target[~half].mean()) < 0.001


def test_the_share_of_a_rule_is_covered_as_often_as_its_interval_says():
    """Out of sample a tree's best leaf is not flattered by having been chosen."""
    rng, covered, found = np.random.default_rng(3), 0, 0
    for _ in range(40):
        units, attributes, p = shop(rng, 1500, planted)
        made = tree_rules.design(units, attributes)
        rules = tree_rules.rules(made, min_cell=5)
        own = rules[rules["rule"].str.startswith("category of the first order is “Laitteet”, no d")]
        found += len(own)
        covered += own["share_low"].le(0.40).mul(own["share_high"].ge(0.40)).sum()
    assert found >= 35
    assert covered >= stats.binom(found, 0.95).ppf(0.001)


def test_without_structure_rules_are_told_no_oftener_than_stated():
    rng, shops = np.random.default_rng(4), 150
    found = sum(
        len(tree_rules.rules(tree_rules.design(*shop(rng, 500)[:2]), min_cell=5)) > 0
        for _ in range(shops)
    )
    assert found <= stats.binom(shops, 0.1).ppf(0.999), found


def test_what_is_known_later_or_of_few_is_no_part_of_it():
    units, attributes, _ = shop(np.random.default_rng(5), 600)
    later = attributes[attributes["attribute"] == "first_weekday"].assign(
        attribute="vip", value=np.where(units["target"], "yes", "no"), day_one=False
    )
    rare = attributes[attributes["attribute"] == "first_country"].assign(attribute="age")
    rare.loc[rare.index[:300], "value"] = "unknown"
    made = tree_rules.design(units, pd.concat([attributes, later, rare]))
    assert {name for name, _ in made.known} == {*VALUES, "first_weekday", "first_country"}
    assert ("first_discounted", "no") not in made.known


def test_a_rule_is_worded_by_what_remains():
    units, attributes, _ = shop(np.random.default_rng(6), 300)
    made = tree_rules.design(units, attributes)
    place = {name: i for i, name in enumerate(made.known)}
    kahvi, lahjat = place["first_category", "Kahvi"], place["first_category", "Lahjat"]
    both = tree_rules.in_words([(kahvi, False), (lahjat, False)], made)
    assert both == "category of the first order is “Laitteet”"
    one = tree_rules.in_words([(kahvi, False)], made)
    assert one == "category of the first order is not “Kahvi”"
    assert tree_rules.in_words([(kahvi, True), (lahjat, False)], made).endswith("is “Kahvi”")


def test_too_few_are_no_rules_and_no_score():
    units, attributes, _ = shop(np.random.default_rng(7), 40)
    assert tree_rules.rules(tree_rules.design(units, attributes), min_cell=5).empty
    assert first_day_score.score(tree_rules.design(units, attributes, everyone=True), units) is None
    nothing = tree_rules.design(units, attributes.head(0))
    assert tree_rules.rules(nothing, min_cell=5).empty


def test_the_score_finds_the_planted_chances_and_is_calibrated():
    def chance(given):
        odds = -2.2 + 1.5 * (given["first_category"] == "Laitteet")
        return 1 / (1 + np.exp(-(odds - 1.0 * (given["first_discounted"] == "yes"))))

    units, attributes, true = shop(np.random.default_rng(8), 4000, chance)
    units.loc[3000:, "in_base"] = False
    units.loc[3000:, "target"] = False
    made = first_day_score.score(tree_rules.design(units, attributes, everyone=True), units)
    assert made is not None
    assert made.holds
    scores = made.scores.set_index("unit_id")["score"].reindex(units["unit_id"]).to_numpy()
    assert np.abs(scores - true).mean() < 0.03
    assert len(made.scores) == 4000
    table = made.calibration
    assert table["n"].sum() == 3000
    assert (table["n"] >= 50).all()
    assert table["predicted_share"].between(table["low"], table["high"]).mean() >= 0.6
    best = first_day_score.best(made)
    assert best.low > best.of_all
    rows = first_day_score.exported(made, unit="customer")
    assert rows.columns.tolist() == ["customer_id", "chance", "in_base"]
    assert rows["chance"].is_monotonic_decreasing


def test_a_score_of_nothing_is_not_handed_on():
    rng = np.random.default_rng(9)
    held = 0
    for _ in range(4):
        units, attributes, _ = shop(rng, 400)
        made = first_day_score.score(tree_rules.design(units, attributes, everyone=True), units)
        held += made is not None and made.holds
    assert held <= stats.binom(4, 0.025).ppf(0.999)

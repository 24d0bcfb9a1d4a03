"""In what the best differ: counted by hand, hidden where few, and silent where nothing is there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from templates_lib.icp import attribute_lift
from templates_lib.stats.intervals import benjamini_hochberg

SHOPS = 1000


def shop(values: dict[str, list], target: list[bool], *, dimension: str = "motives"):
    """Units u0, u1, … with the values of each attribute; None is no row."""
    names = [f"u{i}" for i in range(len(target))]
    units = pd.DataFrame({"unit_id": names, "in_base": True, "target": target})
    parts = [
        pd.DataFrame({"unit_id": names, "value": v, "attribute": a}).dropna()
        for a, v in values.items()
    ]
    return units, pd.concat(parts).assign(dimension=dimension, day_one=True)


def counted(cells: dict[str, tuple[int, int]]) -> tuple[list[str], list[bool]]:
    """Values and target from counts: value: (in the target, outside)."""
    values, target = [], []
    for value, (inside, outside) in cells.items():
        values += [value] * (inside + outside)
        target += [True] * inside + [False] * outside
    return values, target


def test_the_first_columns_are_those_promised():
    values, target = counted({"a": (30, 70), "b": (20, 180)})
    table = attribute_lift.lift(*shop({"why": values}, target), min_cell=5)
    assert list(table.columns[:10]) == [
        "attribute", "value", "n_target", "n_base", "share_target", "share_base", "lift", "low",
        "high", "q_value",
    ]  # fmt: skip


def test_shares_and_lift_by_hand():
    values, target = counted({"a": (30, 70), "b": (20, 180), "c": (10, 40)})
    table = attribute_lift.lift(*shop({"why": values}, target), min_cell=5).set_index("value")
    a = table.loc["a"]
    assert (a["n_target"], a["n_base"], a["people_target"], a["people_base"]) == (60, 350, 30, 100)
    assert a["share_target"] == pytest.approx(0.5)
    assert a["share_base"] == pytest.approx(100 / 350)
    assert a["lift"] == pytest.approx(1.75)
    assert a["gap_share"] == pytest.approx(30 / 60 - 70 / 290)
    # R: prop.test(30, 60, correct = FALSE)$conf.int
    assert (a["target_low"], a["target_high"]) == pytest.approx((0.3773502, 0.6226498), abs=1e-6)
    assert table["is_different"].tolist() == (table["q_value"] <= 0.1).tolist()


def test_those_not_in_the_base_count_nowhere():
    values, target = counted({"a": (40, 160), "b": (40, 160)})
    units, attributes = shop({"why": values}, target)
    units.loc[:49, "in_base"] = False
    table = attribute_lift.lift(units, attributes, min_cell=5).set_index("value")
    assert table.loc["b", "n_base"] == 350


def test_unknown_is_a_row_of_all_and_in_no_other_share():
    values, target = counted({"young": (40, 60), "old": (20, 80), "unknown": (20, 180)})
    table = attribute_lift.lift(*shop({"age": values}, target), min_cell=5).set_index("value")
    assert table.loc["young", "n_base"] == 200
    assert table.loc["young", "share_target"] == pytest.approx(40 / 60)
    unknown = table.loc["unknown"]
    assert (unknown["n_base"], unknown["people_base"]) == (400, 200)
    assert np.isnan(unknown["q_value"])
    assert not unknown["is_different"]
    missing = attribute_lift.missing(*shop({"age": values}, target))
    assert [(m.attributes, m.people, m.n) for m in missing] == [(("age",), 200, 400)]
    assert missing[0].share_target == pytest.approx(20 / 80)


def test_who_was_not_asked_is_in_no_share():
    values, target = counted({"a": (30, 70), "b": (20, 180)})
    asked = [v if i % 2 else None for i, v in enumerate(values)]
    table = attribute_lift.lift(*shop({"why": asked}, target), min_cell=5)
    assert (table["n_base"] == 150).all()


def test_yes_and_no_are_one_row_and_one_test():
    yes, target = counted({"yes": (30, 70), "no": (20, 180)})
    table = attribute_lift.lift(*shop({"b2b": yes}, target), min_cell=5)
    assert table["value"].tolist() == ["yes"]
    two, target = counted({"weekend": (30, 70), "working_day": (20, 180)})
    table = attribute_lift.lift(*shop({"day": two}, target), min_cell=5)
    p = stats.fisher_exact([[30, 20], [70, 180]]).pvalue
    assert table["q_value"].nunique() == 1
    assert table["q_value"].iloc[0] == pytest.approx(p, rel=0.6)  # not doubled by a second test


def test_few_people_are_hidden_and_cannot_be_worked_out():
    values, target = counted({"a": (30, 70), "b": (20, 80), "c": (6, 60), "rare": (2, 40)})
    table = attribute_lift.lift(*shop({"why": values}, target), min_cell=5)
    assert set(table["value"]) == {"a", "b"}  # c is hidden with the rare one: 58 less 50 tells 8
    outside, target = counted({"a": (30, 70), "b": (20, 80), "c": (20, 80), "rare": (40, 2)})
    assert "rare" not in set(
        attribute_lift.lift(*shop({"w": outside}, target), min_cell=5)["value"]
    )
    yes, target = counted({"yes": (47, 200), "no": (3, 100)})
    assert attribute_lift.lift(*shop({"b2b": yes}, target), min_cell=5).empty


def test_nothing_at_all_is_an_empty_table():
    units, attributes = shop({"why": ["a"] * 300}, [True] * 40 + [False] * 260)
    assert (
        attribute_lift.lift(units, attributes.head(0), min_cell=5).columns.tolist()
        == attribute_lift.LIFT
    )
    assert (
        attribute_lift.beside(attribute_lift.lift(units, attributes.head(0), min_cell=5), "motives")
        == {}
    )


def test_q_values_are_over_all_attributes_together():
    rng = np.random.default_rng(5)
    target = [True] * 80 + [False] * 720
    values = {f"q{i}": rng.choice(list("abc"), 800).tolist() for i in range(8)}
    table = attribute_lift.lift(*shop(values, target), min_cell=5)
    counts = table[["people_target", "n_target", "people_base", "n_base"]].to_numpy()
    p = [attribute_lift.lifts.mid_p(x, n, b - x, m - n) for x, n, b, m in counts]
    assert len(table) == 24
    assert table["q_value"].to_numpy() == pytest.approx(benjamini_hochberg(p))


def test_the_lead_is_the_greatest_gap_upwards():
    values, target = counted({"a": (50, 100), "b": (40, 300), "c": (10, 300)})
    table = attribute_lift.lift(*shop({"why": values}, target), min_cell=5)
    lead = attribute_lift.lead(table, "motives").iloc[0]
    assert lead["value"] == "a"
    series = attribute_lift.beside(table, "motives")
    assert list(series) == ["target", "base"]
    assert series["target"].columns.tolist() == ["row", "share", "low", "high"]


def null_shop(rng: np.random.Generator):
    """A shop in which nothing goes with the target: questions of some, attributes of all."""
    n = 400
    target = np.zeros(n, dtype=bool)
    target[rng.choice(n, 60, replace=False)] = True
    values = {
        f"of_all_{i}": rng.choice(list("abcd"), n, p=[0.4, 0.25, 0.2, 0.15]).tolist()
        for i in range(2)
    }
    asked = rng.random(n) < 0.5
    for i in range(4):
        given = rng.choice(["yes", "no"], n, p=[0.4, 0.6])
        values[f"asked_{i}"] = [v if a else None for v, a in zip(given, asked, strict=True)]
    return shop(values, target.tolist())


def test_a_shop_with_nothing_in_it_is_told_so_as_often_as_stated():
    rng = np.random.default_rng(11)
    found = 0
    for _ in range(SHOPS):
        units, attributes = null_shop(rng)
        found += attribute_lift.lift(units, attributes, min_cell=5)["is_different"].any()
    most = stats.binom(SHOPS, 0.1).ppf(0.999)
    assert found <= most, found
    assert found > 0.02 * SHOPS, found  # nor is the test dead

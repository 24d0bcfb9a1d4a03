"""Profiles: who is in which, honest where nothing tells; cards whose every line has evidence."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest

from templates_lib.icp.icp import UNITS
from templates_lib.icp.personas import COLUMNS as PERSONAS
from templates_lib.icp.tree_rules import design, members, rules
from templates_lib.params.purchase_survey import PurchaseSurvey
from templates_lib.profiles import cards, profiles
from templates_lib.words import Words

WORDS = Words("en", "EUR")
KINDS = ("gift", "fresh", "price")
SAY = cards.Said(WORDS, PurchaseSurvey(), frozenset(), 365)


def shop(n: int = 1200, *, tells: bool = True, seed: int = 7):
    """Customers of three kinds; the first category tells gifts, if it tells anything: of those who
    begin with gifts 80 of 100 are of that kind, of the others 10."""
    rng = np.random.default_rng(seed)
    ids = [f"c{i:04}" for i in range(n)]
    starts = rng.random(n) < 0.3
    is_gift = rng.random(n) < (np.where(starts, 0.8, 0.1) if tells else 0.31)
    kind = np.where(is_gift, "gift", np.where(rng.random(n) < 0.6, "fresh", "price"))
    category = np.where(starts, "Lahjat", "Kahvi")
    units = pd.DataFrame({
        "unit_id": ids, "first_on": pd.Timestamp("2024-01-01"), "value": rng.gamma(2, 20, n),
        "purchases": 1, "observed": True, "in_base": True, "target": False,
    })[UNITS]  # fmt: skip
    answered = np.arange(n) < n // 2
    said = np.where(rng.random(n) < 0.9, kind, rng.choice(KINDS, n))
    stopped = np.where(rng.random(n) < np.where(kind == "price", 0.9, 0.2), "freight", "time")
    long = pd.concat([
        pd.DataFrame({"unit_id": ids, "dimension": "first_purchase",
                      "attribute": "first_category", "value": category, "day_one": True}),
        pd.DataFrame({"unit_id": ids, "dimension": "motives", "attribute": "why", "value": said,
                      "day_one": False})[answered],
        pd.DataFrame({"unit_id": ids, "dimension": "pains", "attribute": "nearly_stopped",
                      "value": stopped, "day_one": False})[answered],
    ], ignore_index=True)  # fmt: skip
    given = pd.DataFrame({"unit_id": ids, "segment": kind, "probability": 0.9})[answered]
    return units, long, given, pd.Series(kind, ids)


@pytest.fixture(scope="module")
def told():
    units, long, given, truth = shop()
    tried = profiles.trial(design(units, long, everyone=True), given, least_probability=0.5)
    return units, long, given, truth, tried


def test_the_chances_are_the_planted_ones(told):
    units, long, _, _, tried = told
    begins = long[long["attribute"] == "first_category"].set_index("unit_id")["value"]
    mean = tried.chances["gift"].groupby(begins).mean()
    assert mean["Lahjat"] == pytest.approx(0.8, abs=0.06)
    assert mean["Kahvi"] == pytest.approx(0.1, abs=0.04)
    assert np.allclose(tried.chances.sum(axis=1), 1)


def test_what_is_told_of_left_out_people_is_right_as_often_as_said(told):
    _, _, _, _, tried = told
    assert tried.holds and tried.n == 600
    share, low, high = tried.right_share()
    # of 100, 30 begin with gifts and 80 of them are gifts; 70 do not, and 54 of them are fresh
    assert low <= 0.3 * 0.8 + 0.7 * 0.9 * 0.6 <= high
    assert tried.calibration["n"].sum() == 600


def test_who_answered_is_where_the_answers_put_them_others_where_the_first_day_tells(told):
    units, _, given, truth, tried = told
    table = profiles.assigned(units["unit_id"], given, tried, least_probability=0.6)
    assert list(table) == profiles.ASSIGNED
    assert list(table["unit_id"]) == list(units["unit_id"])
    answered = table[table["basis"] == "answered"]
    assert len(answered) == 600 and (answered["probability"] == 0.9).all()
    others = table[table["basis"] == "first_day"]
    assert set(others["profile"]) == {"gift", "unknown"}  # of the rest none is 60 in 100 likely
    gifts = others[others["profile"] == "gift"]
    assert (truth[gifts["unit_id"]] == "gift").mean() == pytest.approx(0.8, abs=0.07)
    assert (others.loc[others["profile"] == "unknown", "probability"] < 0.6).all()


def test_where_the_first_day_tells_nothing_the_silent_are_unknown():
    units, long, given, _ = shop(tells=False)
    tried = profiles.trial(design(units, long, everyone=True), given, least_probability=0.5)
    assert not tried.holds
    table = profiles.assigned(units["unit_id"], given, tried, least_probability=0.5)
    silent = table[~table["unit_id"].isin(given["unit_id"])]
    assert set(silent["profile"]) == {"unknown"} and silent["probability"].isna().all()
    assert set(silent["basis"]) == {"nothing"}


def test_too_few_of_each_are_not_tried():
    units, long, given, _ = shop()
    made = design(units, long, everyone=True)
    assert profiles.trial(made, given.head(20), least_probability=0.5) is None
    assert profiles.trial(made, profiles.nobody(), least_probability=0.5) is None


def test_the_own_word_comes_before_what_was_inferred(told):
    units, _, given, _, tried = told
    corrected = pd.DataFrame({"unit_id": ["c0001", "c1199", "c0002"],
                              "attribute": ["profile", "profile", "city"],
                              "value": ["PRICE", "no such", "price"]})  # fmt: skip
    said = profiles.said_so(corrected, pd.DataFrame({"persona": KINDS}))
    assert said.to_dict() == {"c0001": "price"}
    table = profiles.assigned(units["unit_id"], given, tried, least_probability=0.5,
                              corrected=said).set_index("unit_id")  # fmt: skip
    assert table.loc["c0001"].tolist() == ["price", 1.0, "corrected"]


def persona(name: str, evidence: str) -> dict:
    return dict.fromkeys(PERSONAS) | {"persona": name, "evidence": evidence, "n": 50, "says": ""}


def test_cards_are_of_stable_segments_else_of_rules_else_of_hypotheses():
    every = [("a", "stable_segment"), ("b", "rule"), ("c", "hypothesis")]
    for left in range(3):
        found = profiles.kinds(pd.DataFrame([persona(*one) for one in every[left:]]))
        assert list(found["persona"]) == [every[left][0]]
    assert profiles.kinds(None).empty


def made(told, evidence="stable_segment"):
    units, long, given, _, _ = told
    kinds = pd.DataFrame([persona(name, evidence) for name in KINDS])
    group = given.rename(columns={"segment": "profile"})
    allowed = {"min_cell": 5, "false_discovery_share": 0.1}
    lifts = cards.lifts(units, long, group, profiles=KINDS, **allowed)
    rests = cards.Known(lifts, None, None, pd.DataFrame(columns=["profile"]), None)
    return cards.cards(kinds, rests, SAY), lifts, group


def test_every_line_of_a_card_has_its_evidence(told):
    page, _, group = made(told)
    assert list(page) == cards.CARDS
    assert set(page["line"]) == set(cards.LINES)
    known = page[page["strength"] != "not_known"]
    assert (known["n"] >= 30).all() and known["evidence"].isin(["survey", "orders"]).all()
    assert (known["low"] <= known["high"]).all()
    pain = page[(page["profile"] == "price") & (page["line"] == "pain")].iloc[0]
    own = group.loc[group["profile"] == "price", "unit_id"]
    said = told[1][(told[1]["attribute"] == "nearly_stopped") & told[1]["unit_id"].isin(own)]
    n, x = len(said), (said["value"] == "freight").sum()
    z2 = 1.959964**2  # Wilson (1927): the roots of (x/n − p)² = z² p (1 − p) / n
    middle, half = (x + z2 / 2) / (n + z2), np.sqrt(z2 * (x * (n - x) / n + z2 / 4)) / (n + z2)
    assert pain["n"] == n
    assert (pain["low"], pain["high"]) == pytest.approx((middle - half, middle + half), abs=1e-6)
    lacking = page[page["strength"] == "not_known"]
    assert set(lacking["line"]) >= {"who", "value"} and (lacking["n"] == 0).all()
    assert lacking["low"].isna().all()


def test_what_to_say_is_a_hypothesis_and_so_is_all_of_a_kind_that_is_one(told):
    page, _, _ = made(told)
    said = page[page["line"] == "what_to_say"]
    assert set(said["strength"]) == {"hypothesis"}
    assert said["text"].str.contains("“freight” before it is asked").sum() == 1
    guessed, _, _ = made(told, "hypothesis")
    assert set(guessed["strength"]) == {"hypothesis", "not_known"}


def test_who_comes_back_is_counted_by_hand():
    firsts = pd.DataFrame({
        "customer_id": [f"c{i}" for i in range(100)], "first_on": pd.Timestamp("2024-01-01"),
        "second_on": [pd.Timestamp("2024-03-01")] * 20 + [pd.Timestamp("2025-06-01")] * 20
        + [pd.NaT] * 60,
    })  # fmt: skip
    late = firsts.tail(1).assign(customer_id="late", first_on=pd.Timestamp("2025-12-01"))
    table = ibis.memtable(pd.concat([firsts, late]))
    group = pd.DataFrame({"customer_id": [*firsts["customer_id"], "late"],
                          "profile": (["a"] * 50 + ["b"] * 50 + ["a"])})  # fmt: skip
    found = cards.returns(table, group, days=365, as_of=pd.Timestamp("2026-01-31"), min_cell=0)
    first = found.set_index("profile").loc["a"]
    assert (first["n"], first["share"], first["share_base"]) == (50, 0.4, 0.2)


def test_cards_are_escaped(told):
    page, _, _ = made(told)
    page["text"] = "<script>alert(1)</script>"
    page["profile"] = "<img src=x onerror=alert(2)>"
    html = cards.to_html(page, WORDS)
    assert "<script" not in html and "<img" not in html


def test_rules_tell_their_own_members():
    """Whoever has the planted combination, and nobody else, is of the rule's kind."""
    rng = np.random.default_rng(3)
    n = 3000
    ids = [f"c{i:04}" for i in range(n)]
    category = rng.choice(["Lahjat", "Kahvi", "Laitteet"], n)
    chance = np.where(category == "Laitteet", 0.5, 0.05)
    units = pd.DataFrame({"unit_id": ids, "in_base": np.arange(n) < 2500, "observed": True,
                          "target": rng.random(n) < chance})  # fmt: skip
    long = pd.DataFrame({"unit_id": ids, "dimension": "first_purchase", "value": category,
                         "attribute": "first_category", "day_one": True})  # fmt: skip
    small = design(units, long)
    found = rules(small, min_cell=5)
    best = found.loc[found["lift"].idxmax(), "rule"]
    applies = members(small, design(units, long, everyone=True), found)
    own = set(applies.loc[applies["rule"] == best, "unit_id"])
    assert own == {i for i, c in zip(ids, category, strict=True) if c == "Laitteet"}
    table = profiles.by_rules(units["unit_id"], applies[applies["rule"] == best])
    assert (table["profile"] == best).sum() == len(own)
    assert table.loc[table["profile"] == best, "probability"].eq(1).all()


def test_small_groups_are_not_counted():
    table = pd.DataFrame({"customer_id": list("abcdefghij"), "basis": ["answered"] * 7
                          + ["first_day"] * 3, "profile": "x", "probability": 1.0})  # fmt: skip
    assert list(profiles.by_basis(table, min_cell=5)["basis"]) == ["answered"]

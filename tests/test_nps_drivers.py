"""The recommendation score, what moves it, the reasons, and what it leads to.

Values of METHODS A are of R's package NPS (Rocks 2016); the demo's planted truth is in
``demo/truth.py``; Botanic's score is the published one.
"""

from __future__ import annotations

import functools
import json
from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest
from conftest import staged
from numpy.testing import assert_allclose
from real_data import example

import templates_lib.client
from templates_lib import coverage
from templates_lib.coding import coding
from templates_lib.coding.codebook import STARTER, read_codebook
from templates_lib.demo import truth
from templates_lib.nps_drivers import nps, nps_drivers, nps_reasons, outcomes, weighted
from templates_lib.problems import InputProblems
from templates_lib.report import findings
from templates_lib.stats.raking import Raked
from templates_lib.workspace import repository

AS_OF = date(2026, 6, 30)
ZONE = "Europe/Helsinki"


def people_of(*scores, wave="w", **columns):
    """Answers with these scores, None for one left out."""
    values = pd.Series(scores, dtype="float64")
    ids = [f"{wave}{i}" for i in range(len(values))]
    table = pd.DataFrame({"response_id": ids, "score": values, "wave": wave, "survey": "nps"})
    at = pd.Timestamp("2026-01-01")
    return table.assign(customer_id=ids, answered_at=at, on=at.date(), **columns)


def made_of(promoters, passives, detractors, **columns):
    return people_of(*[9] * promoters, *[7] * passives, *[6] * detractors, **columns)


# The score


def test_the_score_and_its_interval():
    # R: NPS::nps.interval(breaks of 15 promoters, 13 passives, 8 detractors), adjusted Wald
    (row,) = nps.scores(made_of(15, 13, 8)).to_dict("records")
    assert_allclose(row["nps"], 19.444444, atol=1e-4)
    assert_allclose([row["low"], row["high"]], [-6.280259, 42.177695], atol=1e-4)
    assert [row[name] for name in (*nps.CLASSES, "n")] == [15, 13, 8, 36]
    assert_allclose(row["mean_score"], (15 * 9 + 13 * 7 + 8 * 6) / 36)


def test_a_missing_score_is_in_no_denominator():
    people = people_of(*[10] * 20, *[0] * 10, *[None] * 70)
    (row,) = nps.scores(people).to_dict("records")
    assert row["n"] == 30
    assert_allclose(row["nps"], 100 / 3)


@pytest.mark.parametrize(("n", "has_estimate", "is_small"), [
    (9, False, False), (10, True, True), (29, True, True), (30, True, False),
])  # fmt: skip
def test_the_least_data(n, has_estimate, is_small):
    (row,) = nps.scores(made_of(n - 2, 1, 1)).to_dict("records")
    assert (row["nps"] == row["nps"]) == has_estimate
    assert (row["low"] == row["low"]) == has_estimate
    assert row["is_small"] == is_small
    assert row["n"] == n


def test_classes_are_those_of_the_score():
    names = nps.class_names(pd.Series([0, 6, 7, 8, 9, 10, None], dtype="float64"))
    assert names.tolist()[:6] == ["detractors"] * 2 + ["passives"] * 2 + ["promoters"] * 2
    assert names.isna().tolist()[6]


def test_small_cells_are_hidden_with_what_gives_them_away():
    waves = pd.concat([
        made_of(20, 10, 3, wave="a"), made_of(20, 10, 8, wave="b"), made_of(2, 1, 0, wave="c"),
        made_of(30, 20, 9, wave="d"),
    ])  # fmt: skip
    shown = nps.hidden(nps.scores(waves, split="wave"), min_cell=5).set_index("group")
    assert pd.isna(shown.loc["c", "n"])
    assert shown["n"].isna().sum() == 2, "the total would give away one that is hidden alone"
    # Three detractors: with the score and n, any one of the three counts would give it away.
    assert shown.loc["a", nps.CLASSES].isna().all()
    assert shown.loc["d", nps.CLASSES].tolist() == [30, 20, 9]


def test_the_histogram_hides_few():
    scale = nps.histogram(people_of(*[10] * 50, *[9] * 20, *[3] * 2, *[5] * 6), min_cell=5)
    count = scale.set_index("score")["count"]
    assert count[10] == 50
    assert pd.isna(count[3])
    assert count[0] == 0
    assert count.isna().sum() == 2


def test_waves_are_compared_from_a_hundred_scores():
    waves = nps.scores(pd.concat([
        made_of(60, 30, 10, wave="a"), made_of(30, 40, 29, wave="b"), made_of(30, 40, 60, wave="c"),
        made_of(32, 40, 60, wave="d"),
    ]), split="wave")  # fmt: skip
    changes = nps.wave_changes(waves)
    assert changes["group_1"].tolist() == ["c", "d"]
    assert changes["group_2"].tolist() == ["a", "c"], "b has 99 scores"
    assert_allclose(changes["points"][0], 100 * (-30 / 130) - 50)
    assert (changes["p_holm"] >= changes["p_value"]).all()
    assert (changes["p_holm"] < 0.05).tolist() == [True, False]


def test_few_who_left_a_rating_out_are_hidden_with_what_gives_them_away():
    rows = [
        ("a", 500, 497, 3, 0, True),
        ("b", 460, 440, 20, 40, True),
        ("c", 12, 10, 2, 488, False),
    ]
    names = ["driver", "asked", "answered", "not_answered", "not_asked", "is_used"]
    shown = nps_drivers.items_shown(pd.DataFrame(rows, columns=names), min_cell=5)
    assert shown.columns.tolist() == names
    assert shown.loc[1, names].tolist() == list(rows[1])
    # 500 gave a score: any two of the three counts, or one and who was asked, give the third
    for row in (0, 2):
        assert shown.loc[row, ["asked", "answered", "not_answered"]].isna().all()
    assert shown["not_asked"].tolist() == [0, 40, 488]
    empty = pd.DataFrame(columns=names)
    assert nps_drivers.items_shown(empty, min_cell=5).empty


def test_a_shift_of_the_mix_alone_is_taken_out():
    # In both waves friends score 50 and others 0; the second wave has more of the others.
    def wave(name, friends, others):
        a = made_of(friends // 2, friends // 2, 0, wave=name, source="friends")
        b = made_of(others // 4, others // 2, others // 4, wave=name, source="others")
        return pd.concat([a, b], ignore_index=True)

    people = pd.concat([wave("a", 160, 80), wave("b", 80, 160)], ignore_index=True)
    mixed = nps.mix_adjusted(people, mix_by="source")
    assert_allclose(mixed["nps"], [100 / 3, 50 / 3])
    assert_allclose(mixed["adjusted_nps"], [25, 25])
    assert nps.mix_adjusted(people, mix_by="nothing").empty


def test_a_group_that_differs_is_found_and_a_small_one_never_ranked():
    people = pd.concat([
        made_of(40, 10, 50, kind="b2b"), made_of(140, 50, 10, kind="home"),
        made_of(25, 0, 0, kind="fair"), made_of(0, 0, 40, kind="unknown"),
    ])  # fmt: skip
    people["customer_id"] = range(len(people))
    compared = nps.against_others(people, nps.by_groups(people, ["kind"]))
    assert set(compared["group"]) == {"b2b", "home"}
    assert nps.widest(compared)["group"] == "home"


def twice(people):
    """The same answers a second time, of the same customers."""
    again = people.assign(response_id=people["response_id"] + "again")
    return pd.concat([people, again], ignore_index=True)


def test_the_same_answers_of_the_same_customers_make_nothing_surer():
    a, b = made_of(60, 30, 20, wave="a"), made_of(40, 40, 40, wave="b")
    people = pd.concat([a, b]).assign(kind=lambda t: t["wave"], on=date(2026, 1, 1))
    again = twice(people)
    once, both = nps.scores(people), nps.scores(again)
    assert once["design_effect"].tolist() == [1]
    assert both["n"].tolist() == [2 * 230]
    estimates = ["nps", "low", "high"]
    assert_allclose(both[estimates], once[estimates], atol=0.05)
    independent = nps.scores(again.assign(customer_id=None))
    assert (independent["high"] - independent["low"] < both["high"] - both["low"] - 3).all()
    columns = ["points", "points_low", "points_high", "p_value"]
    waves, waves_again = (nps.scores(each, split="wave") for each in (people, again))
    assert_allclose(
        nps.wave_changes(waves_again)[columns], nps.wave_changes(waves)[columns], atol=0.1
    )
    groups, groups_again = (nps.by_groups(each, ["kind"]) for each in (people, again))
    assert_allclose(
        nps.against_others(again, groups_again)[columns],
        nps.against_others(people, groups)[columns],
        atol=0.1,
    )
    mixed, mixed_again = (
        nps.mix_adjusted(each.assign(source="all"), mix_by="source") for each in (people, again)
    )
    assert mixed_again["n"].tolist() == [220, 240]
    ends = ["nps", "adjusted_nps", "low", "high"]
    assert_allclose(mixed_again[ends], mixed[ends], atol=0.1)


def raked(**weights):
    """Weights by customer, as raking gives them."""
    return Raked(pd.Series(weights, dtype=float), 1, True, 0.0, 0, 1.0, float(len(weights)))


def test_the_weighted_score_by_hand():
    # Known buyers: 20 who give 10, of weight 1; 20 who give 0, of weight 3: 100 × (20 − 60) / 80.
    people = people_of(*[10] * 20, *[0] * 20, *[8] * 10, None)
    weights = raked(**{f"w{i}": 1 if i < 20 else 3 for i in range(40)})
    table = weighted.beside(people, weights).set_index("group")
    assert table.index.tolist() == ["as_answered", "as_all_buyers"]
    assert table["n"].tolist() == [40, 40]
    assert_allclose(table["nps"], [0, -50], atol=1e-12)
    # (Σw)² / Σw² = 80² / 200
    assert_allclose(table["effective_n"], [40, 32])
    # Two answers of each are no second person.
    again = weighted.beside(twice(people), weights).set_index("group")
    assert again["n"].tolist() == [80, 80]
    row = ["nps", "low", "high", "effective_n"]
    assert_allclose(again.loc["as_all_buyers", row], table.loc["as_all_buyers", row])


def test_the_demo_s_score_is_lower_weighted_to_all_buyers():
    # The content and the frequent buyers answer more: NPS_ANSWER of the planted truth.
    have, people, days = demo()
    measures = ["net_sales", "tenure_days", "first_channel", "first_category"]
    weights = weighted.weights(have, survey="nps", measures=measures, min_cell=5, **days)
    assert weights.is_converged
    answered, like_all = weighted.beside(people, weights).itertuples()
    assert like_all.nps < answered.nps
    assert like_all.effective_n < answered.effective_n
    assert weighted.weights(have, survey=None, measures=measures, min_cell=5, **days) is None


def test_without_buyers_there_is_no_weighted_score():
    people = people_of(*[10] * 40)
    assert weighted.beside(people, None).empty
    assert weighted.beside(people, raked(**{f"w{i}": 1 for i in range(29)})).empty


def test_a_year_ago_is_the_wave_of_then():
    parts = []
    for wave, on, scores in (("2025-Q2", "2025-05-15", (80, 20, 10)),
                             ("2026-Q1", "2026-02-15", (60, 30, 20)),
                             ("2026-Q2", "2026-05-15", (40, 40, 40))):  # fmt: skip
        parts.append(made_of(*scores, wave=wave).assign(on=date.fromisoformat(on)))
    people = pd.concat(parts)
    waves = nps.scores(people, split="wave")
    year = nps.year_before(people, waves)
    assert (year["group_1"], year["group_2"], year["n"]) == ("2026-Q2", "2025-Q2", 230)
    assert_allclose(year["points"], 0 - 100 * 70 / 110)
    assert nps.year_before(people[people["wave"] != "2025-Q2"], waves) is None


# What moves it


def rated(n=600, seed=1, noise=1.0, missing=0.0):
    """Scores made of delivery (twice) and taste; colour goes with nothing."""
    draw = np.random.default_rng(seed)
    felt = pd.DataFrame(draw.integers(1, 6, (n, 3)), columns=["delivery", "taste", "colour"])
    raw = 2 + 1.0 * felt["delivery"] + 0.5 * felt["taste"] + noise * draw.normal(size=n)
    people = people_of(*np.clip(np.rint(raw), 0, 10))
    wide = felt.astype(float).where(draw.random(felt.shape) >= missing)
    wide.index = pd.Index(people["response_id"], name="response_id")
    return people, given_of(wide)


def given_of(wide):
    items = pd.DataFrame({"driver": wide.columns, "is_used": True})
    return nps_drivers.Ratings(wide, items)


def test_planted_drivers_are_ranked_and_an_unrelated_one_is_not():
    found = nps_drivers.drivers(*rated(missing=0.1), draws=200)
    assert found.table["driver"].tolist() == ["delivery", "taste", "colour"]
    assert found.table["rank"].tolist()[:2] == [1, 2]
    assert pd.isna(found.table["rank"][2])
    # Independent ratings: shares as the squares of the weights, 4 : 1.
    assert found.table["low"][0] < 0.8 < found.table["high"][0]
    assert found.listwise.n < found.found.n
    beside = nps_drivers.missing_compared(found)
    assert_allclose(beside["share"], beside["listwise_share"], atol=0.06)
    assert list(found.table.columns[: len(nps_drivers.IMPORTANCE)]) == nps_drivers.IMPORTANCE


def test_under_the_least_data_nothing_is_ranked():
    found = nps_drivers.drivers(*rated(n=99), draws=100)
    assert not found.is_ranked
    assert found.table[["rank", "rank_low", "rank_high"]].isna().all(axis=None)
    assert nps_drivers.to_improve(found) is None


def test_ratings_that_explain_nothing_rank_nothing():
    people, given = rated(n=400)
    shuffled = people.assign(score=np.random.default_rng(7).permutation(people["score"]))
    found = nps_drivers.drivers(shuffled, given, draws=100)
    assert found.found.r2.estimate < 0.05
    assert not found.is_ranked


def test_one_rating_is_no_choice_of_drivers():
    people, given = rated()
    assert nps_drivers.drivers(people, given_of(given.wide[["taste"]]), draws=100) is None


def test_the_driver_to_begin_with_weighs_much_and_is_rated_low():
    people, given = rated()
    wide = given.wide.assign(delivery=given.wide["delivery"].clip(lower=3))
    found = nps_drivers.drivers(people, given_of(wide), draws=100)
    assert nps_drivers.to_improve(found)["driver"] in ("delivery", "taste")
    heavy = found.table[found.table["share"] >= found.table["share"].mean()]
    expected = heavy.sort_values("mean_rating")["driver"].iloc[0]
    assert nps_drivers.to_improve(found)["driver"] == expected


def test_the_odds_agree_in_order():
    table = nps_drivers.odds(*rated()).set_index("driver")
    assert table.loc["delivery", "odds_ratio"] > table.loc["taste", "low"] > 1
    assert table.loc["colour", "low"] < 1 < table.loc["colour", "high"]


# The reasons


def test_reasons_by_hand():
    # 40 of 100 with a text mention price: 10 promoters, 30 detractors; of the others 60 promoters.
    people = people_of(*[9] * 10, *[3] * 30, *[10] * 60, *[9] * 25)
    answers = people.head(100).assign(question="why", text="x")
    codes = answers.head(40)[["survey", "response_id", "question"]].assign(code="price")
    few = answers.tail(3)[["survey", "response_id", "question"]].assign(code="taste")
    table = nps_reasons.reasons(people, answers, codes, min_cell=5)
    price = table.set_index("code").loc["price"]
    assert (price["mentions"], price["n"]) == (40, 100)
    assert_allclose(price["points"], -50 - 100)
    # What everyone scores less what those who do not mention it score: 40 − 100.
    assert_allclose(price["weight"], 40 - 100)
    assert nps_reasons.weightiest(table)[0]["code"] == "price"
    hidden = nps_reasons.reasons(people, answers, few, min_cell=5).iloc[0]
    assert hidden[["mentions", "share", "points", "weight"]].isna().all()


def test_codes_on_which_coders_differ_are_left_out():
    people = people_of(*[9] * 30, *[3] * 30)
    answers = people.assign(question="why", text="x")
    codes = answers.head(30)[["survey", "response_id", "question"]].assign(code="price")
    table = nps_reasons.reasons(people, answers, codes, status={"price": "suppressed"}, min_cell=5)
    assert table.empty
    table = nps_reasons.reasons(people, answers, codes, status={"price": "firm"}, min_cell=5)
    assert table["status"].tolist() == ["firm"]


def test_who_gives_no_reason():
    people = people_of(*[9] * 50, *[3] * 50)
    asked = people.head(90)[["response_id"]].assign(text=["good"] * 20 + [None] * 70)
    table = nps_reasons.silent(people, asked, min_cell=5).set_index("group")
    assert table.loc["all", ["count", "n"]].tolist() == [70, 90]
    assert table.loc["detractors", ["count", "n"]].tolist() == [40, 40]
    assert nps_reasons.silent(people, asked.head(0), min_cell=5).empty


# What it leads to


def tables_of(answers, purchases):
    """Canonical tables of scores (customer, day, score) and purchases (customer, day, worth)."""
    rows = [
        (f"r{i}", "nps", "after_purchase", "w", customer, pd.Timestamp(day), "score", "score",
         value, True)
        for i, (customer, day, value) in enumerate(answers)
    ]  # fmt: skip
    names = {"response_id": "string", "survey": "string", "stage": "string", "wave": "string",
             "customer_id": "string", "answered_at": "timestamp(6)", "question": "string",
             "kind": "string", "value": "decimal(18, 4)", "was_asked": "boolean"}  # fmt: skip
    bought = pd.DataFrame(
        [(c, date.fromisoformat(day), worth) for c, day, worth in purchases],
        columns=["customer_id", "purchased_on", "net_sales"],
    )
    firsts = bought.groupby("customer_id")["purchased_on"].min().rename("first_on").reset_index()
    return {
        "responses": ibis.memtable(pd.DataFrame(rows, columns=list(names)), schema=names),
        "purchases": ibis.memtable(bought, schema={"customer_id": "string", "purchased_on": "date",
                                                   "net_sales": "decimal(18, 4)"}),
        "first_orders": ibis.memtable(firsts, schema={"customer_id": "string", "first_on": "date"}),
    }  # fmt: skip


def test_only_what_comes_after_the_landmark_counts():
    have = tables_of(
        [("a", "2026-01-10 10:00", 10), ("a", "2026-02-10 10:00", 0), ("b", "2026-01-10 10:00", 3),
         ("c", "2026-06-28 10:00", 9), ("d", "2026-01-10 10:00", 9), ("e", "2026-01-10 10:00", 8),
         (None, "2026-01-10 10:00", 9)],
        [("a", "2026-01-01", 10), ("a", "2026-01-17", 20), ("a", "2026-01-18", 30),
         ("a", "2026-03-01", 40), ("b", "2026-01-05", 1), ("c", "2026-01-01", 1),
         ("e", "2026-02-01", 5)],
    )  # fmt: skip
    table = outcomes.followed(
        have, survey="nps", zone=ZONE, as_of=AS_OF, landmark_days=7, follow_days=30,
        value="net_sales",
    ).set_index("customer_id")  # fmt: skip
    # c answered too late to be followed; d has bought nothing; e was no buyer yet.
    assert sorted(table.index) == ["a", "b"]
    assert table.loc["a", "group"] == "promoters", "the first score"
    # Day 7 is within the landmark, day 8 the first that counts; 40 is beyond 30 days.
    assert (table.loc["a", "duration"], table.loc["a", "event"]) == (1, True)
    assert table.loc["a", "value"] == 30
    assert (table.loc["b", "duration"], table.loc["b", "event"]) == (30, False)


def test_promoters_who_return_more_are_told_apart():
    def side(group, back, gone):
        return pd.DataFrame({
            "group": group, "duration": [10] * back + [90] * gone,
            "event": [True] * back + [False] * gone,
        })  # fmt: skip

    customers = pd.concat([side("promoters", 60, 40), side("passives", 20, 40),
                           side("detractors", 10, 30)])  # fmt: skip
    led = outcomes.promoters_against_others(customers, days=90)
    assert_allclose([led.promoters, led.others, led.difference], [0.6, 0.3, 0.3])
    assert 0 < led.low < 0.3 < led.high
    turned = customers.assign(group=customers["group"].map(
        {"promoters": "passives", "passives": "promoters", "detractors": "promoters"}))  # fmt: skip
    back = outcomes.promoters_against_others(turned, days=90)
    assert_allclose([back.difference, back.low, back.high], [-0.3, -led.high, -led.low])


# The demo's planted truth


@functools.cache
def demo(name="demo"):
    """A shipped example: its tables, its respondents, and its time zone and last day."""
    params, connection, facts = example(name)
    have = {table: connection.table(table) for table in coverage.table_names(facts)}
    days = {"zone": params.client.timezone, "as_of": params.as_of}
    people = nps.respondents(have, survey=nps.score_survey(have), **days)
    return have, people, days


def test_the_demo_s_drivers_are_recovered():
    have, people, days = demo()
    given = nps_drivers.ratings(have, people, **days)
    found = nps_drivers.drivers(people, given, draws=300)
    planted = truth.driver_shares()
    order = sorted(planted, key=planted.get, reverse=True)
    assert found.table["driver"].tolist() == order
    assert found.table["rank"].dropna().tolist() == [1, 2, 3, 4]
    assert found.table["rank"].isna().tolist() == [False] * 4 + [True], "site is all but unrelated"
    assert nps_drivers.to_improve(found)["driver"] == "delivery"


def test_not_asked_is_not_the_same_as_not_answered():
    have, people, days = demo()
    items = nps_drivers.ratings(have, people, **days).items.set_index("driver")
    asked = people[
        people["score"].notna() & (people["on"] >= pd.Timestamp(truth.SERVICE_ASKED_FROM))
    ]
    assert items.loc["service", "asked"] == len(asked)
    assert items.loc["service", "not_asked"] == people["score"].notna().sum() - len(asked)
    assert items.loc["taste", "not_asked"] == 0
    assert (items["answered"] + items["not_answered"] == items["asked"]).all()


def test_the_demo_s_reasons_and_chain():
    have, people, days = demo()
    asked = nps_reasons.comments(have, people, **days)
    answers = coding.open_answers(asked)
    silent = nps_reasons.silent(people, asked, min_cell=5).iloc[0]
    assert silent["low"] < 1 - truth.NPS_REASON_SHARE < silent["high"]
    codes = coding.coded(answers, read_codebook(STARTER))
    table = nps_reasons.reasons(people, answers, codes, min_cell=5)
    worst, _ = nps_reasons.weightiest(table)
    assert worst["code"] == "delivery_problem"
    given = nps_drivers.ratings(have, people, **days)
    links = nps_reasons.reason_ratings(answers, codes, given.wide)
    first = links.loc[links["rating_gap"].idxmin()]
    assert (first["code"], first["driver"]) == ("delivery_problem", "delivery")
    customers = outcomes.followed(
        have, survey="nps", landmark_days=7, follow_days=180, value="net_sales", **days
    )
    led = outcomes.promoters_against_others(customers, days=180)
    assert led.difference > 0
    _, gaps = outcomes.chain(customers, outcomes.rated_low(given.wide), days=180)
    assert gaps.set_index("split").loc["delivery", "group_1"] == "rated_high"


def test_a_driver_that_is_not_asked_is_refused():
    have, people, days = demo()
    with pytest.raises(InputProblems, match="no rating 'delivry' in this survey; did you mean"):
        nps_drivers.ratings(have, people, drivers=["delivry"], **days)


def test_a_score_and_one_comment_only():
    have, people, days = demo("lean")
    assert nps.scores(people)["n"].iloc[0] > 300
    given = nps_drivers.ratings(have, people, **days)
    assert nps_drivers.drivers(people, given, draws=100) is None
    answers = coding.open_answers(nps_reasons.comments(have, people, **days))
    codes = coding.coded(answers, read_codebook(STARTER))
    table = nps_reasons.reasons(people, answers, codes, min_cell=5)
    assert nps_reasons.weightiest(table)[0]["code"] == "delivery_problem"
    assert outcomes.followed(
        have, survey="nps", landmark_days=7, follow_days=180, value="net_sales", **days
    ).empty


# The notebook on data that have little, or another language


@pytest.fixture
def run_cells(monkeypatch):
    """Runs the notebook's code cells one after the other: their names, and what they show."""

    def run(client):
        shown: list[str] = []
        for module in (templates_lib.client, findings):
            monkeypatch.setattr(
                module, "display", lambda *each, **_: shown.extend(str(o) for o in map(html, each))
            )
        file = repository() / "notebooks" / "02_nps_drivers.ipynb"
        names: dict = {}
        for cell in json.loads(file.read_text("utf-8"))["cells"]:
            source = "".join(cell["source"])
            if "parameters" in cell["metadata"].get("tags", []):
                source = f'client = "{client}"\noverrides = {{}}'
            if cell["cell_type"] == "code":
                exec(source, names)
        return names, " ".join(shown)

    return run


def html(shown):
    return getattr(shown, "data", "")


BOTANIC = """
client: {name: Botanic, language: en, currency: EUR, timezone: Europe/Paris, country: FR}
as_of: 2018-11-30
sources:
  responses:
    format: table
    survey: nps
    path: exports/botanic_nps.csv
    answered_on: 2018-11-15
    empty: [NA]
    columns: {response_id: id}
    score: nps
    ratings: {satisfaction: {column: satisfaction, low: 0, high: 10},
              intention: {column: intention, low: 0, high: 10}}
    open: {why: explication}
"""


def test_botanic(shared, make_client, run_cells):
    """13,954 answers in French, 342 without a score, the published NPS of 53.4."""
    export = (shared / "data" / "botanic_nps.csv").read_bytes()
    names, text = run_cells(make_client(BOTANIC, {"botanic_nps.csv": export}))
    (score,) = names["score"].to_dict("records")
    assert score["n"] == 13954 - 342
    assert_allclose(score["nps"], 53.4, atol=0.05)
    assert len(names["people"]) == 13954
    assert "Of what these answers say, nothing is told here" in text
    assert "order number or e-mail in the survey" in text


def test_a_survey_without_a_score(make_client, run_cells):
    params = """
client: {name: Acme Oy, language: en, currency: EUR, timezone: Europe/Helsinki, country: FI}
as_of: 2026-06-30
sources:
  responses:
    format: table
    survey: satisfaction
    path: exports/s.csv
    columns: {answered_at: when}
    ratings: {effort: effort}
"""
    rows = "when,effort\n" + "".join(f"2026-0{m}-10 10:00:00,{1 + m}\n" for m in (1, 2, 3))
    names, text = run_cells(make_client(params, {"s.csv": rows}))
    assert "No survey holds a score from 0 to 10" in text
    assert names["score"].empty
    assert 'class="finding' not in text


def test_a_scale_that_is_not_0_to_10_is_refused(make_client):
    params = BOTANIC.replace("columns: {response_id: id}", "columns: {response_id: nps}")
    rows = "nps,satisfaction,intention,explication\n11,5,5,x\n"
    with pytest.raises(InputProblems, match="not a rating from 0 to 10"):
        staged(make_client(params, {"botanic_nps.csv": rows}))

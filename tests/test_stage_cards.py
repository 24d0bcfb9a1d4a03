"""The cards of the stages: each line against a count by hand, nothing where nothing is known."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.testing import assert_allclose
from scipy import stats

from templates_lib.coding import coding
from templates_lib.journey import stage_cards
from templates_lib.params.journey import Journey
from templates_lib.purchase_survey.purchase_survey import CHOICES
from templates_lib.tables import RESPONSES
from templates_lib.words import Words

WHEN = {"zone": "Europe/Helsinki", "as_of": date(2026, 6, 30)}
WORDS = Words("en", "EUR")
COUNTED = ["stage", "source", "what", "n", "units"]
NOTHING = stage_cards.Known(
    counted=pd.DataFrame(columns=COUNTED),
    steps=pd.DataFrame(columns=["split", "stage", "entered", "converted"]),
    populations=pd.DataFrame(columns=["split", "measure", "n", "share", "low", "high"]),
    choices=pd.DataFrame(columns=CHOICES),
    mentions=pd.DataFrame(columns=["survey", "question", "code", "n", "share", "low", "high"]),
    ratings=pd.DataFrame(columns=["survey", "question", "n", "mean_rating", "low", "high"]),
    scores=pd.DataFrame(columns=["group", "nps", "n", "low", "high"]),
    aware=None,
    repeat_buyers=None,
)


def responses(rows: list[dict]) -> dict:
    usual = {"answered_at": datetime(2026, 5, 1), "was_asked": True}
    schema = ibis.schema(RESPONSES).to_pyarrow()
    exact = [usual | {k: Decimal(v) if k == "value" else v for k, v in row.items()} for row in rows]
    return {"responses": ibis.memtable(pa.Table.from_pylist(exact, schema=schema))}


def lines(known: stage_cards.Known, settings: Journey | None = None, **more) -> list:
    return stage_cards.lines(known, settings or Journey(), WORDS, **more)


def said(made: list, stage: str, about: str) -> list[str]:
    return [line.line for line in made if (line.stage, line.about) == (stage, about)]


def test_of_nothing_known_a_card_only_says_what_to_ask_next():
    made = lines(NOTHING)
    assert {line.about for line in made} == {"ask_next"}
    assert [line.stage for line in made] == stage_cards.STAGES, "one line a card"
    table = stage_cards.frame(made)
    assert list(table.columns) == stage_cards.COLUMNS
    assert table["n"].isna().all()


def test_what_is_asked_for_is_not_asked_for_again():
    aware = pd.Series({"n": 100, "people": 22, "share": 0.22, "low": 0.15, "high": 0.31})
    choices = pd.DataFrame([{"survey": "exit_intent", "question": "why_not", "option": "freight",
                             "n": 50, "share": 0.4, "low": 0.28, "high": 0.54}])  # fmt: skip
    made = lines(NOTHING._replace(aware=aware, choices=choices))
    assert said(made, "awareness", "ask_next") == []
    assert said(made, "awareness", "who") == [
        "Of 100 people of the market, 22 (very likely 15–31) know the shop"
    ]
    assert said(made, "consideration", "feel") == [
        "Of 100 who leave without buying, 40 (very likely 28–54) say “freight”"
    ]
    assert "event by event" in said(made, "consideration", "ask_next")[0], "the next wish"


def test_events_and_steps_tell_who_is_in_a_stage_and_who_goes_on():
    counted = pd.DataFrame(
        [("awareness", "events", "session_start", 1500, 1000),
         ("consideration", "events", "view_item", 900, 600),
         ("consideration", "events", "add_to_cart", 200, 150),
         ("purchase", "events", "purchase", 45, 40)], columns=COUNTED,
    )  # fmt: skip
    names = ["view_item", "add_to_cart", "begin_checkout", "add_shipping_info",
             "add_payment_info", "purchase"]  # fmt: skip
    reached = [600, 150, 100, 80, 60, 40]
    steps = pd.DataFrame({"split": "all", "stage": names, "entered": [1000, *reached[:-1]],
                          "converted": reached})  # fmt: skip
    made = lines(NOTHING._replace(counted=counted, steps=steps), unit="session")
    assert said(made, "awareness", "who") == ["1,000 visits"]
    assert said(made, "consideration", "who") == ["150 visits with a cart"]
    assert said(made, "consideration", "do")[0] == "600 visits: look at a product"
    go_on = {line.stage: line for line in made if line.about == "go_on"}
    # of 1,000 who came 600 looked; of 600, 100 began the checkout; of 100, 40 bought
    assert [(go_on[s].n, go_on[s].estimate) for s in stage_cards.STAGES[:3]] == [
        (1000, 0.6), (600, 100 / 600), (100, 0.4)]  # fmt: skip
    # R: prop.test(40, 100, correct = FALSE)$conf.int
    assert_allclose([go_on["purchase"].low, go_on["purchase"].high], [0.3094013, 0.4979974],
                    atol=1e-6)  # fmt: skip
    hidden = steps.assign(
        converted=steps["converted"].astype("Int64").mask(steps["stage"] == "purchase")
    )
    made = lines(NOTHING._replace(steps=hidden))
    assert said(made, "purchase", "go_on") == [], "hidden stays hidden"


def test_contacts_and_open_answers_are_told_of_their_stage():
    counted = pd.DataFrame(
        [("after_purchase", "touchpoints", "delivery", 60, 30),
         ("after_purchase", "touchpoints", "payment", 40, 20),
         ("loyalty", "touchpoints", "club", 20, 20)], columns=COUNTED,
    )  # fmt: skip
    answers = pd.DataFrame({"survey": "nps", "response_id": [f"r{i}" for i in range(40)],
                            "question": "why", "text": "x"})  # fmt: skip
    codes = answers[["survey", "response_id", "question"]].head(30).assign(code="freight_cost")
    mentions = coding.mentions(codes, answers, min_cell=5)
    made = lines(NOTHING._replace(counted=counted, mentions=mentions))
    asked = [line for line in made if line.about == "ask"]
    assert [(line.stage, line.n) for line in asked] == [("after_purchase", 100)] * 2 + [
        ("after_purchase", 40)]  # fmt: skip
    assert asked[0].estimate == 0.6
    # two contacts a person count like one: R: prop.test(30, 50, correct = FALSE)$conf.int
    assert_allclose([asked[0].low, asked[0].high], [0.4618144, 0.7239161], atol=1e-6)
    assert "“delivery cost”" in asked[2].line


def test_ratings_are_of_each_person_s_last_answer():
    draw = np.random.default_rng(1)
    values = draw.integers(1, 6, 60)
    rows = [
        {"response_id": f"r{i}", "customer_id": f"c{i}", "survey": "satisfaction", "kind": "rating",
         "question": "q", "value": int(v)} for i, v in enumerate(values)
    ]  # fmt: skip
    earlier = [{**row, "response_id": f"e{i}", "value": 1, "answered_at": datetime(2026, 4, 1)}
               for i, row in enumerate(rows[:20])]  # fmt: skip
    later = [{**rows[0], "response_id": "late", "value": 1, "answered_at": datetime(2026, 7, 2)}]
    table = stage_cards.ratings(responses(rows + earlier + later), **WHEN)
    assert table.iloc[0][["n", "mean_rating"]].tolist() == [60, values.mean()]
    ends = stats.t.interval(0.95, 59, values.mean(), stats.sem(values))
    assert_allclose(table[["low", "high"]].iloc[0].astype(float), ends, atol=0.02)
    assert stage_cards.ratings(responses(rows[:29]), **WHEN).empty
    made = lines(NOTHING._replace(ratings=table))
    assert said(made, "after_purchase", "feel")[0].startswith("q: ")


def test_who_knows_the_shop_is_read_in_several_languages():
    words = ["Kyllä"] * 15 + ["yes"] * 5 + ["En"] * 20
    rows = [{"response_id": f"r{i}", "survey": "awareness", "kind": "choice", "question": "knows",
             "option": word} for i, word in enumerate(words)]  # fmt: skip
    found = stage_cards.aware(responses(rows), **WHEN)
    assert (found.people, found.n, found.share) == (20, 40, 0.5)
    assert stage_cards.aware(responses(rows[:29]), **WHEN) is None
    assert stage_cards.aware({}, **WHEN) is None


def test_texts_of_others_are_escaped_and_never_read_as_a_place():
    choices = pd.DataFrame([{"survey": "purchase", "question": "q", "option": "<b>{share}{x}</b>",
                             "n": 50, "share": 0.4, "low": 0.28, "high": 0.54}])  # fmt: skip
    settings = Journey(stages={"purchase": {"does": ["<script>alert(1)</script>"]}})
    made = lines(NOTHING._replace(choices=choices), settings)
    page = stage_cards.to_html(made)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;{share}{x}&lt;/b&gt;" in page
    assert page.count("<section") == len(stage_cards.STAGES)


def test_open_rows_are_of_all_surveys_but_the_names_that_come_to_mind():
    rows = [{"response_id": survey, "survey": survey, "kind": "open", "question": "q", "text": "x"}
            for survey in ("nps", "purchase", "awareness")]  # fmt: skip
    found = stage_cards.open_rows(responses(rows), **WHEN)
    assert found["survey"].tolist() == ["nps", "purchase"]
    assert stage_cards.open_rows({}, **WHEN).empty

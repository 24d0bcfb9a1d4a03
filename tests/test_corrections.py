"""What customers correct comes before what was inferred: small cases that can be read by eye."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import ibis
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from templates_lib.profiles import corrections

WHEN = {"zone": "Europe/Helsinki", "as_of": date(2026, 6, 30)}
FIRST = datetime(2026, 5, 1, 12, tzinfo=UTC)
SCHEMA = {"response_id": "string", "survey": "string", "customer_id": "string",
          "answered_at": "timestamp('UTC')", "question": "string", "kind": "string",
          "option": "string", "text": "string"}  # fmt: skip


def responses(*rows: tuple) -> ibis.Table:
    """Rows of customer, question, kind, what was said, days later and the survey, if another."""
    made = []
    for number, (who, question, kind, said, *more) in enumerate(rows):
        day, survey = [*more, *(0, "profile")[len(more) :]]
        made.append({
            "response_id": f"r{number}", "survey": survey, "customer_id": who,
            "answered_at": FIRST + timedelta(days=day), "question": question, "kind": kind,
            "option": said if kind == "choice" else None, "text": said if kind == "open" else None,
        })  # fmt: skip
    return ibis.memtable(pd.DataFrame(made, columns=list(SCHEMA)), schema=SCHEMA)


def corrected(*rows: tuple) -> pd.DataFrame:
    return corrections.corrections(responses(*rows), **WHEN)


def told(table: pd.DataFrame) -> list[list]:
    return table[["unit_id", "attribute", "value"]].to_numpy().tolist()


ATTRIBUTES = pd.DataFrame(
    [
        ("a", "motives", "why", "taste", False),
        ("b", "motives", "why", "price", False),
        ("a", "habits", "brews: Filter", "yes", False),
        ("b", "habits", "brews: Filter", "no", False),
        ("a", "habits", "brews: Espresso", "no", False),
        ("b", "habits", "brews: Espresso", "yes", False),
        ("a", "demographics", "city", "Oulu", True),
        ("b", "demographics", "city", "Lahti", True),
    ],
    columns=["unit_id", "dimension", "attribute", "value", "day_one"],
)


def test_only_corrections_of_known_people_are_read():
    made = corrected(
        ("a", "correct_why", "choice", "price"),
        ("b", "correct_why", "choice", None),
        (None, "correct_why", "choice", "price"),
        ("c", "correct_why", "choice", "price", 0, "nps"),
        ("d", "why", "choice", "price"),
        ("e", "correct_city", "open", "  Turku "),
        ("f", "correct_city", "open", "Turku", 61),
        ("g", "correct_score", "rating", None),
    )
    assert made.columns.tolist() == corrections.CORRECTIONS
    assert told(made) == [["a", "why", "price"], ["e", "city", "Turku"]]
    assert made["is_open"].tolist() == [False, True]
    assert corrections.corrections(None, **WHEN).empty
    assert corrections.asked(None) == []
    assert corrections.asked(responses(("b", "correct_why", "choice", None))) == ["why"]


def test_the_last_correction_counts_with_all_its_options():
    made = corrected(
        ("a", "correct_why", "choice", "price", 1), ("a", "correct_why", "choice", "taste", 2),
        ("a", "correct_why", "choice", "gift", 2), ("a", "correct_why", "choice", None, 3),
    )  # fmt: skip
    assert told(made) == [["a", "why", "gift"], ["a", "why", "taste"]]


def test_a_correction_takes_the_place_of_what_was_there():
    made = corrections.apply(ATTRIBUTES, corrected(("a", "correct_why", "choice", "PRICE")),
                             inferred=["city"])  # fmt: skip
    row = made[(made["unit_id"] == "a") & (made["attribute"] == "why")]
    assert row.to_numpy().tolist() == [["a", "motives", "why", "price", False, "corrected"]]
    assert len(made) == len(ATTRIBUTES)
    rest = made[made["source"] != "corrected"]
    sources = dict(zip(rest["attribute"], rest["source"], strict=True))
    assert sources == {"why": "given", "brews: Filter": "given", "brews: Espresso": "given",
                       "city": "inferred"}  # fmt: skip


def test_even_what_was_inferred_gives_way():
    made = corrections.apply(ATTRIBUTES, corrected(("b", "correct_city", "open", "oulu")),
                             inferred=["city"])  # fmt: skip
    city = made[made["attribute"] == "city"].set_index("unit_id")
    assert city["value"].to_dict() == {"a": "Oulu", "b": "Oulu"}
    assert city["source"].to_dict() == {"a": "inferred", "b": "corrected"}


def test_what_was_not_known_is_added():
    made = corrections.apply(ATTRIBUTES, corrected(("c", "correct_city", "open", "Oulu")))
    row = made[made["unit_id"] == "c"]
    assert row.to_numpy().tolist() == [["c", "demographics", "city", "Oulu", True, "corrected"]]
    assert made.dtypes.drop("source").equals(ATTRIBUTES.dtypes)


@pytest.mark.parametrize(
    ("kind", "value"), [("open", "other"), ("choice", "Vaasa, of which nobody knew")]
)
def test_own_words_are_never_a_value_of_a_table(kind, value):
    said = corrected(("a", "correct_city", kind, "Vaasa, of which nobody knew"))
    made = corrections.apply(ATTRIBUTES, said)
    city = made[(made["unit_id"] == "a") & (made["attribute"] == "city")]
    assert city["value"].tolist() == [value]


def test_of_several_answers_those_named_are_yes():
    made = corrections.apply(ATTRIBUTES, corrected(("a", "correct_brews", "choice", "espresso")))
    own = made[made["unit_id"] == "a"].set_index("attribute")
    assert own.loc[["brews: Filter", "brews: Espresso"], "value"].tolist() == ["no", "yes"]
    assert own.loc["brews: Filter", "source"] == "corrected"


def test_a_question_is_known_by_its_name_with_the_survey_or_without():
    two = ATTRIBUTES.replace({"attribute": {"why": "purchase: why"}})
    made = corrections.apply(two, corrected(("a", "correct_why", "choice", "price")))
    own = made[(made["unit_id"] == "a") & (made["attribute"] == "purchase: why")]
    assert own["value"].tolist() == ["price"]


def test_what_is_no_attribute_is_named_and_changes_nothing():
    said = corrected(("a", "correct_wy", "choice", "price"))
    assert corrections.unknown(ATTRIBUTES, said) == ["wy"]
    made = corrections.apply(ATTRIBUTES, said)
    pd.testing.assert_frame_equal(made.drop(columns="source"), ATTRIBUTES)
    assert set(made["source"]) == {"given"}
    assert corrections.unknown(ATTRIBUTES, corrected(("a", "correct_brews", "choice", "x"))) == []


def many(n: int, wrong: int, same: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """n people of Oulu, of whom some correct it to Lahti, and some to Oulu."""
    ids = [f"c{i:03}" for i in range(n)]
    known = pd.DataFrame({"unit_id": ids, "dimension": "demographics", "attribute": "city",
                          "value": "Oulu"})  # fmt: skip
    also = pd.DataFrame({"unit_id": ["x"], "dimension": "demographics", "attribute": "city",
                         "value": "Lahti"})  # fmt: skip
    said = [(one, "correct_city", "open", "Lahti" if i < wrong else "Oulu")
            for i, one in enumerate(ids[: wrong + same])]  # fmt: skip
    return pd.concat([known, also], ignore_index=True), corrected(*said)


def test_how_many_corrected_what():
    known, said = many(100, 15, 5)
    answered = known["unit_id"][:100]
    table = corrections.counted(known, said, answered, min_cell=5)
    assert table.columns.tolist() == ["attribute", "n", "people", "share", "low", "high"]
    row = table.iloc[0]
    assert (row["attribute"], row["n"], row["people"]) == ("city", 100, 15)
    # R: prop.test(15, 100, correct = FALSE)$conf.int
    assert_allclose([row["low"], row["high"]], [0.0930598528, 0.2328355959], atol=1e-9)
    changed = corrections.changes(known, said, min_cell=5)
    assert changed.to_numpy().tolist() == [["city", "Oulu", "Lahti", 15]]
    assert corrections.changes(known, said, min_cell=16).empty


def test_few_corrections_are_hidden_and_few_people_told_nothing():
    known, said = many(100, 3, 0)
    table = corrections.counted(known, said, known["unit_id"], min_cell=5)
    assert table[["people", "share", "low", "high"]].isna().all(axis=None)
    assert corrections.counted(known, said, known["unit_id"][:29], min_cell=5).empty
    none = corrections.counted(known, said.head(0), known["unit_id"], min_cell=5)
    assert none.columns.tolist() == corrections.COUNTED

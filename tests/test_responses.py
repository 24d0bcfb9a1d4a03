"""Surveys become one row a question, with what was not asked apart from what was not answered."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest
from conftest import staged

from templates_lib.problems import InputProblems

SURVEY = """
client: {name: Acme Oy}
as_of: 2026-06-30
sources:
  responses:
    survey: nps
    path: exports/nps*.csv
    columns: {response_id: id, answered_at: when}
    score: How likely?
    ratings:
      delivery: Delivery
      effort: {column: Effort, low: 1, high: 7}
      service: {column: Service, asked_from: 2026-03-01}
    choices:
      why: {column: Why, separator: ", ", options: ["Fresh, roasted today", Near]}
      tastes: {columns: {dark: Dark roast, light: Light roast}}
      age: Age
    open: {reason: "Reason, please"}
"""
HEADER = (
    'id,when,How likely?,Delivery,Effort,Service,Why,Dark roast,Light roast,Age,"Reason, please"'
)


def survey(*rows: str) -> str:
    return "\n".join([HEADER, *rows]) + "\n"


def answers(make_client, *rows: str, text: str = SURVEY) -> pd.DataFrame:
    _, connection, _ = staged(make_client(text, {"nps.csv": survey(*rows)}))
    frame = connection.table("responses").to_pandas()
    return frame.sort_values(["question", "answered_at", "option"]).reset_index(drop=True)


def test_every_kind_of_question_by_hand(make_client):
    row = '1,2026-04-05 10:00,9,4,7,2,"Fresh, roasted today, Near, my own word",x,,30-44,So good'
    found = answers(make_client, row)
    assert [(r.question, r.kind, r.value, r.option, r.text) for r in found.itertuples()] == [
        ("age", "choice", None, "30-44", None),
        ("delivery", "rating", Decimal("4.0000"), None, None),
        ("effort", "rating", Decimal("7.0000"), None, None),
        ("reason", "open", None, None, "So good"),
        ("score", "score", Decimal("9.0000"), None, None),
        ("service", "rating", Decimal("2.0000"), None, None),
        ("tastes", "choice", None, "dark", None),
        ("why", "choice", None, "Fresh, roasted today", None),
        ("why", "choice", None, "Near", None),
        ("why", "choice", None, "my own word", None),
    ]
    assert found["response_id"].nunique() == 1
    assert set(found["wave"]) == {"2026-Q2"}
    assert set(found["stage"]) == {"after_purchase"}
    assert set(found["answered_at"]) == {pd.Timestamp("2026-04-05 07:00")}  # Helsinki, summer


def test_not_asked_is_not_the_same_as_not_answered(make_client):
    found = answers(make_client, "1,2026-02-28,,,,,,,,,", "2,2026-03-01,,,,,,,,,")
    assert len(found) == 16  # eight questions of two answers, each there
    assert found["value"].isna().all()
    asked = found.set_index(["question", "answered_at"])["was_asked"]
    assert asked[("service", "2026-02-27 22:00")] == False  # noqa: E712
    assert asked[("service", "2026-02-28 22:00")] == True  # noqa: E712
    assert found.loc[found["question"] != "service", "was_asked"].all()


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("1,2026-02-28,11,,,,,,,,", "column 'How likely?': not a rating from 0 to 10"),
        ("1,2026-02-28,,6,,,,,,,", "column 'Delivery': not a rating from 1 to 5"),
        ("1,2026-02-28,,,0,,,,,,", "column 'Effort': not a rating from 1 to 7"),
        ("1,2026-02-28,good,,,,,,,,", "column 'How likely?': not a number"),
        ("1,28.2.2026,9,,,,,,,,", "column 'when': not a time as in"),
    ],
)
def test_what_is_not_on_its_scale_is_refused(make_client, row, expected):
    with pytest.raises(InputProblems) as raised:
        answers(make_client, row)
    assert f"nps.csv row 2 {expected}" in str(raised.value)


def test_a_later_export_takes_the_place_of_an_earlier_one(make_client):
    exports = {
        "nps_1.csv": survey("1,2026-04-01,9,,,,,,,,", "2,2026-04-02,8,,,,,,,,"),
        "nps_2.csv": survey("2,2026-04-02,3,,,,,,,,", "3,2026-04-03,7,,,,,,,,"),
    }
    _, connection, facts = staged(make_client(SURVEY, exports))
    scores = connection.table("responses").filter(lambda t: t.question == "score")
    assert sorted(scores.to_pandas()["value"].astype(int)) == [3, 7, 9]
    assert facts["repeated"] == [{"source": "responses", "count": 8}]


TELLING = (
    ("Write to eve.canary@private.example soon", "Write to [e-mail] soon"),
    ("eve (at) private.example", "[e-mail]"),
    ("Call +358 40 123 4567!", "Call [telephone]!"),
    ("Call 040-1234567 or 09 123 4567", "Call [telephone] or [telephone]"),
    ("My code is 131052-308T.", "My code is [identity code]."),
    ("Pay to FI21 1234 5600 0007 85", "Pay to [account]"),
    ("Bring it to Mannerheimintie 12 B 34, 00100 Helsinki", "Bring it to [address], [address]"),
    ("Order 10023 took 14 days and cost 59,90", "Order 10023 took 14 days and cost 59,90"),
    ("Score 10/10, ordered on 3.11.2025 at 12:30", "Score 10/10, ordered on 3.11.2025 at 12:30"),
)


@pytest.mark.parametrize(("text", "masked"), TELLING)
def test_free_text_holds_nothing_that_leads_to_a_person(make_client, text, masked):
    found = answers(make_client, f'1,2026-04-05,9,,,,,,,,"{text}"')
    assert found.set_index("question")["text"]["reason"] == masked


def test_an_own_word_in_a_choice_is_masked_too(make_client):
    found = answers(make_client, '1,2026-04-05,9,,,,"Near, ask eve@private.example",,,,')
    assert found.loc[found["question"] == "why", "option"].tolist() == ["Near", "ask [e-mail]"]

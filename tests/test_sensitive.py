"""Protected attributes: told by their words, refused without a ground, in files and in profiles."""

from __future__ import annotations

import ibis
import pytest
import yaml

from templates_lib import sensitive
from templates_lib.icp.dimensions import sorted_out
from templates_lib.params.file import load_params
from templates_lib.params.icp import Icp
from templates_lib.params.purchase_survey import PurchaseSurvey
from templates_lib.problems import InputProblems
from templates_lib.sensitive import Guard, kind
from templates_lib.tables import RESPONSES

# GDPR, article 9(1), in English and Finnish, as column headers and questions are written
PROTECTED = {
    "health": ["Health status", "chronic_disease", "Do you have allergies?", "is_pregnant",
               "Terveydentila", "Sairaudet", "Onko sinulla allergioita?", "lääkitys", "vammaisuus",
               "Mielenterveys", "Diabetes"],
    "religion": ["Religion", "religious_belief", "Uskonto", "Uskontokunta", "vakaumus",
                 "Kirkkokunta", "Seurakunta"],
    "ethnicity": ["Ethnicity", "ethnic origin", "race", "Etninen tausta", "Etnisyys", "Ihonväri"],
    "politics": ["political_views", "Poliittinen kanta", "Puolue", "Puoluekanta",
                 "Ketä äänestit vaaleissa?"],
    "sexuality": ["Sexual orientation", "sexuality", "Seksuaalinen suuntautuminen", "LGBT"],
    "trade_union": ["Trade union", "trade_union_member", "union_member", "Ammattiliitto",
                    "Ammattiyhdistyksen jäsen"],
}  # fmt: skip
ORDINARY = [
    "age_group", "gender", "sex", "Sukupuoli", "city", "Ammatti", "income", "Terveellisyys",
    "healthy food", "Kahvi", "trace_id", "brace", "embrace", "Puolueettomuus", "Edullisuus",
    "communion", "reunion", "Roolinen", "first_category", "household", "Etelä", "tyyli",
]  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "text"), [(k, text) for k, texts in PROTECTED.items() for text in texts]
)
def test_protected_words_are_told(expected, text):
    assert kind(text) == expected
    assert kind(text.upper()) == expected


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_words_are_not(text):
    assert kind(text) is None


def responses(*rows: tuple[str, str]) -> ibis.Table:
    made = [
        {"response_id": str(i), "survey": "purchase", "question": question, "kind": "choice",
         "option": option, "text": None, "customer_id": str(i)}
        for i, (question, option) in enumerate(rows)
    ]  # fmt: skip
    return ibis.memtable(made, schema={name: RESPONSES[name] for name in made[0]})


def test_left_out_by_name_by_header_and_by_answers():
    """A name that says nothing is told by the header behind it, or by what was answered."""
    asked = responses(("brews", "Espresso"), ("q7", "Luterilainen"), ("q8", "yes"))
    guard = Guard({"q8": ("Onko sinulla jokin sairaus?",), "extra": ("Uskontokunta",)})
    columns = ["city", "extra", "religion", "first_category"]
    names = sorted_out(asked, columns, Icp(), PurchaseSurvey(), guard)
    assert names.refused == {
        "extra": "religion", "q7": "religion", "q8": "health", "religion": "religion"
    }  # fmt: skip
    assert set(names.columns) == {"city", "first_category"}
    assert {question for _, question, _ in names.questions} == {"brews"}


def test_without_any_guard_names_are_still_refused():
    names = sorted_out(None, ["city", "uskonto"], Icp(), PurchaseSurvey())
    assert (set(names.columns), names.refused) == ({"city"}, {"uskonto": "religion"})


def test_a_declared_ground_lets_it_in_by_name_or_by_kind():
    for ground in ({"uskonto": "consent"}, {"religion": "consent"}):
        names = sorted_out(None, ["uskonto"], Icp(), PurchaseSurvey(), Guard({}, ground))
        assert (set(names.columns), names.refused) == ({"uskonto"}, {})
    other = Guard({}, {"health": "consent"})
    assert sorted_out(None, ["uskonto"], Icp(), PurchaseSurvey(), other).refused
    assert Guard({}, {"uskonto": "consent"}).protected("uskonto") == "religion"  # open profile


def test_named_in_an_override_it_is_refused_with_a_clear_word():
    with pytest.raises(InputProblems, match="religion or belief.*legal_ground.uskonto"):
        sorted_out(None, ["uskonto"], Icp(demographics=["uskonto"]), PurchaseSurvey())


FILE = {
    "client": {"name": "A"}, "as_of": "2026-06-30",
    "sources": {
        "orders": {"path": "exports/o.csv", "vat": "excluded", "columns": {
            "order_id": "o", "ordered_at": "a", "amount": "g", "customer_id": "c"}},
        "customers": {"path": "exports/c.csv", "columns": {"customer_id": "id"},
                      "attributes": {"belief": "Uskontokunta", "size": "Koko"}},
    },
}  # fmt: skip


def read(make_client, **sections):
    make_client(yaml.safe_dump(FILE | sections))
    return load_params("acme")


def test_a_file_that_names_one_is_refused_before_anything_runs(make_client):
    with pytest.raises(InputProblems) as told:
        read(make_client, icp={"demographics": ["belief", "size"]})
    (problem,) = told.value.problems
    assert "icp" in problem.where
    assert "'belief' is about religion or belief" in problem.message
    assert "profiles.legal_ground.belief" in problem.message


def test_a_file_with_the_ground_is_read_and_a_misspelt_ground_is_not(make_client):
    ground = {"legal_ground": {"belief": "explicit consent, form of 2026-03"}}
    params = read(make_client, icp={"demographics": ["belief"]}, profiles=ground)
    assert params.icp.demographics == ["belief"]
    with pytest.raises(InputProblems, match="did you mean 'belief'"):
        read(make_client, profiles={"legal_ground": {"beleif": "explicit consent"}})


def test_the_sentence_names_each_and_is_empty_without_any():
    text = sensitive.in_words({"uskonto": "religion", "q8": "health"})
    assert "“q8” (health); “uskonto” (religion or belief)" in text
    assert "article 9" in text
    assert sensitive.in_words({}) == ""

"""Roles: what each answers, and accounts by the roles known in them, by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from templates_lib.accounts import account_roles, accounts


def said(*blocks: tuple[str, str, dict[str, int]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Attributes and roles of persons: (role, attribute, value: how many)."""
    rows = []
    for role, attribute, counts in blocks:
        values = [value for value, number in counts.items() for _ in range(number)]
        rows += [(f"{role}{i}", role, attribute, value) for i, value in enumerate(values)]
    frame = pd.DataFrame(rows, columns=["unit_id", "role", "attribute", "value"])
    roles = frame[["unit_id", "role"]].drop_duplicates()
    roles = roles.rename(columns={"unit_id": "customer_id"}).assign(company_id="x")
    return frame.drop(columns="role").assign(dimension="motives", day_one=False), roles


def test_shares_of_a_role_against_the_others_by_hand():
    found = account_roles.answers(
        *said(
            ("buyer", "why", {"price": 24, "taste": 6}),
            ("user", "why", {"price": 5, "taste": 15}),
        ),
        min_cell=5,
    )
    row = found[(found["role"] == "buyer") & (found["value"] == "price")].iloc[0]
    assert (row["people"], row["n"], row["share"]) == (24, 30, 0.8)
    assert row["others_share"] == 0.25
    assert 0 < row["gap_low"] < 0.55 < row["gap_high"]
    assert row["q_value"] < 0.01
    assert abs(account_roles.apart(found, allowed=0.1)["gap_share"]) == pytest.approx(0.55)
    assert account_roles.leading(found)["value"].tolist() == ["price", "taste"]


def test_an_answer_out_of_several_is_a_question_and_its_answer():
    found = account_roles.answers(
        *said(
            ("buyer", "why: good: really", {"yes": 10, "no": 10}),
            ("user", "why: good: really", {"yes": 10, "no": 10}),
            ("buyer", "nps: why: cheap", {"yes": 10, "no": 10}),
            ("user", "nps: why: cheap", {"yes": 10, "no": 10}),
        ),
        min_cell=5,
    )
    assert set(zip(found["attribute"], found["value"], strict=True)) == {
        ("why", "good: really"), ("nps: why", "cheap"),
    }  # fmt: skip
    assert account_roles.apart(found, allowed=0.1) is None


def test_few_persons_are_not_shown_and_cannot_be_worked_out():
    found = account_roles.answers(
        *said(
            ("buyer", "why", {"price": 20, "taste": 12, "gift": 2}),
            ("user", "why", {"price": 20, "taste": 12, "gift": 8}),
            ("boss", "why", {"price": 9}),
        ),
        min_cell=5,
    )
    assert "boss" not in set(found["role"])
    assert found["people"].min() >= 5
    buyer = found[found["role"] == "buyer"]
    assert 34 - buyer["people"].sum() >= 5


def test_accounts_by_their_roles():
    companies = pd.DataFrame({"company_id": [f"c{i}" for i in range(30)]})
    companies = companies.reindex(columns=accounts.ACCOUNTS)
    companies = companies.assign(orders=1, persons=[1] * 15 + [2] * 15)
    companies["window_net_sales"] = [10.0] * 15 + [30.0] * 15
    both = [(f"c{i}", r) for i in range(15, 30) for r in ("user", "buyer")]
    roles = pd.DataFrame(
        [(f"c{i}", "buyer") for i in range(15)] + both, columns=["company_id", "role"]
    )
    found = account_roles.by_roles(companies, roles, value="net_sales", min_cell=5)
    assert found["roles"].tolist() == ["buyer", "buyer + user"]
    assert found["value_mean"].tolist() == [10, 30]
    assert found["person_mean"].tolist() == [10, 15]
    assert found["n"].tolist() == [15, 15]
    few = account_roles.by_roles(companies.head(9), roles, value="net_sales", min_cell=5)
    assert few.empty

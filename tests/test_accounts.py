"""Accounts: hand counts, and how much rests on few of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates_lib.accounts.accounts import ACCOUNTS, accounts, concentration
from templates_lib.tables import COMPANIES, CUSTOMERS, LEADS, ORDERS

AS_OF = date(2026, 10, 31)


def rows(schema: dict, *values: dict) -> ibis.Table:
    cells = [dict.fromkeys(schema) | value for value in values]
    kinds = ibis.schema(schema).to_pyarrow()
    return ibis.memtable(pa.Table.from_pylist(cells, schema=kinds))


def order(number: int, customer: str, day: str, amount: str, margin: str | None) -> dict:
    return {
        "order_id": str(number), "customer_id": customer, "ordered_on": date.fromisoformat(day),
        "net_sales": Decimal(amount), "contribution_margin": margin and Decimal(margin),
    }  # fmt: skip


@pytest.fixture
def have() -> dict:
    person = {"a": "X", "b": "X", "c": "Y", "d": None}
    return {
        "customers": rows(
            CUSTOMERS, *({"customer_id": c, "company_id": k} for c, k in person.items())
        ),
        "companies": rows(
            COMPANIES, {"company_id": "X", "industry": "café"}, {"company_id": "Z", "size": "1-4"}
        ),
        "leads": rows(LEADS, {"lead_id": "1", "company_id": "W"}),
        "orders": rows(
            ORDERS,
            order(1, "a", "2024-01-01", "100", "40"),
            order(2, "b", "2025-11-01", "50", "10"),
            order(3, "b", "2026-10-31", "30", "-5"),
            order(4, "c", "2025-10-31", "70", None),
            order(5, "d", "2026-01-01", "999", "9"),
        ),
    }


def test_orders_of_all_persons_are_the_companys_and_none_is_lost(have):
    table = accounts(have, as_of=AS_OF, window_days=365).set_index("company_id")
    assert table.index.tolist() == ["W", "X", "Y", "Z"]
    assert table["persons"].tolist() == [0, 2, 1, 0]
    assert table["orders"].tolist() == [0, 3, 1, 0]
    assert table["net_sales"].tolist() == [0, 180, 70, 0]
    assert table["window_orders"].tolist() == [0, 2, 0, 0]
    assert table["window_net_sales"].tolist() == [0, 80, 0, 0]
    assert table.loc["X", "contribution_margin"] == 45
    assert np.isnan(table.loc["Y", "contribution_margin"])
    assert table.loc["X", "industry"] == "café"
    assert pd.Timestamp(table.loc["X", "first_on"]) == pd.Timestamp("2024-01-01")
    assert pd.isna(table.loc["W", "first_on"])


def test_contacts_with_the_service_are_taken_from_margins(have):
    schema = {"customer_id": "string", "on": "date", "service_cost": "decimal(18, 4)"}
    days = [
        ("a", "2024-01-02", 3),
        ("b", "2026-10-31", 2),
        ("b", "2026-11-01", 50),
        ("d", AS_OF, 9),
    ]
    frame = pd.DataFrame(days, columns=list(schema))
    service = ibis.memtable(frame.assign(on=pd.to_datetime(frame["on"])), schema=schema)
    table = accounts(have, as_of=AS_OF, window_days=365, service=service).set_index("company_id")
    assert table.loc["X", "contribution_margin"] == 45 - 3 - 2
    assert table.loc["X", "window_contribution_margin"] == 10 - 5 - 2
    assert table.loc["W", "contribution_margin"] == 0
    assert np.isnan(table.loc["Y", "contribution_margin"])


def test_without_companies_there_is_nothing():
    assert accounts({}, as_of=AS_OF, window_days=365).empty
    only = {"customers": rows(CUSTOMERS, {"customer_id": "a"})}
    assert accounts(only, as_of=AS_OF, window_days=365).empty


def of_sales(values: list[float]) -> pd.DataFrame:
    table = pd.DataFrame(0, index=range(len(values)), columns=ACCOUNTS)
    return table.assign(window_net_sales=values, window_orders=1)


def test_shares_of_the_largest_and_the_effective_number_by_hand():
    table, number = concentration(of_sales([50, *[5] * 10]))
    assert table["top"].tolist() == [1, 5, 10]
    assert table["share"].tolist() == pytest.approx([0.5, 0.7, 0.95])
    assert table["net_sales"].tolist() == [50, 70, 95]
    assert number == pytest.approx(1 / (0.25 + 10 * 0.05**2))
    assert (table["low"] <= table["share"]).all()
    assert (table["share"] <= table["high"]).all()


def test_few_accounts_are_not_told():
    table, number = concentration(of_sales([1.0] * 9))
    assert table.empty
    assert np.isnan(number)


@given(st.lists(st.integers(1, 10**6), min_size=11, max_size=40))
def test_as_many_accounts_as_there_are_at_most(values):
    _, number = concentration(of_sales(values))
    assert 1 <= number <= len(values) + 1e-9

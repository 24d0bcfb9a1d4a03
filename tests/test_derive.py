"""A client's own columns: ``derive.py``, run after staging."""

from __future__ import annotations

import pytest
from conftest import staged

from templates_lib.problems import InputProblems

CSV = """order,customer,when,amount
1,a,2026-01-05 10:00:00,10.00
2,b,2026-01-06 10:00:00,20.00
3,a,2026-02-06 10:00:00,40.00
"""
DERIVED = """
from ibis import literal

def first_orders(table):
    return table.mutate(is_large=_over(table.net_sales, 15))

def _over(amount, limit):
    return amount > literal(limit)
"""


@pytest.fixture
def acme(make_client, workspace):
    def make(code: str) -> str:
        client = make_client(exports={"orders.csv": CSV})
        (workspace / "data" / client / "derive.py").write_text(code, encoding="utf-8")
        return client

    return make


def test_a_function_adds_columns_to_its_table(acme):
    _, connection, _ = staged(acme(DERIVED))
    table = connection.table("first_orders").order_by("first_on").to_pandas()
    assert table["is_large"].tolist() == [True, True]  # a: 10 + 40, b: 20
    assert connection.table("orders").count().execute() == 3


def test_a_changed_function_stages_anew(acme, workspace):
    _, connection, _ = staged(acme(DERIVED))
    connection.disconnect()
    _, connection, _ = staged(acme(DERIVED.replace("15", "25")))
    table = connection.table("first_orders").order_by("first_on").to_pandas()
    assert table["is_large"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def first_order(table):\n    return table", "did you mean 'first_orders'?"),
        ("def orders(table):\n    return table.drop('net_sales')", "not drop columns or rows"),
        ("def orders(table):\n    return table.limit(1)", "not drop columns or rows"),
        ("def orders(table):\n    return 1 / 0", "stopped: ZeroDivisionError"),
        ("def orders(table:\n", "stopped: SyntaxError"),
    ],
)
def test_what_a_function_may_not_do(acme, code, message):
    with pytest.raises(InputProblems) as caught:
        staged(acme(code))
    assert str(caught.value).startswith("data/acme/derive.py")
    assert message in str(caught.value)

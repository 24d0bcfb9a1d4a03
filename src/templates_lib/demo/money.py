"""What is in each order and what it costs, in whole cents with VAT, as the shop writes it."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from templates_lib.demo import truth
from templates_lib.demo.draws import day_number, local_times, pick

MINUTES_LATER = (600, 1800)  # seconds between two orders of one day
PAYMENT_METHODS = {"Klarna": 0.34, "Paytrail": 0.40, "Shopify Payments": 0.24, "Gift Card": 0.02}
UNCOUNTED_STATUS = {"cancelled": "refunded", "voided": "voided", "pending": "pending"}


def priced(
    rng: np.random.Generator,
    placed: pd.DataFrame,
    customers: pd.DataFrame,
    products: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Orders by time, and their lines.

    Orders gain at (local clock), name, code, discount, subtotal, freight, food_tax, other_tax,
    taxes, total, refund (cents), status, method, is_food and is_other (whether there is such VAT),
    grams and cost (cents without VAT). Lines: order, product, quantity, price, cost (cents).
    """
    orders = _in_time(rng, placed)
    lines = _lines(rng, orders, customers, products)
    orders = _with_discount(rng, orders, lines, customers)
    orders = _with_tax(orders, lines, products)
    orders = _with_status(rng, orders, customers)
    lines["cost"] = unit_costs(products)[lines["product"]] * lines["quantity"]
    of_order = lines["order"].to_numpy()
    grams = lines["quantity"] * products["grams"].to_numpy()[lines["product"]]
    orders["grams"] = np.bincount(of_order, grams, len(orders))
    orders["cost"] = np.bincount(of_order, lines["cost"], len(orders))
    return orders, lines


def vat_rate(days: np.ndarray, rates: tuple[tuple[date, float], ...]) -> np.ndarray:
    """Percent in force on days of the shop; the rates stand latest first."""
    limits = [days >= day_number(since) for since, _ in rates]
    return np.select(limits, [rate for _, rate in rates])


def _in_time(rng: np.random.Generator, placed: pd.DataFrame) -> pd.DataFrame:
    """The orders by clock time and numbered; a second one of a day soon after the first."""
    at = local_times(rng, placed["day"].to_numpy())
    orders = placed.assign(at=at)
    firsts = orders[orders["kind"] == "counted"].set_index(["customer", "day"])["at"]
    later = orders["kind"] == "same_day"
    keys = pd.MultiIndex.from_frame(orders.loc[later, ["customer", "day"]])
    seconds = pd.to_timedelta(rng.integers(*MINUTES_LATER, later.sum()), unit="s")
    orders.loc[later, "at"] = firsts.loc[keys].to_numpy() + seconds.to_numpy()
    orders = orders.sort_values(["at", "customer"], kind="stable", ignore_index=True)
    return orders.assign(name="#" + pd.Series(np.arange(1001, 1001 + len(orders))).astype(str))


def _lines(
    rng: np.random.Generator,
    orders: pd.DataFrame,
    customers: pd.DataFrame,
    products: pd.DataFrame,
) -> pd.DataFrame:
    """The line that the order is about, and up to three of less value."""
    n = len(orders)
    buyer = orders["customer"].to_numpy()
    known = buyer >= 0
    motive = np.where(known, customers["motive"].to_numpy()[buyer], "convenience")
    is_b2b = known & customers["is_b2b"].to_numpy()[buyer]
    is_heavy = known & (customers["kind"].to_numpy()[buyer] == "heavy_free_freight")
    category = orders["category"].to_numpy(dtype=object)
    category = np.where(orders["kind"] == "gift_card", "Lahjakortti", category)

    main = np.empty(n, dtype=int)
    for name, group in products.groupby("category"):
        mask = category == name
        main[mask] = rng.choice(group.index, mask.sum(), p=group["weight"] / group["weight"].sum())
        if group["is_heavy"].any():
            main[mask & is_heavy] = group.index[group["is_heavy"]][0]
    mean = pd.Series(motive).map(truth.MOTIVE_QUANTITY).to_numpy()
    quantity = 1 + rng.poisson(mean - 1)
    is_big = rng.random(n) < truth.BIG_ORDER_SHARE
    tail = np.minimum(np.ceil(2 * (1 + rng.pareto(truth.BIG_ORDER_TAIL, n))), 40).astype(int)
    quantity = np.where(is_big, quantity + tail, quantity)
    wholesale = (3 * quantity + rng.poisson(6, n)) * _company_factors(customers)[buyer]
    is_wholesale = is_b2b & (category == "Kahvi")
    quantity = np.where(is_wholesale, np.maximum(np.rint(wholesale), 1).astype(int), quantity)
    quantity = np.where((category == "Lahjakortti") | is_heavy, 1, quantity)
    first = pd.DataFrame({"order": np.arange(n), "product": main, "quantity": quantity})

    others = products.index[~products["category"].eq("Lahjakortti") & ~products["is_heavy"]]
    extra = rng.binomial(3, 0.25, n) * (category != "Lahjakortti") * ~is_heavy
    order = np.repeat(np.arange(n), extra)
    more = pd.DataFrame({"order": order, "product": rng.choice(others, len(order)), "quantity": 1})
    prices = products["price_cents"].to_numpy()
    worth = prices[main] * quantity
    more = more[(prices[more["product"]] < worth[order]) & (more["product"] != main[order])]
    lines = pd.concat([first, more.drop_duplicates(["order", "product"])])
    lines = lines.sort_values("order", kind="stable", ignore_index=True)
    return lines.assign(price=prices[lines["product"]])


def _company_factors(customers: pd.DataFrame) -> np.ndarray:
    """Times the quantity of coffee, by the industry and size of a customer's company."""
    by_industry = customers["industry"].map(truth.INDUSTRY_QUANTITY).fillna(1.0)
    return (by_industry * customers["size"].map(truth.SIZE_QUANTITY).fillna(1.0)).to_numpy()


def _with_discount(
    rng: np.random.Generator, orders: pd.DataFrame, lines: pd.DataFrame, customers: pd.DataFrame
) -> pd.DataFrame:
    """Code, discount, subtotal and freight."""
    n = len(orders)
    buyer = orders["customer"].to_numpy()
    known = buyer >= 0
    kind = orders["kind"].to_numpy()
    is_first = (orders["number"] == 1).to_numpy()
    welcomed = is_first & customers["has_welcome_code"].to_numpy()[buyer]
    hunter = known & (customers["kind"].to_numpy()[buyer] == "bargain_hunter")
    chance = rng.random(n)
    in_sale = (orders["at"].dt.month == 11) & (chance < truth.SALE_SHARE)
    is_later = ~is_first & ~np.isin(kind, ("gift_card", "pos"))
    conditions = [
        kind == "zero",
        kind == "gift_card",
        welcomed,
        hunter,
        is_later & in_sale,
        is_later & (chance > 1 - truth.AUTOMATIC_SHARE),
    ]
    code = np.select(
        conditions,
        ["KORVAUS100", "", truth.WELCOME_CODE, truth.BARGAIN_CODE, truth.SALE_CODE, ""],
        "",
    )
    off = np.select(
        conditions,
        [1.0, 0.0, truth.WELCOME_SHARE_OFF, truth.BARGAIN_SHARE_OFF, truth.SALE_SHARE_OFF,
         truth.AUTOMATIC_SHARE_OFF],
    )  # fmt: skip
    worth = np.bincount(lines["order"], lines["price"] * lines["quantity"], n)
    discount = np.rint(worth * off).astype(int)
    subtotal = worth.astype(int) - discount
    is_free = (subtotal >= truth.FREE_FREIGHT_FROM_EUR * 100) | (subtotal == 0)
    is_free |= np.isin(kind, ("gift_card", "pos"))
    freight = np.where(is_free, 0, round(truth.FREIGHT_EUR * 100))
    return orders.assign(
        code=code, discount=discount, subtotal=subtotal, freight=freight, total=subtotal + freight
    )


def _with_tax(orders: pd.DataFrame, lines: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    """VAT by rate, from the amounts after the discount; freight's VAT follows the goods."""
    n = len(orders)
    worth = (lines["price"] * lines["quantity"]).to_numpy()
    of_order = lines["order"].to_numpy()
    product = lines["product"].to_numpy()
    is_food = products["is_food"].to_numpy()[product]
    is_taxed = products["category"].to_numpy()[product] != "Lahjakortti"
    total = orders["total"].to_numpy() / np.bincount(of_order, worth, n)
    found = {}
    for name, rates, mask in (
        ("food", truth.VAT_FOOD, is_food & is_taxed),
        ("other", truth.VAT_OTHER, ~is_food & is_taxed),
    ):
        charged = np.bincount(of_order, worth * mask, n) * total
        rate = vat_rate(orders["day"].to_numpy(), rates)
        found[f"is_{name}"] = charged > 0
        found[f"{name}_rate"] = rate
        found[f"{name}_tax"] = np.rint(charged * rate / (100 + rate)).astype(int)
    return orders.assign(**found, taxes=found["food_tax"] + found["other_tax"])


def _with_status(
    rng: np.random.Generator, orders: pd.DataFrame, customers: pd.DataFrame
) -> pd.DataFrame:
    """Financial status, refund and payment method."""
    n = len(orders)
    buyer = orders["customer"].to_numpy()
    is_serial = (buyer >= 0) & (customers["kind"].to_numpy()[buyer] == "serial_returner")
    kind = orders["kind"].to_numpy()
    counted = np.isin(kind, ("counted", "same_day"))
    whole = np.where(is_serial, truth.SERIAL_REFUND_SHARE["whole"], truth.REFUND_SHARE["whole"])
    part = np.where(is_serial, truth.SERIAL_REFUND_SHARE["partial"], truth.REFUND_SHARE["partial"])
    chance = rng.random(n)
    is_whole = counted & (chance < whole)
    is_part = counted & ~is_whole & (chance < whole + part)
    share = np.where(is_part, rng.uniform(0.2, 0.6, n), 0.0)
    refund = np.where(is_whole | (kind == "cancelled"), 1.0, share) * orders["total"]
    status = np.select(
        [is_whole, is_part, counted & (chance > 0.999)],
        ["refunded", "partially_refunded", "partially_paid"],
        "paid",
    )
    status = pd.Series(kind).map(UNCOUNTED_STATUS).fillna(pd.Series(status)).to_numpy()
    method = pick(rng, PAYMENT_METHODS, n)
    method = np.select([kind == "test", kind == "zero", kind == "pos"], ["bogus", "", "Cash"],
                       method)  # fmt: skip
    return orders.assign(refund=np.rint(refund).astype(int), status=status, method=method)


def unit_costs(products: pd.DataFrame) -> np.ndarray:
    """Cost of a unit in whole cents without VAT, the same over the years."""
    rate = np.where(products["is_food"], truth.VAT_FOOD[0][1], truth.VAT_OTHER[0][1])
    price = products["price_cents"] * 100 / (100 + rate)
    return np.rint(price * products["cost_share"]).to_numpy()

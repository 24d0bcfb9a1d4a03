"""The whole way from the raw exports of demo shops to the results, against what was planted.

Sums must agree to the cent, since the truth is exact; estimates must cover the planted value as
often as their interval promises, over several shops.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import ibis
import pandas as pd
import pytest
import yaml
from conftest import staged

from templates_lib import demo
from templates_lib.data_health import data_health
from templates_lib.demo import answers
from templates_lib.demo import truth as planted
from templates_lib.demo.shop import open_shop
from templates_lib.params.params import Params
from templates_lib.repeat_purchase import repeat_purchase
from templates_lib.workspace import repository

SEEDS = (1, 2, 3, 4)
CUSTOMERS = 1500
DAYS = (90, 180, 365)


class Simulated(NamedTuple):
    """A demo shop through the pipeline, and its truth."""

    params: Params
    connection: ibis.BaseBackend
    facts: dict
    truth: demo.Truth


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """A shop by name and seed, staged as `make report` stages it."""

    @cache
    def make(name: str, seed: int) -> Simulated:
        folder = tmp_path_factory.mktemp(f"{name}{seed}")
        (folder / "params").mkdir()
        text = (repository() / "params" / f"{name}.yml").read_text(encoding="utf-8")
        line = next(line for line in text.splitlines() if line.startswith("demo:"))
        shop = "full" if name == "demo" else "lean"
        text = text.replace(line, f"demo: {{shop: {shop}, seed: {seed}, customers: {CUSTOMERS}}}")
        (folder / "params" / f"{name}.yml").write_text(text, encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("WORKSPACE", str(folder))
            params, connection, facts = staged(name)
        true = demo.write(Path(folder, "again"), shop=shop, seed=seed, customers=CUSTOMERS)
        return Simulated(params, connection, facts, true)

    return make


@pytest.mark.parametrize(("name", "seed"), [("demo", 1), ("demo", 2), ("lean", 1)])
def test_net_sales_and_orders_of_every_month_to_the_cent(simulated, name, seed):
    shop = simulated(name, seed)
    months = data_health.months(shop.connection.table("orders")).set_index("month")
    true = shop.truth.monthly.set_index("month")
    pd.testing.assert_series_equal(
        months["orders"], true["orders"], check_names=False, check_dtype=False
    )
    assert (months["net_sales"] - true["net_sales"].astype(float)).abs().max() <= 0.005


@pytest.mark.parametrize(("name", "seed"), [("demo", 1), ("demo", 2)])
def test_every_buyer_is_one_customer(simulated, name, seed):
    shop = simulated(name, seed)
    orders = shop.truth.orders
    firsts = shop.connection.table("orders").customer_id.nunique().execute()
    assert firsts == orders["customer"].dropna().nunique()


def returned(shop: Simulated, *, delivery: str) -> pd.DataFrame:
    """What the analysis finds for first purchases before or after the new delivery partner, beside
    the planted share."""
    firsts = shop.connection.table("first_orders")
    is_before = firsts.first_on < ibis.literal(planted.DELIVERY_CHANGED)
    firsts = firsts.filter(is_before if delivery == "before" else ~is_before)
    counts = repeat_purchase.return_counts(firsts, as_of=shop.params.as_of, split="first_category")
    table = repeat_purchase.returned_by(counts, days=DAYS, split="first_category")
    true = shop.truth.return_shares
    true = true[true["delivery"] == delivery].rename(columns={"category": "group"})
    return table.dropna(subset="returned").merge(true, on=["group", "days"])


def test_shares_that_return_by_first_category_are_covered(simulated):
    tables = [
        returned(simulated("demo", seed), delivery=delivery).assign(delivery=delivery)
        for seed in SEEDS
        for delivery in ("before", "after")
    ]
    found = pd.concat(tables)
    assert len(found) >= 45
    assert set(found["delivery"]) == {"before", "after"}
    covered = found["share"].between(found["low"], found["high"])
    assert covered.mean() >= 0.85, found[~covered]
    # a bias would show as a mean difference, whatever the width of the intervals
    assert abs((found["returned"] - found["share"]).mean()) < 0.01


def test_customers_and_those_who_returned_are_the_true_ones(simulated):
    shop = simulated("demo", 1)
    firsts = shop.connection.table("first_orders").to_pandas()
    true = shop.truth.customers
    assert len(firsts) == len(true)
    assert firsts["second_on"].notna().sum() == true["second_on"].notna().sum()
    pd.testing.assert_series_equal(
        firsts["first_category"].value_counts().sort_index(),
        true["first_category"].value_counts().sort_index(),
        check_names=False,
    )
    by_month = pd.to_datetime(firsts["first_on"]).dt.strftime("%Y-%m").value_counts().sort_index()
    new = shop.truth.monthly.set_index("month")["new_customers"].astype(int)
    pd.testing.assert_series_equal(by_month, new, check_names=False, check_dtype=False)


def test_the_declared_control_totals_are_those_of_the_generator():
    """The shop's own screen: what was simulated, before any file was written or read."""
    given = yaml.safe_load((repository() / "params" / "demo.yml").read_text(encoding="utf-8"))
    about = given["demo"]
    orders = answers.counted_orders(open_shop(seed=about["seed"], customers=about["customers"]))
    month = orders["ordered_on"].dt.strftime("%Y-%m")
    assert len(given["control_totals"]) >= 2
    for period, declared in given["control_totals"].items():
        own = orders[month == period]
        assert declared["orders"] == len(own)
        assert declared["net_sales"] == round(own["net_sales"].sum(), 2)


def test_the_curves_of_coffee_and_gear_cross(simulated):
    shares = {name: [planted.return_share(name, d) for d in (90, 600)] for name in
              ("Kahvi", "Laitteet")}  # fmt: skip
    assert shares["Kahvi"][0] > shares["Laitteet"][0]
    assert shares["Kahvi"][1] < shares["Laitteet"][1]

"""The profile of companies: what is planted in the demo's companies is found, and nothing else."""

from __future__ import annotations

import ibis
import numpy as np
import pytest

from templates_lib.accounts import account_roles
from templates_lib.demo import accounts, answers
from templates_lib.demo import truth as planted
from templates_lib.demo.shop import open_shop
from templates_lib.icp import attribute_lift, icp, profile_attributes
from templates_lib.params.icp import Icp
from templates_lib.params.purchase_survey import PurchaseSurvey
from templates_lib.words import Words

WHEN = {"zone": planted.TIMEZONE, "as_of": planted.AS_OF}
CUSTOMERS = 18_000  # so that some 260 companies have been observed for a year
SETTINGS = Icp(unit="company", target={"by": "value", "share": 0.25})


@pytest.fixture(scope="module")
def have() -> dict[str, ibis.Table]:
    """The staged tables of a large demo shop, as far as a profile of companies needs them, made of
    its truth and not of its files."""
    shop = open_shop(seed=2, customers=CUSTOMERS)
    people = shop.customers.assign(customer_id=shop.customers["email"].str.lower())
    people = people[people["company_id"] != ""]
    orders = answers.counted_orders(shop).rename(columns={"customer": "customer_id"})
    orders = orders[orders["customer_id"].isin(people["customer_id"])]
    orders = orders.assign(order_id=orders["order"], ordered_at=orders["ordered_on"])
    days = orders.groupby(["customer_id", "ordered_on"], as_index=False)
    bought = days[["net_sales", "contribution_margin"]].sum()
    own = bought.groupby("customer_id")["ordered_on"]
    purchases = bought.rename(columns={"ordered_on": "purchased_on"}).assign(
        purchase_number=own.cumcount() + 1, next_on=own.shift(-1)
    )
    firsts = purchases[purchases["purchase_number"] == 1]
    firsts = firsts[["customer_id", "purchased_on"]].rename(columns={"purchased_on": "first_on"})
    firsts = firsts.assign(first_order_value="any")
    companies = people.drop_duplicates("company_id")[["company_id", "industry", "size"]]
    companies = companies.assign(
        earns_from=companies["industry"].map(accounts.EARNS_FROM),
        value_chain_stage=companies["industry"].map(accounts.STAGES),
        goal=np.random.default_rng(1).choice(accounts.GOALS, len(companies)),
    )
    columns = ["customer_id", "order_id", "ordered_on", "ordered_at"]
    tables = {
        "orders": orders[columns], "purchases": purchases, "first_orders": firsts,
        "customers": people[["customer_id", "company_id", "role"]], "companies": companies,
    }  # fmt: skip
    days = {"ordered_on", "purchased_on", "next_on", "first_on"}
    made = {name: ibis.memtable(table.reset_index(drop=True)) for name, table in tables.items()}
    return {
        name: table.mutate(**{c: table[c].cast("date") for c in days & set(table.columns)})
        for name, table in made.items()
    }


def test_the_planted_profile_of_companies_is_found(have):
    units = icp.units(have, settings=SETTINGS, value="contribution_margin", **WHEN)
    assert icp.enough(units, Words("en", "EUR")).is_enough
    attributes = profile_attributes.attributes(
        have, units, SETTINGS, survey=PurchaseSurvey(), **WHEN
    )
    table = attribute_lift.lift(units, attributes, min_cell=5)
    known = set(table["attribute"])
    assert {"industry", "size", "earns_from", "value_chain_stage", "goal"} <= known
    lifts = table.set_index(["attribute", "value"])["lift"]
    largest = max(planted.INDUSTRY_QUANTITY, key=planted.INDUSTRY_QUANTITY.get)
    sides = {
        (row.attribute, row.value): row.lift > 1
        for row in attribute_lift.different(table).itertuples()
    }
    assert sides["industry", largest]
    assert sides["earns_from", accounts.EARNS_FROM[largest]]
    assert not sides["industry", min(planted.INDUSTRY_QUANTITY, key=planted.INDUSTRY_QUANTITY.get)]
    # large companies buy more too, but 268 do not tell it from chance
    assert lifts["size", "50+"] > 1 > lifts["size", "1–4"]
    assert not {attribute for attribute, _ in sides} & {"goal", "first_weekday"}


def test_people_of_a_role_name_its_planted_motive(have):
    people = have["customers"].to_pandas()
    motive = open_shop(seed=2, customers=CUSTOMERS).customers
    motive = motive.assign(unit_id=motive["email"].str.lower()).rename(columns={"motive": "value"})
    said = motive[["unit_id", "value"]].assign(
        dimension="motives", attribute="most_important", day_one=False
    )
    table = account_roles.answers(said, people, min_cell=5)
    first = account_roles.leading(table).set_index("role")
    assert first["value"].to_dict() == planted.ROLE_MOTIVES
    assert (first["q_value"] < 0.01).all()
    # of a role, the planted share has its motive; of the others, some have it as their own
    assert (first["low"] > planted.ROLE_MOTIVE_SHARE - 0.05).all()

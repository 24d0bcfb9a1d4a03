"""The right answers: what an analysis of the demo shop's files should find.

Exact where the simulation decides it (money, customers), analytic where a mechanism does (shares
that return, medians).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from templates_lib.demo import truth
from templates_lib.demo.shop import Shop

COUNTED_KINDS = ("counted", "same_day", "pos")
HORIZONS_DAYS = (90, 180, 365)


@dataclass(frozen=True)
class Truth:
    """What is true of the files that were written.

    Attributes
    ----------
    orders : one row a counted order: order (its name), customer (e-mail, missing where unknown),
        ordered_on (local day), net_sales, shipping_income, refund, discount (EUR without VAT, not
        rounded), cost_of_goods, fulfilment_cost, payment_cost, contribution_margin (before
        service), is_wholly_refunded, category, has_problem, has_welcome_code
    customers : one row a customer with a purchase: customer, first_on, second_on, purchases
        (days with an order), net_sales, service_cost, contribution_margin (after service),
        is_loss_making, first_category, discovery, last_click, motive, kind, is_b2b, return_class
        (``returner`` if ever, be it after the last day), days_to_second
    monthly : one row a month: month, net_sales (EUR without VAT after refunds), orders,
        new_customers
    return_shares : one row a category, delivery and horizon: category, delivery, days, share, ever
        (share that returns at all)
    invited : one row an NPS invitation: order, customer, score, the five experiences, reason,
        has_answered
    sessions : one row a visit of GA4, as ``sessions.simulate`` returns them; empty for the lean
        shop
    figures : quantity -> value, of everything that is one number
    """

    orders: pd.DataFrame
    customers: pd.DataFrame
    monthly: pd.DataFrame
    return_shares: pd.DataFrame
    invited: pd.DataFrame
    sessions: pd.DataFrame
    figures: dict[str, float]


def find_answers(
    shop: Shop,
    *,
    contacts: pd.DataFrame,
    invited: pd.DataFrame,
    sessions: pd.DataFrame,
    figures: dict[str, float],
) -> Truth:
    """The answers of a simulated shop; contacts are those with its service, by ``customer``.

    ``figures`` are those that are known already.
    """
    orders = counted_orders(shop)
    customers = _customers(shop, orders, contacts)
    month = orders["ordered_on"].dt.strftime("%Y-%m")
    monthly = pd.DataFrame(
        {
            "net_sales": orders.groupby(month)["net_sales"].sum(),
            "orders": orders.groupby(month).size(),
            "new_customers": customers.groupby(customers["first_on"].dt.strftime("%Y-%m")).size(),
        }
    )
    return Truth(
        orders=orders,
        customers=customers,
        monthly=monthly.fillna(0).rename_axis("month").reset_index(),
        return_shares=return_shares(),
        invited=invited,
        sessions=sessions,
        figures={
            **figures,
            **planted_figures(),
            **_customer_figures(customers),
            **_nps_figures(invited, orders),
        },
    )


def return_shares() -> pd.DataFrame:
    """Share that returns within a horizon, by first category, before and after the new delivery."""
    return pd.DataFrame(
        [
            (
                name,
                delivery,
                days,
                truth.return_share(name, days, delivery=delivery),
                truth.ever_returns(name, delivery=delivery),
            )
            for name in truth.CATEGORIES
            for delivery in truth.PROBLEM_SHARE
            for days in HORIZONS_DAYS
        ],
        columns=["category", "delivery", "days", "share", "ever"],
    )


def planted_figures() -> dict[str, float]:
    """What follows from the planted numbers alone."""
    with_code = truth.ever_returns("Kahvi", welcome=True)
    units = truth.HOLDOUT_CELLS * truth.HOLDOUT_UNITS
    return {
        "median_gap_of_first_returners_kahvi_days": truth.gap_median(
            truth.CATEGORIES["Kahvi"].gaps
        ),
        "median_gap_of_renewals_days": truth.gap_median(truth.REPEAT_GAPS),
        "welcome_code_difference_ever_return_kahvi": with_code
        - truth.ever_returns("Kahvi", welcome=False),
        "delivery_change_ratio_ever_return_kahvi": truth.ever_returns("Kahvi", delivery="after")
        / truth.ever_returns("Kahvi", delivery="before"),
        "holdout_incremental_net_sales_eur": truth.HOLDOUT_EFFECT_PER_UNIT * units,
        "profile_resonance_difference": truth.RESONANCE["matched"] - truth.RESONANCE["mismatched"],
        "meta_attributed_return": truth.ATTRIBUTED_RETURN["meta"],
        **{f"driver_share_{name}": share for name, share in truth.driver_shares().items()},
    }


def counted_orders(shop: Shop) -> pd.DataFrame:
    """Counted orders: VAT by the order's own tax, refunds pro rata from goods and freight."""
    counted = shop.orders[shop.orders["kind"].isin(COUNTED_KINDS)]
    buyer = counted["customer"].to_numpy()
    untaxed = 1 - counted["taxes"] / counted["total"]
    kept = 1 - counted["refund"] / counted["total"]
    goods, freight = counted["subtotal"] * untaxed / 100, counted["freight"] * untaxed / 100
    heavy_kg = (counted["grams"] / 1000 - truth.FULFILMENT_FREE_KG).clip(lower=0)
    fulfilment = truth.FULFILMENT_EUR + truth.FULFILMENT_EUR_PER_KG * heavy_kg
    fulfilment = fulfilment.where(counted["kind"] != "pos", 0.0)
    payment = truth.PAYMENT_EUR + truth.PAYMENT_SHARE * counted["total"] / 100
    emails = shop.customers["email"].str.lower().to_numpy()[buyer]
    return pd.DataFrame(
        {
            "order": counted["name"],
            "customer": np.where(buyer >= 0, emails, None),
            "ordered_on": counted["at"].dt.normalize(),
            "net_sales": goods * kept,
            "shipping_income": freight * kept,
            "refund": goods * (1 - kept),
            "discount": counted["discount"] * untaxed / 100,
            "cost_of_goods": counted["cost"] / 100,
            "fulfilment_cost": fulfilment,
            "payment_cost": payment,
            "contribution_margin": (goods + freight) * kept
            - counted["cost"] / 100
            - fulfilment
            - payment,
            "is_wholly_refunded": counted["refund"] >= counted["total"],
            "category": counted["category"],
            "has_problem": counted["has_problem"],
            "has_welcome_code": counted["code"] == truth.WELCOME_CODE,
        }
    ).reset_index(drop=True)


def _customers(shop: Shop, orders: pd.DataFrame, contacts: pd.DataFrame) -> pd.DataFrame:
    """Purchases of known customers; a wholly refunded first order is no acquisition."""
    known = orders[orders["customer"].notna()]
    kept = (~known["is_wholly_refunded"]).groupby(known["customer"]).cummax()
    bought = known[kept]
    days = bought.drop_duplicates(["customer", "ordered_on"])
    by_customer = days.groupby("customer")["ordered_on"]
    people = shop.customers.assign(customer=shop.customers["email"].str.lower())
    service = people["customer"].iloc[contacts["customer"]].value_counts() * truth.SERVICE_EUR
    service = service.reindex(by_customer.size().index, fill_value=0.0)
    money = bought.groupby("customer")[["net_sales", "contribution_margin"]].sum()
    found = pd.DataFrame(
        {
            "first_on": by_customer.min(),
            "second_on": by_customer.nth(1).set_axis(
                days.loc[by_customer.nth(1).index, "customer"]
            ),
            "purchases": by_customer.size(),
            "net_sales": money["net_sales"],
            "service_cost": service,
            "contribution_margin": money["contribution_margin"] - service,
            "first_category": days.groupby("customer")["category"].first(),
        }
    )
    found["is_loss_making"] = found["contribution_margin"] < 0
    found["days_to_second"] = (found["second_on"] - found["first_on"]).dt.days
    about = people.set_index("customer")
    found["return_class"] = np.where(about["is_returner"].loc[found.index], "returner", "never")
    columns = ["discovery", "last_click", "motive", "kind", "is_b2b"]
    return found.join(about[columns]).rename_axis("customer").reset_index()


def _customer_figures(customers: pd.DataFrame) -> dict[str, float]:
    """Share of net sales by decile (1 is the best), and who loses money."""
    ranked = customers.sort_values(["net_sales", "customer"], ascending=[False, True])
    decile = np.arange(len(ranked)) * 10 // len(ranked) + 1
    shares = ranked["net_sales"].groupby(decile).sum() / ranked["net_sales"].sum()
    return {
        **{f"net_sales_share_decile_{number}": float(share) for number, share in shares.items()},
        "customers": float(len(customers)),
        "customers_with_second_purchase": float(customers["second_on"].notna().sum()),
        "loss_making_customers": float(customers["is_loss_making"].sum()),
        "contribution_margin_of_loss_makers_eur": float(
            customers.loc[customers["is_loss_making"], "contribution_margin"].sum()
        ),
    }


def _nps_figures(invited: pd.DataFrame, orders: pd.DataFrame) -> dict[str, float]:
    """NPS of everybody invited, which the answers alone overstate."""

    def nps(scores: pd.Series) -> float:
        return float(100 * ((scores >= 9).mean() - (scores <= 6).mean()))

    answered = invited[invited["has_answered"]]
    day = invited["order"].map(orders.set_index("order")["ordered_on"])
    is_after = day >= pd.Timestamp(truth.DELIVERY_CHANGED)
    return {
        "nps_of_all_invited": nps(invited["score"]),
        "nps_of_those_who_answered": nps(answered["score"]),
        "nps_of_all_invited_before_delivery_change": nps(invited.loc[~is_after, "score"]),
        "nps_of_all_invited_after_delivery_change": nps(invited.loc[is_after, "score"]),
        "nps_response_rate": float(invited["has_answered"].mean()),
    }

"""What an order and a customer cost: from the files, else by the declared assumptions.

Written in Ibis, so that the same expressions run wherever a client's data live.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import ibis
import ibis.expr.types as ir

from templates_lib.params.params import Assumptions, Params
from templates_lib.sources.engine import one
from templates_lib.sources.reader import utc_to_local
from templates_lib.staging.facts import Facts
from templates_lib.staging.orders import ZERO
from templates_lib.tables import MONEY


def with_margin(orders: ir.Table, params: Params, facts: Facts) -> ir.Table:
    """Costs and contribution margin (before service) of each order.

    What a file says of an order is taken; without it the declared fallback margin stands for the
    cost of goods, and the declared costs for fulfilment and payment. Notes ``margin`` and
    ``costs``, by which it can be told what margins rest on.
    """
    assumed = params.assumptions
    fallback = assumed.gross_margin_share
    by_amount = orders.costed_amount.cast("float64") / orders.lines_amount.nullif(ZERO)
    by_rows = orders.costed_rows / orders.rows
    sold = orders.mutate(
        covered=ibis.cases(
            (orders.cost_of_goods.notnull(), 1.0),
            (orders.lines_cost.isnull(), 0.0),
            else_=ibis.coalesce(by_amount, by_rows).clip(0.0, 1.0),
        ),
        of_fulfilment=ibis.coalesce(orders.fulfilment_cost, _fulfilment(orders, assumed)),
        of_payment=ibis.coalesce(orders.payment_cost, _payment(orders, assumed)),
    )
    goods = sold.net_goods.cast("float64")
    share = _note(sold, assumed, facts)
    basis = _basis(share, fallback)
    facts.noted["margin"] = {"basis": basis, "known_share": share, "fallback": fallback}
    cost = ibis.null(MONEY)
    if basis != "none":
        known = ibis.coalesce(sold.cost_of_goods, sold.lines_cost, ZERO).cast("float64")
        cost = known + (1 - sold.covered) * goods * (1 - (fallback or 0.0))
        if params.sources.orders.refunded_goods == "restocked":
            cost *= (1 - sold.refund.cast("float64") / goods.nullif(0.0)).fill_null(1.0)
    priced = sold.mutate(
        cost_of_goods=cost.cast(MONEY),
        fulfilment_cost=sold.of_fulfilment,
        payment_cost=sold.of_payment,
    )
    costs = priced.fulfilment_cost.fill_null(ZERO) + priced.payment_cost.fill_null(ZERO)
    margin = priced.net_sales + priced.shipping_income - priced.cost_of_goods - costs
    return priced.mutate(contribution_margin=margin.cast(MONEY))


def _note(sold: ir.Table, assumed: Assumptions, facts: Facts) -> float:
    """Notes what is known of each cost; returns the share of sales whose goods' cost is known."""
    counts = one(
        sold,
        known=(sold.covered * sold.net_goods.cast("float64")).cast(MONEY).sum(),
        total=sold.net_goods.sum(),
        orders=sold.count(),
        fulfilment=sold.fulfilment_cost.count(),
        all_fulfilment=sold.of_fulfilment.count(),
        payment=sold.payment_cost.count(),
        all_payment=sold.of_payment.count(),
        rows=sold.rows.sum(),
        weighed=sold.weighed_rows.sum(),
    )
    share = float((counts["known"] or 0) / counts["total"]) if counts["total"] else 0.0
    n = counts["orders"] or 1
    rest = 0.0 if assumed.gross_margin_share is None else 1 - share
    facts.noted["costs"] = [
        {"cost_of": "goods", "from_files": share, "from_assumptions": rest},
        *(
            {
                "cost_of": cost,
                "from_files": counts[cost] / n,
                "from_assumptions": (counts[f"all_{cost}"] - counts[cost]) / n,
            }
            for cost in ("fulfilment", "payment")
        ),
    ]
    facts.noted["weighed_share"] = (counts["weighed"] or 0) / (counts["rows"] or 1)
    return share


def _basis(known_share: float, fallback: float | None) -> str:
    """On what margins rest: costs, the declared fallback, both, or none."""
    if known_share > 1 - 1e-9:
        return "costs"
    if fallback is None:
        return "none"
    return "fallback" if known_share == 0 else "costs_and_fallback"


def _fulfilment(orders: ir.Table, assumed: Assumptions) -> ir.DecimalValue:
    """What sending an order costs; nothing where nothing is sent, null where nothing is assumed."""
    per_order, per_kg = assumed.fulfilment_cost_per_order, assumed.fulfilment_cost_per_kg
    if per_order is None and per_kg is None:
        return ibis.null(MONEY)
    weight = orders.weight_kg.cast("float64").fill_null(0.0)
    heavy = (weight - float(assumed.fulfilment_included_kg)).clip(lower=0.0)
    cost = float(per_order or 0) + float(per_kg or 0) * heavy
    collected = [channel.lower() for channel in assumed.collected_channels]
    is_sent = (orders.amount >= 0) & ~orders.channel.lower().isin(collected).fill_null(False)
    return is_sent.ifelse(cost, 0.0).cast(MONEY)


def _payment(orders: ir.Table, assumed: Assumptions) -> ir.DecimalValue:
    """The fee of a payment; nothing where nothing is paid, null where nothing is assumed."""
    per_order, share = assumed.payment_cost_per_order, assumed.payment_cost_share
    if per_order is None and share is None:
        return ibis.null(MONEY)
    cost = float(per_order or 0) + (share or 0.0) * orders.charged
    return (orders.charged > 0).ifelse(cost, 0.0).cast(MONEY)


def service_costs(
    have: Mapping[str, ir.Table], assumptions: Assumptions, *, zone: str, as_of: date
) -> ir.Table | None:
    """What customers' contacts with the service cost, which belongs to no order.

    Parameters
    ----------
    have : the staged tables by name
    zone : the client's time zone, in which a day begins

    Returns
    -------
    One row a customer and day: customer_id, on (date), service_cost (MONEY), up to ``as_of``.
    Contacts of unknown customers are not in it. None without touchpoints or without
    ``service_cost_per_contact``.
    """
    cost = assumptions.service_cost_per_contact
    if cost is None or "touchpoints" not in have:
        return None
    contacts = service_contacts(have["touchpoints"], assumptions)
    contacts = contacts.mutate(on=utc_to_local(contacts.occurred_at, zone).date())
    known = contacts.filter(contacts.customer_id.notnull(), contacts.on <= ibis.literal(as_of))
    by_day = known.group_by("customer_id", "on").aggregate(contacts=known.count())
    return by_day.select(
        "customer_id", "on", service_cost=(by_day.contacts * ibis.literal(cost)).cast(MONEY)
    )


def service_contacts(touchpoints: ir.Table, assumptions: Assumptions) -> ir.Table:
    """The touchpoints that are contacts with the service."""
    kinds = [kind.lower() for kind in assumptions.service_kinds]
    return touchpoints.filter(touchpoints.kind.lower().isin(kinds)) if kinds else touchpoints

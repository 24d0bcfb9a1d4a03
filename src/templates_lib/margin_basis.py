"""What margins rest on: how much of each cost is known, assumed, or not counted, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from templates_lib.costs import service_contacts
from templates_lib.language import tr
from templates_lib.params.params import Assumptions
from templates_lib.sources.engine import one
from templates_lib.words import Words

OF = {"goods": "sales", "fulfilment": "orders", "payment": "orders", "service": "contacts"}


def known_costs(
    facts: Mapping[str, Any], have: Mapping[str, ir.Table], assumptions: Assumptions
) -> pd.DataFrame:
    """How much of each cost comes from the files, how much is assumed, and how much not counted.

    Returns
    -------
    Columns: cost_of (goods, fulfilment, payment, service), share_of (what the shares are of: sales,
    orders or contacts), from_files, from_assumptions, not_counted (shares, sum 1). Service is
    there where there are touchpoints; those of unknown customers are not counted.
    """
    rows = [dict(each) for each in facts.get("costs", [])]
    if rows and "touchpoints" in have:
        contacts = service_contacts(have["touchpoints"], assumptions)
        counts = one(contacts, n=contacts.count(), known=contacts.customer_id.count())
        has_cost = assumptions.service_cost_per_contact is not None and counts["n"]
        share = counts["known"] / counts["n"] if has_cost else 0.0
        rows.append({"cost_of": "service", "from_files": 0.0, "from_assumptions": share})
    table = pd.DataFrame(rows, columns=["cost_of", "from_files", "from_assumptions"])
    table.insert(1, "share_of", table["cost_of"].map(OF))
    rest = 1 - table["from_files"] - table["from_assumptions"]
    return table.assign(not_counted=rest.clip(lower=0.0))


def in_words(facts: Mapping[str, Any], words: Words, *, after_service: bool = False) -> str:
    """What a customer's worth rests on, for the title of every figure and table of it.

    Such as ``contribution margin, costs known for 92 % of sales, else 42 % assumed``. What no
    order has a cost of is named: ``contribution margin before fulfilment``; so is it where the
    cost of contacts with the service is taken off too.
    """
    margin = facts.get("margin", {"basis": "none"})
    if margin["basis"] == "none":
        return tr("net sales, since costs are not known")
    missing = {
        each["cost_of"]
        for each in facts["costs"]
        if each["cost_of"] != "goods" and not each["from_files"] + each["from_assumptions"]
    }
    named = _margin(missing, after_service=after_service)
    if margin["basis"] == "costs":
        return named
    fallback = words.share(margin["fallback"], 0 if _is_whole(margin["fallback"]) else 1)
    if margin["basis"] == "fallback":
        return tr("{margin} at an assumed {share}", margin=named, share=fallback)
    known = words.share(min(max(margin["known_share"], 0.01), 0.99))
    return tr(
        "{margin}, costs known for {known} of sales, else {share} assumed",
        margin=named, known=known, share=fallback,
    )  # fmt: skip


def _margin(missing: set[str], *, after_service: bool) -> str:
    """The contribution margin by the costs that are not taken off, and by that of service."""
    if missing == {"fulfilment", "payment"}:
        if after_service:
            return tr("contribution margin after service, before fulfilment and payment")
        return tr("contribution margin before fulfilment and payment")
    if missing == {"fulfilment"}:
        if after_service:
            return tr("contribution margin after service, before fulfilment")
        return tr("contribution margin before fulfilment")
    if missing == {"payment"}:
        if after_service:
            return tr("contribution margin after service, before payment")
        return tr("contribution margin before payment")
    return tr("contribution margin after service") if after_service else tr("contribution margin")


def _is_whole(share: float) -> bool:
    return abs(100 * share - round(100 * share)) < 1e-9


def assumed_in_words(assumptions: Assumptions, words: Words) -> list[str]:
    """The declared costs and margin, a phrase each; nothing where nothing is declared."""
    a = assumptions
    order, kilogram, payment, contact = (
        None if cost is None else words.money(cost)
        for cost in (
            a.fulfilment_cost_per_order, a.fulfilment_cost_per_kg, a.payment_cost_per_order,
            a.service_cost_per_contact,
        )
    )  # fmt: skip
    of_orders = [tr("{money} an order", money=order)] if order else []
    if kilogram and a.fulfilment_included_kg:
        over = words.number(a.fulfilment_included_kg, 1)
        of_orders.append(tr("{money} a kilogram over {kg} kg", money=kilogram, kg=over))
    elif kilogram:
        of_orders.append(tr("{money} a kilogram", money=kilogram))
    of_payments = [tr("{money} an order", money=payment)] if payment else []
    if a.payment_cost_share is not None:
        share = words.share(a.payment_cost_share, 1)
        of_payments.append(tr("{share} of what is charged", share=share))
    said = []
    if a.gross_margin_share is not None:
        share = words.share(a.gross_margin_share, 1)
        said.append(tr("goods without a cost: a gross margin of {share}", share=share))
    if of_orders:
        said.append(tr("fulfilment: {costs}", costs=words.listed(of_orders)))
    if of_payments:
        said.append(tr("payment: {costs}", costs=words.listed(of_payments)))
    if contact:
        said.append(tr("service: {money} a contact", money=contact))
    return said

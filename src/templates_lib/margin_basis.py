"""What margins rest on: how much of each cost is known, assumed, or not counted, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from templates_lib.costs import service_contacts
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


def in_words(facts: Mapping[str, Any], words: Words) -> str:
    """What a customer's worth rests on, for the title of every figure and table of it.

    Such as ``contribution margin, costs known for 92 % of sales, else 42 % assumed``. What no
    order has a cost of is named: ``contribution margin before fulfilment``.
    """
    margin = facts.get("margin", {"basis": "none"})
    if margin["basis"] == "none":
        return "net sales, since costs are not known"
    missing = [
        each["cost_of"]
        for each in facts["costs"]
        if each["cost_of"] != "goods" and not each["from_files"] + each["from_assumptions"]
    ]
    before = f" before {' and '.join(missing)}" if missing else ""
    if margin["basis"] == "costs":
        return f"contribution margin{before}"
    fallback = words.share(margin["fallback"], 0 if _is_whole(margin["fallback"]) else 1)
    if margin["basis"] == "fallback":
        return f"contribution margin at an assumed {fallback}{before and f',{before}'}"
    known = words.share(min(max(margin["known_share"], 0.01), 0.99))
    return f"contribution margin{before}, costs known for {known} of sales, else {fallback} assumed"


def _is_whole(share: float) -> bool:
    return abs(100 * share - round(100 * share)) < 1e-9


def assumed_in_words(assumptions: Assumptions, words: Words) -> list[str]:
    """The declared costs and margin, a phrase each; nothing where nothing is declared."""
    a = assumptions
    fulfilment = _joined(
        (a.fulfilment_cost_per_order, "an order"),
        (a.fulfilment_cost_per_kg, "a kilogram"),
        words=words,
    )
    if a.fulfilment_cost_per_kg is not None and a.fulfilment_included_kg:
        fulfilment += f" over {words.number(a.fulfilment_included_kg, 1)} kg"
    payment = _joined((a.payment_cost_per_order, "an order"), words=words)
    if a.payment_cost_share is not None:
        part = f"{words.share(a.payment_cost_share, 1)} of what is charged"
        payment = f"{payment} and {part}" if payment else part
    service = _joined((a.service_cost_per_contact, "a contact"), words=words)
    goods = a.gross_margin_share
    margin = "" if goods is None else f"a gross margin of {words.share(goods, 1)}"
    named = {"goods without a cost": margin, "fulfilment": fulfilment, "payment": payment,
             "service": service}  # fmt: skip
    return [f"{name}: {said}" for name, said in named.items() if said]


def _joined(*parts: tuple[Decimal | None, str], words: Words) -> str:
    return " and ".join(f"{words.money(cost)} {per}" for cost, per in parts if cost is not None)

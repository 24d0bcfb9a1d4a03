"""Whom to win back: the best customers who have left, with a reason to contact each."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.language import tr
from templates_lib.lost_customers.lost_after import with_facts
from templates_lib.lost_customers.lost_customers import STATES
from templates_lib.nps_drivers.nps import CLASSES
from templates_lib.service.service_outcomes import LANDMARK_DAYS
from templates_lib.sources.engine import one
from templates_lib.stats.intervals import wilson

WIN_BACK = ["customer_id", "last_on", "days_since", "value", "reason"]
BEST_SHARE = 0.2


def candidates(have: Mapping[str, ir.Table], placed: ir.Table) -> ir.Table:
    """The best fifth of all customers by what they have brought, who have left and may be written
    to.

    May: no closed account, not opted out, and a consent of any kind where the customer file holds
    consents. ``make contacts`` asks for the very consent once more.

    Parameters
    ----------
    placed : of ``lost_customers.standing``
    """
    best = _best(placed)
    rows = best.filter(best.state.isin(["overdue", "lapsed"]) & ~best.opted_out.fill_null(False))
    if not knows_consents(have):
        return rows
    people = have["customers"]
    agreed_ones = people.filter(_agreed(people)).select("customer_id")
    return rows.semi_join(agreed_ones, "customer_id")


def knows_consents(have: Mapping[str, ir.Table]) -> bool:
    """Whether the customer file says of anybody that they agreed to be contacted."""
    if "customers" not in have:
        return False
    return bool(one(have["customers"], n=_agreed(have["customers"]).sum())["n"])


def _agreed(people: ir.Table) -> ir.BooleanValue:
    return (people.consents.strip().length() > 0).fill_null(False)


def _best(placed: ir.Table) -> ir.Table:
    """The customers above the limit of the best fifth; fewer where many are at the limit."""
    least = one(placed, at=placed.value.quantile(1 - BEST_SHARE))["at"]
    if least is None:
        return placed.filter(False)
    return placed.filter((placed.value > ibis.literal(least, "float64")) & (placed.value > 0))


def best_left(placed: ir.Table) -> pd.Series | None:
    """Of the best fifth, how many have left: customers, n, share, low, high, value (what those who
    left have brought); None under 30 of them."""
    best = _best(placed)
    left = best.state != STATES[0]
    found = one(best, n=best.count(), customers=left.sum(), value=best.value.sum(where=left))
    n, customers = found["n"], found["customers"] or 0
    if n < 30:
        return None
    low, high = wilson(customers, n)
    shares = {"share": customers / n, "low": float(low), "high": float(high)}
    return pd.Series({"customers": customers, "n": n, **shares, "value": found["value"] or 0.0})


def win_back(
    have: Mapping[str, ir.Table], placed: ir.Table, contacts: ir.Table, *, zone: str,
    landmark_days: int = LANDMARK_DAYS,
) -> pd.DataFrame:  # fmt: skip
    """The list of single customers, for ``make contacts``: never sent with a report.

    Parameters
    ----------
    placed : of ``lost_customers.standing``
    contacts : of ``service.contacts``

    Returns
    -------
    Columns: customer_id, last_on, days_since, value (what they have brought), reason (what to
    begin with: what happened within the landmark after the last purchase, else what was bought).
    Who has left most lately first, then by value.
    """
    rows = candidates(have, placed)
    rows = rows.mutate(
        purchased_on=rows.last_on, until=rows.last_on + ibis.interval(days=landmark_days)
    )
    table = with_facts(have, rows, contacts, zone=zone).to_pandas()
    table["reason"] = [_reason(row) for row in table.itertuples()]
    table["is_lapsed"] = table["state"].eq("lapsed")
    by = ["is_lapsed", "value", "customer_id"]
    table = table.sort_values(by, ascending=[True, False, True], ignore_index=True)
    return table[WIN_BACK]


def _reason(row: tuple) -> str:
    """What to begin with, the weightiest first."""
    if isinstance(row.contact, str) and row.contact != "no_contact":
        return tr("wrote about “{topic}” after the last purchase", topic=row.contact)
    if row.score == CLASSES[-1]:
        return tr("gave a low score after the last purchase")
    if row.refunded == "yes":
        return tr("got money back for the last purchase")
    if isinstance(row.category, str):
        return tr(
            "last bought “{category}”, is usually back within {days} days",
            category=row.category, days=row.days,
        )  # fmt: skip
    return tr("is usually back within {days} days", days=row.days)

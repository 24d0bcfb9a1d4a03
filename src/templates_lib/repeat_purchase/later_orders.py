"""Whether what was known at the first purchase still tells who comes back after the later ones.

Gaps of one customer go together, so that the errors are those of customers and not of gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.purchases import with_groups
from templates_lib.repeat_purchase.attribute_design import Design, design
from templates_lib.repeat_purchase.return_model import RATIOS, Z
from templates_lib.sources.engine import one
from templates_lib.stats import cox

NUMBERS = (2, 3, 4, 5)
MOST_CUSTOMERS = 200_000


class Gaps(NamedTuple):
    """Days from the second purchase on to the next one each, by attributes of the first.

    counts : attributes, purchase_number, duration, event, count (purchases), customers (the same
        of the second purchase, 0 of later ones: each customer once)
    alike : attributes, customers_alike (a number: customers alike in all of their gaps),
        purchase_number, duration, event, count (how many are so alike)
    share : of the customers whose gaps ``alike`` holds; 1 where it holds all
    """

    counts: pd.DataFrame
    alike: pd.DataFrame
    share: float


def gaps(
    purchases: ir.Table,
    first_orders: ir.Table,
    *,
    as_of: date,
    attributes: Sequence[str],
    max_groups: int,
    horizon_days: int,
    most_customers: int = MOST_CUSTOMERS,
) -> Gaps:
    """The gaps after purchases 2 to 5, each at most ``horizon_days``.

    Of more than ``most_customers`` customers with a second purchase ``alike`` holds every k-th in
    the order of attributes and gaps: the same ones at every run.
    """
    names = list(dict.fromkeys(attributes))
    grouped = first_orders
    for name in names:
        grouped = with_groups(grouped, name, max_groups=max_groups)
    later = purchases.filter(purchases.purchase_number.isin(NUMBERS))
    days = ibis.coalesce(later.next_on, ibis.literal(as_of)).delta(later.purchased_on, unit="day")
    timed = later.select(
        "customer_id",
        "purchase_number",
        duration=ibis.least(days, horizon_days),
        event=(later.next_on.notnull() & (days <= horizon_days)).ifelse(1, 0),
    ).inner_join(grouped.select("customer_id", *names), "customer_id")
    keys = (*names, "purchase_number", "duration", "event")
    counts = timed.group_by(*keys).aggregate(count=timed.count()).order_by(*keys).to_pandas()
    is_second = counts["purchase_number"] == NUMBERS[0]
    counts = counts.assign(
        event=counts["event"] == 1, customers=counts["count"].where(is_second, 0)
    )
    number = timed.purchase_number
    each = {
        f"{column}_{k}": timed[column].max(where=number == k)
        for k in NUMBERS
        for column in ("duration", "event")
    }
    customers = timed.group_by("customer_id", *names).aggregate(**each)
    customers = customers.select(*names, *each)
    n = one(customers, n=customers.count())["n"]
    step = -(-n // most_customers) if n else 1
    if step > 1:
        in_order = ibis.window(order_by=[customers[name] for name in customers.columns])
        placed = customers.mutate(place=ibis.row_number().over(in_order))
        customers = placed.filter(placed["place"] % step == 0).drop("place")
    kinds = customers.group_by(customers.columns).aggregate(count=customers.count())
    wide = kinds.order_by(*names, *each).to_pandas()
    wide = wide.assign(customers_alike=np.arange(len(wide)))
    return Gaps(counts, _long(wide, names), float(wide["count"].sum() / n) if n else 1.0)


def _long(wide: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """One row a gap of customers who are alike."""
    parts = []
    for k in NUMBERS:
        own = wide[wide[f"duration_{k}"].notna()]
        gap = own[[*names, "customers_alike", "count"]].assign(
            purchase_number=k,
            duration=own[f"duration_{k}"].astype("int64"),
            event=own[f"event_{k}"] == 1,
        )
        parts.append(gap)
    return pd.concat(parts, ignore_index=True)


def later_ratios(
    found: Gaps, first: Design, *, attributes: Sequence[str], horizon_days: int
) -> pd.DataFrame:
    """Ratios of coming back on a day after the second and later purchases, the others alike.

    Cox on gap times with a hazard of its own after each purchase (strata), errors robust by
    customer; groups are compared with the same ones as in ``first``. Where ``alike`` holds a
    sample, its robust errors are brought to the number of all by the root of its share.

    Returns
    -------
    Columns: split, group, reference, days_from, days_to, n (customers), returns, ratio, low, high;
    no rows where too few came back again.

    References
    ----------
    Prentice, Williams & Peterson (1981), Biometrika 68:373 (gap times).
    """
    made = design(
        found.counts,
        attributes=attributes,
        references=first.references,
        customers="customers",
        min_cell=first.min_cell,
    )
    if made is None:
        return pd.DataFrame(columns=RATIOS)
    covariates = made.groups["covariate"].tolist()
    alike = found.alike
    for row in made.groups.itertuples():
        alike = alike.assign(**{row.covariate: (alike[row.split] == row.group).astype("int64")})
    for split in made.terms:
        alike = alike[alike[split].isin(set(made.counts[split]))]
    options = {"covariates": covariates, "strata": "purchase_number"}
    try:
        clustered = cox.fit(alike, **options, cluster="customers_alike")
        whole = clustered if found.share == 1 else cox.fit(made.counts, **options)
    except ValueError:
        return pd.DataFrame(columns=RATIOS)
    beta = whole.coefficients["coefficient"].to_numpy()
    half = Z * clustered.coefficients["se"].to_numpy() * np.sqrt(found.share)
    return made.groups.assign(
        days_from=0,
        days_to=horizon_days + 1,
        ratio=np.exp(beta),
        low=np.exp(beta - half),
        high=np.exp(beta + half),
    )[RATIOS]

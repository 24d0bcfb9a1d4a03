"""Companies that buy: one row an account, and how much of the sales rests on few of them.

Orders belong to a company through the persons who placed them. A company without orders is kept:
it may have a lead.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.stats.concentration import (
    bins_of,
    draw,
    effective_number,
    whale_curve,
)

FIRMOGRAPHICS = ("industry", "size", "earns_from", "goal", "value_chain_stage")
MONEY = ("net_sales", "contribution_margin")
ACCOUNTS = ["company_id", *FIRMOGRAPHICS, "persons", "orders", *MONEY, "window_orders",
            *(f"window_{name}" for name in MONEY), "first_on", "last_on"]  # fmt: skip
MIN_ACCOUNTS = 10
TOPS = (1, 5, 10)
SEED = 5


def persons(have: Mapping[str, ir.Table]) -> ir.Table | None:
    """The persons known to belong to a company: customer_id, company_id, role; None without."""
    if "customers" not in have:
        return None
    known = have["customers"].filter(lambda t: t.company_id.notnull() & t.customer_id.notnull())
    return known.select("customer_id", "company_id", "role")


def accounts(
    have: Mapping[str, ir.Table],
    *,
    as_of: date,
    window_days: int,
    service: ir.Table | None = None,
) -> pd.DataFrame:
    """Every company of the customer, company and lead files, with what its persons ordered.

    Parameters
    ----------
    service : what contacts with the service cost, taken from margins on the day of the contact
        (``Shop.service``); of a company that never ordered nothing

    Returns
    -------
    One row a company, sorted: company_id, industry, size, earns_from, goal, value_chain_stage
    (missing where not known), persons (in the customer file), orders, net_sales,
    contribution_margin (since its first order; the margin is missing where a cost is), the same
    with ``window_`` over the last ``window_days`` up to ``as_of``, first_on, last_on (days of
    its first and last order, missing without one). No rows without companies.
    """
    who = persons(have)
    ids = [have[name].select("company_id") for name in ("companies", "leads") if name in have]
    ids += [] if who is None else [who.select("company_id")]
    if not ids:
        return pd.DataFrame(columns=ACCOUNTS)
    every = ibis.union(*ids, distinct=True) if len(ids) > 1 else ids[0].distinct()
    table = every.filter(every.company_id.notnull()).to_pandas()
    about = have["companies"].select("company_id", *FIRMOGRAPHICS) if "companies" in have else None
    if about is None:
        table = table.assign(**dict.fromkeys(FIRMOGRAPHICS))
    else:
        table = table.merge(about.to_pandas(), on="company_id", how="left")
    counted = [_persons(who), _ordered(who, have.get("orders"), as_of, window_days)]
    if service is not None and who is not None:
        counted.append(_served(who, service, as_of, window_days))
    for part in counted:
        table = table.merge(part, on="company_id", how="left")
    for prefix in ("", "window_") if "served" in table else ():
        spent = table[f"{prefix}served"].fillna(0.0)
        table[f"{prefix}contribution_margin"] = table[f"{prefix}contribution_margin"] - spent
    numbers = ["persons", "orders", "window_orders"]
    table[numbers] = table[numbers].fillna(0).astype("int64")
    none = table["orders"] == 0, table["window_orders"] == 0
    for name in MONEY:
        table[name] = table[name].astype("float64").mask(none[0], 0.0)
        table[f"window_{name}"] = table[f"window_{name}"].astype("float64").mask(none[1], 0.0)
    return table.sort_values("company_id", ignore_index=True)[ACCOUNTS]


def _persons(who: ir.Table | None) -> pd.DataFrame:
    if who is None:
        return pd.DataFrame(columns=["company_id", "persons"])
    return who.group_by("company_id").aggregate(persons=who.customer_id.nunique()).to_pandas()


def _ordered(
    who: ir.Table | None, orders: ir.Table | None, as_of: date, window_days: int
) -> pd.DataFrame:
    """What the persons of each company ordered, in all and in the window."""
    names = ["orders", *MONEY]
    columns = ["company_id", *names, *(f"window_{name}" for name in names), "first_on", "last_on"]
    if who is None or orders is None:
        return pd.DataFrame(columns=columns)
    rows = orders.join(who.select("customer_id", "company_id"), "customer_id")
    rows = rows.filter(rows.ordered_on <= as_of)
    inside = rows.ordered_on > as_of - timedelta(days=window_days)
    sums = {}
    for name in MONEY:
        known = rows[name].count() == rows.count()  # a sum over some of the costs is no margin
        known_inside = rows[name].count(where=inside) == inside.sum()
        sums[name] = known.ifelse(rows[name].sum().cast("float64"), None)
        part = rows[name].sum(where=inside).cast("float64")
        sums[f"window_{name}"] = known_inside.ifelse(part, None)
    return (
        rows.group_by("company_id")
        .aggregate(
            orders=rows.count(), window_orders=inside.sum(), first_on=rows.ordered_on.min(),
            last_on=rows.ordered_on.max(), **sums,
        )
        .to_pandas()
    )  # fmt: skip


def _served(who: ir.Table, service: ir.Table, as_of: date, window_days: int) -> pd.DataFrame:
    """What contacts of the persons of each company cost, in all and in the window."""
    rows = service.join(who.select("customer_id", "company_id"), "customer_id")
    rows = rows.filter(rows.on <= as_of)
    inside = rows.on > as_of - timedelta(days=window_days)
    by_company = rows.group_by("company_id").aggregate(
        served=rows.service_cost.sum().cast("float64"),
        window_served=rows.service_cost.sum(where=inside).cast("float64"),
    )
    return by_company.to_pandas()


def concentration(table: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """How much of the net sales to companies in the window comes from the largest accounts.

    Parameters
    ----------
    table : of ``accounts``

    Returns
    -------
    The table, and the effective number of accounts (1 / sum of the squared shares): so many of
    equal size would be as concentrated. Columns: top (accounts, largest first), net_sales
    (theirs), share (of the net sales to all accounts), low, high (bootstrap of the accounts: what
    another year of such accounts could show), n (accounts that bought in the window). No rows and
    nan with fewer than 10 of those.
    """
    bought = table.loc[table["window_orders"] > 0, "window_net_sales"]
    values = np.sort(bought.to_numpy(float))[::-1]
    n = len(values)
    if n < MIN_ACCOUNTS or values.sum() <= 0:
        return pd.DataFrame(columns=["top", "net_sales", "share", "low", "high", "n"]), np.nan
    sample = draw(bins_of(values), seed=SEED)
    tops = [top for top in TOPS if top < n]
    curve = whale_curve(sample, np.array(tops) / n)
    sums = [values[:top].sum() for top in tops]
    made = pd.DataFrame({"top": tops, "net_sales": sums, "share": curve["total_share"]})
    return made.assign(low=curve["low"], high=curve["high"], n=n), effective_number(values)

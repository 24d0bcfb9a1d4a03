"""Why some customers cost more than they bring in: which cost is out of the ordinary.

Gross sales less discounts, returns, freight not covered by what is charged for it, payment,
service and the cost of goods is the contribution margin. The excess of a cost is what a customer
pays of it above the rate of the other customers, per unit of gross sales. The main cause is the
largest excess among the costs of serving the customer, if without it the customer would not be
below zero; otherwise the largest excess of all, cost of goods included. Since the other customers
have a margin, the excesses of one below zero add up to more than nothing, and there always is one.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.language import N_
from templates_lib.sources.engine import one
from templates_lib.stats.intervals import wilson
from templates_lib.stats.power_sums import POWERS, decimals, narrow, power
from templates_lib.stats.totals import total_interval

CAUSES = ("returns", "discounts", "freight_not_covered", "payment", "service", "cost_of_goods")
OTHER = "other"
MIN_LOSS_MAKERS = 30
BY_CAUSE = ["cause", "customers", "share", "low", "high", "lost_value", "lost_low", "lost_high",
            "excess_value", "mended"]  # fmt: skip
TO_DO = {
    "returns": N_(
        "Find out what these customers send back and why; describe those goods better, and "
        "let frequent returns pay their freight."
    ),
    "discounts": N_("End the codes that work on every order, or set a least order for them."),
    "freight_not_covered": N_(
        "Charge freight by weight, or raise the order from which it is free."
    ),
    "payment": N_("Compare what the ways to pay cost, and put a least order on the dearest."),
    "service": N_(
        "Read what these customers write about, and answer it where they look before they ask."
    ),
    "cost_of_goods": N_("Check the prices of what these customers buy against what it costs now."),
}
"""What to do about a main cause."""
RATES = ["cause", "customers", "rate", "low", "high", "others_rate", "others_low", "others_high",
         "others_n"]  # fmt: skip


def costs(customers: ir.Table) -> ir.Table:
    """The customers of ``customer_value.by_customer`` with a column for each of ``CAUSES``.

    Freight is what sending costs beyond what is charged for it, and may be below zero.
    """
    return customers.mutate(
        returns=customers.refund,
        discounts=customers.discount,
        freight_not_covered=customers.fulfilment_cost - customers.shipping_income,
        payment=customers.payment_cost,
        service=customers.service_cost,
        is_loss=customers.contribution_margin < 0,
    )


def ordinary(priced: ir.Table) -> dict[str, float]:
    """What customers without a loss pay of each cost per unit of gross sales."""
    others = priced.filter(~priced.is_loss)
    sums = one(others, **{c: others[c].sum() for c in ("gross_sales", *CAUSES)})
    gross = float(sums["gross_sales"] or 0)
    return {c: float(sums[c] or 0) / gross if gross > 0 else np.nan for c in CAUSES}


def with_cause(priced: ir.Table, rates: dict[str, float]) -> ir.Table:
    """The customers below zero, each with its main cause.

    Returns
    -------
    customer_id, contribution_margin, cause, excess (of that cause over its ordinary rate),
    is_mended (whether the margin would reach zero without the excess).
    """
    lost = priced.filter(priced.is_loss)
    gross = lost.gross_sales.cast("float64")
    above = lost.mutate(**{c: lost[c].cast("float64") - gross * rates[c] for c in CAUSES})
    serving = ibis.greatest(*(above[c] for c in CAUSES[:-1]))
    is_enough = above.contribution_margin.cast("float64") + serving >= 0
    most = is_enough.ifelse(serving, ibis.greatest(serving, above.cost_of_goods))
    named = above.mutate(
        cause=ibis.cases(*((above[c] == most, c) for c in CAUSES[:-1]), else_=CAUSES[-1]),
        excess=most.round(4).cast("decimal(18, 4)"),
    )
    margin = named.contribution_margin
    return named.select(
        "customer_id", "contribution_margin", "cause", "excess",
        is_mended=margin + named.excess >= 0,
    )  # fmt: skip


def by_cause(caused: ir.Table, *, min_cell: int) -> pd.DataFrame:
    """How many lose money for which main cause, and how much; the dearest first.

    Returns
    -------
    Columns: cause, customers, share (of those who lose money) with its Wilson interval low and
    high, lost_value with lost_low and lost_high (a sum over a random number of customers),
    excess_value (what the cause costs above its ordinary rate), mended (customers who would not
    lose money at that rate; empty where it would tell of few). Causes of fewer than ``min_cell``
    customers are ``other``; nothing under 30 customers who lose money, or ``min_cell``.
    """
    kept = decimals(caused, "contribution_margin")
    margin = narrow(caused.contribution_margin, decimals=kept)
    found = (
        caused.mutate(**{name: power(margin, k) for k, name in enumerate(POWERS, start=1)})
        .group_by("cause")
        .aggregate(
            customers=ibis._.count(),
            **{name: ibis._[name].sum() for name in POWERS},
            excess_value=ibis._.excess.sum(),
            mended=ibis._.is_mended.sum(),
        )
        .to_pandas()
    )
    if found["customers"].sum() < max(MIN_LOSS_MAKERS, min_cell):
        return pd.DataFrame(columns=BY_CAUSE)
    found["cause"] = found["cause"].map(_large(found, min_cell))
    money = dict.fromkeys([*POWERS, "excess_value"], "float64")
    table = found.astype(money).groupby("cause", as_index=False).sum()
    ends = total_interval(*(table[name] for name in POWERS))
    table["lost_value"] = -table["total"]
    table["lost_high"], table["lost_low"] = (-end for end in ends)
    table = table.sort_values(["lost_value", "cause"], ascending=[False, True], ignore_index=True)
    n = table["customers"].sum()
    rest = table["customers"] - table["mended"]
    is_told = ((table["mended"] == 0) | (table["mended"] >= min_cell)) & (
        (rest == 0) | (rest >= min_cell)
    )
    table["mended"] = table["mended"].astype("Int64").where(is_told)
    table["share"] = table["customers"] / n
    table["low"], table["high"] = wilson(table["customers"], n)
    return table[BY_CAUSE]


def _large(found: pd.DataFrame, min_cell: int) -> dict[str, str]:
    """Each cause, or ``other`` for the smallest, as many as make it ``min_cell`` customers."""
    ordered = found.sort_values(["customers", "cause"])
    held, names = 0, {}
    for cause, customers in ordered[["cause", "customers"]].itertuples(index=False):
        is_small = customers < min_cell or 0 < held < min_cell
        held += customers if is_small else 0
        names[cause] = OTHER if is_small else cause
    return names


def compared(priced: ir.Table) -> pd.DataFrame:
    """What each cost takes of gross sales, of customers who lose money and of the others.

    The intervals are those of a ratio of sums over customers (linearised, with Student's t).

    Returns
    -------
    Columns: cause, customers (who lose money), rate, low, high, others_rate, others_low,
    others_high, others_n. Costs that nobody has are left out; nothing where one of the sides has
    fewer than 30 customers.
    """
    sides = {is_loss: _rates(priced.filter(priced.is_loss == is_loss)) for is_loss in (True, False)}
    if any(side is None for side in sides.values()):
        return pd.DataFrame(columns=RATES)
    own, others = sides[True], sides[False]
    table = pd.DataFrame(
        {
            "cause": own.index, "customers": own["n"], "rate": own["rate"], "low": own["low"],
            "high": own["high"], "others_rate": others["rate"], "others_low": others["low"],
            "others_high": others["high"], "others_n": others["n"],
        }
    )  # fmt: skip
    is_known = (table["rate"] != 0) | (table["others_rate"] != 0)
    return table[is_known].reset_index(drop=True)


def _rates(side: ir.Table) -> pd.DataFrame | None:
    sums = one(side, n=side.count(), **{c: side[c].sum() for c in ("gross_sales", *CAUSES)})
    n, gross = sums["n"], float(sums["gross_sales"] or 0)
    if n < MIN_LOSS_MAKERS or gross <= 0:
        return None
    rates = {c: float(sums[c] or 0) / gross for c in CAUSES}
    rest = {
        c: (side[c].cast("float64") - side.gross_sales.cast("float64") * rates[c])
        .round(4)
        .cast("decimal(18, 4)")
        for c in CAUSES
    }
    left = side.select(**rest)
    kept = decimals(left, *CAUSES)
    squares = one(left, **{c: power(narrow(left[c], decimals=kept), 2).sum() for c in CAUSES})
    table = pd.DataFrame({"rate": rates, "squares": pd.Series(squares, dtype="float64"), "n": n})
    half = stats.t.isf(0.025, n - 1) * np.sqrt(table["squares"].fillna(0) * n / (n - 1)) / gross
    return table.assign(low=table["rate"] - half, high=table["rate"] + half).loc[list(CAUSES)]

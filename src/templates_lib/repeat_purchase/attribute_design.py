"""The groups of several attributes as they enter one model, each with enough customers behind it.

Attributes are known on the day of the first purchase, or stand in the customer file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.purchases import with_groups
from templates_lib.repeat_purchase.repeat_purchase import MIN_CUSTOMERS

MIN_RETURNS = 10  # a group, and a parameter
NO_ANSWER = ("other", "unknown")


class Design(NamedTuple):
    """What enters a model: counts with an indicator column for each group but the reference.

    groups : split, group, reference, covariate (its column), n (customers), returns
    left_out : attributes that too few returns, or none of their own, speak of
    min_cell : the smallest count of customers that may be shown
    """

    counts: pd.DataFrame
    groups: pd.DataFrame
    left_out: tuple[str, ...]
    min_cell: int

    @property
    def terms(self) -> dict[str, list[str]]:
        """The indicator columns of each attribute."""
        return {s: own["covariate"].tolist() for s, own in self.groups.groupby("split", sort=False)}

    @property
    def references(self) -> dict[str, str]:
        """The group of each attribute that the others are compared with."""
        return dict(zip(self.groups["split"], self.groups["reference"], strict=True))


def attribute_counts(
    first_orders: ir.Table,
    *,
    as_of: date,
    attributes: Sequence[str],
    max_groups: int,
    horizon_days: int,
) -> pd.DataFrame:
    """Days from the first purchase to the second, at most ``horizon_days``, by all attributes.

    Returns
    -------
    Columns: one per attribute (its largest groups, ``other``, ``unknown``), duration, event,
    count (customers).
    """
    names = list(dict.fromkeys(attributes))
    for name in names:
        first_orders = with_groups(first_orders, name, max_groups=max_groups)
    end = ibis.coalesce(first_orders.second_on, ibis.literal(as_of))
    days = end.delta(first_orders.first_on, unit="day")
    timed = first_orders.select(
        *names,
        duration=ibis.least(days, horizon_days),
        event=first_orders.second_on.notnull() & (days <= horizon_days),
    )
    keys = (*names, "duration", "event")
    return timed.group_by(*keys).aggregate(count=timed.count()).order_by(*keys).to_pandas()


def design(
    counts: pd.DataFrame,
    *,
    attributes: Sequence[str],
    references: Mapping[str, str] | None = None,
    customers: str = "count",
    min_cell: int = 0,
) -> Design | None:
    """Indicator columns of the groups that enough customers and returns speak of.

    Customers in a group under 30 customers or 10 returns (under ``min_cell`` of either) are left
    out. An attribute whose groups follow from those before it is left out, and so are, from that
    with the fewest returns on, those beyond 10 returns a parameter. The reference is the
    commonest group, or the one given.

    Parameters
    ----------
    counts : from ``attribute_counts``
    customers : column that counts customers once, where a customer has several rows

    Returns
    -------
    None where fewer than two groups of no attribute are left.
    """
    kept, references = counts, dict(references or {})
    told, left_out = [], []
    for name in attributes:
        sizes = kept.groupby(name)[customers].sum()
        returns = kept[kept["event"]].groupby(name)["count"].sum().reindex(sizes.index).fillna(0)
        is_large = (sizes >= max(MIN_CUSTOMERS, min_cell)) & (returns >= max(MIN_RETURNS, min_cell))
        enough = sizes.index[is_large]
        if len(enough) > 1:
            kept = kept[kept[name].isin(enough)]
            told.append(name)
        else:
            left_out.append(name)
    parts: dict[str, pd.DataFrame] = {}
    for name in told:
        own = _indicators(kept, name, references.get(name), customers)
        beside = [kept[part["covariate"].tolist()] for part in parts.values()]
        columns = pd.DataFrame({r.covariate: kept[name] == r.group for r in own.itertuples()})
        if len(own) and _is_new(beside, columns):
            parts[name] = own
            kept = kept.join(columns.astype("int64"))
        else:
            left_out.append(name)
    events = kept.loc[kept["event"], "count"].sum()
    while parts and events < MIN_RETURNS * sum(map(len, parts.values())):
        least = min(parts, key=lambda name: parts[name]["returns"].sum())
        left_out.append(least)
        del parts[least]
    if not parts:
        return None
    return Design(kept, pd.concat(parts.values(), ignore_index=True), tuple(left_out), min_cell)


def _indicators(
    counts: pd.DataFrame, name: str, reference: str | None, customers: str
) -> pd.DataFrame:
    """The groups of an attribute beside its reference, the largest first."""
    returns = counts["count"].where(counts["event"], 0)
    sizes = counts.assign(returns=returns).groupby(name)[[customers, "returns"]].sum()
    sizes = sizes.rename(columns={customers: "n"}).rename_axis("group").reset_index()
    sizes = sizes.sort_values(["n", "group"], ascending=[False, True], kind="stable")
    named = sizes[~sizes["group"].isin(NO_ANSWER)]["group"]
    if reference not in set(sizes["group"]):
        reference = next(iter(named), None)
    others = sizes[sizes["group"] != reference] if reference is not None else sizes[:0]
    places = [f"{name}={group}" for group in others["group"]]
    return others.assign(split=name, reference=reference, covariate=places)


def _is_new(beside: list[pd.DataFrame], columns: pd.DataFrame) -> bool:
    """Whether indicators do not follow from those before them."""
    matrix = np.column_stack([np.ones(len(columns)), *beside, columns]).astype(float)
    patterns = np.unique(matrix, axis=0)
    return bool(np.linalg.matrix_rank(patterns) == patterns.shape[1])

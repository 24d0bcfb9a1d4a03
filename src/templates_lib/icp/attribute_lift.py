"""In what the target differs from everybody: each attribute's share in both, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from templates_lib.icp.dimensions import DIMENSIONS
from templates_lib.icp.profile_attributes import NO, OTHER, UNKNOWN, YES
from templates_lib.icp.wording import row_name
from templates_lib.privacy import hide_small
from templates_lib.stats import lift as lifts
from templates_lib.stats.intervals import benjamini_hochberg, newcombe, wilson

LIFT = ["attribute", "value", "n_target", "n_base", "share_target", "share_base", "lift", "low",
        "high", "q_value", "dimension", "people_target", "people_base", "target_low",
        "target_high", "base_low", "base_high", "gap_share", "gap_low", "gap_high",
        "is_different"]  # fmt: skip
NO_ANSWERS = (UNKNOWN, OTHER)
LEAST_KNOWN = 30


def lift(
    units: pd.DataFrame,
    attributes: pd.DataFrame,
    *,
    min_cell: int,
    false_discovery_share: float = 0.1,
) -> pd.DataFrame:
    """Each attribute and value in the target and in the base, which is the target and the rest.

    The shares are of those of whom the attribute is known: of those who answered a question, and
    without ``unknown``. How many are ``unknown`` is a row of its own, of all. Of an attribute with
    yes and no, only yes has a row. A value of fewer than ``min_cell`` people in the target or in
    the rest is left out (the base less the target would tell how many the rest are), and so is an
    attribute of which fewer than 30 are known.

    Parameters
    ----------
    units : of ``icp.units``; those not in_base are left out
    attributes : of ``icp_attributes.attributes``

    Returns
    -------
    Columns: attribute, value, n_target, n_base (of whom it is known: the denominators),
    share_target, share_base, lift (share_target / share_base), low, high (interval of the lift:
    ``stats.lift``), q_value (Benjamini–Hochberg over all rows with one, of Fisher's mid-p of the
    target against the rest; ``unknown`` and ``other`` are no answer and have none), dimension,
    people_target, people_base (who have the value), target_low, target_high, base_low, base_high
    (Wilson's intervals of the shares), gap_share, gap_low, gap_high (share of the target less that
    of the rest; Newcombe), is_different (q_value at most ``false_discovery_share``). By dimension,
    the most different attributes first.
    """
    base = units.loc[units["in_base"], ["unit_id", "target"]]
    rows = attributes.merge(base, on="unit_id")
    table = _large(_counted(rows), min_cell)
    x, n, x_all, n_all = (
        table[c].to_numpy() for c in ("people_target", "n_target", "people_base", "n_base")
    )
    table["share_target"], table["share_base"] = x / n, x_all / n_all
    table["lift"], table["low"], table["high"] = lifts.lift(x, n, x_all, n_all)
    table["q_value"] = _q_values(table, lifts.mid_p(x, n, x_all - x, n_all - n))
    table["target_low"], table["target_high"] = wilson(x, n)
    table["base_low"], table["base_high"] = wilson(x_all, n_all)
    table["gap_share"] = x / n - (x_all - x) / (n_all - n)
    table["gap_low"], table["gap_high"] = newcombe(x, n, x_all - x, n_all - n)
    table["is_different"] = table["q_value"] <= false_discovery_share
    return _ordered(table)[LIFT]


def _counted(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts of each attribute and value; the denominators are without ``unknown``."""
    keys = ["dimension", "attribute"]
    counts = rows.groupby([*keys, "value"])["target"].agg(["sum", "size"]).reset_index()
    counts = counts.rename(columns={"sum": "people_target", "size": "people_base"})
    sums = counts.groupby(keys)[["people_target", "people_base"]]
    everyone = sums.transform("sum")
    is_known = counts["value"] != UNKNOWN
    known = counts[["people_target", "people_base"]].where(is_known, 0)
    known = known.groupby([counts[k] for k in keys]).transform("sum")
    denominators = known.where(is_known, everyone)
    counts["n_target"] = denominators["people_target"].astype("int64")
    counts["n_base"] = denominators["people_base"].astype("int64")
    counts["people_target"] = counts["people_target"].astype("int64")
    return counts[counts["n_target"] > 0].reset_index(drop=True)


def _large(counts: pd.DataFrame, min_cell: int) -> pd.DataFrame:
    """The rows that may be shown: none of few people, or from which few could be worked out."""
    keys = ["dimension", "attribute"]
    shown = pd.Series(True, counts.index)
    for part in (counts["people_target"], counts["people_base"] - counts["people_target"]):
        is_small = part.between(1, min_cell - 1)
        beside = is_small.groupby([counts[k] for k in keys]).transform("any")
        sides = counts.loc[beside, keys].assign(people=part)
        hidden = hide_small(sides, count="people", by=keys, min_cell=min_cell)["people"].isna()
        shown &= (part >= min_cell) & ~hidden.reindex(counts.index, fill_value=False)
    values = counts.groupby(keys)["value"]
    is_yes_no = values.transform("nunique").eq(2) & values.transform("max").eq(YES)
    is_mirror = is_yes_no & counts["value"].eq(NO)
    return counts[shown & ~is_mirror & (counts["n_base"] >= LEAST_KNOWN)].reset_index(drop=True)


def _q_values(table: pd.DataFrame, p: np.ndarray) -> np.ndarray:
    """Over all values that are answers; of two that make up the whole, one is the other turned
    round, and they are one test."""
    attribute = [table["dimension"], table["attribute"]]
    is_answer = ~table["value"].isin(NO_ANSWERS)
    answers = is_answer.groupby(attribute).transform("sum")
    of_known = table["people_base"].where(table["value"] != UNKNOWN, 0)
    is_whole = of_known.groupby(attribute).transform("sum") == table["n_base"]
    is_turned = (answers == 2) & is_whole & (is_answer.groupby(attribute).cumsum() == 2) & is_answer
    is_turned &= ~table["value"].eq(OTHER)
    q = pd.Series(benjamini_hochberg(np.where(is_answer & ~is_turned, p, np.nan)), table.index)
    return q.where(~is_turned, q.groupby(attribute).transform("max")).to_numpy()


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """By dimension, and in it by how different the most different value of an attribute is."""
    keys = ["dimension", "attribute"]
    place = table["dimension"].map({d: i for i, d in enumerate(DIMENSIONS)})
    best = table["q_value"].fillna(2).groupby([table[k] for k in keys]).transform("min")
    last = table["value"].isin(NO_ANSWERS)
    table = table.assign(place=place, best=best, last=last)
    by = ["place", "best", "attribute", "last", "lift", "value"]
    return table.sort_values(by, ascending=[True, True, True, True, False, True], ignore_index=True)


def different(table: pd.DataFrame, dimension: str | None = None) -> pd.DataFrame:
    """The rows of ``lift`` that are called different, the surest first."""
    own = table[table["is_different"]]
    own = own if dimension is None else own[own["dimension"] == dimension]
    by = ["q_value", "attribute", "value"]
    return own.sort_values(by, ignore_index=True)


def beside(table: pd.DataFrame, dimension: str, *, most: int = 10) -> Mapping[str, pd.DataFrame]:
    """The shares of the target and of all as two series of a figure; none where nothing is known.

    The surest differences are kept where there are too many rows, in the order of ``lift``.
    Columns: row (in words), share, low, high.
    """
    own = table[(table["dimension"] == dimension) & ~table["value"].isin(NO_ANSWERS)]
    kept = own.sort_values("q_value", kind="stable").head(most).index
    own = own[own.index.isin(kept)]
    if own.empty:
        return {}
    rows = [row_name(a, v) for a, v in zip(own["attribute"], own["value"], strict=True)]
    return {
        side: pd.DataFrame(
            {"row": rows, "share": own[f"share_{side}"], "low": own[f"{side}_low"],
             "high": own[f"{side}_high"]}
        )
        for side in ("target", "base")
    }  # fmt: skip


def lead(table: pd.DataFrame, dimension: str) -> pd.DataFrame:
    """The one row of a dimension to lead with: of those called different with 30 of the target,
    the one that is more frequent by most, else the one that is rarer by most; else none."""
    own = different(table, dimension)
    own = own[own["n_target"] >= LEAST_KNOWN]
    more = own[own["lift"] > 1].sort_values(["gap_share", "attribute"], ascending=[False, True])
    return (more if len(more) else own.sort_values(["gap_share", "attribute"])).head(1)


class Missing(NamedTuple):
    """Attributes that are not known of everybody, of the same people each: how many people of how
    many, and the share of those not known in the target and in all who are compared."""

    attributes: tuple[str, ...]
    people: int
    n: int
    share_target: float
    share_base: float


def missing(
    units: pd.DataFrame, attributes: pd.DataFrame, *, least_share: float = 0.05
) -> list[Missing]:
    """The attributes that all should have and some have not, if they are ``least_share`` of all.

    ``people`` and ``n`` are of all units, those not compared among them.
    """
    rows = attributes.merge(units[["unit_id", "in_base", "target"]], on="unit_id")
    found: dict[tuple, list[str]] = {}
    for name, own in rows.groupby("attribute", sort=True):
        lacks = own["value"] == UNKNOWN
        if lacks.mean() >= least_share:
            counts = int(lacks.sum()), len(own)
            shares = (float(lacks[own[side]].mean()) for side in ("target", "in_base"))
            found.setdefault((*counts, *shares), []).append(str(name))
    return [Missing(tuple(names), *numbers) for numbers, names in found.items()]

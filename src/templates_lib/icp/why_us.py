"""Why here and not at a competitor's: what those say who looked elsewhere too and bought here."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from templates_lib.icp.motive_segments import BETWEEN
from templates_lib.icp.profile_attributes import NO, OTHER, UNKNOWN, YES
from templates_lib.labels import label
from templates_lib.language import tr
from templates_lib.stats.intervals import benjamini_hochberg, newcombe, wilson
from templates_lib.stats.lift import mid_p
from templates_lib.words import Words

LEAST = 30  # people who answered, on each side
LOOKED, BEST, ELSEWHERE = "looked_elsewhere", "best_who_looked", "where_the_best_looked"
COLUMNS = ["comparison", "question", "option", "n", "share", "low", "high", "n_rest", "share_rest",
           "rest_low", "rest_high", "gap_share", "gap_low", "gap_high", "q_value",
           "is_different"]  # fmt: skip


def why_us(
    units: pd.DataFrame,
    attributes: pd.DataFrame,
    *,
    competitor: str,
    nothing: Collection[str],
    min_cell: int,
    false_discovery_share: float = 0.1,
) -> pd.DataFrame:
    """Reasons to buy by whether people looked elsewhere, and by value of those who did.

    Parameters
    ----------
    units : of ``icp.units``; attributes : of ``icp_attributes.attributes``
    competitor : the question that names whom else they looked at
    nothing : its options that mean nobody

    Returns
    -------
    One row a comparison and answer. ``looked_elsewhere``: reasons of those who looked at a
    competitor against those who looked at none; ``best_who_looked``: reasons of the target against
    the rest, of those who looked; ``where_the_best_looked``: whom the target looked at, against
    the rest. Columns: comparison, question, option, n, share, low, high (Wilson; of the first),
    n_rest, share_rest, rest_low, rest_high, gap_share, gap_low, gap_high (Newcombe), q_value
    (Benjamini–Hochberg over all rows, of Fisher's mid-p), is_different. A side of fewer than 30,
    or an answer of fewer than ``min_cell`` people on a side, has no row.
    """
    own = attributes[attributes["value"] != UNKNOWN]
    seen = _said(own[own["attribute"].str.split(BETWEEN, n=1).str[0] == competitor])
    looked = ~seen["option"].isin(list(nothing))
    did = seen.groupby("unit_id")["option"].agg(lambda o: not set(o) <= set(nothing))
    reasons = _said(own[own["dimension"] == "motives"])
    target = units[units["in_base"]].set_index("unit_id")["target"].astype(bool)
    parts = [
        _compared(reasons, did, min_cell).assign(comparison=LOOKED),
        _compared(reasons, target[target.index.isin(did.index[did])], min_cell).assign(
            comparison=BEST
        ),
        _compared(_with_all(seen[looked], seen), target, min_cell).assign(comparison=ELSEWHERE),
    ]
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    if table.empty:
        return pd.DataFrame(columns=COLUMNS)
    table["q_value"] = benjamini_hochberg(table["q_value"])
    table["is_different"] = table["q_value"] <= false_discovery_share
    return table[COLUMNS]


def _said(attributes: pd.DataFrame) -> pd.DataFrame:
    """One row a unit and answer: unit_id, question, option; missing where none was ticked."""
    is_tick = attributes["attribute"].str.contains(BETWEEN, regex=False)
    is_tick &= attributes["value"].isin([YES, NO])
    parts = attributes["attribute"].str.split(BETWEEN, n=1)
    said = attributes["value"].where(~is_tick, parts.str[1])
    said = said.mask(is_tick & (attributes["value"] == NO))
    name = parts.str[0].where(is_tick, attributes["attribute"])
    return attributes[["unit_id"]].assign(question=name, option=said).drop_duplicates()


def _with_all(some: pd.DataFrame, everyone: pd.DataFrame) -> pd.DataFrame:
    """The answers given, and a row without one of everybody who was asked."""
    asked = everyone[["unit_id", "question"]].drop_duplicates()
    return pd.concat([some, asked.assign(option=None)], ignore_index=True)


def _compared(said: pd.DataFrame, is_first: pd.Series, min_cell: int) -> pd.DataFrame:
    """Each answer's share among the first and among the rest, of those who answered."""
    rows = said.assign(first=said["unit_id"].map(is_first)).dropna(subset=["first"])
    asked = rows.drop_duplicates(["unit_id", "question"]).groupby("question")["first"]
    sizes = asked.agg(n="sum", n_all="size").astype(int)
    given = rows.dropna(subset=["option"]).groupby(["question", "option"])["first"]
    table = given.agg(took="sum", took_all="size").astype(int).reset_index()
    table = table.merge(sizes, on="question")
    table["n_rest"] = table["n_all"] - table["n"]
    rest = table["took_all"] - table["took"]
    kept = (table[["n", "n_rest"]].min(axis=1) >= LEAST) & (table["option"] != OTHER)
    kept &= (table["took"] >= min_cell) & (rest >= min_cell)
    table, rest = table[kept].reset_index(drop=True), rest[kept].reset_index(drop=True)
    counts = table["took"], table["n"], rest, table["n_rest"]
    table["share"], table["share_rest"] = table["took"] / table["n"], rest / table["n_rest"]
    table["low"], table["high"] = wilson(*counts[:2])
    table["rest_low"], table["rest_high"] = wilson(*counts[2:])
    table["gap_share"] = table["share"] - table["share_rest"]
    table["gap_low"], table["gap_high"] = newcombe(*counts)
    table["q_value"] = mid_p(*counts)
    return table.sort_values(["question", "gap_share"], ascending=[True, False], kind="stable")


def strongest(table: pd.DataFrame, comparison: str) -> pd.Series | None:
    """The answer that the first give most above the rest, of those called different; else None."""
    own = table[(table["comparison"] == comparison) & table["is_different"]]
    own = own[own["gap_low"] > 0]
    return None if own.empty else own.loc[own["gap_share"].idxmax()]


def in_words(table: pd.DataFrame, words: Words) -> tuple[str, str]:
    """In what those who looked elsewhere are apart, and the best of them: a sentence each."""
    looked, best = strongest(table, LOOKED), strongest(table, BEST)
    if looked is None:
        apart = tr("Those who looked nowhere else give the same reasons, as far as can be told.")
    else:
        apart = tr("“{reason}” sets them apart most: {own} of 100, against {others} of those who "
                   "looked nowhere else.", **_gap(looked, words))  # fmt: skip
    if best is None:
        by_value = tr("The best of them give the same reasons as the others, as far as can be "
                      "told.")  # fmt: skip
    else:
        by_value = tr("“{reason}” sets the best of them apart most: {own} of 100, against {others} "
                      "of the others.", **_gap(best, words))  # fmt: skip
    return apart, by_value


def _gap(gap: pd.Series, words: Words) -> dict[str, str]:
    own, others = (words.number(100 * gap[side]) for side in ("share", "share_rest"))
    return {"reason": label(gap["option"]), "own": own, "others": others}

"""Personas kept apart by their evidence: a stable segment, a rule that holds, or a hypothesis."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from templates_lib.icp.motive_segments import NO_SEGMENT
from templates_lib.language import tr
from templates_lib.stats.latent_classes import STABLE
from templates_lib.words import Words

COLUMNS = ["persona", "evidence", "n", "says", "value_per_customer", "low", "high", "unknown"]
SEGMENT, RULE, HYPOTHESIS = "stable_segment", "rule", "hypothesis"
MOST_RULES = 3


def personas(
    segments: pd.DataFrame,
    values: pd.DataFrame,
    rules: pd.DataFrame,
    *,
    words: Words,
    base_share: float,
    is_latent: bool = True,
) -> pd.DataFrame:
    """Whom the results let one speak of as a kind of customer, with what is not known of each.

    Parameters
    ----------
    segments : of ``motive_segments.find``; values : of ``motive_segments.value``
    rules : rule, n, share_target, low, high (of the share), those that hold out of sample; a
        rule counts where the target is surely more frequent than ``base_share``, in the base
    is_latent : False where the segments are given answers to one question, which nothing tests

    Returns
    -------
    Columns: persona, evidence (``stable_segment``: found again among people drawn anew, Jaccard
    0.75 or more; ``rule``; ``hypothesis``), n (people), says, value_per_customer, low, high,
    unknown. Segments first, then up to three rules, then hypotheses.
    """
    own = rules[rules["low"] > base_share]
    rows = [*_of_segments(segments, values, is_latent), *_of_rules(own, words)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    place = table["evidence"].map([SEGMENT, RULE, HYPOTHESIS].index)
    return table.loc[place.sort_values(kind="stable").index].reset_index(drop=True)


def _of_segments(segments: pd.DataFrame, values: pd.DataFrame, is_latent: bool) -> Iterable[dict]:
    worth = values.set_index("segment")
    for row in segments[segments["segment"] != NO_SEGMENT].itertuples(index=False):
        is_stable = is_latent and row.stability >= STABLE
        unknown = [] if is_stable else [tr("whether the group is found again among other people")]
        made = {"persona": row.segment, "n": row.customers, "says": row.says,
                "evidence": SEGMENT if is_stable else HYPOTHESIS}  # fmt: skip
        if row.segment in worth.index:
            own = worth.loc[row.segment]
            made |= {name: own[name] for name in ("value_per_customer", "low", "high")}
        else:
            unknown.append(tr("what they are worth"))
        unknown.append(tr("whether those who did not answer are like them"))
        yield made | {"unknown": "; ".join(unknown)}


def _of_rules(rules: pd.DataFrame, words: Words) -> Iterable[dict]:
    for row in rules.head(MOST_RULES).itertuples(index=False):
        share = words.of_100(row.share_target, row.low, row.high)
        yield {"persona": row.rule, "evidence": RULE, "n": row.n,
               "says": tr("of 100, {share} are among the best", share=share),
               "unknown": tr("why they buy: a rule tells who, not why")}  # fmt: skip

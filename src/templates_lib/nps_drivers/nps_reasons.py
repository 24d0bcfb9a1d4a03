"""The reasons that respondents give for their score: mentions, score difference, weight."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.coverage import local_day
from templates_lib.nps_drivers.nps import CLASSES, LEAST, LEAST_RANKED, class_names
from templates_lib.privacy import hide_small
from templates_lib.stats.intervals import holm, wilson
from templates_lib.stats.net_score import net_score_difference

MIN_CODED = 1 / 3  # of the answers with a text, those that the codebook must know
REASONS = ["code", "mentions", "n", "share", "low", "high", "points", "points_low", "points_high",
           "weight", "p_holm", "status", "is_small"]  # fmt: skip
TEXTS = ["survey", "response_id", "question", "kind", "text", "was_asked"]


def comments(
    have: Mapping[str, ir.Table],
    people: pd.DataFrame,
    *,
    question: str | None = None,
    zone: str,
    as_of: date,
) -> pd.DataFrame:
    """The answers to the open question beside the score, given or not, of those it was put to.

    The question is the one named, else that with the most texts.

    Returns
    -------
    Columns: survey, response_id, question, kind, text (missing where none was given), was_asked.
    """
    if "responses" not in have or people.empty:
        return pd.DataFrame(columns=TEXTS)
    rows = have["responses"]
    rows = rows.filter((rows.kind == "open") & (rows.survey == str(people["survey"].iloc[0])))
    rows = rows.mutate(on=local_day(rows, "answered_at", zone)).filter(lambda t: t.on <= as_of)
    found = rows.filter(rows.was_asked).select(*TEXTS).to_pandas()
    found["text"] = found["text"].where(found["text"].fillna("").str.strip() != "")
    texts = found.groupby("question")["text"].count()
    if question is None and len(texts):
        question = str(texts.sort_index().idxmax())
    found = found[found["question"] == question]
    return found[found["response_id"].isin(people["response_id"])].reset_index(drop=True)


def silent(people: pd.DataFrame, asked: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """How many of those who gave a score and were asked for a reason gave none.

    Returns
    -------
    Columns: group (all, promoters, passives, detractors), count (without a reason), n (asked),
    share, low, high (Wilson); a class with fewer than ``min_cell`` is hidden, with another.
    """
    known = people.dropna(subset=["score"])
    texts = asked.set_index("response_id")["text"]
    known = known[known["response_id"].isin(texts.index)]
    is_silent = known["response_id"].map(texts).isna()
    group = class_names(known["score"])
    rows = [("all", int(is_silent.sum()), len(known))]
    rows += [(g, int(is_silent[group == g].sum()), int((group == g).sum())) for g in CLASSES]
    table = pd.DataFrame(rows, columns=["group", "count", "n"])
    table = table[table["n"] > 0].reset_index(drop=True)
    low, high = wilson(table["count"], table["n"])
    table = table.assign(share=table["count"] / table["n"], low=low, high=high)
    values = ["n", "share", "low", "high"]
    parts = hide_small(table.iloc[1:], count="count", values=values, min_cell=min_cell)
    return pd.concat([table.head(1), parts], ignore_index=True) if len(parts) else table


def statuses(agreement: pd.DataFrame) -> dict[str, str]:
    """How firm each code is, of ``coding_agreement.agreement``; one not there is provisional."""
    return dict(zip(agreement["code"], agreement["status"], strict=True))


def reasons(
    people: pd.DataFrame,
    answers: pd.DataFrame,
    codes: pd.DataFrame,
    *,
    status: Mapping[str, str] | None = None,
    min_cell: int,
) -> pd.DataFrame:
    """Each reason: how many mention it, how their score differs, and what it weighs.

    ``points`` is the score of those who mention it less the score of the others who gave a
    reason, and ``weight`` that times the share who mention it: the score of all who gave a reason
    less that of those who did not mention this one. Codes on which two coders did not agree are
    left out.

    Parameters
    ----------
    people : of ``nps.respondents``
    answers : open answers with a text, of ``coding.open_answers``
    codes : of ``coding.coded`` or ``coding.merge``
    status : of ``statuses``

    Returns
    -------
    The columns of ``REASONS``, the weightiest first; the denominator ``n`` is everyone with a
    score and a text. Mentions under ``min_cell`` are hidden, with others that would give them
    away; under 10 mentions, or 10 others, there is no difference; under 30 it ``is_small`` and
    has no place in the Holm adjustment.
    """
    known = people.dropna(subset=["score"]).set_index("response_id")["score"]
    given = known[known.index.isin(answers["response_id"])]
    total = _tally(given)
    status = dict(status or {})
    rows = []
    for code, part in codes.groupby("code"):
        said = given[given.index.isin(part["response_id"])]
        if len(said) and status.get(str(code), "provisional") != "suppressed":
            rows.append((code, len(said), *_tally(said), status.get(str(code), "provisional")))
    counts = pd.DataFrame(rows, columns=["code", "mentions", *CLASSES, "status"])
    own = [counts[c].to_numpy(float) for c in CLASSES]
    found = net_score_difference(own, [t - o for t, o in zip(total, own, strict=True)])
    low, high = wilson(counts["mentions"], np.full(len(counts), len(given)))
    table = counts.drop(columns=CLASSES).assign(
        n=len(given), share=counts["mentions"] / max(len(given), 1), low=low, high=high,
        points=found.difference, points_low=found.low, points_high=found.high,
    )  # fmt: skip
    least = np.minimum(table["mentions"], len(given) - table["mentions"])
    estimates = ["points", "points_low", "points_high"]
    table[estimates] = table[estimates].mask(least < LEAST)
    table["weight"] = table["share"] * table["points"]
    table["is_small"] = (least >= LEAST) & (least < LEAST_RANKED)
    table["p_holm"] = holm(np.where(least >= LEAST_RANKED, found.p_value, np.nan))
    table = table.assign(order=table["weight"].abs().fillna(-1)).sort_values(
        ["order", "mentions", "code"], ascending=[False, False, True], ignore_index=True
    )
    values = ["share", "low", "high", *estimates, "weight", "p_holm"]
    return hide_small(table[REASONS], count="mentions", values=values, min_cell=min_cell)


def _tally(scores: pd.Series) -> list[int]:
    names = class_names(scores)
    return [int((names == name).sum()) for name in CLASSES]


def weightiest(table: pd.DataFrame) -> tuple[pd.Series | None, pd.Series | None]:
    """The reason that takes most from the score, and the one that adds most, beyond chance."""
    sure = table[(table["p_holm"] < 0.05) & ~table["is_small"]]
    down, up = sure[sure["weight"] < 0], sure[sure["weight"] > 0]
    worst = down.loc[down["weight"].idxmin()] if len(down) else None
    return worst, up.loc[up["weight"].idxmax()] if len(up) else None


def reason_ratings(answers: pd.DataFrame, codes: pd.DataFrame, wide: pd.DataFrame) -> pd.DataFrame:
    """From reason to driver: how those who mention a reason rate each driver.

    Parameters
    ----------
    wide : of ``nps_drivers.ratings``, one row an answer with a score

    Returns
    -------
    Columns: code, driver, n (who mention it and rated the driver), mean_rating, others_rating (of
    those who gave another reason), rating_gap, gap_low, gap_high (Welch), p_holm; both sides hold
    30 ratings or more.
    """
    given = wide[wide.index.isin(answers["response_id"])]
    rows, p_values = [], []
    for code, part in codes.groupby("code"):
        said = given.index.isin(part["response_id"])
        for driver in given.columns:
            own, others = given.loc[said, driver].dropna(), given.loc[~said, driver].dropna()
            varied = own.nunique() > 1 or others.nunique() > 1
            if min(len(own), len(others)) >= LEAST_RANKED and varied:
                test = stats.ttest_ind(own, others, equal_var=False)
                ends = test.confidence_interval()
                means = own.mean(), others.mean()
                rows.append((code, driver, len(own), *means, means[0] - means[1], *ends))
                p_values.append(test.pvalue)
    columns = ["code", "driver", "n", "mean_rating", "others_rating", "rating_gap", "gap_low",
               "gap_high"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).assign(p_holm=holm(np.array(p_values, dtype=float)))


def fits(counted: pd.DataFrame) -> bool:
    """Whether the codebook knows enough of the answers for the reasons to be told."""
    return bool(len(counted)) and bool(counted["share"].iloc[0] >= MIN_CODED)

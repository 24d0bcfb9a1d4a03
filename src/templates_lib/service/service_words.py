"""What the findings of the service contacts say, and the size of the test that checks each."""

from __future__ import annotations

import pandas as pd

from templates_lib.labels import label
from templates_lib.language import tr
from templates_lib.service import service_outcomes
from templates_lib.service.service import Change
from templates_lib.stats.trials import mean_test_size
from templates_lib.words import Words

OTHERS = ("other", "unknown")
FALL = 0.25


def rate(change: Change, words: Words) -> str:
    """How many contacts come with 100 orders, now and a year before."""
    now, before = words.number(change.now), words.number(change.before)
    if change.low <= 0 <= change.high:
        return tr(
            "Of 100 orders come {now} service contacts, much as a year before ({before})",
            now=now, before=before,
        )  # fmt: skip
    return tr(
        "Of 100 orders come {now} service contacts; a year before, {before}",
        now=now, before=before,
    )  # fmt: skip


def main_topic(topics: pd.DataFrame) -> str | None:
    """The topic that most contacts are about; None where no topic is known."""
    known = topics[~topics["group"].isin(OTHERS)].dropna(subset=["share"])
    return str(known["group"].iloc[0]) if len(known) else None


def about(topics: pd.DataFrame, words: Words) -> str:
    """What most contacts are about, as a sentence; nothing where no topic is known."""
    known = topics[topics["group"] == main_topic(topics)]
    return "".join(
        tr(
            "Of 100 contacts, {share} are about “{topic}”.",
            share=words.of_100(row.share, row.low, row.high), topic=row.group,
        )
        for row in known.itertuples()
    )  # fmt: skip


def before_asked(topics: pd.DataFrame) -> str:
    """What to do about the most frequent topic."""
    topic = main_topic(topics)
    if topic is None:
        return tr("Answer what is asked most before it is asked, from the order confirmation on.")
    return tr(
        "Answer what is asked about “{topic}” before it is asked, from the order confirmation on.",
        topic=topic,
    )


def orders_needed(change: Change) -> int:
    """Orders before and after, to see the contacts fall by a quarter."""
    return mean_test_size(change.spread, FALL * change.now)


def farthest(table: pd.DataFrame) -> pd.DataFrame:
    """The row of ``service_outcomes.against`` of the topic after which fewest return, beyond
    chance; no row where none is."""
    sure = table[(table["p_holm"] <= 0.05) & (table["gap_share"] < 0)]
    return sure[~sure["group"].isin(OTHERS)].head(1)


def speed(counts: pd.DataFrame, words: Words) -> str:
    """Whether a quick answer goes with more who return than a slow one, as a sentence."""
    both = service_outcomes.against(service_outcomes.by_speed(counts), base=service_outcomes.QUICK)
    for row in both[both["group"] == service_outcomes.SLOW].itertuples():
        quick, slow = (words.number(100 * share) for share in (row.others_share, row.returned))
        if row.gap_share_high < 0 or row.gap_share_low > 0:
            told = tr(
                "Of 100 answered quickly {quick} buy again, of 100 answered slowly {slow}.",
                quick=quick, slow=slow,
            )  # fmt: skip
        else:
            told = tr(
                "Of 100 answered quickly {quick} buy again, of 100 answered slowly {slow}, which "
                "may be chance.",
                quick=quick, slow=slow,
            )  # fmt: skip
        return told + " " + tr("It is an association: who writes has a reason to.")
    return tr("It is an association: who writes has a reason to.")


def steepest(slopes: pd.DataFrame, felt: pd.DataFrame) -> pd.DataFrame:
    """The row of ``service_outcomes.rating_slopes`` that is surest not to be flat, a rating that
    falls before one that rises; no row where all may be flat.

    Parameters
    ----------
    felt : of ``service_outcomes.ratings_by_hours``; a question without two classes of time to
        compare is left out
    """
    classes = felt.groupby("question").size()
    is_told = slopes["question"].map(classes).fillna(0) > 1
    sure = slopes[is_told & ((slopes["low"] > 0) | (slopes["high"] < 0))]
    firmness = (sure["per_doubling"] / (sure["high"] - sure["low"])).abs()
    ordered = sure.assign(rises=sure["per_doubling"] > 0, firmness=firmness)
    ordered = ordered.sort_values(["rises", "firmness"], ascending=[True, False], kind="stable")
    return ordered[list(slopes.columns)].head(1)


def wait(felt: pd.DataFrame, words: Words) -> str:
    """The mean rating of the quickest and the slowest contacts, as a headline.

    Parameters
    ----------
    felt : the rows of ``service_outcomes.ratings_by_hours`` of one question
    """
    first, last = felt.iloc[0], felt.iloc[-1]
    quick, slow = (words.number(row.mean_rating, 1) for row in (first, last))
    return tr(
        "“{question}” is {quick} where a contact takes {few_hours} and {slow} where it takes "
        "{many_hours}",
        question=label(first.question), quick=quick, few_hours=label(first.group), slow=slow,
        many_hours=label(last.group),
    )  # fmt: skip


def slope(row: pd.Series, words: Words) -> str:
    """What each doubling of the time goes with, as a sentence."""
    ends = words.span(*sorted(abs(v) for v in (row.low, row.high)), 1)
    if row.per_doubling > 0:
        return tr(
            "Each doubling of the time goes with a rating {span} points higher. It is an "
            "association.",
            span=ends,
        )
    return tr(
        "Each doubling of the time goes with a rating {span} points lower. It is an association.",
        span=ends,
    )


def ratings_needed(given: pd.DataFrame, row: pd.Series) -> int:
    """Ratings before and after, to see what half the time should change.

    Parameters
    ----------
    given : of ``service_outcomes.rated``
    """
    spread = given.loc[given["question"] == row.question, "value"].astype(float).std()
    return mean_test_size(float(spread), abs(float(row.per_doubling)))

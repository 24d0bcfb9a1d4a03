"""Do customers recognise themselves: their own profile against another one, shown at random.

Almost anybody agrees with a kind description that could be of anyone (Forer 1949, Journal of
Abnormal and Social Psychology 44:118), so that agreement alone says nothing of a profile. What
says something is how much more a profile is agreed with by those whose own it is than by those to
whom it was shown in place of theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Literal

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy.stats import binomtest

from templates_lib.coverage import local_day
from templates_lib.privacy import hide_small
from templates_lib.stats.calibration import CALIBRATION, calibration
from templates_lib.stats.intervals import newcombe, wilson

SURVEY = "profile"
RATING, CHOICE, WRONG = "describes_me", "describes_best", "what_is_wrong"
"""What the questions are called in the parameter file: the rating, the profile that describes one
best, and what is wrong."""
MATCHED, MISMATCHED = "matched", "mismatched"
ARMS = [MATCHED, MISMATCHED]
ALL = "all"
LEAST_ARM = 50
LEAST_GROUPS, LEAST_GROUP = 5, 30
UNEVEN = 0.001
RESONANCE = ["profile", "matched", "mismatched", "difference", "low", "high", "n"]
AGREEMENT = ["profile", "arm", "n", "people", "share", "low", "high"]
HITS = ["arm", "n", "people", "share", "low", "high", "chance_share", "apart_share"]
MESSAGES = ["channel", "targeted", "untargeted", "difference", "low", "high", "n"]
OBJECTIONS = ["profile", "n", "people", "share", "low", "high"]


def answers(
    responses: ir.Table | None,
    *,
    zone: str,
    as_of: date,
    highest: int = 5,
    members: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The answers to the profile survey, one row a person: the first answer of each.

    Whoever has seen a second profile has compared the two, and is no longer of one arm. An answer
    without an arm or without the profile shown is left out.

    Parameters
    ----------
    highest : the best rating of the scale
    members : customer_id, profile, probability of those who have a profile, as it was before they
        corrected it: else those who disagree would be left out of what is compared

    Returns
    -------
    Columns: person (customer, or the answer of nobody known), arm, profile_shown, agrees (gave one
    of the two best ratings; missing without a rating), chosen (the profile picked as the own one;
    missing without), own (their profile: the one shown where it was theirs, else by ``members``),
    probability (with which it is their own, by ``members``), has_objected (wrote what is wrong).
    """
    columns = ["person", "arm", "profile_shown", "agrees", "chosen", "own", "probability",
               "has_objected"]  # fmt: skip
    if responses is None:
        return pd.DataFrame(columns=columns)
    found = _first_of_each(responses, zone=zone, as_of=as_of)
    rated = found["rating"].notna()
    found["agrees"] = (found["rating"] >= highest - 1).astype("boolean").where(rated)
    known = _named(members).reindex(found["person"])
    profile, chance = known["profile"].to_numpy(), known["probability"].to_numpy(dtype=float)
    is_matched = (found["arm"] == MATCHED).to_numpy()
    shown = found["profile_shown"].to_numpy()
    # one whose profile has become the one shown since then was of another when it was shown
    other = pd.Series(profile, dtype="object").where(profile != shown)
    found["own"] = np.where(is_matched, shown, other)
    found["probability"] = np.where(found["own"] == profile, chance, np.nan)
    return found[columns]


def _named(members: pd.DataFrame | None) -> pd.DataFrame:
    """The profile and probability of each customer."""
    if members is None:
        members = pd.DataFrame(columns=["customer_id", "profile", "probability"])
    return members.drop_duplicates("customer_id").set_index("customer_id")


def _first_of_each(responses: ir.Table, *, zone: str, as_of: date) -> pd.DataFrame:
    """The first answer of each person with an arm and a rating or choice."""
    rows = responses.filter(responses.survey == SURVEY)
    rows = rows.filter(local_day(rows, "answered_at", zone) <= as_of)
    rows = rows.mutate(arm=rows.arm.strip().lower(), profile_shown=rows.profile_shown.strip())
    rows = rows.filter(rows.arm.isin(ARMS) & rows.profile_shown.notnull())
    each = rows.group_by("response_id", "arm", "profile_shown", "answered_at").aggregate(
        person=ibis.coalesce(rows.customer_id.max(), rows.response_id.max()),
        rating=rows.value.cast("float64").max(where=rows.question == RATING),
        chosen=rows.option.strip().max(where=rows.question == CHOICE),
        has_objected=(rows.text.notnull() & (rows.question == WRONG)).max(),
    )
    each = each.filter(each.rating.notnull() | each.chosen.notnull())
    found = each.to_pandas().sort_values(["answered_at", "response_id"], kind="stable")
    return found.drop_duplicates("person").reset_index(drop=True)


def agreement(given: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """How many agree with a profile, of those whose own it is and of those whose it is not.

    Parameters
    ----------
    given : of ``answers``

    Returns
    -------
    One row a profile and arm, ``all`` of them first: profile (the one shown), arm, n (who rated
    it), people (gave one of the two best ratings), share (people / n), low, high (Wilson). Under
    50 in an arm only n is told, and not under ``min_cell``.
    """
    rated = given.dropna(subset=["agrees"])
    if rated.empty:
        return pd.DataFrame(columns=AGREEMENT)
    both = pd.concat([rated.assign(profile=ALL), rated.assign(profile=rated["profile_shown"])])
    sizes = rated["profile_shown"].value_counts()
    order = [ALL, *sorted(sizes.index, key=lambda name: (-sizes[name], name))]
    every = pd.MultiIndex.from_product([order, ARMS], names=["profile", "arm"])
    grouped = both.groupby(["profile", "arm"])["agrees"]
    counts = grouped.agg(n="size", people="sum").reindex(every, fill_value=0).reset_index()
    table = _with_share(counts, least=LEAST_ARM)
    of_profiles = table["profile"] != ALL
    hidden = _hidden(table[of_profiles], by=["arm"], also_by=[["profile"]], min_cell=min_cell)
    total = _hidden(table[~of_profiles], by=["arm"], min_cell=min_cell)
    return pd.concat([total, hidden], ignore_index=True)[AGREEMENT]


def _with_share(counts: pd.DataFrame, *, least: int) -> pd.DataFrame:
    """Counts n and people with share, low and high, which are empty under the least data."""
    enough = counts["n"] >= least
    n, people = counts["n"].where(enough, 0), counts["people"].astype("int64").where(enough, 0)
    low, high = wilson(people, n)
    share = (people / n.where(enough)).astype(float)
    return counts.assign(people=people.where(enough), share=share, low=low, high=high)


def _hidden(
    table: pd.DataFrame, *, min_cell: int, by: Sequence[str] = (),
    also_by: Sequence[Sequence[str]] = (),
) -> pd.DataFrame:  # fmt: skip
    """The table of ``_with_share`` without counts of fewer than ``min_cell`` people."""
    shown = hide_small(
        table, count="n", values=["people", "share", "low", "high"], by=by, also_by=also_by,
        min_cell=min_cell,
    )  # fmt: skip
    return shown.astype({"people": "Int64"})


def resonance(told: pd.DataFrame) -> pd.DataFrame:
    """How much more a profile is agreed with by those whose own it is.

    Of all profiles together the two arms were drawn at random. Of one profile they are people of
    that profile against people of others, who may agree more or less with any text.

    Parameters
    ----------
    told : of ``agreement``

    Returns
    -------
    One row a profile, ``all`` first: profile, matched and mismatched (share who agree), difference
    (matched − mismatched), low, high (Newcombe), n (both arms). Under 50 in an arm only n is told.
    """
    if told.empty:
        return pd.DataFrame(columns=RESONANCE)
    sides = {arm: told[told["arm"] == arm].set_index("profile") for arm in ARMS}
    own, other = (sides[arm] for arm in ARMS)
    enough = own["share"].notna() & other["share"].notna()
    counts = [side[name].where(enough, 0).fillna(0).astype("int64")
              for side in (own, other) for name in ("people", "n")]  # fmt: skip
    low, high = newcombe(*counts)
    table = pd.DataFrame({
        "matched": own["share"].where(enough), "mismatched": other["share"].where(enough),
        "low": low, "high": high, "n": (own["n"] + other["n"]).astype("Int64"),
    })  # fmt: skip
    table["difference"] = table["matched"] - table["mismatched"]
    return table.reset_index()[RESONANCE]


def uneven(told: pd.DataFrame) -> bool:
    """Whether one arm answered so much more often than the other that it is not chance.

    Halves were drawn; who leaves on seeing a profile that is not theirs leaves one arm only. By
    the binomial test at 0.001, as sample ratio mismatch is usually called.
    """
    n = told[told["profile"] == ALL].set_index("arm")["n"].dropna()
    return len(n) == 2 and bool(binomtest(int(n[MATCHED]), int(n.sum())).pvalue < UNEVEN)


def hits(given: pd.DataFrame, *, profiles: Collection[str], min_cell: int) -> pd.DataFrame:
    """How many pick their own profile among all.

    Parameters
    ----------
    given : of ``answers``; who picked none, or has no profile, is left out
    profiles : those that were to choose from

    Returns
    -------
    One row an arm, ``all`` first: arm, n (who chose), people (chose their own), share, low, high
    (Wilson), chance_share (1 / the number of profiles) and apart_share: how many would hit if what
    is chosen had nothing to do with the own profile. It is over ``chance_share`` where a common
    profile is also the one that most would like to be. Under 50 only n is told.
    """
    chose = given.dropna(subset=["chosen", "own"])
    if chose.empty or not len(profiles):
        return pd.DataFrame(columns=HITS)
    rows = []
    for arm in (ALL, *ARMS):
        own = chose if arm == ALL else chose[chose["arm"] == arm]
        picked, theirs = (own[name].str.casefold() for name in ("chosen", "own"))
        shares = [side.value_counts(normalize=True) for side in (picked, theirs)]
        apart = float((shares[0] * shares[1]).sum()) if len(own) >= LEAST_ARM else np.nan
        rows.append([arm, len(own), int((picked == theirs).sum()), apart])
    counts = pd.DataFrame(rows, columns=["arm", "n", "people", "apart_share"])
    table = _with_share(counts, least=LEAST_ARM).assign(chance_share=1 / len(profiles))
    total, arms = table[table["arm"] == ALL], table[table["arm"] != ALL]
    shown = [_hidden(part, min_cell=min_cell) for part in (total, arms)]
    return pd.concat(shown, ignore_index=True)[HITS]


def calibrated(given: pd.DataFrame, *, by: Literal["agrees", "chosen"]) -> pd.DataFrame:
    """Whether those whose profile is surer recognise it oftener.

    A profile that was agreed with is not thereby right, so that the share who agree is not the
    chance to be right: what is looked for is that it rises. The share who choose it can be laid
    beside the chance itself.

    Parameters
    ----------
    given : of ``answers`` with ``members``; of those shown their own profile (``agrees``), or of
        all who chose (``chosen``)

    Returns
    -------
    Columns of ``stats.calibration``, 5 to 10 groups of 30 people at least; no rows where there
    are not so many.
    """
    known = given.dropna(subset=[by, "own", "probability"])
    if by == "agrees":
        known = known[known["arm"] == MATCHED]
        came_true = known["agrees"].astype(bool)
    else:
        came_true = known["chosen"].str.casefold() == known["own"].str.casefold()
    if len(known) < LEAST_GROUPS * LEAST_GROUP:
        return pd.DataFrame(columns=CALIBRATION)
    table = calibration(known["probability"], came_true, least=LEAST_GROUP)
    return table if len(table) >= LEAST_GROUPS else table.head(0)


def objections(given: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """How many of those shown their own profile wrote what is wrong with it.

    One row a profile, ``all`` first: profile, n (who answered), people (wrote something), share,
    low, high (Wilson). Under 50 only n is told, and not under ``min_cell``.
    """
    own = given[given["arm"] == MATCHED]
    if own.empty:
        return pd.DataFrame(columns=OBJECTIONS)
    both = pd.concat([own.assign(profile=ALL), own.assign(profile=own["profile_shown"])])
    counts = both.groupby("profile")["has_objected"].agg(n="size", people="sum").reset_index()
    counts["is_part"] = counts["profile"] != ALL
    counts = counts.sort_values(["is_part", "n", "profile"], ascending=[True, False, True])
    table = _with_share(counts.reset_index(drop=True), least=LEAST_ARM)
    return _hidden(table, by=["is_part"], min_cell=min_cell)[OBJECTIONS]


def messages(holdouts: ir.Table | None, *, channels: Collection[str], as_of: date) -> pd.DataFrame:
    """Messages written for a profile against the one that all get, of people drawn at random.

    Parameters
    ----------
    channels : the tests that compared the two, as the file calls them

    Returns
    -------
    One row a test that has ended by ``as_of``: channel, targeted, untargeted (share of the people
    written to who bought), difference, low, high (Newcombe), n (of both arms). Shares are empty
    with fewer than 50 people in an arm.

    Raises
    ------
    ValueError
        Where more bought than were written to.
    """
    if holdouts is None:
        return pd.DataFrame(columns=MESSAGES)
    names = [name.casefold() for name in channels]
    rows = holdouts.filter(
        holdouts.channel.lower().isin(names) & holdouts.units.notnull()
        & holdouts.converted.notnull() & (holdouts.end <= ibis.literal(as_of)).fill_null(True)
    )  # fmt: skip
    counted = rows.group_by("channel", "arm").aggregate(
        n=rows.units.sum().cast("int64"), converted=rows.converted.sum().cast("int64")
    )
    found = [_message(name, own) for name, own in counted.to_pandas().groupby("channel")]
    return pd.DataFrame(found, columns=MESSAGES)


def _message(channel: str, counts: pd.DataFrame) -> list[object]:
    if (counts["converted"] > counts["n"]).any():
        raise ValueError(f"holdouts, {channel}: more people bought than were written to")
    by = counts.set_index("arm")[["n", "converted"]].reindex(["test", "holdout"], fill_value=0)
    (n, bought), (n_other, bought_other) = by.to_numpy("int64").tolist()
    if min(n, n_other) < LEAST_ARM:
        return [channel, *[np.nan] * 5, n + n_other]
    low, high = newcombe(bought, n, bought_other, n_other)
    shares = bought / n, bought_other / n_other
    return [channel, *shares, shares[0] - shares[1], float(low), float(high), n + n_other]

"""What a test of a channel comes to, in sentences: what it says, what to do, what is left open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from templates_lib.marketing.holdouts import LONG, REGIONS, SHORT, lost_a_year
from templates_lib.words import Words


class Told(NamedTuple):
    """What goes with a test that settles its question."""

    text: str
    effect_eur: dict[str, Any] | None
    action: dict[str, str]


def settled(test: Mapping[str, Any], words: Words) -> Told:
    """What a test of ``holdouts.answered`` says beside its number, its worth, and what to do."""
    name, credited = test["channel"], ""
    back = 1 + test["romi"]
    if not pd.isna(test["attributed_romi"]):
        by_click = words.money(100 * (1 + test["attributed_romi"]), 0)
        credited = f"The last click credits it with {by_click}. "
    regions = words.number(test["regions"])
    again = f"The same test again after the change, with {regions} regions an arm."
    if test["romi"] > 0:
        do = f"Raise what {name} may cost by a fifth, in half of the regions first."
        return Told(credited.strip(), None, {"do": do, "check": again})
    effect = lost_a_year(test) | {
        "assumptions": f"{name} were stopped, the year is like the days of the test, and its new "
        "customers would buy nothing later"
    }
    later = ""
    if back > 0:
        more = words.money(1 / back - 1, 2)
        later = f"To pay, each {words.money(1, 0)} of it would have to bring {more} more later on."
    do = f"Stop {name}, or bring its cost down to what it adds."
    return Told(f"{credited}{later}".strip(), effect, {"do": do, "check": again})


def left_open(test: Mapping[str, Any], words: Words) -> str:
    """What a test that settles nothing lacks."""
    days = f"{words.day(test['date_from'])} to {words.day(test['date_to'])}"
    start = f"The test of {test['channel']} from {days}"
    if pd.isna(test["added_per_unit_low"]):
        return (
            f"{start} has one figure an arm: how much regions differ by chance is not known, so "
            "that nothing can be said of what it added. Ask for its figures by region."
        )
    if pd.isna(test["spend"]):
        return f"{start} cannot be set against a cost: the files hold none of these days."
    if pd.isna(test["margin_of_sales"]):
        return f"{start} cannot be set against its cost: no margin is known or declared."
    ends = [words.money(100 * (1 + test[end]), 0) for end in ("romi_low", "romi_high")]
    needed, had = test["regions_needed"], min(test["regions"], test["regions_held_out"])
    size = (
        f"With {words.number(needed)} regions an arm a channel that only just pays is seen to in "
        f"four of five tests; it had {words.number(had)}."
        if needed > had
        else "What it adds is close to what it costs, and a larger test would change little."
    )
    return (
        f"{start} leaves it open whether it pays: of each {words.money(100, 0)} spent, very likely "
        f"{ends[0]} to {ends[1]} of margin came back. {size}"
    )


def plan(row: Mapping[str, Any], words: Words) -> str:
    """What the test of a channel of ``holdouts.planned`` takes."""
    weeks = words.count(row["weeks_needed"], "week", "weeks")
    ends = words.span(row["weeks_needed_low"], row["weeks_needed_high"])
    where = f"{REGIONS} of {2 * REGIONS} regions of like size, drawn by lot"
    told = f"{weeks} (very likely {ends})"
    if row["weeks_needed"] <= LONG:
        return (
            f"To know what {row['channel']} adds, stop it in {where}, for {told}, and compare what "
            "both halves buy."
        )
    costs = [words.money(row[name], 0) for name in ("weekly_cost", "cost_for_short_test")]
    return (
        f"At {costs[0]} a week, {row['channel']} would have to be stopped in {where}, for {told} "
        f"before a test could tell what it adds. With {costs[1]} a week where it stays, {SHORT} "
        "weeks are enough."
    )

"""What a test of a channel comes to, in sentences: what it says, what to do, what is left open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from templates_lib.language import tr, trn
from templates_lib.marketing.holdouts import LONG, REGIONS, SHORT, lost_a_year
from templates_lib.words import Words


class Told(NamedTuple):
    """What goes with a test that settles its question."""

    text: str
    effect_eur: dict[str, Any] | None
    action: dict[str, str]


def settled(test: Mapping[str, Any], words: Words) -> Told:
    """What a test of ``holdouts.answered`` says beside its number, its worth, and what to do."""
    name, said = test["channel"], []
    back = 1 + test["romi"]
    if not pd.isna(test["attributed_romi"]):
        by_click = words.money(100 * (1 + test["attributed_romi"]), 0)
        said.append(tr("The last click credits it with {credited}.", credited=by_click))
    regions = words.number(test["regions"])
    again = tr("The same test again after the change, with {n} regions an arm.", n=regions)
    if test["romi"] > 0:
        do = tr("Raise what “{name}” may cost by a fifth, in half of the regions first.", name=name)
        return Told(" ".join(said), None, {"do": do, "check": again})
    effect = lost_a_year(test) | {
        "assumptions": tr(
            "“{name}” were stopped, the year is like the days of the test, and its new customers "
            "would buy nothing later",
            name=name,
        )
    }
    if back > 0:
        one, more = words.money(1, 0), words.money(1 / back - 1, 2)
        said.append(
            tr("To pay, each {one} that came back would have to bring {more} more later on.",
               one=one, more=more)
        )  # fmt: skip
    do = tr("Stop “{name}”, or bring its cost down to what it adds.", name=name)
    return Told(" ".join(said), effect, {"do": do, "check": again})


def left_open(test: Mapping[str, Any], words: Words) -> str:
    """What a test that settles nothing lacks."""
    which = {
        "channel": test["channel"],
        "first": words.day(test["date_from"]),
        "last": words.day(test["date_to"]),
    }
    if pd.isna(test["added_per_unit_low"]):
        return tr(
            "The test of “{channel}”, {first} to {last}, has one figure an arm: how much regions "
            "differ by chance is not known, so that nothing can be said of what it added. Ask for "
            "its figures by region.",
            **which,
        )
    if pd.isna(test["spend"]):
        return tr(
            "The test of “{channel}”, {first} to {last}, cannot be set against a cost: the files "
            "hold none of these days.",
            **which,
        )
    if pd.isna(test["margin_of_sales"]):
        return tr(
            "The test of “{channel}”, {first} to {last}, cannot be set against its cost: no margin "
            "is known or declared.",
            **which,
        )
    back = words.money_span(*(100 * (1 + test[end]) for end in ("romi_low", "romi_high")))
    needed, had = test["regions_needed"], min(test["regions"], test["regions_held_out"])
    told = tr(
        "The test of “{channel}”, {first} to {last}, leaves it open whether it pays: of each "
        "{spent} spent, very likely {range} of margin came back.",
        **which, spent=words.money(100, 0), range=back,
    )  # fmt: skip
    if needed > had:
        size = tr(
            "With {needed} regions an arm a channel that only just pays is seen to in four of five "
            "tests; it had {had}.",
            needed=words.number(needed), had=words.number(had),
        )  # fmt: skip
    else:
        size = tr("What it adds is close to what it costs, and a larger test would change little.")
    return f"{told} {size}"


def plan(row: Mapping[str, Any], words: Words) -> str:
    """What the test of a channel of ``holdouts.planned`` takes."""
    needed = row["weeks_needed"]
    which = {
        "channel": row["channel"],
        "regions": REGIONS,
        "all_regions": 2 * REGIONS,
        "n": words.number(needed),
        "span": words.span(row["weeks_needed_low"], row["weeks_needed_high"]),
    }
    if needed <= LONG:
        return trn(
            "To know what “{channel}” adds, stop it in {regions} of {all_regions} regions of like "
            "size, drawn by lot, for {n} week (very likely {span}), and compare what both halves "
            "buy.",
            "To know what “{channel}” adds, stop it in {regions} of {all_regions} regions of like "
            "size, drawn by lot, for {n} weeks (very likely {span}), and compare what both halves "
            "buy.",
            needed, **which,
        )  # fmt: skip
    cost, enough = (words.money(row[name], 0) for name in ("weekly_cost", "cost_for_short_test"))
    return tr(
        "At {cost} a week, “{channel}” would have to be stopped in {regions} of {all_regions} "
        "regions of like size, drawn by lot, for {n} weeks (very likely {span}) before a test "
        "could tell what it adds. With {enough} a week where it stays, {short} weeks are enough.",
        **which, cost=cost, enough=enough, short=SHORT,
    )  # fmt: skip

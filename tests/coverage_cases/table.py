"""All cases, what was measured of them, and the page that tells it."""

from __future__ import annotations

import csv
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from filelock import FileLock

from coverage_cases import hazards, models, money, returns, shares, spread, surveys
from coverage_cases.case import LEVEL, SHOPS, Case, Claim, Coverage, band, keeps, measure

PARTS = (shares, money, spread, returns, surveys, hazards, models)
CASES: tuple[Case, ...] = tuple(case for part in PARTS for case in part.CASES)
MEASURED = Path(__file__).parent / "measured.csv"
PAGE = Path(__file__).parents[2] / "docs" / "assumptions.md"
COLUMNS = ["estimator", "family", "covered", "below", "above", "n"]
TITLES = {
    Claim.EXACT: "Intervals that claim 95 %",
    Claim.AT_LEAST: "Intervals that claim at least 95 %",
    Claim.SHORT: "Intervals that are too narrow",
    Claim.NONE: "Outside what the estimate assumes",
}
LEADS = {
    Claim.EXACT: "Shops of the kind that the estimate is made for; of estimates without a form of "
    "their own, several kinds.",
    Claim.AT_LEAST: "Too wide rather than too narrow, for the reason given; only the lower end of "
    "the band is asked for.",
    Claim.SHORT: "They say 95 %, and hold the truth less often, even in shops of their own kind.",
    Claim.NONE: "Nothing is claimed here. This is what the interval is worth where the shop is "
    "not as the estimate takes it to be.",
}


def measured() -> dict[str, Coverage]:
    """What was measured last, by the name of the case."""
    if not MEASURED.exists():
        return {}
    with MEASURED.open(encoding="utf-8", newline="") as file:
        return {
            f"{row['estimator']}: {row['family']}": Coverage(*(int(row[c]) for c in COLUMNS[2:]))
            for row in csv.DictReader(file)
        }


def keep(name: str, one: Coverage) -> None:
    """Adds what was measured of a case, and writes the page; several may do so at once."""
    with FileLock(Path(tempfile.gettempdir()) / "coverage_of_intervals.lock"):
        found = measured() | {name: one}
        with MEASURED.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(COLUMNS)
            for case in CASES:
                if case.name in found:
                    rows.writerow([case.estimator, case.family, *found[case.name]])
        PAGE.write_text(page(found), encoding="utf-8")


def page(found: dict[str, Coverage]) -> str:
    """The text of `docs/assumptions.md`."""
    low, high = (100 * end for end in band(SHOPS))
    lines = [
        "# Assumptions, and what the intervals are worth",
        "",
        "Written by `make coverage`; do not edit.",
        "",
        "Each row is an estimate tried on simulated shops whose true number is known: the share of "
        "their intervals that hold it, and the shares that lie wholly above or below it. Of "
        f"{SHOPS:,} intervals that hold the truth {100 * LEVEL:.0f} times of 100, between "
        f"{low:.1f} % and {high:.1f} % do in 999 of 1,000 such trials; a row that claims "
        f"{100 * LEVEL:.0f} % and falls outside is marked. *Shops* are those that are shown an "
        "interval. The shops are the same at each run.",
        "",
        "*Too high* are intervals that lie wholly above the true number, *too low* those below it. "
        "*Level* is that of a test: how often groups that do not differ are not told apart at 5 %.",
    ]
    waiting = sum(case.name not in found for case in CASES)
    if waiting:
        lines += ["", f"**{waiting} of {len(CASES)} rows have not been measured yet.**"]
    for claim, title in TITLES.items():
        lines += ["", f"## {title}", "", LEADS[claim], ""]
        lines += _table([case for case in CASES if case.claim is claim], found)
    return "\n".join(lines) + "\n"


def _table(cases: Iterable[Case], found: dict[str, Coverage]) -> Iterator[str]:
    yield "| estimate | shops that are | holds it | too high | too low | shops | |"
    yield "|---|---|---:|---:|---:|---:|---|"
    for case in cases:
        if case.name in found:
            one = found[case.name]
            shares = (f"{100 * v / one.n:.1f} %" for v in (one.covered, one.below, one.above))
            note = case.note if keeps(case, one) else f"**Does not keep its claim.** {case.note}"
            yield (
                f"| {case.estimator} | {case.family} | {' | '.join(shares)} | {one.n:,} "
                f"| {note.strip()} |"
            )


def main() -> None:
    """Measures all cases, or those whose name holds `ONLY`; fails where one misses its claim."""
    only, missed = os.environ.get("ONLY", ""), []
    chosen = [case for case in CASES if only in case.name]
    if not chosen:
        sys.exit(f"no case's name holds {only!r}")
    for case in chosen:
        one = measure(case)
        keep(case.name, one)
        print(f"{100 * one.share:5.1f} %  {case.name}", flush=True)
        if not keeps(case, one):
            missed.append(case.name)
    if missed:
        sys.exit("outside of what is claimed:\n" + "\n".join(missed))

"""What the benchmarks find: printed as it comes, and kept in `docs/performance.md`."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docs" / "performance.md"
TITLES = {
    "orders": "Measures of many orders",
    "statistics": "Statistics on the counts of many customers",
    "staging": "Staging an export",
    "events": "A funnel of many events",
    "lmg": "The importance of drivers",
    "report": "A whole report",
}
HEAD = """\
# Performance

Written by `make benchmark`. What is compared runs on one machine by turns, each way in processes of
its own, and must give equal results; the shortest time counts, and the largest memory. Ratios say
more than seconds. Money is summed as exact decimals by the project, and as floating-point numbers
in pandas and polars.
"""


class Section:
    """The result of one benchmark, as lines of Markdown that are printed at once.

    Parameters
    ----------
    name : of ``TITLES``
    packages : whose versions matter
    """

    def __init__(self, name: str, packages: Sequence[str]) -> None:
        self.title = TITLES[name]
        self.packages = packages
        self.blocks: list[str] = []

    def say(self, text: str) -> None:
        """A paragraph."""
        print(text, flush=True)
        self.blocks.append(text)

    def items(self, *texts: str) -> None:
        """A list."""
        self.say("\n".join(f"- {text}" for text in texts))

    def table(self, rows: Sequence[Mapping[str, str]]) -> None:
        """A table of words and formatted numbers; the first column is text."""
        names = list(rows[0])
        lines = [names, ["---", *["--:"] * (len(names) - 1)], *(row.values() for row in rows)]
        self.say("\n".join(f"| {' | '.join(line)} |" for line in lines))

    def aim(self, text: str, ratio: float, *, least: float | None = None,
            most: float | None = None, why: str = "") -> None:  # fmt: skip
        """A ratio against what is aimed at; ``why`` is told where it falls short."""
        is_met = (least is None or ratio >= least) and (most is None or ratio <= most)
        aim = f"at most {most:g}" if least is None else f"at least {least:g}"
        end = "met" if is_met else f"NOT MET{': ' if why else ''}{why}"
        self.items(f"{text}: {ratio:.2f} (aim: {aim}, {end})")

    def write(self, date: str | None) -> None:
        """Puts the result in the place of the one before it, under the date of the run; without
        a date the file stays as it is."""
        if date is None:
            return
        text = "\n\n".join([f"## {self.title}", self._machine(date), *self.blocks]) + "\n"
        page = FILE.read_text(encoding="utf-8") if FILE.is_file() else ""
        FILE.write_text(replaced(page, text), encoding="utf-8")

    def _machine(self, date: str) -> str:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
        cores = len(os.sched_getaffinity(0))
        versions = [f"{name} {version(name)}" for name in self.packages if is_installed(name)]
        return (
            f"Measured on {date}: {cores} cores, {memory:.0f} GB of memory, {platform.system()} "
            f"({platform.machine()}), Python {platform.python_version()}, {', '.join(versions)}."
        )


def is_installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def replaced(page: str, section: str) -> str:
    """The page with a section in place of its namesake, all in the order of ``TITLES``."""
    _, *old = page.split("\n## ")
    sections = {part.split("\n", 1)[0]: f"## {part.rstrip()}\n" for part in old}
    sections[section.split("\n", 1)[0].removeprefix("## ")] = section
    return "\n".join([HEAD, *(sections[t] for t in TITLES.values() if t in sections)])

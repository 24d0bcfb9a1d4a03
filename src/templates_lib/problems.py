"""Problems that a user can mend: collected, worded once, shown all together."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing to mend: where it is, and what is wrong, expected and to be done."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class InputProblems(Exception):
    """Everything that is wrong with what the user gave, in one list (exit code 2)."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def closest(name: str, known: Iterable[str]) -> str:
    """A hint for a misspelt name: ``; did you mean 'period'?``, or nothing."""
    folded = {str(candidate).casefold(): str(candidate) for candidate in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return f"; did you mean {folded[close[0]]!r}?" if close else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """The hint of ``closest``, or the names there are."""
    names = [str(candidate) for candidate in known]
    shown = ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
    return closest(name, names) or (f"; known: {shown}" if names else "")

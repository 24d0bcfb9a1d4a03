"""The sentences of what interviews tell that read differently with what was found."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from templates_lib.labels import label
from templates_lib.language import tr
from templates_lib.words import Words

AGREED = ("firm", "tentative")


class Said(NamedTuple):
    """A finding's headline and text."""

    headline: str
    text: str


def agreement(agreed: pd.DataFrame, excerpts: int, words: Words) -> str:
    """On which themes two people agree.

    Parameters
    ----------
    agreed : of ``themes.agreed_on``
    excerpts : how many there are
    """
    twice = int(agreed["n"].max()) if len(agreed) else 0
    coded = tr(
        "Two people coded {twice} of {n} excerpts.",
        twice=words.number(twice), n=words.number(excerpts),
    )  # fmt: skip
    firm = agreed.loc[agreed["status"].isin(AGREED), "code"]
    if firm.empty:
        return coded + " " + tr("The themes are provisional.")
    names = words.listed([label(code) for code in firm])
    return coded + " " + tr("They agree on: {themes}.", themes=names)


def gap(row: Any, words: Words) -> Said:
    """A theme that comes up more, or less, in interviews than in surveys: a row of
    ``themes.against_surveys``."""
    theme = label(row.theme)
    more = tr(
        "In interviews “{theme}” comes up more often than in surveys: worth a question", theme=theme
    )
    less = tr(
        "In interviews “{theme}” comes up less often than in surveys: worth a question", theme=theme
    )
    text = tr(
        "Of 100 excerpts {interviews} are about it, of 100 survey answers {surveys}. The people "
        "and the questions differ, so that this is no proof against either.",
        interviews=words.number(100 * row.interview_share),
        surveys=words.number(100 * row.survey_share),
    )
    return Said(more if row.gap_share > 0 else less, text)

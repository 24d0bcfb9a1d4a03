"""Which columns of a survey are questions, and of which kind: told by their answers.

Few short texts that repeat are given answers, long ones are open, small whole numbers are ratings.
What is neither is left out and named. No answer is taken into the parameter file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import ibis

from templates_lib.new_client.draft import DECIDE
from templates_lib.new_client.guesses import NOTHING, has
from templates_lib.sources.engine import one
from templates_lib.sources.formats import headers
from templates_lib.sources.headers import LOOKS_LIKE_DATA, fold
from templates_lib.sources.reader import Table

SCORE = re.compile(r"recommend|suosit|\bnps\b|promoter", re.IGNORECASE)
PERSON = re.compile(
    r"e-?mail|sähköposti|phone|puhelin|\bname\b|\bnimi|etunimi|sukunimi|address|osoite|\bip\b|"
    r"birth|syntymä|henkilötunnus",
    re.IGNORECASE,
)
ABOUT = frozenset(
    ["#", "browser", "collector id", "country", "custom data 1", "date submitted", "device",
     "end date", "ending",
     "hotjar user id", "id", "kieli", "language", "network id", "number", "os", "respondent id",
     "response type", "source url", "stage date (utc)", "start date", "start date (utc)",
     "submit date (utc)", "tags", "timestamp", "aikaleima", "user"]
)  # fmt: skip
OPEN = re.compile(
    r"own words|omin sanoin|tell us|\bkerro\b|\bkertoa\b|comment|komment|vapaa sana", re.IGNORECASE
)
SCALE = re.compile(r"\((\d+) ?[-–] ?(\d+)\)")
MANY_OPTIONS = 20
LONG_ANSWER_WORDS = 3
LONG_OPTION_WORDS = 6
SEPARATORS = (";", ", ")
KINDS = {
    "nps": r"nps|suosittel",
    "purchase": r"post.?purchase|purchase|ostokysely|ostos|\bosto",
    "exit_intent": r"exit|poistumis",
    "soft_lead": r"soft.?lead|newsletter|uutiskirje",
    "satisfaction": r"csat|satisf|tyytyv",
    "awareness": r"aware|tunnettuus",
    "profile": r"profile|profiili",
}


@dataclass
class Questions:
    """The questions of a survey, as its section of the parameter file names them.

    Attributes
    ----------
    ratings, choices : by the name of the question; a header alone where nothing else is to be said
    left : headers that are no question, or none that could be told
    """

    score: str | None = None
    ratings: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, Any] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.score or self.ratings or self.choices or self.open)


@dataclass(frozen=True)
class _Answers:
    """What is counted of a column: no answer itself."""

    header: str
    filled: int
    distinct: int
    whole: int  # answers that are whole numbers of up to two digits
    nothing: int  # answers such as NA
    low: int | None
    high: int | None
    words: float
    is_own_name: bool  # whether every answer is the header itself
    has_times: bool


def survey_of(*names: str) -> str | None:
    """What a survey is, where the name of its file says it and says one thing."""
    text = fold(" ".join(names)).replace("_", " ")
    found = [kind for kind, words in KINDS.items() if re.search(words, text)]
    return found[0] if len(found) == 1 else None


def questions(table: Table, names: list[str]) -> Questions:
    """The questions among the columns that are not mapped yet."""
    taken = {fold(n) for h in _mapped(table) for n in table.source.names_of(h)} | ABOUT
    free = [name for name in names if fold(name) and fold(name) not in taken and has(table, name)]
    found = Questions()
    found.left = [n for n in free if PERSON.search(fold(n)) or LOOKS_LIKE_DATA.search(n)]
    answers = list(_counted(table, [name for name in free if name not in found.left]))
    group: dict[str, str] = {}
    for each in answers:
        if each.is_own_name:  # one column an option: they stand side by side
            group[each.header] = each.header
            continue
        _options_of(group, found)
        group = {}
        _sort(table, each, found)
    _options_of(group, found)
    rated = [a for a in answers if a.header in (found.score, *found.ratings)]
    found.empty = _nothing_words(table, [a.header for a in rated if a.nothing])
    return found


def _mapped(table: Table) -> list[str]:
    return headers(table.source.columns.model_dump())  # type: ignore[attr-defined]


def _options_of(group: Mapping[str, str], found: Questions) -> None:
    if len(group) > 1:
        found.choices[f"several_{len(found.choices) + 1}"] = {"columns": dict(group)}
    else:
        found.left += group


def _counted(table: Table, names: list[str]) -> Iterator[_Answers]:
    for name in names:
        text = table.text(name)
        number = text.re_search(r"^\d{1,2}$").ifelse(text, ibis.null("string")).cast("int64")
        words = text.re_replace(r"\S+", "x").replace(" ", "").length()
        day = text.re_search(r"^\d{4}-\d\d-\d\d|^\d{1,2}[./]\d{1,2}[./]\d{2,4}")
        found = one(
            table.rows,
            filled=text.count(),
            distinct=text.nunique(),
            whole=number.count(),
            nothing=text.isin(NOTHING).sum(),
            low=number.min(),
            high=number.max(),
            words=words.mean(where=text.notin(NOTHING)),
            other=(text.lower() != name.strip().lower()).sum(),
            times=day.sum(),
        )
        if found["filled"]:
            yield _Answers(
                name, found["filled"], found["distinct"], found["whole"], found["nothing"] or 0,
                found["low"], found["high"], found["words"] or 0.0, not found["other"],
                found["times"] == found["filled"],
            )  # fmt: skip


def _sort(table: Table, answers: _Answers, found: Questions) -> None:
    """Puts a column where its answers say it belongs."""
    name, said = answers.header, answers.filled - answers.nothing
    repeats = answers.distinct <= max(2, said // 2)
    if said and answers.whole == said and answers.high is not None and answers.high <= 10:
        if SCORE.search(name) and found.score is None:
            found.score = name
        else:
            found.ratings[name] = _scale(answers)
    elif answers.has_times or (said and answers.whole == said):
        found.left.append(name)
    elif OPEN.search(name) or answers.words >= LONG_OPTION_WORDS:
        found.open.append(name)
    elif repeats and answers.distinct <= MANY_OPTIONS:
        found.choices[name] = name
    elif (separator := _separator(table, name)) is not None:
        found.choices[name] = {"column": name, "separator": separator}
    elif answers.words >= LONG_ANSWER_WORDS:
        found.open.append(name)
    else:
        found.left.append(name)


def _scale(answers: _Answers) -> Any:
    """The scale: that in the header's brackets, or the only usual one that the answers fit."""
    low, high = answers.low or 0, answers.high or 0
    if said := SCALE.search(answers.header):
        low_said, high_said = int(said[1]), int(said[2])
        if low_said <= low and high <= high_said:
            return {"column": answers.header, "low": low_said, "high": high_said}
    if low >= 1 and high <= 5:
        return answers.header
    if low >= 1 and high <= 7:
        return {"column": answers.header, "low": 1, "high": 7}
    if low == 0 and high > 5:
        return {"column": answers.header, "low": 0, "high": 10}
    return {"column": answers.header, "low": DECIDE if high > 7 else 0,
            "high": 10 if high > 7 else DECIDE}  # fmt: skip


def _separator(table: Table, name: str) -> str | None:
    """What stands between several given answers in one column."""
    texts = table.rows.select(text=table.text(name)).filter(ibis._.text.notnull())
    found = texts.limit(2_000).to_pyarrow()["text"].to_pylist()
    for separator in SEPARATORS:
        parts = [part.strip() for text in found for part in text.split(separator)]
        options = set(parts)
        if len(parts) > len(found) and len(options) <= min(MANY_OPTIONS, len(parts) // 3):
            return separator
    return None


def _nothing_words(table: Table, names: list[str]) -> list[str]:
    return [
        word
        for word in NOTHING
        if names and one(table.rows, n=ibis.or_(*(table.text(n) == word for n in names)).sum())["n"]
    ]

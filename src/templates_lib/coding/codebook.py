"""A codebook: what open answers are about, as codes with the words that tell each.

The client's own is ``data/<client>/codes.yml``; without one the shipped starter for web shops.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from templates_lib.coding.lemmas import LANGUAGES, tokens
from templates_lib.params.file import KeyPath, read_yaml, validated
from templates_lib.params.sections import Section, Shorthand
from templates_lib.problems import InputProblems, Problem, nearest
from templates_lib.workspace import ClientFolders, inside, shown

OWN_FILE = "codes.yml"
STARTER = Path(__file__).parent / "codebooks" / "webshop.yml"
ANY = "any"  # terms that are the same in every language, such as the name of a carrier
TAKEN = ("response_id", "survey", "question", "text", "none", "own_code", "coder", "row")
SHORTEST_STEM = 3


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,39}", value):
        raise ValueError("expected 2 to 40 of a-z, 0-9 and _, beginning with a letter")
    if value in TAKEN:
        raise ValueError("is the name of a column of the coding sheets; choose another")
    return value


def _term(value: str) -> str:
    """One word or a few, a ``*`` at the end of a word for all that begins so."""
    *front, last = value.split(" ")
    if any("*" in word for word in front) or "*" in last[:-1]:
        raise ValueError("expected a * at the end of the term only")
    if not any(tokens(value)) or not tokens(last.rstrip("*")):
        raise ValueError("holds no word")
    if len(tokens(value)) > 1:
        raise ValueError("expected words without a comma, full stop or other mark between them")
    if last.endswith("*") and len(tokens(last)[0][-1]) < SHORTEST_STEM:
        raise ValueError(f"expected {SHORTEST_STEM} letters or more before a *")
    return value


def _language(value: str) -> str:
    if value != ANY and value not in LANGUAGES:
        raise ValueError("is no language code" + nearest(value, [ANY, "fi", "sv", "en"]))
    return value


def _by_language(value: Any) -> Any:
    """One text or a list is the same as its mapping from ``any`` language."""
    return value if isinstance(value, dict) else {ANY: value}


def _lists(value: Any) -> Any:
    value = _by_language(value)
    return {key: [one] if isinstance(one, str) else one for key, one in value.items()}


LanguageCode = Annotated[str, AfterValidator(_language)]
Term = Annotated[str, Field(max_length=60), AfterValidator(_term)]
Terms = Annotated[
    dict[LanguageCode, Annotated[list[Term], Field(max_length=200)]],
    Shorthand(_lists, {"type": "array", "items": {"type": "string"}}),
]
Texts = Annotated[dict[LanguageCode, str], Shorthand(_by_language, {"type": "string"})]


class Code(Section):
    """One code: what it is called, what it means, and the words that tell it."""

    code: Annotated[str, AfterValidator(_name)] = Field(description="Short name, such as price.")
    description: Texts = Field(description="What belongs to it, in one text or by language.")
    examples: list[str] = Field(
        default=[], description="Answers, invented or altered, that have it."
    )
    language: LanguageCode = Field(
        default=ANY, description="The language of terms that are given as a plain list."
    )
    terms: Terms = Field(default={}, description="Words and phrases that tell it, by language.")
    not_terms: Terms = Field(default={}, description="Phrases in which a term does not count.")

    def said(self, language: str) -> str:
        """The description in a language, else in the first that there is."""
        return self.description.get(language) or next(iter(self.description.values()), "")

    def words(self) -> Iterator[tuple[str | None, str, bool]]:
        """Its terms: language (None for any), term, and whether it cancels."""
        for terms, cancels in ((self.terms, False), (self.not_terms, True)):
            for language, each in terms.items():
                own = self.language if language == ANY else language
                for term in each:
                    yield (None if own == ANY else own), term, cancels


class CodeFile(Section):
    """A codebook file."""

    codes: list[Code] = Field(min_length=1, max_length=60, description="The codes, in order.")


@dataclass(frozen=True)
class Codebook:
    """The codes in force, and whether they are the shipped starter."""

    codes: tuple[Code, ...]
    is_starter: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(code.code for code in self.codes)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of its terms."""
        found = {language for code in self.codes for language, _, _ in code.words()}
        return tuple(sorted(language for language in found if language))

    def described(self, language: str) -> dict[str, str]:
        """Each code's description in a language."""
        return {code.code: code.said(language) for code in self.codes}


def open_codebook(folders: ClientFolders) -> Codebook:
    """The client's own codebook if there is one, else the starter.

    Raises
    ------
    InputProblems
        Everything that is wrong with the file, with line and nearest name.
    """
    own = folders.data / OWN_FILE
    if not own.exists():
        return read_codebook(STARTER, is_starter=True)
    if not inside(folders.data, own):
        raise InputProblems([Problem(shown(own), "leads out of the client's folder")])
    return read_codebook(own)


def read_codebook(file: Path, *, is_starter: bool = False) -> Codebook:
    """The codebook of a file, validated.

    Raises
    ------
    InputProblems
    """
    problems: list[Problem] = []
    try:
        data, places = read_yaml(file, problems)
    except InputProblems as error:
        raise InputProblems(_for_a_codebook(each) for each in error.problems) from None
    problems += _repeated(data, places)
    made = validated(CodeFile, data, places, problems)
    return Codebook(tuple(made.codes), is_starter)


def _for_a_codebook(problem: Problem) -> Problem:
    """A parameter file's wording of what is no mapping, in the words of a codebook."""
    if "expected keys such as" not in problem.message:
        return problem
    return Problem(problem.where, "expected `codes:` on the first line and the list of codes below")


def _repeated(data: Mapping[str, Any], places: Mapping[KeyPath, str]) -> Iterator[Problem]:
    """Codes that stand twice, and terms that stand twice in a code."""
    codes = data.get("codes")
    first: dict[str, str] = {}
    for number, code in enumerate(codes if isinstance(codes, list) else []):
        if not isinstance(code, dict):
            continue
        name, at = code.get("code"), places.get(("codes", number, "code"), "")
        if isinstance(name, str) and name in first:
            line = first[name].rpartition(":")[2]
            yield Problem(at, f"code {name!r} stands twice (first on line {line}); keep one")
        elif isinstance(name, str):
            first[name] = at
        terms = code.get("terms")
        for path, each in _term_lists(terms, ("codes", number, "terms")):
            counts = Counter(term.casefold() for term in each if isinstance(term, str))
            for term in (term for term, n in counts.items() if n > 1):
                yield Problem(places[path], f"term {term!r} stands twice in {name}; keep one")


def _term_lists(terms: Any, path: KeyPath) -> Iterator[tuple[KeyPath, list[Any]]]:
    if isinstance(terms, list):
        yield path, terms
    elif isinstance(terms, dict):
        for language, each in terms.items():
            if isinstance(each, list):
                yield (*path, language), each

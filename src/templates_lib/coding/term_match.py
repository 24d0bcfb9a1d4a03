"""Finds the terms of a codebook in the words of an answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from templates_lib.coding.codebook import Codebook
from templates_lib.coding.lemmas import fold, lemma, tokens


@dataclass(frozen=True)
class _Term:
    code: str
    words: tuple[str, ...]
    cancels: bool


class Matcher:
    """Finds the terms of a codebook in the words of a clause."""

    def __init__(self, book: Codebook) -> None:
        self.exact: dict[str | None, set[str]] = defaultdict(set)
        self.stems: dict[str | None, set[str]] = defaultdict(set)
        self.first: dict[tuple[str | None, str], list[_Term]] = defaultdict(list)
        for code in book.codes:
            for language, text, cancels in code.words():
                words = [fold(word) for word in tokens(text)[0]]
                if text.endswith("*"):
                    self.stems[language].add(words[-1])
                    words[-1] += "*"
                self.exact[language].update(word for word in words if not word.endswith("*"))
                term = _Term(code.code, tuple(words), cancels)
                self.first[language, term.words[0]].append(term)
        self._known: dict[tuple[str, str | None, str | None], frozenset[str]] = {}

    def patterns(self, word: str, of: str | None, read_as: str | None) -> frozenset[str]:
        """The term words of a language that a word matches, itself or by its basic form."""
        key = (word, of, read_as)
        if key not in self._known:
            forms = {fold(word), fold(lemma(word, read_as))}
            stems = {form[:k] for form in forms for k in range(1, len(form) + 1)}
            begun = {f"{stem}*" for stem in stems & self.stems[of]}
            self._known[key] = frozenset((forms & self.exact[of]) | begun)
        return self._known[key]

    def found(self, words: Sequence[str], languages: Sequence[str]) -> dict[str, set[int]]:
        """Codes told by a clause, with the places of the words that tell them."""
        hits: list[tuple[_Term, range]] = []
        for of, read_as in [(None, next(iter(languages), None)), *((n, n) for n in languages)]:
            matched = [self.patterns(word, of, read_as) for word in words]
            hits += self._hits(matched, of)
        cancelled: dict[str, set[int]] = defaultdict(set)
        for term, places in hits:
            if term.cancels:
                cancelled[term.code].update(places)
        result: dict[str, set[int]] = defaultdict(set)
        for term, places in hits:
            if not term.cancels and not cancelled[term.code] & set(places):
                result[term.code].update(places)
        return result

    def _hits(self, matched: list[frozenset[str]], of: str | None) -> Iterator[tuple[_Term, range]]:
        for place, patterns in enumerate(matched):
            for pattern in patterns:
                for term in self.first[of, pattern]:
                    rest = matched[place : place + len(term.words)]
                    if len(rest) == len(term.words) and all(
                        word in each for word, each in zip(term.words, rest, strict=True)
                    ):
                        yield term, range(place, place + len(term.words))

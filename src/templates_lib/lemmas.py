"""Words of free text: split, folded, brought to their basic form, and the language guessed.

Finnish by libvoikko where it is installed, all else by simplemma. Its dictionaries take some
hundred megabytes, so that they are loaded only where texts are read.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from templates_lib.sources.masking import MASKS

GUESSED = ("en", "fi", "sv")
_CODES = """ar ast bg ca cs cy da de el en enm eo es et fa fi fr ga gd gl grc gv hbs he hi hu hy id
is it ka la lb lt lv mk ml ms nb nl nn no pl pt ro ru se sk sl sq sv sw tl tr uk"""
LANGUAGES = tuple(_CODES.split())  # of which simplemma has words
SURE = 0.7  # share of words known to a language; French reads as English to 0.3–0.65
POSSIBLE = 0.5
SHORT = 3  # words; what is shorter tells no language
MARKS = re.compile("|".join(re.escape(mark) for _, mark in MASKS))
CLAUSE = re.compile(r"[.,;:!?()\[\]\n\r\t|\"…–—/]+")
WORD = re.compile(r"[^\W_]+")


def tokens(text: str) -> list[list[str]]:
    """The words of each clause, in lower case; masks and marks are left out."""
    plain = unicodedata.normalize("NFKC", MARKS.sub(" . ", text)).casefold()
    clauses = (WORD.findall(clause) for clause in CLAUSE.split(plain))
    return [words for words in clauses if words]


@functools.lru_cache(maxsize=100_000)
def fold(word: str) -> str:
    """A word in lower case and without accents, as people without those keys type it."""
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


@functools.lru_cache(maxsize=200_000)
def lemma(word: str, language: str | None) -> str:
    """The basic form of a word; the word itself where the language or the word is unknown."""
    if language == "fi" and (voikko := _voikko()):
        found = [each.get("BASEFORM") for each in voikko.analyze(word)]
        return min((form.casefold() for form in found if form), default=word)
    if language not in LANGUAGES:
        return word
    from simplemma import lemmatize

    return lemmatize(word, lang=language, low_memory=True).casefold()


@functools.cache
def _voikko():  # noqa: ANN202 (a library that need not be there)
    """The Finnish analyser, if the library and its dictionary are installed."""
    try:
        from libvoikko import Voikko

        return Voikko("fi")
    except Exception:  # without the system's library it fails in several ways
        return None


def lemmatiser() -> str:
    """What brings Finnish words to their basic form here; results differ a little between them."""
    return "libvoikko" if _voikko() else "simplemma"


def spoken(texts: Sequence[str], *, also: Sequence[str] = ()) -> list[tuple[str, ...]]:
    """The languages of each answer to one question, the likeliest first; empty if unknown.

    A language is taken where it knows 70 % of the words, and with it others that know half of
    them. Answers of three words or fewer follow the other answers where they tell nothing, and
    are unknown where most of the longer answers are.

    Parameters
    ----------
    texts : the answers to one question
    also : languages to consider beside English, Finnish and Swedish
    """
    known = tuple(sorted({*GUESSED, *also} & set(LANGUAGES)))
    own = [_guess(text, known) for text in texts]
    counts = [sum(map(len, tokens(text))) for text in texts]
    longer = [guess for guess, n in zip(own, counts, strict=True) if n > SHORT] or own
    usual = Counter(guess[:1] for guess in longer)
    common = min(usual, key=lambda one: (-usual[one], one)) if usual else ()
    return [
        guess if n > SHORT else ((guess or common) if common else ())
        for guess, n in zip(own, counts, strict=True)
    ]


@functools.lru_cache(maxsize=100_000)
def _guess(text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    from simplemma import langdetect

    plain = " ".join(word for clause in tokens(text) for word in clause)
    shares = {
        name: share
        for name, share in langdetect(plain, lang=known, low_memory=True)
        if name in known
    }
    order = sorted(shares, key=lambda name: (-shares[name], name))
    if not order or shares[order[0]] < SURE:
        return ()
    return tuple(name for name in order if shares[name] >= POSSIBLE)

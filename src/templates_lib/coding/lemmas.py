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
LONGEST = 60  # letters; what is longer is no word, and slow to look up
SHORT = 3  # words; what is shorter tells no language
MARKS = re.compile("|".join(re.escape(mark) for mark in ("[name]", *(mark for _, mark in MASKS))))
CLAUSE = re.compile(r"[.,;:!?()\[\]\n\r\t|\"…–—/]+")
WORD = re.compile(r"[^\W_]+")


def tokens(text: str) -> list[list[str]]:
    """The words of each clause, in lower case; masks and marks are left out."""
    plain = unicodedata.normalize("NFKC", MARKS.sub(" . ", text)).casefold()
    clauses = ([w for w in WORD.findall(c) if len(w) <= LONGEST] for c in CLAUSE.split(plain))
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

    The usual language is the commonest of the longer answers. An answer is in it where it knows
    half of the words, in another where that one knows 70 %; with it come others that know half.
    Answers of three words or fewer follow the usual one where they tell nothing, and are unknown
    where that is.

    Parameters
    ----------
    texts : the answers to one question
    also : languages to consider beside English, Finnish and Swedish
    """
    known = tuple(sorted({*GUESSED, *also} & set(LANGUAGES)))
    shares = [_shares(text, known) for text in texts]
    counts = [sum(map(len, tokens(text))) for text in texts]
    likely = [each[0][0] if each and each[0][1] >= POSSIBLE else "" for each in shares]
    longer = [one for one, n in zip(likely, counts, strict=True) if n > SHORT] or likely
    found = Counter(longer)
    usual = min(found, key=lambda one: (-found[one], not one, one), default="")
    return [_languages(each, n, usual) for each, n in zip(shares, counts, strict=True)]


def _languages(shares: list[tuple[str, float]], words: int, usual: str) -> tuple[str, ...]:
    """The languages of one answer by the share of its words that each knows."""
    is_short = words <= SHORT
    if not usual and is_short:
        return ()
    possible = [name for name, share in shares if share >= POSSIBLE]
    if possible and (shares[0][1] >= SURE or usual in possible):
        return tuple(possible)
    return (usual,) if is_short else ()


@functools.lru_cache(maxsize=100_000)
def _shares(text: str, known: tuple[str, ...]) -> list[tuple[str, float]]:
    """The share of the words that each language knows, the largest first."""
    from simplemma import langdetect

    plain = " ".join(word for clause in tokens(text) for word in clause)
    found = langdetect(plain, lang=known, low_memory=True)
    return sorted((pair for pair in found if pair[0] in known), key=lambda p: (-p[1], p[0]))

"""Open answers by what they are about: coded by the terms of a codebook, counted, extended.

An answer is a row of ``response_id``, ``question`` and ``text`` (with ``survey`` where several
are read together); interviews are coded the same way under these names. Texts never leave these
functions but by ``quotes``.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import yaml

from templates_lib.coding.codebook import ANY, Codebook
from templates_lib.coding.lemmas import fold, lemma, spoken, tokens
from templates_lib.coding.term_match import Matcher
from templates_lib.privacy import hide_small
from templates_lib.stats.intervals import wilson

KEY = ("survey", "response_id", "question")
# Surveys whose open answers are names that come to mind, or words on what we wrote: no themes.
WITHOUT_THEMES = ("awareness", "profile")
COMMON_WORDS = Path(__file__).parent / "codebooks" / "common_words.yml"
SHORTEST, SHORTEST_UNKNOWN = 3, 5  # letters of a word that is suggested
EXAMPLES = 2


def key_of(frame: pd.DataFrame) -> list[str]:
    """The columns that name an answer: ``response_id``, ``question``, and ``survey`` if there."""
    return [name for name in KEY if name in frame.columns]


def open_answers(responses: pd.DataFrame) -> pd.DataFrame:
    """The open answers with a text: of canonical ``responses``, or of any such rows.

    Returns
    -------
    Columns as given; rows in the order of their key, blank texts left out, texts of one answer
    to one question in several rows joined by a line break.
    """
    rows = responses
    if "kind" in rows.columns:
        rows = rows[rows["kind"] == "open"]
    rows = rows[rows["text"].fillna("").astype(str).str.strip() != ""]
    keys = key_of(rows)
    joined = rows.groupby(keys, sort=False)["text"].transform("\n".join)
    rows = rows.assign(text=joined).drop_duplicates(keys)
    return rows.sort_values(keys, kind="stable").reset_index(drop=True)


def languages(answers: pd.DataFrame, book: Codebook) -> pd.Series:
    """The likeliest language of each open answer, ``unknown`` where none is; by row of answers."""
    return pd.Series([s[0] if s else "unknown" for s in _spoken(answers, book)], answers.index,
                     dtype="object")  # fmt: skip


def _spoken(answers: pd.DataFrame, book: Codebook) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()] * len(answers)
    by = [name for name in key_of(answers) if name != "response_id"]
    groups = answers.groupby(by, sort=False).indices.values() if by else [range(len(answers))]
    for places in groups:
        texts = [str(answers["text"].iloc[place]) for place in places]
        for place, each in zip(places, spoken(texts, also=book.languages), strict=True):
            found[place] = each
    return found


def coded(answers: pd.DataFrame, book: Codebook) -> pd.DataFrame:
    """The codes of each open answer, by the terms of the codebook; several an answer.

    An answer without a match has no row; ``counted`` tells how many. In an answer of an unknown
    language only terms of ``any`` language count, on the words as written. Negations are read
    only as far as the book's ``not_terms`` say.

    Returns
    -------
    One row an answer and code: (survey,) response_id, question, code, how = ``terms``.
    """
    rows = open_answers(answers)
    matcher = Matcher(book)
    order = {name: number for number, name in enumerate(book.names)}
    codes = []
    for text, spoken_in in zip(rows["text"], _spoken(rows, book), strict=True):
        found = {c for words in tokens(text) for c in matcher.found(words, spoken_in)}
        codes.append(sorted(found, key=order.__getitem__))
    keys = key_of(rows)
    made = rows[keys].assign(code=pd.Series(codes, rows.index, dtype="object")).explode("code")
    return made.dropna(subset="code").assign(how="terms").reset_index(drop=True)


def counted(answers: pd.DataFrame, codes: pd.DataFrame, book: Codebook) -> pd.DataFrame:
    """How much of the answers is coded; the denominator is ``texts``.

    Returns
    -------
    One row a question: (survey,) question, texts (answers with a text), coded, not_coded, share
    (coded / texts), low, high (Wilson), language_unknown (texts in none of the languages).
    """
    rows = open_answers(answers)
    keys = key_of(rows)
    by = [name for name in keys if name != "response_id"]
    has_code = pd.MultiIndex.from_frame(rows[keys]).isin(pd.MultiIndex.from_frame(codes[keys]))
    marked = rows.assign(has_code=has_code, unknown=languages(rows, book) == "unknown")
    table = marked.groupby(by, sort=True).agg(
        texts=("text", "size"), coded=("has_code", "sum"), language_unknown=("unknown", "sum")
    )
    table = table.reset_index()
    table["not_coded"] = table["texts"] - table["coded"]
    table["share"] = table["coded"] / table["texts"]
    table["low"], table["high"] = wilson(table["coded"], table["texts"])
    columns = ["texts", "coded", "not_coded", "share", "low", "high", "language_unknown"]
    return table[[*by, *columns]]


def mentions(codes: pd.DataFrame, answers: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """How many mention each code; the denominator is ``n``, all answers with a text.

    Shares of a question add up to more than 1 where answers have several codes. Mentions under
    ``min_cell`` are hidden, with others that would give them away.

    Returns
    -------
    One row a question and code: (survey,) question, code, mentions, n, share (mentions / n),
    low, high (Wilson); the most mentioned first.
    """
    rows = open_answers(answers)
    keys = key_of(rows)
    by = [name for name in keys if name != "response_id"]
    n = rows.groupby(by).size().rename("n").reset_index()
    ours = codes.merge(rows[keys], on=keys).drop_duplicates([*keys, "code"])
    table = ours.groupby([*by, "code"]).size().rename("mentions").reset_index().merge(n, on=by)
    table["share"] = table["mentions"] / table["n"]
    table["low"], table["high"] = wilson(table["mentions"], table["n"])
    table = table.sort_values(
        [*by, "mentions", "code"], ascending=[*(True for _ in by), False, True]
    )
    table = table[[*by, "code", "mentions", "n", "share", "low", "high"]].reset_index(drop=True)
    return hide_small(
        table, count="mentions", values=("share", "low", "high"), by=by, min_cell=min_cell
    )


def merge(by_terms: pd.DataFrame, by_people: pd.DataFrame) -> pd.DataFrame:
    """The codes in force: what people coded takes precedence over the terms.

    Of an answer and code that people have marked, 1 or 0, most of them decide; where they are
    evenly divided, the terms do. An answer with no code by people (``none``) has none.

    Parameters
    ----------
    by_terms : of ``coded``
    by_people : of ``coding_sheets.read_sheets``: one row an answer, coder and code, value 0 or 1

    Returns
    -------
    Columns of ``by_terms``; how is ``person`` where a person looked at the answer and code.
    """
    keys = [*key_of(by_terms), "code"]
    if by_people.empty:
        return by_terms
    votes = by_people.groupby([name for name in keys if name in by_people])["value"].mean()
    votes = votes.rename("vote").reset_index()
    on = [name for name in keys if name in votes]
    both = by_terms.assign(is_term=True).merge(votes, on=on, how="outer")
    is_term = both["is_term"].eq(True)
    person = both["vote"].notna()
    kept = both["vote"].gt(0.5) | (both["vote"].eq(0.5) & is_term) | (~person & is_term)
    both = both.assign(how=both["how"].mask(person, "person"))[kept]
    return both[[*keys, "how"]].sort_values(keys, kind="stable").reset_index(drop=True)


@functools.cache
def _common_words() -> dict[str, frozenset[str]]:
    given = yaml.safe_load(COMMON_WORDS.read_text(encoding="utf-8"))
    return {name: frozenset(fold(word) for word in text.split()) for name, text in given.items()}


def suggestions(
    answers: pd.DataFrame, book: Codebook, *, min_cell: int, most: int = 60
) -> pd.DataFrame:
    """Frequent basic forms and pairs of words that no term covers yet, for a person to place.

    Words of fewer than ``min_cell`` answers are left out, so that none tells who wrote it.

    Returns
    -------
    One row a term: term, words (1 or 2), language, mentions (answers that have it), not_coded
    (of them, those without any code), share (mentions / all answers with a text), examples (up to
    two response_ids); those that most answers without a code have come first.
    """
    rows = open_answers(answers)
    matcher = Matcher(book)
    seen: dict[tuple[str, str, int], list[tuple[int, bool]]] = defaultdict(list)
    for place, spoken_in in enumerate(_spoken(rows, book)):
        clauses = tokens(rows["text"].iloc[place])
        covered = [matcher.found(words, spoken_in) for words in clauses]
        is_coded = any(covered)
        language = spoken_in[0] if spoken_in else "unknown"
        terms = {
            term
            for words, codes in zip(clauses, covered, strict=True)
            for term in _new_terms(words, set().union(*codes.values()), language)
        }
        for term, length in terms:
            seen[term, language, length].append((place, is_coded))
    table = []
    for (term, language, length), places in seen.items():
        if len(places) >= min_cell:
            ids = sorted(rows["response_id"].iloc[place] for place, _ in places)[:EXAMPLES]
            uncoded = sum(not is_coded for _, is_coded in places)
            share = len(places) / len(rows)
            table.append((term, length, language, len(places), uncoded, share, " ".join(ids)))
    columns = ["term", "words", "language", "mentions", "not_coded", "share", "examples"]
    made = pd.DataFrame(table, columns=columns).sort_values(
        ["not_coded", "mentions", "words", "term"], ascending=[False, False, False, True]
    )
    return made.head(most).reset_index(drop=True)


def _new_terms(words: Sequence[str], covered: set[int], language: str) -> Iterator[tuple[str, int]]:
    """Basic forms that no term covers and that mean something, and neighbours of them."""
    least = SHORTEST if language != "unknown" else SHORTEST_UNKNOWN
    common = _common_words().get(language, frozenset()) | _common_words()[ANY]
    before = ""
    for place, word in enumerate(words):
        basic = lemma(word, language)
        is_new = place not in covered and len(word) >= least and not word.isdigit()
        is_new &= fold(word) not in common and fold(basic) not in common
        if is_new:
            yield basic, 1
            if before:
                yield f"{before} {word}", 2
        before = word if is_new else ""

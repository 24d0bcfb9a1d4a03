"""The open profile: a page in the customer's own terms of what is known and assumed of them, how
each thing was reached, what to correct and how to object. Everything is escaped; nothing that the
law protects stands on it, whatever ground is declared, and nothing of what they are worth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from html import escape
from typing import Any, NamedTuple

import ibis.expr.types as ir
import pandas as pd

from templates_lib.icp.attribute_lift import NO_ANSWERS
from templates_lib.icp.dimensions import COMPANY
from templates_lib.icp.dimensions import FIRST_ORDER as OF_ORDER
from templates_lib.icp.profile_attributes import NO, YES
from templates_lib.icp.wording import name_of
from templates_lib.interviews.call_plan import holds
from templates_lib.language import first_upper, speaking, tr
from templates_lib.params.params import Params
from templates_lib.profiles import page_words
from templates_lib.profiles.cards import segment_options
from templates_lib.profiles.corrections import CORRECTED
from templates_lib.profiles.page_words import PAGE
from templates_lib.sensitive import Guard, guard
from templates_lib.words import Words

CONSENT = "profile"
NEVER = ("first_order_value",)  # a judgement
SAYS = ["profile", "dimension", "attribute", "value"]
ASSUMPTIONS = ["customer_id", "dimension", "attribute", "value", "source"]
MOST = {"motives": 2, "pains": 1, "habits": 1, "first_purchase": 1}
MAJORITY = 0.5  # what fewer do is no description of them
STYLE = (
    "body{font:17px/1.55 system-ui,sans-serif;max-width:40em;margin:2em auto;padding:0 1em;"
    "color:#1a1a1a}h1{font-size:1.5em}h2{font-size:1.15em;margin-top:1.8em}"
    "li{margin:.5em 0}small{color:#555;display:block}"
)


class Asked(NamedTuple):
    """A question as customers saw it: its text, and by option the text to tick where each has one
    of its own."""

    text: str | None
    options: Mapping[str, str]


class About(NamedTuple):
    """What all pages share: the shop, whom to turn to, the questions, what is protected."""

    shop: str
    contact: str
    notice: str | None
    in_finland: bool
    as_of: date
    asked: Mapping[str, Asked]
    guard: Guard
    words: Words
    own: frozenset[str]


class Person(NamedTuple):
    """One customer: name (None where it is not known), profile, probability, what the profile
    rests on (``basis`` of ``profiles.assigned``), and ``known``: attribute, value, source."""

    name: str | None
    profile: str
    probability: float
    basis: str
    known: pd.DataFrame


def about(params: Params) -> About:
    """What all pages of a client share, from the parameter file."""
    asked: dict[str, Asked] = {}
    for survey in params.sources.responses:
        for name, question in (survey.choices | survey.open).items():
            asked[name] = Asked(question.column, dict(getattr(question, "columns", {})))
    client, customers = params.client, params.sources.customers
    return About(
        client.name, params.profiles.contact or "", params.profiles.privacy_notice,
        client.country == "FI", params.as_of, asked,
        guard(params.sources, params.profiles.legal_ground),
        Words(client.language, client.currency),
        frozenset(customers.attributes if customers else ()),
    )  # fmt: skip


def may_see(have: Mapping[str, ir.Table]) -> ir.Table | None:
    """The customers (customer_id) who agreed to see their profile and be asked about it: with the
    consent ``profile``, not opted out, no closed account; None where nobody has agreed."""
    if "customers" not in have:
        return None
    people = have["customers"]
    stayed = people.opted_out_at.isnull() & people.closed_at.isnull()
    agreed = people.filter(holds(people, CONSENT) & stayed).select("customer_id")
    return agreed if agreed.count().execute() else None


def assumptions(attributes: pd.DataFrame, people: pd.DataFrame, guarded: Guard) -> pd.DataFrame:
    """What is known of those who may see it, without what is protected: ``ASSUMPTIONS``.

    Parameters
    ----------
    attributes : unit_id, dimension, attribute, value, source (of ``corrections.apply``)
    people : customer_id, unit_id of those who agreed
    """
    rows = attributes[~attributes["attribute"].isin(NEVER)]
    rows = rows[~rows["value"].isin([*NO_ANSWERS, NO]) | rows["attribute"].isin(OF_ORDER)]
    rows = rows[~rows["value"].isin(NO_ANSWERS)]
    pairs = rows[["attribute", "value"]].drop_duplicates()
    bad = [_is_protected(a, v, guarded) for a, v in pairs.itertuples(index=False, name=None)]
    rows = rows.merge(pairs[~pd.Series(bad, pairs.index, dtype=bool)], on=["attribute", "value"])
    return people.merge(rows, on="unit_id")[ASSUMPTIONS]


def says(
    lifts: Mapping[str, pd.DataFrame], options: pd.DataFrame | None, guarded: Guard
) -> pd.DataFrame:
    """What is told of a profile to a customer: up to two motives, and what else sets it apart and
    is so of most in it, one of each kind (columns of ``SAYS``). Nothing protected, and nothing of
    who they are.

    Parameters
    ----------
    lifts : of ``cards.lifts``
    options : ``icp__segment_options``, or None: of segments the answers that make them are told
    """
    rows = []
    for name, table in lifts.items():
        apart = table[table["is_different"] & (table["lift"] > 1)]
        apart = apart[~apart["attribute"].isin(NEVER) & ~apart["value"].isin(NO_ANSWERS)]
        apart = apart.sort_values(["gap_share", "attribute"], ascending=[False, True])
        has_words = ~apart["attribute"].isin(OF_ORDER) | apart["attribute"].isin(_THEIRS)
        apart = apart[has_words]
        apart = apart[apart["share_target"] > MAJORITY]
        making = segment_options(name, options)
        for dimension, most in MOST.items():
            own = apart[apart["dimension"] == dimension][["attribute", "value"]]
            if dimension == "motives" and len(making):
                own = making.rename(columns={"question": "attribute", "option": "value"})
            own = own.assign(question=own["attribute"].str.split(": ").str[0])
            own = own.drop_duplicates("question").head(most)
            rows += [[name, dimension, r.attribute, r.value] for r in own.itertuples()
                     if not _is_protected(r.attribute, r.value, guarded)]  # fmt: skip
    return pd.DataFrame(rows, columns=SAYS)


_THEIRS = tuple(page_words.THEIR_FIRST_ORDER)


def _is_protected(attribute: str, value: str, guarded: Guard) -> bool:
    question, _, option = attribute.partition(": ")
    return guarded.protected(question, option, value) is not None


def described(own: pd.DataFrame, shared: About) -> list[str]:
    """The sentences of a profile, as a customer reads them.

    Parameters
    ----------
    own : rows of ``says`` of one profile
    """
    allowed = [
        row for row in own.itertuples() if not _is_protected(row.attribute, row.value, shared.guard)
    ]
    with speaking(shared.words.language):
        return [
            tr(page_words.THEIR_FIRST_ORDER[row.attribute], answer=row.value)
            if row.attribute in _THEIRS
            else _answer(row.attribute, row.value, shared, "their_")
            for row in allowed
        ]


def _answer(attribute: str, value: str, shared: About, whose: str) -> str:
    """An answer as a sentence, under the question's own words where they are known."""
    question, _, option = attribute.partition(": ")
    asked = shared.asked.get(question, Asked(None, {}))
    said = option if value == YES and option else value
    if asked.text:
        return tr(PAGE[f"{whose}answer"], question=asked.text, answer=said)
    return tr(PAGE[f"{whose}tick"], answer=asked.options.get(said, said))


def page(person: Person, sentences: Sequence[str], shared: About) -> bytes:
    """The page of one customer, a file of its own: no script, nothing loaded.

    Parameters
    ----------
    sentences : of ``described``, for the person's profile
    """
    with speaking(shared.words.language):
        title, parts = tr(PAGE["title"], shop=shared.shop), _parts(person, sentences, shared)
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
    )
    opening = f'<!doctype html><html lang="{shared.words.language}"><head>{head}</head>'
    return f"{opening}<body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>\n".encode()


def _parts(person: Person, sentences: Sequence[str], shared: About) -> list[str]:
    """The page under its title, in the language that is spoken."""
    name, day = person.name, shared.words.day(shared.as_of)
    parts = [
        _p(tr(PAGE["hello"], name=name) if name else tr(PAGE["hello_nobody"])),
        _p(tr(PAGE["opening"], shop=shared.shop, day=day)),
    ]
    number = iter(range(1, 1000))
    if sentences:
        share = shared.words.number(100 * min(person.probability, 0.99))
        basis = {"answered": "answered", "first_day": "first_day", "rule": "rule"}.get(
            person.basis, "corrected_profile")  # fmt: skip
        parts += [
            _h(tr(PAGE["assumed"])),
            _p(tr(PAGE["assumed_intro"])),
            _list([(s, "") for s in sentences], number),
            _p(tr(PAGE[basis], share=share)),
        ]
    for title, rows in _known(person.known, shared):
        listed = _list(rows, number) if rows else _p(tr(PAGE["nothing"]))
        parts += [_h(tr(PAGE[title])), listed]
    if not shared.guard.grounds:
        parts += [_h(tr(PAGE["not_used"])), _p(tr(PAGE["not_used_text"]))]
    parts += [_h(tr(PAGE["correct"])), _p(tr(PAGE["correct_text"])), _h(tr(PAGE["rights"]))]
    rights = [
        "see",
        "mend",
        "object",
        "withdraw",
        "complain_fi" if shared.in_finland else "complain",
    ]
    parts.append(f"<ul>{''.join(f'<li>{escape(tr(PAGE[one]))}</li>' for one in rights)}</ul>")
    parts.append(_p(tr(PAGE["contact"], contact=shared.contact)))
    if shared.notice:
        parts.append(_p(tr(PAGE["notice"], notice=shared.notice)))
    return parts


def _known(known: pd.DataFrame, shared: About) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """What was told, what the first order shows, what stands in the customer's details: each a
    title and its sentences with their source."""
    rows: dict[str, list[tuple[str, str]]] = {"told": [], "orders": [], "file": []}
    for row in known.itertuples():
        if row.attribute in NEVER or _is_protected(row.attribute, row.value, shared.guard):
            continue
        place, sentence = _sentence(row, shared)
        if sentence:
            by = {"told": "by_survey", "orders": "by_order", "file": "by_file"}[place]
            by = "by_you" if row.source == CORRECTED else by
            rows[place].append((sentence, tr(PAGE[by])))
    yield from ((title, own) for title, own in rows.items() if own or title != "file")


def _sentence(row: Any, shared: About) -> tuple[str, str]:
    attribute, value = row.attribute, row.value
    if attribute in OF_ORDER:
        by_value = page_words.FIRST_ORDER_BY_VALUE.get(attribute)
        about_order = by_value.get(value) if by_value else page_words.FIRST_ORDER.get(attribute)
        return "orders", tr(about_order, answer=value) if about_order else ""
    if attribute in shared.own or attribute in (*COMPANY, "role"):
        return "file", f"{_called(attribute)}: {value}."
    return "told", _answer(attribute, value, shared, "")


def _called(attribute: str) -> str:
    own = page_words.COMPANY.get(attribute)
    return tr(own) if own else first_upper(name_of(attribute))


def _h(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def _p(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _list(rows: Sequence[tuple[str, str]], number: Iterator[int]) -> str:
    """Sentences numbered through the whole page."""
    items = []
    for sentence, source in rows:
        small = f"<small>{escape(source)}</small>" if source else ""
        items.append(f'<li value="{next(number)}">{escape(sentence)}{small}</li>')
    return f"<ol>{''.join(items)}</ol>"

"""The letter that asks a merchant for what is missing: where each export is, what it makes
possible, and how to send it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from templates_lib.language import speaking, tr
from templates_lib.new_client.draft import printable
from templates_lib.new_client.letter_words import SENT, WORDS, Language
from templates_lib.sources.formats import presets


@dataclass(frozen=True)
class Have:
    """What a client has sent so far.

    Attributes
    ----------
    files : by table, the names of its files
    formats : by table, its known format
    unlinked : surveys whose answers name neither an order nor a person
    without_days : files of costs that hold no days
    """

    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    formats: Mapping[str, str] = field(default_factory=dict)
    unlinked: Sequence[str] = ()
    without_days: Sequence[str] = ()
    has_cost: bool = False
    is_b2b: bool = False
    has_control: bool = False
    min_cell: int = 5

    @property
    def platform(self) -> str:
        """The shop's platform, as its formats begin: ``shopify``."""
        known = [self.formats[t] for t in ("orders", "products", "customers") if t in self.formats]
        return known[0].partition("_")[0] if known else ""


@dataclass(frozen=True)
class Wish:
    """One thing that the letter asks for."""

    what: str
    where: str
    gives: str


def letter(have: Have, language: Language) -> str:
    """The letter as Markdown, about one page."""
    with speaking(language):
        words = {name: tr(text) for name, text in WORDS.items()}
        sent = {table: tr(text) for table, text in SENT.items()}
    wishes = list(_wishes(have, words, language))
    parts = [f"# {words['title']}", words["greeting"]]
    if have.files:
        parts += [words["opening_some"], "\n".join(_received(have, sent))]
    else:
        parts.append(words["opening_none"])
    parts.append(words["asking"] if wishes else words["nothing"])
    numbered = enumerate(wishes, start=1)
    parts += [
        f"{n}. **{wish.what}**  \n   {words['where']}: {wish.where}.  \n"
        f"   {words['gives']}: {wish.gives}."
        for n, wish in numbered
    ]
    safe = words["privacy"].format(min_cell=have.min_cell)
    parts += [f"**{words['safe_title']}.** {words['safe']}",
              f"**{words['privacy_title']}.** {safe}", words["closing"],
              f"{words['regards']}  \n{words['signature']}"]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _received(have: Have, sent: Mapping[str, str]) -> Iterator[str]:
    for table, files in have.files.items():
        if table in sent:
            names = ", ".join(_file(name) for name in files[:4]) + (" …" if len(files) > 4 else "")
            yield f"- {sent[table]} ({names})"


def _file(name: str) -> str:
    """A file's name in Markdown: nothing in it marks anything."""
    plain = printable(PurePosixPath(name).name)
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|$&" else c for c in plain)


def _wishes(have: Have, words: Mapping[str, str], language: Language) -> Iterator[Wish]:
    def menu(table: str) -> str:
        return _menu(table, have, language) or words["generic_where"]

    def wish(name: str, where: str = "", **values: str) -> Wish:
        place = where or words.get(f"{name}_where") or menu(name)
        return Wish(words[name].format(**values), place, words[f"{name}_gives"])

    if "orders" not in have.files:
        yield wish("orders")
    if "products" not in have.files and not have.has_cost:
        yield wish("products")
    elif not have.has_cost:
        yield wish("cost")
    if not have.has_control:
        screen = words.get(f"control_{have.platform}", words["control_where"])
        yield wish("control", screen)
    if "responses" not in have.files:
        yield wish("responses")
    for name in have.unlinked:
        yield wish("linked", file=_file(name))
    if "spend" not in have.files:
        yield wish("spend")
    for name in have.without_days:
        yield Wish(words["days"].format(file=_file(name)), menu("spend"), words["spend_gives"])
    if "events" not in have.files:
        yield wish("events")
    if have.is_b2b:
        for name in ("companies", "interviews"):
            if name not in have.files:
                yield wish(name)


def _menu(table: str, have: Have, language: Language) -> str:
    """Where the export of a table is: in the tool that is in use, else in the usual ones; empty
    where none is known."""
    of_table = {name: preset for name, preset in presets().items() if preset.source == table}
    used = [name for name in of_table if name == have.formats.get(table)]
    own = [name for name in of_table if have.platform and name.startswith(have.platform)]
    usual = [name for name in USUAL.get(table, ()) if name in of_table]
    shown = used or own or ([] if have.platform and table in SHOP else usual)
    return "; ".join(
        f"{_tool(of_table[name].title)}: {of_table[name].menu[language]}" for name in shown[:3]
    )


def _tool(title: str) -> str:
    """The tool's name without what the export is about, which the letter says itself."""
    return re.sub(r"(,| [a-z]).*$", "", title)


SHOP = ("orders", "products", "customers")
USUAL = {
    "orders": ("shopify", "woocommerce_advanced_export"),
    "products": ("shopify_products",),
    "responses": ("typeform", "google_forms"),
    "spend": ("google_ads", "meta_ads"),
    "events": ("ga4_bigquery",),
}

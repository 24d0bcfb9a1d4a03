"""Messages, their catalogues and translations, and Finnish as the reader gets it.

How Finnish writes numbers, dates and ranges is quoted from Kielitoimiston ohjepankki
(kielitoimistonohjepankki.fi) of the Institute for the Languages of Finland.
"""

from __future__ import annotations

import ast
import json
import string
from collections.abc import Iterator
from datetime import date

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from templates_lib import language, messages
from templates_lib.labels import LABELS, label
from templates_lib.language import tr, trn
from templates_lib.words import Words
from templates_lib.workspace import repository

# The topics whose messages are all translated; in the end it is every topic of messages.found().
COMPLETE = {
    "accounts",
    "cohorts",
    "common",
    "customer_value",
    "data_health",
    "definitions",
    "figures",
    "icp",
    "interviews",
    "journey",
    "lost_customers",
    "marketing",
    "new_client",
    "nps_drivers",
    "profiles",
    "projection",
    "purchase_survey",
    "repeat_purchase",
    "report",
    "service",
    "summary",
}
FI = Words("fi", "EUR")
NBSP = "\u00a0"


def stored(topic: str) -> list[Message]:
    with messages.catalogue(topic, "fi").open("rb") as content:
        return [message for message in read_po(content, locale="fi") if message.id]


@pytest.fixture(scope="module")
def found() -> dict[str, dict[tuple[str, ...], list[str]]]:
    return messages.found()


@pytest.fixture(scope="module")
def every() -> list[Message]:
    folder = messages.catalogue("common", "fi").parent
    return [message for file in sorted(folder.glob("*.po")) for message in stored(file.stem)]


@pytest.mark.parametrize("topic", sorted(COMPLETE))
def test_every_message_of_a_complete_topic_is_translated_and_none_is_stale(topic, found):
    own = stored(topic)
    done = {language.forms(m.id) for m in own if all(language.forms(m.string))}
    assert [message for message in found[topic] if message not in done] == [], "make messages"
    assert {language.forms(m.id) for m in own} == set(found[topic]), "make messages"


def test_no_translation_is_a_guess(every):
    assert [m.id for m in every if m.fuzzy] == []


def test_a_translation_has_the_named_places_of_its_message(every):
    wrong = []
    for message in every:
        sources, translated = language.forms(message.id), language.forms(message.string)
        if all(translated):
            pairs = zip(sources, translated, strict=True)
            wrong += [t for s, t in pairs if not places(s) <= places(t) <= places(*sources)]
    assert wrong == []


def places(*texts: str) -> set[str]:
    """The named places; a brace that is left open is an error here."""
    return {
        name for text in texts for _, name, _, _ in string.Formatter().parse(text)
        if name is not None
    }  # fmt: skip


def test_the_catalogues_do_not_depend_on_day_or_folder():
    written = messages.texts("fi")
    assert written == messages.texts("fi")
    assert not [t for t in written.values() if str(repository()) in t or "Date" in t]


def sources() -> Iterator[tuple[str, str]]:
    for file in sorted((repository() / "src" / "templates_lib").rglob("*.py")):
        yield file.name, file.read_text(encoding="utf-8")
    for file in sorted((repository() / "notebooks").glob("*.ipynb")):
        for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                yield cell["id"], "".join(cell["source"])


def test_a_message_is_one_literal():
    """What is put together where it is looked up is never found: f-string, a + b, a if b else c."""
    for place, source in sources():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and messages.called(node) in messages.KEYWORDS:
                both = messages.called(node) in ("trn", "NN_")
                for text in node.args[: 2 if both else 1]:
                    made = isinstance(text, ast.JoinedStr | ast.IfExp | ast.BinOp)
                    assert not made, f"{place}: {ast.unparse(node)[:90]}"


def test_what_the_extraction_sees():
    source = """
def said(n):
    title = f"{tr('Inside, {n}', n=n)}: {tr(TEXTS['no message'])}"
    words = NN_("{n} row", "{n} rows")
    return language.tr("Of {n} "
                       "customers", n=n) + trn("one", "many", n, n=n) + N_("Marked")
"""
    assert list(messages.of_code(source)) == [
        ("Inside, {n}",), ("{n} row", "{n} rows"), ("Of {n} customers",), ("one", "many"),
        ("Marked",),
    ]  # fmt: skip


def test_a_message_in_the_reader_s_language():
    assert tr("Overdue") == "Overdue"
    assert tr("A message of an own notebook, {n}", n=3) == "A message of an own notebook, 3"
    language.use("fi")
    assert tr("Overdue") == "Myöhässä"
    assert label("overdue") == "myöhässä"
    assert label("Kahvi & tee") == "Kahvi & tee", "the client's own word"
    assert tr("A message of an own notebook, {n}", n=3) == "A message of an own notebook, 3"
    assert trn("{n} row", "{n} rows", 1, n=1) == "1 rivi"
    assert trn("{n} row", "{n} rows", 1204, n=FI.number(1204)) == f"1{NBSP}204 riviä"
    said = tr(
        "Of 100 customers with two or more purchases, {shares} are overdue",
        shares=FI.of_100(0.19, 0.17, 0.21),
    )
    assert said == (
        "Sadasta vähintään kahdesti ostaneesta 19 (hyvin todennäköisesti 17–21) on myöhässä"
    )


def test_markdown_is_translated_paragraph_by_paragraph():
    text = "## Who is overdue\n\nA paragraph of an own notebook.\n \n## On average\n"
    assert language.markdown(text) == text
    language.use("fi")
    assert language.markdown(text) == (
        "## Ketkä ovat myöhässä\n\nA paragraph of an own notebook.\n \n## On average\n"
    )


def test_every_label_has_its_own_finnish():
    language.use("fi")
    same = {code for code, text in LABELS.items() if label(code) == text}
    assert same == set()


def test_finnish_numbers_dates_and_ranges():
    assert FI.money(1234.5, 2) == f"1{NBSP}234,50{NBSP}€"  # "1 234,50 €"
    assert FI.day(date(2026, 11, 3)) == "3.11.2026"
    assert FI.share(0.12) == f"12{NBSP}%"  # "12 %"
    assert FI.span(10, 14) == "10–14"
    assert FI.span(-3, 5) == "−3…5"  # an en dash beside a minus sign cannot be read
    assert FI.money_span(39, 44) == f"39–44{NBSP}€"
    assert FI.listed(["a", "b", "c"]) == "a, b ja c"
    assert FI.month("2026-10") == "10/2026"
    assert [FI.cell(value, "flag") for value in (True, False, None)] == ["kyllä", "ei", "–"]


@pytest.mark.parametrize(
    ("name", "english", "finnish"),
    [
        ("2026-10", "2026-10", "10/2026"),
        ("2026-W45", "2026-W45", "viikko 45/2026"),
        ("2026-Q4", "2026-Q4", "Q4/2026"),
        ("2025-07–2025-12", "2025-07–2025-12", "7/2025–12/2025"),
        ("spring 2026", "spring 2026", "spring 2026"),
    ],
)
def test_a_period_of_a_table(name, english, finnish):
    assert Words("en", "EUR").period(name) == english
    assert FI.cell(name, "period") == finnish

"""Blind double coding: a workbook of open answers for each of two coders (``make coding``).

The answers are drawn by the hash of their id under a fixed seed, so that the draw does not depend
on the order of rows, and a later draw takes the same share of what is new.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd
import xlsxwriter
from xlsxwriter.workbook import Workbook

from templates_lib.coding.agreement import agreement
from templates_lib.coding.codebook import OWN_FILE, Codebook, open_codebook
from templates_lib.coding.coding import coded, counted, open_answers
from templates_lib.coding.lemmas import lemmatiser
from templates_lib.coding.marks import (
    ABOUT,
    BOOK,
    CODING,
    DRAWN,
    ID,
    NONE,
    OWN,
    Sheet,
    coding_folder,
    open_sheets,
    own_codes,
    read_sheets,
    text_digest,
)
from templates_lib.params.file import load_params
from templates_lib.problems import InputProblems, Problem
from templates_lib.sources.engine import has_table
from templates_lib.staging.staging import open_staged, stage
from templates_lib.worksheets import FORMULA
from templates_lib.workspace import ClientFolders, digest, shown

CODERS = ("A", "B")
SIZE = 120  # METHODS ask for 100 coded by both; some are left blank
SEED = "coding-1"
LONGEST = 32_000  # characters that a cell can hold, and some
HOW = {
    "en": (
        "Read each answer by itself and put 1 under every code that it mentions.",
        "If none of the codes fits, put 1 under none, or write your own word under own_code.",
        "A row with nothing in it is not coded. Do not ask the other coder; do not sort or delete.",
    ),
    "fi": (
        "Lue vastaukset yksitellen ja merkitse 1 jokaiseen koodiin, jonka vastaus mainitsee.",
        "Jos mikään ei sovi, merkitse 1 kohtaan none tai kirjoita oma sana kohtaan own_code.",
        "Tyhjä rivi on koodaamatta. Älä kysy toiselta koodaajalta; älä järjestä tai poista rivejä.",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Written:
    """What became of one workbook: written, or kept because somebody has filled it."""

    file: Path
    answers: int
    is_new: bool


def write_sheets(
    answers: pd.DataFrame, book: Codebook, folders: ClientFolders, *, language: str = "en"
) -> list[Written]:
    """Writes two workbooks a survey and question; what has a mark in it is never touched.

    Answers that came since are drawn into further workbooks (``_2``), in the share of the first.

    Parameters
    ----------
    answers : open answers: survey, response_id, question, text; masked already

    Raises
    ------
    InputProblems
        For files in the folder that are no coding sheets.
    """
    folder = coding_folder(folders)
    there = open_sheets(folders) if folder.is_dir() else []
    folder.mkdir(parents=True, exist_ok=True)
    outcome = []
    rows = open_answers(answers)
    for (survey, question), part in rows.groupby(["survey", "question"], sort=True):
        about = {"survey": str(survey), "question": str(question)}
        ours = [s for s in there if about.items() <= s.about.items()]
        texts = {str(k): _clean(str(v)) for k, v in zip(part[ID], part["text"], strict=True)}
        outcome += _question(texts, about, ours, book, folder, language)
    return outcome


def _question(
    texts: Mapping[str, str], about: Mapping[str, str], there: list[Sheet], book: Codebook,
    folder: Path, language: str,
) -> Iterator[Written]:  # fmt: skip
    """The workbooks of one question: those begun are kept and completed, new answers drawn."""
    begun: dict[int, list[Sheet]] = {}
    for number in {int(sheet.about["part"]) for sheet in there}:
        of_part = [sheet for sheet in there if int(sheet.about["part"]) == number]
        if any(sheet.is_filled for sheet in of_part):
            begun[number] = of_part
    parts = {number: _as_drawn(sheets[0]) for number, sheets in begun.items()}
    new = draw(texts, about, [set(part) for part in parts.values()])
    if new:
        number = next(n for n in range(1, len(parts) + 2) if n not in parts)
        parts[number] = {identity: texts[identity] for identity in new}
    for number, drawn in sorted(parts.items()):
        kept = {sheet.about["coder"]: sheet for sheet in begun.get(number, [])}
        yield from (Written(sheet.file, len(sheet.drawn), False) for sheet in kept.values())
        for coder in (coder for coder in CODERS if coder not in kept):
            file = folder / _file_name(about, coder, number)
            whole = {**about, "coder": coder, "part": str(number)}
            _replace(file, workbook(drawn, whole, book, language=language))
            yield Written(file, len(drawn), True)


def _as_drawn(sheet: Sheet) -> dict[str, str]:
    """Ids and texts of a sheet that somebody has begun."""
    rows = (sheet.cells(row) for row in sheet.rows)
    pairs = ((cells[ID].value, cells["text"].value) for cells in rows if {ID, "text"} <= set(cells))
    texts = {str(identity): str(text or "") for identity, text in pairs}
    return {identity: texts.get(identity, "") for identity in sheet.drawn}


def draw(texts: Mapping[str, str], about: Mapping[str, str], before: list[set[str]]) -> list[str]:
    """The ids to code next, at most 120: at random by a fixed seed, whatever the order of rows.

    First the 120 answers of the smallest hash; later those not drawn yet whose hash is within
    what was drawn before, so that new answers come in the share of the first ones.
    """
    hashed = sorted((_hash(SEED, about, identity), identity) for identity in texts)
    full = [max(_hash(SEED, about, one) for one in part) for part in before if len(part) >= SIZE]
    done = set().union(*before)
    within = [(h, one) for h, one in hashed if h <= min(full)] if full else hashed[:SIZE]
    return [identity for _, identity in within if identity not in done][:SIZE]


def _hash(salt: str, about: Mapping[str, str], identity: str) -> str:
    return digest("\0".join((salt, about["survey"], about["question"], identity)).encode())


def _file_name(about: Mapping[str, str], coder: str, number: int) -> str:
    whole = f"{about['survey']}_{about['question']}"
    name = re.sub(r"[^a-z0-9_]+", "_", whole.casefold())
    if name != whole or len(name) > 60:
        name = f"{name[:50]}_{digest(whole.encode())[:6]}"
    return f"{name}_{coder}.xlsx" if number == 1 else f"{name}_{coder}_{number}.xlsx"


def _clean(text: str) -> str:
    """A text that a spreadsheet gives back as it was put in."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)
    return re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_ ", text)[:LONGEST]


def workbook(
    texts: Mapping[str, str], about: Mapping[str, str], book: Codebook, *, language: str
) -> bytes:
    """One coder's workbook: the answers in an order of the coder's own, the codebook, how to.

    The same answers give the same bytes. It holds no score, no date, no code suggested.
    """
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as made:
        made.set_properties({"created": datetime(2020, 1, 1)})
        order = sorted(texts, key=lambda one: _hash(f"order-{about['coder']}", about, one))
        _coding(made, [(one, texts[one]) for one in order], book)
        _codebook(made, book, language)
        _about(made, about, language)
        drawn = made.add_worksheet(DRAWN)
        drawn.write_row(0, 0, (ID, "digest"))
        for line, one in enumerate(order, start=1):
            drawn.write_string(line, 0, one)
            drawn.write_string(line, 1, text_digest(texts[one]))
        drawn.very_hidden()
    return content.getvalue()


def _coding(made: Workbook, rows: list[tuple[str, str]], book: Codebook) -> None:
    sheet = made.add_worksheet(CODING)
    top = {"valign": "top", "text_wrap": True}
    head = made.add_format({"bold": True, "bottom": 1, "rotation": 60})
    plain, guarded = made.add_format(top), made.add_format({**top, "quote_prefix": True})
    mark = made.add_format({"locked": False, "align": "center", "valign": "top"})
    headers = (ID, "text", *book.names, NONE, OWN)
    for place, name in enumerate(headers):
        sheet.write_string(0, place, name, head)
    for line, (identity, text) in enumerate(rows, start=1):
        sheet.write_string(line, 0, identity, plain)
        sheet.write_string(line, 1, text, guarded if text.startswith(FORMULA) else plain)
        for place in range(2, len(headers)):
            sheet.write_blank(line, place, None, mark)
    sheet.data_validation(1, 2, max(1, len(rows)), len(headers) - 2, {
        "validate": "list", "source": ["1"], "error_message": "1, or an empty cell",
    })  # fmt: skip
    sheet.set_column(0, 0, 8)
    sheet.set_column(1, 1, 70)
    sheet.set_column(2, len(headers) - 2, 5)
    sheet.set_column(len(headers) - 1, len(headers) - 1, 24)
    sheet.freeze_panes(1, 2)
    sheet.protect("", {"format_columns": True, "format_rows": True})


def _codebook(made: Workbook, book: Codebook, language: str) -> None:
    sheet = made.add_worksheet(BOOK)
    wrap = made.add_format({"valign": "top", "text_wrap": True})
    for line, code in enumerate(book.codes, start=1):
        values = (code.code, code.said(language), "\n".join(code.examples))
        for place, value in enumerate(values):
            sheet.write_string(line, place, _clean(value), wrap)
    for place, (name, width) in enumerate((("code", 22), ("description", 60), ("examples", 60))):
        sheet.write_string(0, place, name, made.add_format({"bold": True, "bottom": 1}))
        sheet.set_column(place, place, width)


def _about(made: Workbook, about: Mapping[str, str], language: str) -> None:
    sheet = made.add_worksheet(ABOUT)
    for line, (name, value) in enumerate(about.items()):
        sheet.write_string(line, 0, name)
        sheet.write_string(line, 1, value)
    for line, text in enumerate(HOW.get(language, HOW["en"]), start=len(about) + 1):
        sheet.write_string(line, 1, text)
    sheet.set_column(1, 1, 100)


def _replace(file: Path, content: bytes) -> None:
    """Writes a workbook whole or not at all; one that is the same stays as it is."""
    if file.is_file() and not file.is_symlink() and file.read_bytes() == content:
        return
    aside = file.with_name(f".{file.name}.new")
    aside.write_bytes(content)
    aside.replace(file)


def make_sheets(client: str) -> list[str]:
    """``make coding``: writes the sheets of every open question, and tells what is coded so far.

    Raises
    ------
    InputProblems
        For what is wrong with the parameters, the codebook or the sheets that are there.
    """
    folders = ClientFolders(client)
    params, book = load_params(client), open_codebook(folders)
    connection, _ = open_staged(stage(params, folders))
    answers = pd.DataFrame()
    if has_table(connection, "responses"):
        table = connection.table("responses")
        table = table.filter((table.kind == "open") & table.text.notnull())
        answers = table.select("survey", ID, "question", "text").to_pandas()
    if answers.empty:
        raise InputProblems([Problem("sources.responses", "has no open question with an answer")])
    by_people = read_sheets(folders, book)
    outcome = write_sheets(answers, book, folders, language=params.client.language)
    return [*_said_book(book, folders), *_said_terms(answers, book), *_said_sheets(outcome),
            *_said_agreement(by_people), *_said_own(own_codes(folders))]  # fmt: skip


def _said_book(book: Codebook, folders: ClientFolders) -> Iterator[str]:
    own = shown(folders.data / OWN_FILE)
    name = "the starter for web shops" if book.is_starter else own
    yield f"Codebook: {name}, {len(book.codes)} codes"
    if book.is_starter:
        yield f"To make it the client's own: copy src/templates_lib/codebooks/webshop.yml to {own}"


def _said_terms(answers: pd.DataFrame, book: Codebook) -> Iterator[str]:
    for row in counted(answers, coded(answers, book), book).itertuples():
        unknown = (
            f", {row.language_unknown} in a language not known" if row.language_unknown else ""
        )
        yield (f"{row.survey} {row.question}: {row.texts} answers with a text, {row.coded} coded "
               f"by terms ({lemmatiser()}){unknown}")  # fmt: skip


def _said_sheets(outcome: list[Written]) -> Iterator[str]:
    for one in outcome:
        became = "to be coded" if one.is_new else "begun, kept as it is"
        yield f"{shown(one.file)}: {one.answers} answers, {became}"


def _said_agreement(by_people: pd.DataFrame) -> Iterator[str]:
    for (survey, question), part in by_people.groupby(["survey", "question"]):
        done = part.drop_duplicates(["coder", ID]).groupby("coder").size()
        people = ", ".join(f"{coder} {n}" for coder, n in done.items())
        yield f"{survey} {question}: coded of {part['drawn'].iloc[0]}: {people}"
        for status, codes in agreement(part).groupby("status", sort=True)["code"]:
            yield f"  {status}: {', '.join(codes)}"


def _said_own(own: pd.DataFrame) -> Iterator[str]:
    for (survey, question), part in own.groupby(["survey", "question"]):
        codes = ", ".join(f"{row.own_code} ({row.times})" for row in part.itertuples())
        yield f"{survey} {question}: codes of the coders' own, not in the codebook: {codes}"

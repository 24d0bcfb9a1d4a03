"""Looks at a client's exports and writes the first parameter file and the letter."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath

import ibis
from filelock import FileLock

from templates_lib.new_client import guesses
from templates_lib.new_client.draft import DECIDE, Line, code, comment, is_open, rendered, to_decide
from templates_lib.new_client.groups import SINGLE, Group, grouped, rows_of
from templates_lib.new_client.letter import Have, letter
from templates_lib.new_client.letter_words import Language
from templates_lib.new_client.questions import survey_of
from templates_lib.new_client.recognise import EXPORTS, Found, look_into
from templates_lib.new_client.source_lines import as_written, shown_headers, source_lines
from templates_lib.problems import InputProblems, Problem
from templates_lib.sources.formats import filled_in
from templates_lib.sources.reader import Table
from templates_lib.tables import TIMES
from templates_lib.workspace import ClientFolders, shown

LETTER = "data-request.md"
ZONE = "Europe/Helsinki"
HOME = {"EUR": (ZONE, "FI")}
B2B_SHARE = 0.05  # of the orders: a company's name may be anybody's whim
BEFORE_ORDERS = ("exit_intent", "soft_lead", "awareness")  # surveys that know no order
PERSONS = ("order_id", "customer_id", "customer_email")


@dataclass(frozen=True)
class Written:
    """What the command made.

    Attributes
    ----------
    params : the parameter file; None where there was nothing to make it from
    decisions : key and what a person must decide, and whether nothing runs before it
    problems : files that cannot be read, and sources whose rows cannot be looked at
    """

    params: Path | None
    letter: Path
    recognised: Sequence[tuple[str, str]]
    not_recognised: Sequence[str]
    decisions: Sequence[tuple[str, str, bool]]
    problems: Sequence[Problem]


@dataclass(frozen=True)
class _Read:
    """A group of files: its section, and what its rows tell of the client."""

    group: Group
    lines: tuple[Line, ...]
    last_day: date | None = None
    currency: str | None = None
    has_cost: bool = False
    has_person: bool = False
    has_days: bool = False
    is_b2b: bool = False


def new_client(client: str, language: str | None = None) -> Written:
    """Writes ``params/<client>.yml`` and ``data/<client>/data-request.md``.

    Raises
    ------
    InputProblems
        When there is a parameter file already, or the client's name or the language is wrong.
    """
    folders = ClientFolders(client)
    _refuse_existing(folders)
    spoken = _language(language)
    (folders.data / EXPORTS).mkdir(parents=True, exist_ok=True)
    found, problems = look_into(folders.data)
    groups, others = grouped(found)
    read, wrong = _read(groups, folders)
    lines = _document(client, spoken, read, others)
    target = folders.data / LETTER
    with FileLock(folders.build / ".new-client.lock"):
        _refuse_existing(folders)  # the first of two runs wins
        _put(target, letter(_have(read), spoken))
        if groups:
            _put(folders.params, "\n".join(rendered(lines)).rstrip() + "\n")
    recognised = [
        (file.file.name, f"{group.source}, {group.format}")
        for group in groups
        for file in group.files
    ]
    return Written(
        folders.params if groups else None, target, recognised,
        [file.file.name for file in others], list(to_decide(lines)), [*problems, *wrong],
    )  # fmt: skip


def _language(text: str | None) -> Language:
    match text or "fi":
        case "fi":
            return "fi"
        case "en":
            return "en"
    raise InputProblems([Problem("LANGUAGE", "expected fi or en")])


def _refuse_existing(folders: ClientFolders) -> None:
    if folders.params.exists() or folders.params.is_symlink():
        message = "is there already and is never written over; change it, or move it away first"
        raise InputProblems([Problem(shown(folders.params), message)])


def _put(path: Path, text: str) -> None:
    """Writes a whole file at once, or leaves what is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=".new-", delete=False, encoding="utf-8", newline="\n"
    ) as aside:
        aside.write(text)
    new = Path(aside.name)
    try:
        new.chmod(0o644)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _read(groups: Sequence[Group], folders: ClientFolders) -> tuple[list[_Read], list[Problem]]:
    read: list[_Read] = []
    problems: list[Problem] = []
    folders.build.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folders.build, prefix=".scratch-") as scratch:
        connection = ibis.duckdb.connect(temp_directory=str(Path(scratch, "spill")))
        connection.raw_sql("set timezone = 'UTC'")
        for number, group in enumerate(groups):
            rows = rows_of(
                group, connection, data=folders.data, scratch=Path(scratch),
                key=f"sources.{group.source}.{number}",
            )  # fmt: skip
            if isinstance(rows, Problem):
                problems.append(rows)
                read.append(_Read(group, source_lines(group, None)))
            else:
                read.append(_looked_at(group, rows))
        connection.disconnect()
    return read, problems


def _looked_at(group: Group, rows: Table) -> _Read:
    table, told = as_written(guesses.in_use(rows))
    columns = filled_in(group.section).get("columns", {})
    is_readable = not any(line.key == "date_format" and is_open(line) for line in told)
    header = columns.get(TIMES.get(group.source, ""))
    time = header[0] if isinstance(header, list) else header
    return _Read(
        group,
        source_lines(group, table, told),
        guesses.last_day(table, time, zone=ZONE) if is_readable else None,
        guesses.currency(table, columns.get("currency")),
        any(guesses.is_filled(table, columns.get(c)) for c in ("unit_cost", "cost_of_goods")),
        any(guesses.is_filled(table, columns.get(c)) for c in PERSONS),
        guesses.has(table, time),
        guesses.b2b_share(table, columns.get("order_id"), columns.get("is_b2b")) >= B2B_SHARE,
    )


def _document(
    client: str, language: Language, read: Sequence[_Read], others: Sequence[Found]
) -> tuple[Line, ...]:
    """The whole file."""
    last = _last_day(read)
    note = "the last day in the files" if last else "the last day in the exports, inclusive"
    return (
        comment("yaml-language-server: $schema=schema.json"),
        comment(f"Written by `make new-client CLIENT={client}` from data/{client}/{EXPORTS}/."),
        comment("The word decide stands where only a person can tell. What follows `decide:` in a"),
        comment(
            f"comment can stay as it is, and is worth a look. Then: make check CLIENT={client}"
        ),
        comment("Every key, with its default: docs/parameters.md."),
        Line(),
        Line("client", lines=tuple(_client(language, read))),
        Line(),
        Line("as_of", last or DECIDE, note),
        Line(),
        *(_control() if _has_orders(read) else ()),
        Line("sources", lines=(*_sources(read), *_others(others))),
        *_more(read),
    )


def _control() -> Iterator[Line]:
    yield comment("What the shop's own screen says for a month: the report is held against it.")
    yield comment("ask for the net sales of one month, without VAT and freight", look=True)
    yield code("control_totals:")
    yield code("  2026-09: {net_sales: 251430.00, orders: 3120}")
    yield Line()


def _has_orders(read: Sequence[_Read]) -> bool:
    return any(one.group.source == "orders" for one in read)


def _client(language: Language, read: Sequence[_Read]) -> Iterator[Line]:
    codes = {one.currency for one in read if one.currency}
    code = next(iter(codes)) if len(codes) == 1 else None
    has_money = any(one.group.source in ("orders", "spend") for one in read)
    yield Line("name", DECIDE, "the name as the report writes it")
    yield Line("language", language, "of the report: fi or en")
    if code:
        yield Line("currency", code, "in every row of the files")
    elif has_money:
        yield Line("currency", DECIDE, "of all amounts, such as EUR; the files do not say it")
    else:
        yield Line("currency", "EUR", "the files hold no amounts", look=True)
    zone, country = HOME.get(code or "EUR", (DECIDE, DECIDE))
    yield Line("timezone", zone, "where a day, a week and a month begin", look=True)
    yield Line("country", country, "the home market, two capital letters", look=True)


def _last_day(read: Sequence[_Read]) -> date | None:
    """The last day of the orders; without orders, of whatever goes furthest."""
    of_orders = [one.last_day for one in read if one.group.source == "orders"]
    days = of_orders or [one.last_day for one in read]
    known = [day for day in days if day is not None]
    return max(known) if known else None


def _sources(read: Sequence[_Read]) -> Iterator[Line]:
    by_key: dict[str, list[_Read]] = {}
    for one in read:
        by_key.setdefault(one.group.source, []).append(one)
    for key, several in by_key.items():
        if key in SINGLE:
            yield Line(key, lines=several[0].lines)
        else:
            yield Line(key, items=tuple(one.lines for one in several))
        yield Line()


def _others(others: Sequence[Found]) -> Iterator[Line]:
    """The files that are not read, with their headers as far as they are headers."""
    for found in others:
        why = "not recognised" if found.source is None else f"a second source of {found.source}"
        yield comment(f"{why}: {found.file.name}", look=True)
        yield comment(f"  {shown_headers(found.headers)}")
        yield Line()


def _more(read: Sequence[_Read]) -> Iterator[Line]:
    if not _has_orders(read):
        return
    if not any(one.has_cost for one in read):
        yield comment("no cost is in the files: ask for it, or declare a margin", look=True)
        yield code("assumptions:")
        yield code("  gross_margin_share: 0.42")
        yield Line()
    note = "complete, if the exports begin when the shop did"
    yield Line("purchases", lines=(Line("history", "partial", note, look=True),))


def _have(read: Sequence[_Read]) -> Have:
    files: dict[str, list[str]] = {}
    for one in read:
        files.setdefault(one.group.source, []).extend(f.file.name for f in one.group.files)
    return Have(
        files,
        {one.group.source: one.group.format for one in read if one.group.preset},
        [_name(o) for o in read if _is_unlinked(o)],
        [_name(o) for o in read if o.group.source == "spend" and not o.has_days],
        has_cost=any(one.has_cost for one in read),
        is_b2b=any(one.is_b2b for one in read) or bool({"companies", "leads"} & set(files)),
    )


def _is_unlinked(read: _Read) -> bool:
    """Whether a survey could name an order or a person, and does not."""
    kind = survey_of(PurePosixPath(_name(read)).stem)
    return read.group.source == "responses" and not read.has_person and kind not in BEFORE_ORDERS


def _name(read: _Read) -> str:
    return PurePosixPath(read.group.files[0].file.name).name

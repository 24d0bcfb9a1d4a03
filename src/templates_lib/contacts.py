"""Contact lists: the pseudonyms of a report's table joined to people who agreed to be contacted.

The only reader of names, e-mail addresses and telephone numbers. They go from the client's own
file into the client's own folder, and nowhere else: no message, log, cache or report holds one.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple, get_args

import ibis
import ibis.expr.types as ir
import pandas as pd
from filelock import FileLock

from templates_lib import published, worksheets
from templates_lib.params.file import load_params
from templates_lib.params.orders import ConsentKind, CustomersSource
from templates_lib.params.params import Params
from templates_lib.problems import InputProblems, Problem, nearest
from templates_lib.sources.load import load
from templates_lib.sources.people import email, identity, recognised, same_people
from templates_lib.sources.read import typed_rows
from templates_lib.sources.reader import Table
from templates_lib.staging.pseudonyms import make_pseudonyms
from templates_lib.staging.shipped import provide
from templates_lib.staging.staging import pseudonym_key
from templates_lib.worksheets import FORMULA
from templates_lib.workspace import ClientFolders, shown

ID = "customer_id"
ASIDE = ".contacts-"
# what a consent lets one use: the rest of a person's details stays where it is
DETAILS = {
    "email": ("email",),
    "sms": ("phone",),
    "phone": ("phone",),
    "interview": ("email", "phone"),
    "profile": ("email", "phone"),
}
NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?")


class Outcome(NamedTuple):
    """Where the contacts are, how many people were on the list, and why some are not written."""

    file: Path
    listed: int
    written: int
    left_out: dict[str, int]


class ReportTable(NamedTuple):
    """A table of a published report: its name, the report's last day, its rows as text."""

    name: str
    as_of: date
    rows: pd.DataFrame


def write_contacts(
    client: str, *, name: str | None, consent: str | None = None, as_of: str | None = None
) -> Outcome:
    """Writes ``data/<client>/private/contacts_<name>_<as_of>.xlsx``, readable by its owner alone.

    Each person of the list is written, or left out for the first reason of these: not in the
    customer file, without the consent, opted out of marketing (on whatever day: it is known now),
    without a contact detail that the consent is for.

    Parameters
    ----------
    name : a table of the report, ``<topic>__<table>``, with a column ``customer_id``
    consent : what the list is for, ``email`` where none is given
    as_of : the report's last day; the latest report's where none is given

    Raises
    ------
    InputProblems
        All that is wrong with the parameters; then with the list, or with the customers' file.
    """
    folders = ClientFolders(client)
    params = load_params(client)
    kind = consent or "email"
    source = consented_source(params, kind)
    wanted = report_table(folders, params, name, as_of)
    with aside(folders) as scratch:
        people = people_of(params, folders, source, kind, scratch)
        contacts, left_out = joined(wanted.rows, people, kind)
        details = ["name", *DETAILS[kind]]
        content = workbook(contacts[[ID, *details, *_own(wanted.rows)]], details)
        use = "" if kind == "email" else f"_{kind}"
        file = folders.private / f"contacts_{wanted.name}_{wanted.as_of}{use}.xlsx"
        replace_whole(file, content, scratch)
    return Outcome(file, wanted.rows[ID].nunique(), len(contacts), left_out)


@contextmanager
def aside(folders: ClientFolders) -> Iterator[Path]:
    """A folder of its owner alone in ``private/``, in which files are made before they take their
    place; removed in any case. One at a time."""
    folders.private.mkdir(parents=True, exist_ok=True)
    with FileLock(folders.private / f"{ASIDE}lock"):
        _remove_leftovers(folders.private)
        scratch = Path(tempfile.mkdtemp(prefix=ASIDE, dir=folders.private))
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def consented_source(params: Params, kind: str) -> CustomersSource:
    """The customers' source, if it says who agreed to what, and where contact details stand."""
    kinds = get_args(ConsentKind)
    if kind not in kinds:
        raise InputProblems([Problem("CONSENT", f"no consent {kind!r}" + nearest(kind, kinds))])
    source = params.sources.customers
    if source is None:
        raise InputProblems(
            [Problem("sources.customers", "is not given: the file that says who agreed to what")]
        )
    problems = []
    if kind not in source.consents:
        problems.append(
            Problem(
                f"sources.customers.consents.{kind}",
                "is not declared: name the column that says yes or no. Nobody has agreed by "
                "silence, so that without it nobody is contacted",
            )
        )
    if not any(getattr(source.contact, detail) for detail in DETAILS[kind]):
        keys = " or ".join(f"sources.customers.contact.{detail}" for detail in DETAILS[kind])
        problems.append(Problem(keys, "is not declared: name the column of the customers' file"))
    if problems:
        raise InputProblems(problems)
    return source


def report_table(
    folders: ClientFolders, params: Params, name: str | None, as_of: str | None
) -> ReportTable:
    """The table of the latest report, or of that of a day; in the client's language if it is
    there."""
    reports = {
        (day.isoformat(), language): folder / "internal" / "tables"
        for (day, language), folder in published.reports(folders).items()
    }
    days = sorted({day for day, _ in reports})
    if as_of and as_of not in days:
        raise InputProblems([Problem("AS_OF", f"no report of {as_of!r}" + nearest(as_of, days))])
    if not days:
        what = f"no report has been published yet: make report CLIENT={folders.client}"
        raise InputProblems([Problem("LIST", what)])
    day = as_of or days[-1]
    language = params.client.language
    other = next(code for on, code in sorted(reports) if on == day)
    folder = reports.get((day, language)) or reports[day, other]
    tables = {file.stem: file for file in sorted(folder.glob("*.csv"))}
    lists = [stem for stem, file in tables.items() if ID in _header(file)]
    if name not in tables:
        said = f"no table {name!r}" if name else "is required: a table of single customers"
        raise InputProblems([Problem("LIST", said + nearest(name or "", lists))])
    if name not in lists:
        what = f"{name} holds no single customers (no column {ID})" + nearest("", lists)
        raise InputProblems([Problem("LIST", what)])
    rows = pd.read_csv(tables[name], dtype=str, keep_default_na=False)
    return ReportTable(name, date.fromisoformat(day), rows[rows[ID] != ""])


def _header(file: Path) -> list[str]:
    return list(pd.read_csv(file, dtype=str, nrows=0).columns)


def people_of(
    params: Params, folders: ClientFolders, source: CustomersSource, kind: str, scratch: Path
) -> pd.DataFrame:
    """One row a customer of the file, known as in the staged tables: customer_id, name, email,
    phone, agreed, opted_out."""
    provide(params, folders)
    connection = ibis.duckdb.connect(temp_directory=str(scratch / "spill"))
    zone, currency = params.client.timezone, params.client.currency
    try:
        connection.raw_sql("set timezone = 'UTC'")
        tables = {
            name: load(connection, each, key=place, data=folders.data, scratch=scratch,
                       currency=currency)
            for name, place, each in params.sources.each()
            if name in ("customers", "aliases")
        }  # fmt: skip
        read = _contact_rows(tables["customers"], source, kind, zone)
        parts = {"customers": connection.create_table("contacts", read)}
        if "aliases" in tables:
            aliases = typed_rows("aliases", tables["aliases"], params.sources.aliases, zone=zone)
            parts["aliases"] = aliases
        known = recognised(parts["customers"], same_people(parts))
        known = known.filter(known.customer_key.notnull())
        keys = [known.select(own_key="customer_key")]
        names = make_pseudonyms(connection, keys, pseudonym_key(folders))
        people = _one_row_each(known, DETAILS[kind])
        joined = people.join(names, people.customer_key == names.own_key)
        return joined.drop("customer_key", "own_key").rename({ID: "pseudonym"}).to_pandas()
    finally:
        connection.disconnect()


def _contact_rows(table: Table, source: CustomersSource, kind: str, zone: str) -> ir.Table:
    """One row a row of the file: its keys, contact details, and whether it says yes. A blank is
    no yes."""
    contact = source.contact
    names = [table.text(header).fill_null("") for header in contact.name or []]
    name = ibis.literal(" ").join(names).strip() if names else ibis.null("string")
    values = {
        "place": table.rows.row_number_in_file,
        "file": table.rows.file,
        "customer_key": identity(table, source.columns),
        "email_key": email(table, source.columns),
        "name": name.nullif(""),
        "email": table.text(contact.email),
        "phone": table.text(contact.phone),
        "agreed": table.flag(source.consents[kind]).fill_null(False),
        "opted_out": table.time(source.columns.opted_out_at, zone=zone).notnull(),
    }
    table.check()
    return table.rows.filter(~table.matches(source.left_out)).select(**values)


def _one_row_each(rows: ir.Table, usable: Sequence[str]) -> ir.Table:
    """A person once. Who stands in several rows agreed only if all of them say so, and has opted
    out if any does; the details are those of the first row that can be used."""
    can_be_used = ibis.or_(*(rows[detail].notnull() for detail in usable))
    order = ibis.row_number().over(
        group_by=rows.customer_key, order_by=[~can_be_used, rows.file, rows["place"]]
    )
    ordered = rows.mutate(order=order)
    details = {name: ordered[name].argmin(ordered["order"]) for name in ("name", "email", "phone")}
    return ordered.group_by("customer_key").aggregate(
        agreed=ordered.agreed.min(), opted_out=ordered.opted_out.max(), **details
    )


def joined(
    rows: pd.DataFrame, people: pd.DataFrame, kind: str
) -> tuple[pd.DataFrame, dict[str, int]]:
    """The list's people who may and can be contacted, in its order, and how many of them are left
    out for which reason; each once, by its first row of the list."""
    found = rows[[ID, *_own(rows)]].drop_duplicates(ID)
    found = found.merge(people, on=ID, how="left", indicator="known")
    usable = found[list(DETAILS[kind])].notna().any(axis=1)
    reasons = {
        "not in the customer file": found["known"] == "left_only",
        f"without consent ({kind})": ~found["agreed"].eq(True),
        "opted out": found["opted_out"].eq(True),
        f"without {' or '.join(DETAILS[kind])}": ~usable,
    }
    kept = pd.Series(True, index=found.index)
    left_out = {}
    for reason, applies in reasons.items():
        left_out[reason] = int((kept & applies).sum())
        kept &= ~applies
    return found[kept], left_out


def _own(rows: pd.DataFrame) -> list[str]:
    """The list's own columns, without those that a contact detail takes the place of."""
    taken = (ID, "name", "email", "phone", "agreed", "opted_out", "known")
    return [name for name in rows.columns if name not in taken]


def workbook(table: pd.DataFrame, details: Sequence[str]) -> bytes:
    """The table as XLSX: only what is wholly a number in the list's own columns is one."""
    own = [header not in (ID, *details) for header in table.columns]
    rows = [[_cell(value, is_own=is_own) for value, is_own in zip(row, own, strict=True)]
            for row in table.itertuples(index=False)]  # fmt: skip
    return worksheets.workbook({"contacts": (table.columns, rows)})


def _cell(value: object, *, is_own: bool) -> object:
    if not isinstance(value, str):
        return None
    if is_own and NUMBER.fullmatch(value):
        return float(value)
    return value[1:] if value.startswith("'") and value[1:2] in FORMULA else value


def replace_whole(file: Path, content: bytes, scratch: Path) -> None:
    """Writes a file for its owner alone, whole or not at all."""
    aside = scratch / "aside.xlsx"
    number = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(file)


def _remove_leftovers(private: Path) -> None:
    """What an interrupted run has left."""
    for folder in private.glob(f"{ASIDE}*"):
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder, ignore_errors=True)


def said(outcome: Outcome) -> list[str]:
    """What is told of an outcome: counts and a place, never a contact."""
    lines = [f"On the list: {outcome.listed}", f"Written: {outcome.written}"]
    lines += [f"Left out, {why}: {n}" for why, n in outcome.left_out.items() if n]
    if outcome.listed and outcome.left_out["not in the customer file"] == outcome.listed:
        lines.append("Nobody of the list was found: was the report made with another key?")
    return [*lines, f"The contacts: {shown(outcome.file)}"]

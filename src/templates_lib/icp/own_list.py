"""The own list: a file of e-mails or ids in the client's folder, read as pseudonyms.

E-mails and ids are read here and go nowhere: no message, table or log holds one.
"""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.params.params import Params
from templates_lib.problems import InputProblems, Problem
from templates_lib.sources.load import load
from templates_lib.sources.people import recognised, same_people
from templates_lib.sources.read import typed_rows
from templates_lib.staging.pseudonyms import make_pseudonyms
from templates_lib.staging.staging import pseudonym_key
from templates_lib.workspace import ClientFolders, inside

KEY = "icp.target.path"
HEADERS = ("customer_id", "customer", "id", "email", "e-mail", "customer_email", "sähköposti",
           "asiakasnumero")  # fmt: skip


class Listed(NamedTuple):
    """The customers of a list, as pseudonyms, and how many different entries the file has."""

    customers: frozenset[str]
    entries: int

    def unknown(self, customers: ir.Column) -> int:
        """How many of the list are none of the client's customers."""
        return len(self.customers - set(customers.to_pandas()))


def listed(params: Params, folders: ClientFolders, path: str | None) -> Listed:
    """Reads a list: a CSV with one column, or one named ``customer_id`` or ``email`` (or alike).

    An e-mail is the customer who has it in the customer file, else the customer of this e-mail.

    Raises
    ------
    InputProblems
        Without a path; when the file is missing, outside of the client's folder, not a text in
        UTF-8, empty, or without a column of customers.
    """
    keys = _keys(_file(folders, path))
    scratch = Path(tempfile.mkdtemp(prefix="icp-list-"))
    connection = ibis.duckdb.connect(temp_directory=str(scratch / "spill"))
    try:
        connection.raw_sql("set timezone = 'UTC'")
        people = _people(connection, params, folders, scratch)
        rows = connection.create_table("listed", pd.DataFrame({"customer_key": keys}))
        known = recognised(rows, people).select(own_key="customer_key")
        names = make_pseudonyms(connection, [known], pseudonym_key(folders))
        return Listed(frozenset(names.pseudonym.to_pandas()), len(keys))
    finally:
        connection.disconnect()
        shutil.rmtree(scratch, ignore_errors=True)


def _file(folders: ClientFolders, path: str | None) -> Path:
    if not path:
        raise InputProblems([Problem(KEY, "is needed: a CSV with e-mails or customer ids")])
    file = folders.data / path
    if not inside(folders.data, file):
        raise InputProblems([Problem(KEY, "leads out of the client's folder")])
    if not file.is_file():
        said = f"there is no such file; it is looked for in data/{folders.client}/"
        raise InputProblems([Problem(KEY, said)])
    return file


def _keys(file: Path) -> list[str]:
    """The different entries of the list: an e-mail in lower case, an id as it is."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputProblems([Problem(KEY, "is not a text in UTF-8; save it as one")]) from None
    separator = ";" if text.partition("\n")[0].count(";") else ","
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=separator) if any(row)]
    if not rows:
        raise InputProblems([Problem(KEY, "is empty")])
    headers = [name.strip().casefold() for name in rows[0]]
    found = [place for place, name in enumerate(headers) if name in HEADERS]
    if not found and len(headers) > 1:
        said = "no column of customers; name one customer_id or email"
        raise InputProblems([Problem(KEY, said)])
    body = rows[1:] if found else rows  # a single column may begin with its first customer
    place = found[0] if found else 0
    entries = [row[place].strip() for row in body if len(row) > place and row[place].strip()]
    if not entries:
        raise InputProblems([Problem(KEY, "names no customer")])
    return sorted({entry.lower() if "@" in entry else entry for entry in entries})


def _people(
    connection: ibis.BaseBackend, params: Params, folders: ClientFolders, scratch: Path
) -> ir.Table | None:
    """Who is who, as staging has it: of the customer file and of the client's own aliases."""
    parts = {}
    for name, place, source in params.sources.each():
        if name in ("customers", "aliases"):
            table = load(connection, source, key=place, data=folders.data, scratch=scratch,
                         currency=params.client.currency)  # fmt: skip
            rows = typed_rows(name, table, source, zone=params.client.timezone)
            parts[name] = connection.create_table(f"read_{name}", rows)
    return same_people(parts) if parts else None

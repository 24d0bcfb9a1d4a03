"""Stages a client's sources once per change of input: canonical tables in one read-only file.

Raw rows live in memory (spilling to a scratch folder) and never in the staged file; it is
written aside and renamed, so that an interruption leaves the last good one.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import os
import runpy
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
from filelock import FileLock

from templates_lib import purchases, tables
from templates_lib.params.params import Params
from templates_lib.params.source_files import FileSource
from templates_lib.problems import InputProblems, Problem, nearest
from templates_lib.sources.engine import execute, one
from templates_lib.sources.files import find_files
from templates_lib.sources.load import load
from templates_lib.sources.names import names_in, without_names
from templates_lib.sources.orders import one_row_each
from templates_lib.sources.people import recognised, same_people
from templates_lib.sources.read import typed_rows
from templates_lib.sources.reader import Table
from templates_lib.staging import other_tables
from templates_lib.staging.pseudonyms import make_pseudonyms
from templates_lib.staging.shipped import provide
from templates_lib.workspace import ClientFolders, shown

CODE = ("costs.py", "params", "purchases.py", "sources", "staging", "tables.py")

KEPT = 4  # staged files that are kept: reports of other days may still be read from them


def fingerprint(params: Params, folders: ClientFolders) -> str:
    """The hash of everything that the staged tables depend on: files, settings, code, key.

    Raises
    ------
    InputProblems
        For every source whose files cannot be found or opened.
    """
    inputs = {}
    problems = []
    for _, place, source in params.sources.each():
        if source.path is not None:
            try:
                files = find_files(source, data=folders.data, key=place)
                inputs[place] = [(file.name, file.sha256) for file in files]
            except InputProblems as error:
                problems += error.problems
    if problems:
        raise InputProblems(problems)
    settings = params.model_dump(
        mode="json", include={"client", "as_of", "sources", "purchases", "assumptions"}
    )
    code = hashlib.sha256()
    here = Path(__file__).parents[1]
    for name in CODE:
        inside = [f for f in (here / name).rglob("*") if f.suffix in (".py", ".yml")]
        for file in sorted(inside) or [here / name]:
            code.update(file.read_bytes())
    if derivation(folders).is_file():
        code.update(derivation(folders).read_bytes())
    key_hash = hashlib.sha256(pseudonym_key(folders)).hexdigest()
    engine = [ibis.__version__, duckdb.__version__]
    whole = json.dumps([inputs, settings, code.hexdigest(), key_hash, engine], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def pseudonym_key(folders: ClientFolders) -> bytes:
    """The client's secret for pseudonyms: from ``PSEUDONYM_KEY``, else its private file."""
    named = os.environ.get("PSEUDONYM_KEY")
    if named:
        return named.encode()
    file = folders.private / "pseudonym.key"
    if not file.is_file():
        folders.private.mkdir(parents=True, exist_ok=True)
        folders.build.mkdir(parents=True, exist_ok=True)
        with FileLock(folders.build / ".key.lock"):  # the first of two runs wins
            if not file.is_file():
                with tempfile.NamedTemporaryFile(
                    "w", dir=folders.private, prefix=".key-", delete=False
                ) as new:
                    new.write(secrets.token_hex(32))
                Path(new.name).replace(file)
    key = file.read_bytes().strip()
    if not key:
        raise InputProblems(
            [Problem(shown(file), "is empty; restore it from a copy, or delete it for a new key")]
        )
    return key


def stage(params: Params, folders: ClientFolders) -> Path:
    """The staged file of these parameters and inputs, made if it is not there yet.

    What a warehouse holds has no hash, so that a client with one is staged anew every time,
    under a new name.
    """
    provide(params, folders)
    is_kept = all(source.connection is None for _, _, source in params.sources.each())
    name = fingerprint(params, folders) + ("" if is_kept else f"-{secrets.token_hex(4)}")
    target = folders.build / f"{name}.duckdb"
    if is_kept and target.is_file():
        return target
    folders.build.mkdir(parents=True, exist_ok=True)
    with FileLock(folders.build / ".staging.lock"):
        if is_kept and target.is_file():
            return target
        for leftover in folders.build.glob(".scratch-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        scratch = Path(tempfile.mkdtemp(prefix=".scratch-", dir=folders.build))
        try:
            aside = scratch / "aside.duckdb"
            _write(params, folders, scratch, aside)
            aside.replace(target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        staged = sorted(folders.build.glob("*.duckdb"), key=lambda file: file.stat().st_mtime)
        for old in staged[:-KEPT]:
            with suppress(PermissionError):  # on Windows: somebody has it open
                old.unlink(missing_ok=True)
    return target


def _write(params: Params, folders: ClientFolders, scratch: Path, aside: Path) -> None:
    connection = ibis.duckdb.connect(temp_directory=str(scratch / "spill"))
    try:
        connection.raw_sql("set timezone = 'UTC'")
        read = _read_sources(connection, params, folders, scratch)
        canonical, facts = purchases.canonical(connection, params, read)
        others, noted = other_tables.canonical(connection, params, read, canonical.get("orders"))
        canonical |= others
        facts |= noted | {"sources": read["sources"]}
        if "customers" in read:  # the staged table holds the buyers that are not in the file too
            facts["customers_in_file"] = one(read["customers"], n=read["customers"].count())["n"]
        _keys(connection, canonical, pseudonym_key(folders))
        execute(connection, f"attach '{_quoted(aside)}' as staged")
        for name, expression in canonical.items():
            pseudonymous = _pseudonymous(connection, expression)
            connection.raw_sql(f"create table staged.{name} as {connection.compile(pseudonymous)}")
            if name in tables.COLUMNS:
                tables.check(connection.table(name, database=("staged", "main")), name)
        _derive(connection, folders, list(canonical))
        execute(connection, "create table staged.facts (facts varchar)")
        execute(connection, "insert into staged.facts values (?)", [json.dumps(facts, default=str)])
        execute(connection, "detach staged")
    finally:
        connection.disconnect()


def derivation(folders: ClientFolders) -> Path:
    """The client's own functions, named after staged tables: Ibis table in, Ibis table out."""
    return folders.data / "derive.py"


def _derive(connection: ibis.BaseBackend, folders: ClientFolders, names: list[str]) -> None:
    """Puts what ``derive.py`` makes of a staged table in the table's place.

    Raises
    ------
    InputProblems
        When a function has no table's name, fails, or changes the rows or the table's own columns.
    """
    file = derivation(folders)
    if not file.is_file():
        return
    try:
        own = runpy.run_path(str(file))
    except Exception as error:
        raise InputProblems([Problem(shown(file), f"stopped: {type(error).__name__}")]) from None
    functions = {
        name: function
        for name, function in own.items()
        if inspect.isfunction(function)
        and function.__module__ == own["__name__"]
        and not name.startswith("_")
    }
    for name, function in functions.items():
        where = f"{shown(file)} {name}"
        if name not in names:
            raise InputProblems([Problem(where, "is no staged table" + nearest(name, names))])
        table = connection.table(name, database=("staged", "main"))
        try:
            made = function(table)
            kept = set(table.columns) <= set(made.columns)
            same = made.count().execute() == table.count().execute()
        except Exception as error:
            raise InputProblems([Problem(where, f"stopped: {type(error).__name__}")]) from None
        if not (kept and same):
            raise InputProblems([Problem(where, "may add columns, not drop columns or rows")])
        connection.raw_sql(f"create table staged.derived as {connection.compile(made)}")
        connection.raw_sql(f"drop table staged.{name}")
        connection.raw_sql(f"alter table staged.derived rename to {name}")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _read_sources(
    connection: ibis.BaseBackend, params: Params, folders: ClientFolders, scratch: Path
) -> dict[str, Any]:
    """Every table as typed rows in the engine, each person under one key; ``notes`` of the files
    read, what the ``sources`` hold, and the number of ``equal_rows`` of orders."""
    parts: dict[str, list[ir.Table]] = {}
    notes: list[dict[str, object]] = []
    about: list[dict[str, object]] = []
    problems: list[Problem] = []
    names: set[str] = set()
    read: dict[str, Any] = {}
    for name, place, source in params.sources.each():
        try:
            table = load(
                connection, source, key=place, data=folders.data, scratch=scratch,
                currency=params.client.currency,
            )  # fmt: skip
            rows = typed_rows(name, table, source, zone=params.client.timezone)
            number = len(parts.setdefault(name, []))
            parts[name].append(connection.create_table(f"read_{name}_{number}", rows))
            key = place.removeprefix("sources.")
            notes += [{"source": key, **note} for note in table.notes]
            about.append(_about(key, name, source, table, parts[name][-1]))
            if name == "orders" and source.connection is None:  # else not all columns are read
                read["equal_rows"] = _equal_rows(table)
            if (found := names_in(table)) is not None:
                names |= {each for (each,) in execute(connection, connection.compile(found))}
            _drop(connection, "raw_")
        except InputProblems as error:
            problems += error.problems
    if problems:
        raise InputProblems(problems)
    typed = {name: functools.reduce(lambda a, b: a.union(b), each) for name, each in parts.items()}
    typed = {name: without_names(connection, name, rows, names) for name, rows in typed.items()}
    people = same_people(typed)
    if people is not None:
        people = connection.create_table("people", people)
    for name, rows in typed.items():
        if "customer_key" in rows.columns and name != "aliases":
            typed[name] = connection.create_table(f"known_{name}", recognised(rows, people))
            _drop(connection, f"read_{name}_")
    if "customers" in typed:
        typed["customers"] = connection.create_table("customers", one_row_each(typed["customers"]))
    return {**read, **typed, "notes": notes, "sources": about}


def _about(
    key: str, name: str, source: FileSource, table: Table, rows: ir.Table
) -> dict[str, object]:
    """A source as it was read: its table, format, rows, rows left out, rows whose money was in
    another currency, first and last time."""
    is_left_out = table.matches(source.left_out)
    counted = one(
        table.rows.mutate(is_left_out=is_left_out, is_converted=table.is_converted & ~is_left_out),
        rows=ibis._.count(),
        left_out=ibis._.is_left_out.sum(),
        converted=ibis._.is_converted.sum(),
    )
    counts = {name: int(count or 0) for name, count in counted.items()}
    counts["left_out"] += sum(int(str(note.get("left_out", 0))) for note in table.notes)
    time = tables.TIMES.get(name)
    last = "date_to" if "date_to" in rows.columns else time
    found = one(rows, begin=rows[time].min(), end=rows[last].max()) if time else {}
    return {"source": key, "table": name, "format": source.format, **counts, **found}


def _equal_rows(table: Table) -> int:
    """Rows that are equal to an earlier one of their file, in every column."""
    content = {"file": table.rows.file, **{c: table.rows[c] for c in table.columns.values()}}
    found = table.rows.aggregate(
        rows=table.rows.count(), different=ibis.struct(content).hash().nunique()
    )
    counts = found.to_pyarrow().to_pylist()[0]
    return counts["rows"] - counts["different"]


def _drop(connection: ibis.BaseBackend, prefix: str) -> None:
    """Drops the tables that are no longer needed, so that memory holds the rows once."""
    named = "select table_name from duckdb_tables() where starts_with(table_name, ?)"
    for (name,) in execute(connection, named, [prefix]):
        connection.drop_table(name)


def _keys(connection: ibis.BaseBackend, canonical: Mapping[str, ir.Table], secret: bytes) -> None:
    """A table of the pseudonyms of each key that stands in a table."""
    found = [t.select(own_key=t[c]) for t in canonical.values() for c in _own_keys(t)]
    make_pseudonyms(connection, found, secret)


def _own_keys(table: ir.Table) -> list[str]:
    return [column for column in table.columns if column.endswith("_key")]


def _pseudonymous(connection: ibis.BaseBackend, table: ir.Table) -> ir.Table:
    """The table with pseudonyms (``order_id``, ``customer_id`` …) in the place of own keys."""
    order = list(table.columns)
    for column in _own_keys(table):
        keys = connection.table("pseudonyms").rename({f"{column}_own": "own_key"})
        joined = table.left_join(keys, table[column] == keys[f"{column}_own"])
        name = column.removesuffix("_key") + "_id"
        table = joined.drop(column, f"{column}_own").rename({name: "pseudonym"})
    names = [c.removesuffix("_key") + "_id" if c.endswith("_key") else c for c in order]
    return table.select(*names)


def open_staged(file: Path) -> tuple[ibis.BaseBackend, dict[str, Any]]:
    """The staged tables, read-only, and the facts noted while staging."""
    connection = ibis.duckdb.connect(file, read_only=True)
    connection.raw_sql("set timezone = 'UTC'")
    return connection, json.loads(execute(connection, "select facts from facts")[0][0])

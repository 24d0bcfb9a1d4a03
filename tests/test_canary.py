"""Personal data planted in every raw file of the demo shop are nowhere behind the sources."""

from __future__ import annotations

import zipfile
from pathlib import Path

import duckdb
import pytest
from small_shop import command, made_once, own_notebook

from templates_lib import demo
from templates_lib.workspace import repository

CANARY = {
    "email": "kanarialintu@canary.example",
    "phone": "+358 00 9999999",
    "identity_code": "010100-999X",
    "name": "Kanaria Lintunen",
    "address": "Häkkitie 99",
}
SPELLINGS = {key: {value, value.lower(), value.upper()} for key, value in CANARY.items()}
SPELLINGS["phone"] |= {"009999999", "00 9999999"}
FAILS = "raise ValueError(shop.table('responses').limit(500).to_pandas().to_csv())"


@pytest.fixture(scope="module")
def reported(tmp_path_factory) -> tuple[Path, str]:
    """A workspace with the report of a demo shop with canaries, and all that was said."""

    def make(workspace: Path) -> str:
        (workspace / "params").mkdir()
        text = (repository() / "params" / "demo.yml").read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if not line.startswith("demo:")]
        (workspace / "params" / "demo.yml").write_text("\n".join(lines), encoding="utf-8")
        demo.write(workspace / "data" / "demo" / "exports", customers=400, canary=CANARY)
        said = command(workspace, "check", "demo") + command(workspace, "report", "demo")
        own_notebook(workspace, "20_fails", FAILS, client="demo")
        return said + command(workspace, "report", "demo", code=1)

    return made_once(tmp_path_factory.getbasetemp(), "canary", make)


def found_in(text: str) -> set[str]:
    return {key for key, spellings in SPELLINGS.items() if any(s in text for s in spellings)}


def test_the_canary_is_in_every_raw_file_that_holds_people(reported):
    """Else the tests below could not fail."""
    exports = reported[0] / "data" / "demo" / "exports"
    without = {
        file.name
        for file in exports.rglob("*")
        if file.suffix == ".csv" and not found_in(decoded(file.read_bytes()))
    }
    assert without == {"google_ads.csv", "holdout.csv", "market.csv", "meta_ads.csv"}


def decoded(content: bytes) -> str:
    if content.startswith(b"\xff\xfe"):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def test_nothing_said_on_the_screen_holds_it(reported):
    assert found_in(reported[1]) == set()


def test_no_file_of_the_report_or_of_the_build_holds_it(reported):
    seen = 0
    for folder in ("build", "reports"):
        for file in (reported[0] / folder).rglob("*"):
            if not file.is_file() or file.suffix == ".duckdb":
                continue
            parts = [file.read_bytes()]
            if zipfile.is_zipfile(file):
                with zipfile.ZipFile(file) as archive:
                    parts = [archive.read(name) for name in archive.namelist()]
            for part in parts:
                assert found_in(decoded(part)) == set(), file.name
            seen += 1
    assert seen > 30
    assert list((reported[0] / "build" / "demo" / "failed").glob("20_fails.ipynb"))


def test_no_staged_column_holds_it(reported):
    checked = 0
    for file in (reported[0] / "build").rglob("*.duckdb"):
        with duckdb.connect(str(file), read_only=True) as connection:
            columns = connection.execute(
                "select table_name, column_name from duckdb_columns() "
                "where data_type = 'VARCHAR' and not internal"
            ).fetchall()
            for table, column in columns:
                values = connection.execute(
                    f'select string_agg("{column}", chr(10)) from "{table}"'
                ).fetchone()[0]
                assert found_in(values or "") == set(), (table, column)
                checked += 1
    assert checked > 60

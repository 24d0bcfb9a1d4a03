"""Staging: pseudonyms by Python's own HMAC, one file a state of the inputs, and interruptions."""

from __future__ import annotations

import ast
import hmac
import stat
import threading
from pathlib import Path

import duckdb
import ibis
import pytest
from conftest import ORDERS, staged

from templates_lib import purchases
from templates_lib.params.file import load_params
from templates_lib.problems import InputProblems
from templates_lib.staging import staging
from templates_lib.staging.staging import fingerprint, open_staged, pseudonym_key, stage
from templates_lib.workspace import ClientFolders

EMAIL, PHONE, NAME = "Canary.Bird@example.com", "+358401234567", "Canary Bird-Byrne"
CSV = f"""order,customer,when,amount,name,phone,mail
1001,{EMAIL},2026-01-05 10:00:00,10.00,{NAME},{PHONE},{EMAIL}
1002,ünïcode-käyttäjä,2026-01-06 10:00:00,20.00,{NAME},{PHONE},{EMAIL}
1003,,2026-01-07 10:00:00,30.00,{NAME},{PHONE},{EMAIL}
"""
TABLES = ("orders", "order_lines", "purchases", "first_orders", "customers")


@pytest.fixture
def acme(make_client):
    client = make_client(exports={"orders.csv": CSV})
    return client, ClientFolders(client)


def print_of(folders):
    return fingerprint(load_params(folders.client), folders)


# Pseudonyms


def test_pseudonyms_are_rfc_2104(acme):
    client, folders = acme
    _, connection, _ = staged(client)
    key = pseudonym_key(folders)

    def pseudonym(own):
        return hmac.new(key, own.encode(), "sha256").hexdigest()[:32]

    table = connection.table("orders").order_by("ordered_at").to_pandas()
    assert table["order_id"].tolist() == [pseudonym(n) for n in ("1001", "1002", "1003")]
    assert table["customer_id"].tolist()[:2] == [pseudonym(EMAIL), pseudonym("ünïcode-käyttäjä")]
    assert table["customer_id"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize("length", [3, 64, 65, 200])
def test_pseudonyms_with_a_key_of_any_length(acme, monkeypatch, length):
    # A key longer than a block of SHA-256 (64 bytes) is hashed first (RFC 2104).
    client, _ = acme
    monkeypatch.setenv("PSEUDONYM_KEY", "k" * length)
    _, connection, _ = staged(client)
    expected = hmac.new(b"k" * length, b"1001", "sha256").hexdigest()[:32]
    assert expected in connection.table("orders").order_id.execute().tolist()


def test_email_is_one_identity_whatever_its_case(make_client):
    params = ORDERS.replace("customer_id: customer", "customer_email: customer")
    csv = "order,customer,when,amount\n1,A@x.fi ,2026-01-01,1\n2,a@X.FI,2026-01-02,1\n"
    _, connection, _ = staged(make_client(params, {"orders.csv": csv}))
    assert connection.table("first_orders").purchases.execute().tolist() == [2]


def test_nothing_of_a_person_is_staged(acme):
    client, folders = acme
    _, connection, _ = staged(client)
    file = next(folders.build.glob("*.duckdb"))
    everything = file.read_bytes().lower()
    for name in TABLES:  # the file may be compressed, so its tables are read as well
        everything += connection.table(name).to_pandas().to_csv().lower().encode()
    for own in (EMAIL, PHONE, NAME, "bird", "käyttäjä", "1001"):
        assert own.lower().encode() not in everything, own
    assert {p.name for p in folders.build.iterdir()} == {
        file.name, ".key.lock", ".staging.lock",
    }  # fmt: skip


def test_the_key_is_made_once_and_is_private(acme):
    client, folders = acme
    key = pseudonym_key(folders)
    file = folders.private / "pseudonym.key"
    assert len(key) == 64
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    staged(client)
    assert pseudonym_key(folders) == key
    assert [p.name for p in folders.private.iterdir()] == [file.name]


def test_two_runs_make_the_same_key(acme):
    _, folders = acme
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(pseudonym_key(folders))) for _ in "1234"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_an_empty_key_is_refused(acme):
    _, folders = acme
    folders.private.mkdir()
    (folders.private / "pseudonym.key").touch()
    with pytest.raises(InputProblems, match=r"pseudonym\.key: is empty; restore it"):
        pseudonym_key(folders)


# One file a state of the inputs


def test_the_fingerprint_follows_inputs_parameters_and_key(acme, monkeypatch):
    client, folders = acme
    prints = [print_of(folders)]
    assert print_of(folders) == prints[0]
    export = folders.data / "exports" / "orders.csv"
    export.write_text(CSV.replace("30.00", "31.00"), encoding="utf-8")
    prints.append(print_of(folders))
    folders.params.write_text(ORDERS.replace("2026-06-30", "2026-05-31"), encoding="utf-8")
    prints.append(print_of(folders))
    monkeypatch.setenv("PSEUDONYM_KEY", "another key")
    prints.append(print_of(folders))
    assert len(set(prints)) == 4


def test_the_fingerprint_does_not_follow_what_staging_does_not_use(acme):
    _, folders = acme
    before = print_of(folders)
    folders.params.write_text(ORDERS + "cohorts: {period: week}\n", encoding="utf-8")
    assert print_of(folders) == before


def test_the_fingerprint_follows_all_code_that_staging_uses():
    # Every module that staging.py imports, directly or not, but those that change no table.
    source = Path(staging.__file__).parents[1]
    seen, left = set(), [Path("staging", "staging.py")]
    while left:
        module = left.pop()
        if module in seen or not (source / module).is_file():
            continue
        seen.add(module)
        for node in ast.walk(ast.parse((source / module).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("templates_lib"):
                package = Path(*node.module.split(".")[1:])
                left += [package.with_suffix(".py")] if package.name else []
                left += [package / f"{alias.name}.py" for alias in node.names]
    exempt = {"language.py", "problems.py", "sensitive.py", "workspace.py"}
    used = {module.parts[0] for module in seen} - exempt
    assert {"costs.py", "sources"} <= used
    assert used <= set(staging.CODE)


def test_a_second_stage_uses_the_same_file(acme):
    client, folders = acme
    params = load_params(client)
    first = stage(params, folders)
    before = first.stat()
    assert stage(params, folders) == first
    assert first.stat().st_mtime_ns == before.st_mtime_ns
    assert first.stat().st_ino == before.st_ino


def test_two_at_once_stage_once(acme, monkeypatch):
    client, folders = acme
    params = load_params(client)
    canonical, calls, files = purchases.canonical, [], []

    def counted(*args):
        calls.append(1)
        return canonical(*args)

    monkeypatch.setattr(purchases, "canonical", counted)
    threads = [
        threading.Thread(target=lambda: files.append(stage(params, folders))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert len(set(files)) == 1


def test_a_warehouse_is_read_anew_every_time(make_client, tmp_path, monkeypatch):
    database = tmp_path / "warehouse.duckdb"
    monkeypatch.setenv("ACME_WAREHOUSE", f"duckdb://{database}")
    with duckdb.connect(str(database)) as warehouse:
        warehouse.execute(
            "create table sales as select 1 as n, 'a' as who, "
            "timestamp '2026-01-01 10:00:00' as at, 12.50::decimal(9, 2) as paid"
        )
    client = make_client("""
client: {name: Acme Oy}
as_of: 2026-06-30
sources:
  orders:
    connection: ${ACME_WAREHOUSE}
    table: sales
    columns: {order_id: n, customer_id: who, ordered_at: at, amount: paid}
    vat: excluded
""")
    _, connection, _ = staged(client)
    assert float(connection.table("orders").net_sales.sum().execute()) == 12.5
    connection.disconnect()
    with duckdb.connect(str(database)) as warehouse:
        warehouse.execute("update sales set paid = 20")
    _, connection, _ = staged(client)
    assert float(connection.table("orders").net_sales.sum().execute()) == 20


# Interruptions and readers


def test_an_interruption_leaves_nothing_and_the_next_one_works(acme, monkeypatch):
    client, folders = acme
    params = load_params(client)
    with monkeypatch.context() as patch:

        def full_disk(*_):
            raise OSError(28, "No space left on device")

        patch.setattr("templates_lib.staging.staging._keys", full_disk)
        with pytest.raises(OSError, match="No space left"):
            stage(params, folders)
    assert {p.name for p in folders.build.iterdir()} == {".key.lock", ".staging.lock"}
    assert stage(params, folders).is_file()


def test_what_a_killed_run_left_is_removed(acme):
    client, folders = acme
    left = folders.build / ".scratch-killed"
    left.mkdir(parents=True)
    (left / "aside.duckdb").write_bytes(b"half a file")
    (left / "raw.csv").write_text(CSV, encoding="utf-8")
    stage(load_params(client), folders)
    assert not left.exists()


def test_a_new_state_is_staged_while_the_old_one_is_read(acme):
    client, folders = acme
    params = load_params(client)
    connection, _ = open_staged(stage(params, folders))
    export = folders.data / "exports" / "orders.csv"
    export.write_text(CSV.replace("10.00", "11.00"), encoding="utf-8")
    newer, _ = open_staged(stage(params, folders))
    same, _ = open_staged(next(folders.build.glob("*.duckdb")))  # two readers of one file
    assert float(connection.table("orders").net_sales.sum().execute()) == 60
    assert float(newer.table("orders").net_sales.sum().execute()) == 61
    assert same.table("orders").count().execute() == 3


def test_readers_cannot_write(acme):
    client, _ = acme
    _, connection, _ = staged(client)
    with pytest.raises(duckdb.InvalidInputException, match="read-only"):
        connection.raw_sql("delete from orders")


def test_all_problems_of_all_sources_at_once(make_client):
    params = (
        ORDERS
        + """
  products:
    format: table
    path: exports/products.csv
    columns: {product_id: skuu}
  customers:
    format: table
    path: exports/clients.csv
    columns: {customer_id: id}
"""
    )
    client = make_client(params, {"orders.csv": CSV})
    with pytest.raises(InputProblems) as raised:
        staged(client)
    where = sorted(problem.where for problem in raised.value.problems)
    assert where == [
        "sources.customers.path 'exports/clients.csv'",
        "sources.products.path 'exports/products.csv'",
    ]


def test_the_rows_are_held_once(acme, monkeypatch):
    # What has been read is dropped when the next form of it exists: only counts remain beside it.
    client, folders = acme
    held = []
    keys = staging._keys

    def watched(connection, *args):
        held.extend(connection.raw_sql("select table_name from duckdb_tables()").fetchall())
        return keys(connection, *args)

    monkeypatch.setattr(staging, "_keys", watched)
    stage(load_params(client), folders)
    names = {name for (name,) in held}
    assert "rows_current" in names
    assert not [n for n in names if n.startswith(("raw_", "read_"))]


def test_staged_tables_are_checked(acme, monkeypatch):
    # A table that breaks its own rules is refused, by table and column, without a value.
    client, folders = acme
    canonical = purchases.canonical

    def doubled(*args):
        made, facts = canonical(*args)
        made["orders"] = made["orders"].union(made["orders"])
        return made, facts

    monkeypatch.setattr(purchases, "canonical", doubled)
    with pytest.raises(InputProblems, match="table orders") as raised:
        stage(load_params(client), folders)
    assert "1001" not in str(raised.value)
    assert not list(folders.build.glob("*.duckdb"))


def test_ibis_reads_times_as_utc(acme):
    client, _ = acme
    _, connection, _ = staged(client)
    first = connection.table("orders").ordered_at.min().execute()
    assert str(first) == "2026-01-05 08:00:00"  # 10:00 in Helsinki
    assert connection.table("orders").ordered_at.type() == ibis.dtype("timestamp(6)")

"""The same measures on DuckDB, PostgreSQL and Spark, and as SQL of BigQuery and Snowflake."""

from __future__ import annotations

import gc
import importlib.util
import json
import shutil
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import engine_shop
import ibis
import ibis.backends.sql.compilers as compilers
import ibis.expr.operations as ops
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import postgres_server
import psycopg
import pyarrow.parquet as pq
import pytest
import sqlglot
import sqlglot.expressions as sge
from conftest import staged

from templates_lib.problems import InputProblems

PASSWORD = "canary-hunter2-7f3a"
MEASURES = list(engine_shop.measures(engine_shop.nothing()))


class OnDuckDB(NamedTuple):
    """Every measure as DuckDB gives it, and the expressions that it was asked on the way."""

    found: dict[str, pd.DataFrame]
    asked: dict[str, list[ir.Expr]]


@pytest.fixture(scope="module")
def on_duckdb() -> OnDuckDB:
    connection = ibis.duckdb.connect()
    connection.raw_sql("set timezone = 'UTC'")
    asked: list[ir.Expr] = []
    compile_, create = connection.compile, connection.create_table

    def noted(expression: ir.Expr, *words: Any, **more: Any) -> str:
        asked.append(expression)
        return compile_(expression, *words, **more)

    def created(name: str, rows: Any = None, **more: Any) -> ir.Table:
        asked.extend([rows] if isinstance(rows, ir.Expr) else [])
        return create(name, rows, **more)

    connection.compile, connection.create_table = noted, created
    for name, rows in engine_shop.rows().items():
        connection.create_table(name, rows)
    have = engine_shop.canonical(connection)
    found, by_name = {}, {"canonical": list(asked)}
    for name, run in engine_shop.measures(have).items():
        asked.clear()
        found[name] = run()
        by_name[name] = list(asked)
    return OnDuckDB(found, by_name)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if postgres_server.binaries() is None:
        pytest.skip("needs PostgreSQL's server (initdb and postgres); none is installed here")
    with postgres_server.running(PASSWORD) as address:
        yield address


@pytest.fixture(scope="module")
def on_postgres(server) -> Iterator[Mapping[str, ir.Table]]:
    connection = ibis.connect(server)
    for name, rows in engine_shop.rows().items():
        connection.create_table(name, rows)
    yield engine_shop.canonical(connection)
    gc.collect()  # what the engine keeps for Ibis goes before the server does
    connection.disconnect()


@pytest.fixture(scope="module")
def on_spark(tmp_path_factory) -> Iterator[Mapping[str, ir.Table]]:
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("needs the extra `spark`: `make spark` installs it")
    if shutil.which("java") is None:
        pytest.skip("needs Java 17 or newer for Spark; none is installed here")
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    settings = {
        "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1", "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1", "spark.default.parallelism": "1",
        "spark.sql.warehouse.dir": str(folder / "warehouse"), "spark.log.level": "OFF",
        "spark.ui.showConsoleProgress": "false", "spark.sql.codegen.wholeStage": "false",
    }  # fmt: skip
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    connection = ibis.pyspark.connect(session)
    for name, rows in engine_shop.rows().items():
        pq.write_table(rows, folder / f"{name}.parquet")
        connection.read_parquet(folder / f"{name}.parquet", table_name=name)
    yield engine_shop.canonical(connection)
    gc.collect()
    session.stop()


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """Decimals and whatever an engine calls missing as floats and NaN, in one order of rows."""
    table = table.copy()
    for name in table:
        column = table[name]
        if column.map(lambda value: isinstance(value, Decimal)).any():
            table[name] = column.map(lambda v: np.nan if pd.isna(v) else float(v)).astype("float64")
        elif pd.api.types.is_datetime64_any_dtype(column):
            table[name] = column.astype("datetime64[us]")
        elif column.dtype == object:
            table[name] = column.where(column.notna(), None)
    keys = [name for name in table if not pd.api.types.is_float_dtype(table[name])]
    return table.sort_values(keys, ignore_index=True, key=lambda c: c.astype(str))


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Counts, days and names to the digit; sums within the rounding of floats."""
    found, expected = plain(found), plain(expected)
    for name in expected:
        if pd.api.types.is_integer_dtype(expected[name]):
            assert (found[name].dropna() % 1 == 0).all(), name
            found[name] = found[name].astype(expected[name].dtype)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("name", MEASURES)
def test_postgres_gives_what_duckdb_gives(name, on_postgres, on_duckdb):
    assert len(on_duckdb.found[name])
    same(engine_shop.measures(on_postgres)[name](), on_duckdb.found[name])


@pytest.mark.parametrize("name", MEASURES)
def test_spark_gives_what_duckdb_gives(name, on_spark, on_duckdb):
    same(engine_shop.measures(on_spark)[name](), on_duckdb.found[name])


# Engines that cannot be run here


@pytest.mark.parametrize(
    ("dialect", "compiler"),
    [("bigquery", compilers.bigquery.compiler), ("snowflake", compilers.snowflake.compiler)],
)
def test_every_statement_is_sql_of_the_dialect(dialect, compiler, on_duckdb):
    for name in ("canonical", *MEASURES):
        assert on_duckdb.asked[name], name
        for expression in on_duckdb.asked[name]:
            if expression.op().find(ops.Quantile) and dialect == "bigquery":
                assert name == "canonical"  # exact quantiles, of which staging takes two
                continue
            written = compiler.to_sqlglot(expression.unbind()).sql(dialect)
            own = sqlglot.parse_one(written, read=dialect).find_all(sge.Anonymous)
            assert {function.name.lower() for function in own} <= {"ieee_divide"}, name


# A client whose orders are in a warehouse

ORDERS = """
client: {name: Acme Oy, timezone: Europe/Helsinki}
as_of: 2026-06-30
sources:
  orders:
    SOURCE
    columns: {order_id: number, customer_id: who, ordered_at: at, amount: paid}
    vat: excluded
"""
IN_WAREHOUSE = "connection: ${ACME_WAREHOUSE}\n    table: shop.orders"
COLUMNS = ("number", "who", "at", "paid")
ROWS = [
    ("00000000-0000-0000-0000-000000000001", "a", "2026-01-01 23:30:00+00", "12.50", "040 1"),
    ("00000000-0000-0000-0000-000000000002", "a", "2026-03-01 10:00:00+00", "7.25", "040 1"),
    ("00000000-0000-0000-0000-000000000003", "b", "2026-03-02 10:00:00+00", "9.00", None),
]


@pytest.fixture
def warehouse(server) -> Iterator[str]:
    """The address of a user who may read some columns of one table, and write nothing."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("create schema shop")
        connection.execute(
            "create table shop.orders (number uuid, who varchar(9), at timestamptz, "
            "paid numeric, phone text)"
        )
        insert = "insert into shop.orders values (%s, %s, %s, %s, %s)"
        connection.cursor().executemany(insert, ROWS)
        connection.execute(f"create role reader login password '{PASSWORD}'")
        connection.execute("grant usage on schema shop to reader")
        connection.execute(f"grant select ({', '.join(COLUMNS)}) on shop.orders to reader")
        yield server.replace("shop:", "reader:")
        connection.execute("drop schema shop cascade")
        connection.execute("drop role reader")


def test_orders_of_a_warehouse_are_those_of_an_export(
    warehouse, make_client, monkeypatch, capfd, workspace
):
    monkeypatch.setenv("ACME_WAREHOUSE", warehouse)
    monkeypatch.setenv("PSEUDONYM_KEY", "of both clients")
    export = "\n".join(",".join(map(str, row[:4])) for row in [COLUMNS, *ROWS])
    found = []
    for name, place in (("files", "path: exports/orders.csv"), ("there", IN_WAREHOUSE)):
        params = ORDERS.replace("SOURCE", place)
        _, connection, facts = staged(make_client(params, {"orders.csv": export}, name=name))
        parts = {table: connection.table(table).to_pandas() for table in ("orders", "purchases")}
        found.append(
            {
                table: rows.sort_values(list(rows)[:2], ignore_index=True)
                for table, rows in parts.items()
            }
        )
        connection.disconnect()
    for table, rows in found[0].items():
        pd.testing.assert_frame_equal(found[1][table], rows)
    assert list(found[0]["purchases"]["purchased_on"].astype(str)) == [
        "2026-01-02", "2026-03-01", "2026-03-02"]  # fmt: skip
    said = "".join(capfd.readouterr()) + json.dumps(facts, default=str)
    written = [file.read_bytes() for file in workspace.rglob("*") if file.is_file()]
    assert len(written) > 4
    assert PASSWORD not in said
    assert not any(PASSWORD.encode() in content for content in written)


@pytest.mark.parametrize("wrong", ["password", "table", "column"])
def test_what_a_server_refuses_shows_no_secret(warehouse, make_client, monkeypatch, capfd, wrong):
    params = ORDERS.replace("SOURCE", IN_WAREHOUSE)
    address = warehouse.replace(PASSWORD, f"{PASSWORD}x") if wrong == "password" else warehouse
    monkeypatch.setenv("ACME_WAREHOUSE", address)
    if wrong == "table":
        params = params.replace("shop.orders", "shop.order")
    elif wrong == "column":
        params = params.replace("number", "phone")
    with pytest.raises(InputProblems) as raised:
        staged(make_client(params))
    (line,) = map(str, raised.value.problems)
    assert line.startswith("sources.orders.connection: shop.order")
    assert line.endswith("; check the address in ACME_WAREHOUSE, the rights and the table's name")
    assert PASSWORD not in line + "".join(capfd.readouterr())

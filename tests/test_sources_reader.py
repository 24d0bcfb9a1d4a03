"""Columns of a source as texts, numbers, times and marks; and that no value is ever shown."""

from __future__ import annotations

import csv
import io
import random
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import ibis
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from templates_lib.params.orders import CustomersSource, OrdersSource
from templates_lib.params.source_files import Condition, FileSource
from templates_lib.problems import InputProblems
from templates_lib.sources.engine import execute
from templates_lib.sources.headers import fold
from templates_lib.sources.load import load
from templates_lib.sources.orders import customer_rows, order_rows
from templates_lib.sources.reader import Table
from templates_lib.sources.values import local_to_utc, utc_to_local

HELSINKI = "Europe/Helsinki"
EMAIL, PHONE = "canary.bird@example.com", "+358 40 123 4567"


def engine() -> ibis.BaseBackend:
    connection = ibis.duckdb.connect()
    connection.raw_sql("set timezone = 'UTC'")
    return connection


@pytest.fixture(scope="module")
def connection() -> ibis.BaseBackend:
    return engine()


def table_of(folder: Path, source: FileSource, connection: ibis.BaseBackend) -> Table:
    for (raw,) in execute(connection, "select table_name from duckdb_tables()"):
        connection.drop_table(raw)
    return load(connection, source, key="sources.orders", data=folder, scratch=folder)


@pytest.fixture
def table(tmp_path, connection):
    """A table of files given by name, or of one CSV file given as its text."""

    def make(files: str | dict[str, str | bytes | pa.Table], **declared: object) -> Table:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        for name, content in ({"x.csv": files} if isinstance(files, str) else files).items():
            if isinstance(content, pa.Table):
                pq.write_table(content, folder / name)
            else:
                content = content.encode() if isinstance(content, str) else content
                (folder / name).write_bytes(content)
        return table_of(folder, FileSource(path="*", **declared), connection)

    return make


def read(table: Table, **values: ibis.expr.types.Value) -> list[tuple]:
    table.check()
    rows = table.rows.select("file", "row_number_in_file", **values)
    rows = rows.order_by("file", "row_number_in_file").to_pyarrow().to_pylist()
    return [tuple(row[name] for name in values) for row in rows]


def problems_of(table: Table) -> list[str]:
    with pytest.raises(InputProblems) as raised:
        table.check()
    return [str(problem) for problem in raised.value.problems]


def column(values: list[str], name: str = "x") -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(
        [[name, "y"], *([value, "."] for value in values)]
    )
    return out.getvalue()


# Headers


@pytest.mark.parametrize(
    "header",
    ["Order ID", " order id ", "ORDER  ID", "\u00a0Order\u00a0ID", "\ufeffOrder ID",
     "<b>Order</b> <i class='x'>ID</i>", "Order&nbsp;ID"],
)  # fmt: skip
def test_headers_match_without_case_blanks_html_and_marks(table, header):
    made = table(column(["7"], header), delimiter=",")
    assert read(made, x=made.text("order id")) == [("7",)]


def test_headers_match_in_either_form_of_unicode():
    assert fold("Määrä") == fold("Ma\u0308a\u0308ra\u0308") == "määrä"
    assert fold("Straße") == fold("STRASSE")


def test_a_missing_column_gets_the_nearest_one(table):
    made = table({"a.csv": "Order,Total\n1,2\n", "b.csv": "Order,Total\n3,4\n"})
    made.text("Ordr")
    made.number(["Total", "zzz"])
    made.time("zzz", zone=HELSINKI)
    assert problems_of(made) == [
        "sources.orders: no column 'Ordr' in a.csv, b.csv; did you mean 'Order'?",
        "sources.orders: no column 'zzz' in a.csv, b.csv; known: Order, Total",
    ]


def test_a_column_that_one_file_lacks_is_told_with_the_file(table):
    made = table({"a.csv": "order,total\n1,2\n", "b.csv": "order,Totals\n3,4\n"})
    made.number("total")
    assert problems_of(made) == [
        "sources.orders: no column 'total' in b.csv; did you mean 'Totals'?"
    ]


def test_a_header_that_stands_twice_is_refused_where_it_is_read(table):
    files = {"a.csv": "order,note,note\n1,x,y\n", "b.csv": "order,note\n2,z\n"}
    made = table(files)
    assert read(made, order=made.text("order")) == [("1",), ("2",)]
    made.text("Note")
    assert problems_of(made) == [
        "sources.orders: several columns 'Note' in a.csv; rename all but one"
    ]


def test_a_first_row_that_holds_data_is_never_shown(table):
    made = table(f"17,Canary Bird,{EMAIL},{PHONE}\n18,Other,o@example.com,\n")
    made.text("canary.bird")
    made.text("order")
    assert problems_of(made) == [
        f"sources.orders: no column '{name}' in x.csv; the first row does not look like a header: "
        "give the names in header"
        for name in ("canary.bird", "order")
    ]


def test_all_problems_of_headers_and_values_come_at_once(table):
    made = table("a,b\nx,1\n2,y\nz,3\n")
    made.number("a")
    made.number("b")
    made.text("c")
    marks = "(decimal '.', thousands ''); declare decimal and thousands"
    assert problems_of(made) == [
        "sources.orders: no column 'c' in x.csv; known: a, b",
        f"x.csv row 2 column 'a': not a number with the declared marks {marks} (2 rows)",
        f"x.csv row 3 column 'b': not a number with the declared marks {marks}",
    ]


# Files together


def test_columns_of_several_files_are_matched_by_name(table):
    made = table({
        "a.csv": "order,total,note\n1,10,x\n",
        "b.csv": "Total;Extra;ORDER\n20;y;2\n",
        "c.csv": "order,total\n3,30\n",
    })  # fmt: skip
    assert read(made, order=made.text("order"), total=made.number("total")) == [
        ("1", Decimal(10)),
        ("2", Decimal(20)),
        ("3", Decimal(30)),
    ]
    assert made.notes == [
        {"file": f"{name}.csv", "rows": 1, "encoding": "utf-8", "undefined_bytes": 0}
        for name in "abc"
    ]


def test_the_same_file_twice_is_read_once(table):
    made = table({"a.csv": "order\n1\n2\n", "copy of a.csv": "order\n1\n2\n"})
    assert read(made, order=made.text("order")) == [("1",), ("2",)]


def test_all_files_that_cannot_be_read_are_told_at_once(table):
    with pytest.raises(InputProblems) as raised:
        table(
            {"a.csv": "order\n", "b.csv": "x,y\n1\n", "c.parquet": b"PAR1", "d.csv": "order\n1\n"}
        )
    assert [str(problem).partition(";")[0] for problem in raised.value.problems] == [
        "a.csv: has a header but no rows",
        "b.csv: row 2: not 2 fields as in the header (1 rows)",
        "c.parquet: is not a whole Parquet file",
    ]


def test_parquet_keeps_its_types(table):
    made = table({"x.parquet": pa.table({
        "Order": [1, 2],
        "price": [1.5, None],
        "local": [datetime(2026, 7, 1, 12), datetime(2026, 1, 1, 12)],
        "instant": pa.array([datetime(2026, 7, 1, 12)] * 2, pa.timestamp("ns", "America/New_York")),
        "day": [date(2026, 7, 1), None],
        "kept": pa.array(["NA", " x\u00a0"]).dictionary_encode(),
    })})  # fmt: skip
    values = {
        "order": made.text("order"),
        "price": made.number("price"),
        "local": made.time("local", zone=HELSINKI),
        "instant": made.time("instant", zone=HELSINKI),
        "day": made.time("day", zone=HELSINKI),
        "kept": made.text("kept"),
    }
    day = datetime(2026, 6, 30, 21)
    noon = datetime(2026, 7, 1, 12)
    assert read(made, **values) == [
        ("1", Decimal("1.5"), datetime(2026, 7, 1, 9), noon, day, "NA"),
        ("2", None, datetime(2026, 1, 1, 10), noon, None, "x"),
    ]
    assert made.rows.row_number_in_file.min().execute() == 1


def test_parquet_of_other_types_and_text_come_together(table):
    made = table({
        "a.parquet": pa.table({"order": [1], "total": [10.5]}),
        "b.parquet": pa.table({"order": ["x"], "total": [11]}),
        "c.csv": "total,order\n12,y\n",
    })  # fmt: skip
    assert read(made, order=made.text("order"), total=made.number("total")) == [
        ("1", Decimal("10.5")),
        ("x", Decimal(11)),
        ("y", Decimal(12)),
    ]


@pytest.mark.parametrize("keep", [3, 40, 90])
def test_a_parquet_file_that_is_cut_off_is_refused(table, keep):
    whole = io.BytesIO()
    pq.write_table(pa.table({"order": list(range(1000))}), whole)
    cut = whole.getvalue()
    with pytest.raises(InputProblems, match=r"^x.parquet: is not a whole Parquet file; copy it"):
        table({"x.parquet": cut[: len(cut) * keep // 100]})
    spoilt = cut[:100] + bytes(400) + cut[500:]
    with pytest.raises(InputProblems, match="is not a whole Parquet file"):
        table({"x.parquet": spoilt})


def test_a_name_that_is_sql_is_a_name(table):
    files = {"x'); drop table t; --.csv": 'order"; drop table t; --,c0\n1,2\n'}
    made = table(files, delimiter=",")
    assert read(made, x=made.text('order"; drop table t; --'), y=made.text("c0")) == [("1", "2")]


# Numbers


@pytest.mark.parametrize(
    ("text", "decimal", "thousands", "value"),
    [
        ("1234.50", ".", "", "1234.50"),
        ("-7", ".", "", "-7"),
        ("+7.", ".", "", "7"),
        ("1 234,50", ",", " ", "1234.50"),
        ("1\u00a0234,50", ",", " ", "1234.50"),
        ("1\u202f234\u202f567,50", ",", " ", "1234567.50"),
        ("1234,50", ",", " ", "1234.50"),
        ("1.234,50", ",", ".", "1234.50"),
        ("1.234", ",", ".", "1234"),
        ("1,234", ".", ",", "1234"),
        ("1'234.50", ".", "'", "1234.50"),
        ("\u22125,00", ",", "", "-5"),
        ("€ 5,00", ",", "", "5"),
        ("5,00\u00a0€", ",", "", "5"),
        ("-€5.00", ".", "", "-5"),
        ("€ -5.00", ".", "", "-5"),
        ("EUR 5.00", ".", "", "5"),
        ("$1,234.50", ".", ",", "1234.50"),
        ("1 234,50 EUR", ",", " ", "1234.50"),
        ("0.00005", ".", "", "0.0001"),
        ("\u00a012\t", ".", "", "12"),
    ],
)
def test_numbers_are_read_by_their_declared_marks(table, text, decimal, thousands, value):
    made = table(column([text]), decimal=decimal, thousands=thousands)
    assert read(made, x=made.number("x")) == [(Decimal(value),)]


@pytest.mark.parametrize(
    ("text", "decimal", "thousands"),
    [
        ("1,234", ".", ""),
        ("1,23", ".", ","),
        ("1.234", ",", ""),
        ("1.23", ",", "."),
        ("12.34.567", ",", "."),
        ("1 234", ".", ""),
        ("12 34", ".", " "),
        ("1 2345", ".", " "),
        ("1.234.50", ".", ""),
        ("5€5", ".", ""),
        ("--5", ".", ""),
        ("5-", ".", ""),
        ("(5)", ".", ""),
        ("1e3", ".", ""),
        ("NaN", ".", ""),
        ("inf", ".", ""),
        ("0x10", ".", ""),
        ("5 %", ".", ""),
        ("EUR", ".", ""),
        ("-", ".", ""),
        (".", ".", ""),
        ("٣", ".", ""),
        ("99999999999999999", ".", ""),
    ],
)
def test_what_is_no_number_by_its_marks_is_refused_without_being_shown(
    table, text, decimal, thousands
):
    made = table(column(["1", text, "2"]), decimal=decimal, thousands=thousands)
    made.number("x")
    (line,) = problems_of(made)
    assert line == (
        f"x.csv row 3 column 'x': not a number with the declared marks (decimal {decimal!r}, "
        f"thousands {thousands!r}); declare decimal and thousands"
    )
    assert text in ("-", ".", "inf", "EUR") or text not in line


def test_several_columns_are_summed_and_missing_ones_are_nothing(table):
    made = table("a,b,c\n1,2,.\n3,,.\n,,.\n")
    assert read(made, sum=made.number(["a", "b"])) == [(Decimal(3),), (Decimal(3),), (None,)]
    made = table("pieces,price\n3,0.10\n,5\n")
    assert read(made, x=made.product("pieces", "price")) == [(Decimal("0.3"),), (None,)]


def test_numbers_that_grow_too_large_are_refused(table):
    big = "99999999999999"
    made = table(f"ean,price\n1,1\n{big},{big}\n")
    made.number(["ean", "price"])
    made.product("ean", "price")
    assert problems_of(made) == [
        "x.csv row 3 column 'ean + price': not a number of at most 14 digits",
        "x.csv row 3 column 'ean × price': not a number of at most 14 digits",
    ]
    made = table({"x.parquet": pa.table({"x": [1.0, 1e30, float("nan")]})})
    made.number("x")
    assert problems_of(made) == [
        "x.parquet row 2 column 'x': not a number of at most 14 digits (2 rows)"
    ]


def test_a_row_is_named_by_its_number_in_its_file(table):
    files = {"a.csv": 'x,y\n\n1,"two\nlines"\n\n2,.\n3,.\n', "b.csv": "x,y\n1,.\n2,.\n\n\noops,.\n"}
    made = table(files)
    made.number("x")
    assert problems_of(made)[0].startswith("b.csv row 6 column 'x': not a number")


# Texts


def test_texts_stay_as_they_are_but_for_blanks_at_the_ends(table):
    texts = ["NA", "null", "None", "nan", "00100", "1e3", "TRUE", "'4", "=1+1"]
    made = table(column([*texts, " x y ", "\u00a0z\t", "", " \u202f"]))
    assert read(made, x=made.text("x")) == [
        *((text,) for text in texts),
        ("x y",),
        ("z",),
        (None,),
        (None,),
    ]


# Times


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-07-01", datetime(2026, 6, 30, 21)),
        ("2026-07-01 13:05:00", datetime(2026, 7, 1, 10, 5)),
        ("2026-01-01T13:05", datetime(2026, 1, 1, 11, 5)),
        ("2026-07-01 13:05:00.250", datetime(2026, 7, 1, 10, 5, 0, 250_000)),
        ("2025-10-07 09:50:26 +0300", datetime(2025, 10, 7, 6, 50, 26)),
        ("2025-11-07 09:50:26 +0200", datetime(2025, 11, 7, 7, 50, 26)),
        ("2025-11-07T09:50:26-05:00", datetime(2025, 11, 7, 14, 50, 26)),
        ("2025-11-07 09:50:26+02", datetime(2025, 11, 7, 7, 50, 26)),
        ("2025-11-07T09:50:26Z", datetime(2025, 11, 7, 9, 50, 26)),
        ("2025-11-07 09:50:26 UTC", datetime(2025, 11, 7, 9, 50, 26)),
        ("2024-10-27 02:59:00", datetime(2024, 10, 26, 23, 59)),
        ("2024-10-27 03:30:00", datetime(2024, 10, 27, 1, 30)),  # shown twice: the later
        ("2024-10-27 04:00:00", datetime(2024, 10, 27, 2, 0)),
        ("2024-10-27 03:30:00 +0300", datetime(2024, 10, 27, 0, 30)),
        ("2025-03-30 02:59:00", datetime(2025, 3, 30, 0, 59)),
        ("2025-03-30 03:30:00", datetime(2025, 3, 30, 1, 30)),  # never shown: as if 04:30
        ("2025-03-30 04:30:00", datetime(2025, 3, 30, 1, 30)),
    ],
)
def test_iso_times_become_utc(table, text, utc):
    made = table(column([text, ""]))
    assert read(made, x=made.time("x", zone=HELSINKI)) == [(utc,), (None,)]


@pytest.mark.parametrize(
    "text",
    ["03.04.2024", "3/4/2024", "2024-02-30", "2024-13-01", "0000-00-00", "0024-01-01", "20240403",
     "2024-4-3", "2024-04-03 25:00", "2024-04-03 10:05 Europe/Helsinki", "2024-04-03 10:05 EET",
     "2024-04-03 +02:00", "2024-04-03 10:05 +0200 x", "45962.5", "1714554000", "infinity", "epoch",
     "now", "2024-04-03T", "2024-04-03 10"],
)  # fmt: skip
def test_what_is_no_iso_time_is_refused_and_never_guessed(table, text):
    made = table(column(["2024-04-03", text]))
    made.time("x", zone=HELSINKI)
    assert problems_of(made) == [
        "x.csv row 3 column 'x': not a time as in 2026-10-31 13:05:00; declare date_format"
    ]


@pytest.mark.parametrize(
    ("form", "text", "utc"),
    [
        ("%d.%m.%Y", "03.04.2024", datetime(2024, 4, 2, 21)),
        ("%d.%m.%Y", "3.4.2024", datetime(2024, 4, 2, 21)),
        ("%m/%d/%Y %H:%M:%S", "9/6/2016 6:29:00", datetime(2016, 9, 6, 3, 29)),
        ("%d.%m.%Y klo %H.%M.%S", "3.4.2024 klo 9.05.07", datetime(2024, 4, 3, 6, 5, 7)),
        ("%Y/%m/%d %I:%M:%S %p", "2024/03/04 3:18:36 pm", datetime(2024, 3, 4, 13, 18, 36)),
        ("%Y-%m-%d %H:%M:%S %z", "2025-10-07 09:50:26 +0300", datetime(2025, 10, 7, 6, 50, 26)),
        ("%Y-%m-%d %H:%M:%S %z", "2025-11-07 09:50:26 +02:00", datetime(2025, 11, 7, 7, 50, 26)),
        ("%Y%m%d", "19970101", datetime(1996, 12, 31, 22)),
        ("%d.%m.%y", "3.4.24", datetime(2024, 4, 2, 21)),
    ],
)
def test_times_of_a_declared_form(table, form, text, utc):
    made = table(column([text]), date_format=form)
    assert read(made, x=made.time("x", zone=HELSINKI)) == [(utc,)]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%d.%m.%Y", "31.2.2026"),
        ("%d.%m.%Y", "04/13/2024"),
        ("%d.%m.%Y", "2024-04-03"),
        ("%d.%m.%Y", "3.4.24"),
        ("%d.%m.%Y", "3.4.2024 10:00"),
        ("%m/%d/%Y", "13/04/2024"),
        ("%Y-%m-%d %H:%M:%S %z", "2025-10-07 09:50:26"),
    ],
)
def test_what_is_not_of_the_declared_form_is_refused(table, form, text):
    made = table(column([text]), date_format=form)
    made.time("x", zone=HELSINKI)
    assert problems_of(made) == [f"x.csv row 2 column 'x': not a time of the form {form}"]


def test_a_source_has_its_own_time_zone(table):
    made = table(column(["2026-07-01 12:00"]), timezone="UTC")
    assert read(made, x=made.time("x", zone=HELSINKI)) == [(datetime(2026, 7, 1, 12),)]


def test_typed_dates_of_a_workbook(table):
    book = openpyxl.Workbook()
    book.active.append(["when", "total"])
    book.active.append([datetime(2026, 7, 1, 13, 5), 1234.5])
    book.active.append(["2.7.2026 13.05", "1 234,50"])
    out = io.BytesIO()
    book.save(out)
    made = table(
        {"x.xlsx": out.getvalue()}, date_format="%d.%m.%Y %H.%M", decimal=",", thousands=" "
    )
    assert read(made, when=made.time("when", zone=HELSINKI), total=made.number("total")) == [
        (datetime(2026, 7, 1, 10, 5), Decimal("1234.5")),
        (datetime(2026, 7, 2, 10, 5), Decimal("1234.5")),
    ]


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from([HELSINKI, "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
    start=st.datetimes(datetime(1991, 1, 1), datetime(2037, 12, 1)),
)
def test_local_times_agree_with_python(connection, zone, start):
    # zoneinfo: fold=1 is the second of two equal times; in a gap it uses the offset of after the
    # gap, fold=0 that of before, which is what DuckDB does.
    times = [start + timedelta(minutes=30 * step) for step in range(48)]
    given_times = ibis.memtable(pa.table({"t": pa.array(times, pa.timestamp("us"))}))
    rows = given_times.select(
        "t", utc=local_to_utc(given_times.t, zone), local=utc_to_local(given_times.t, zone)
    )
    for row in connection.to_pyarrow(rows).to_pylist():
        second = row["t"].replace(tzinfo=ZoneInfo(zone), fold=1)
        first = second.replace(fold=0)
        is_gap = first.utcoffset() < second.utcoffset()
        expected = (first if is_gap else second).astimezone(UTC).replace(tzinfo=None)
        assert row["utc"] == expected
        there = row["t"].replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        assert row["local"] == there


# Conditions


def test_conditions(table):
    made = table(column(["Bogus ", "bogus-2", "Äiti", "", "5", "NA"]))

    def marked(**condition: object) -> list[bool]:
        return [m for (m,) in read(made, m=made.matches([Condition(column="X", **condition)]))]

    assert marked(equals="BOGUS") == [True, False, False, False, False, False]
    assert marked(equals=["na ", "äITI"]) == [False, False, True, False, False, True]
    assert marked(starts_with="boG") == [True, True, False, False, False, False]
    assert marked(contains="GUS-") == [False, True, False, False, False, False]
    assert read(made, m=made.matches([])) == [(False,)] * 6
    both = [Condition(column="x", equals="5"), Condition(column="y", starts_with=".")]
    assert read(made, m=made.matches(both)) == [(True,)] * 6


def test_a_condition_on_a_number(table):
    made = table(column(["0", "-1,5", "0,01", "", "7"]), decimal=",")
    at_most = made.matches([Condition(column="x", at_most=0)])
    assert read(made, m=at_most) == [(True,), (True,), (False,), (False,), (False,)]
    made = table(column(["1", "none"]))
    made.matches([Condition(column="x", at_most=0)])
    assert problems_of(made)[0].startswith("x.csv row 3 column 'x': not a number")


# Orders and customers


def orders_source(**more: object) -> OrdersSource:
    columns = {"ordered_at": "when", "line_amount": "amount", "customer_email": "mail"}
    return OrdersSource.model_validate(
        {"path": "*", "vat": "excluded", "columns": columns | more.pop("columns", {}), **more}
    )


def test_a_customer_is_the_shops_id_else_the_folded_email(table):
    made = table("id,mail\n 7 ,A@x.fi\n, B@X.fi\u00a0\n, \n")
    source = CustomersSource.model_validate(
        {"path": "*", "columns": {"customer_email": "mail"}, "attributes": {"own": "id"}}
    )
    rows = customer_rows(made, source, zone=HELSINKI).order_by("customer_key").to_pyarrow()
    assert rows.column("customer_key").to_pylist() == ["a@x.fi", "b@x.fi"]
    assert rows.column("own").to_pylist() == ["7", None]


def test_rows_without_an_order_number_are_told_apart_by_their_content(table):
    content = "when,amount,mail\n2026-01-01,5,a\n2026-01-01,5,a\n2026-01-01,5,b\n"
    rows = order_rows(table(content), orders_source(), zone=HELSINKI).to_pyarrow()
    keys = rows.column("order_key").to_pylist()
    assert len(set(keys)) == 3
    assert sorted(key[-2:] for key in keys) == ["#0", "#0", "#1"]


row = st.tuples(
    st.sampled_from(["", "1", "2", "3"]),
    st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(str),
    st.decimals(-99, 99, places=2).map(str),
    st.sampled_from(["", "a@x.fi", " A@X.fi", "b@x.fi"]),
)


@settings(max_examples=12, deadline=None)
@given(rows=st.lists(row, min_size=2, max_size=12), seed=st.integers(0, 99))
def test_the_order_of_rows_and_columns_and_the_split_into_files_change_nothing(rows, seed):
    source = orders_source(columns={"order_id": "order"})
    names = ["order", "when", "amount", "mail"]
    chance = random.Random(seed)

    def values(*files: list[tuple[str, ...]]) -> list[tuple]:
        with tempfile.TemporaryDirectory() as folder:
            for number, part in enumerate(files):
                order = chance.sample(range(4), 4)
                content = [names, *part, [str(number), "2020-01-01", "0", ""]]  # no equal files
                with Path(folder, f"{number}.csv").open("w", newline="") as out:
                    csv.writer(out).writerows([[row[i] for i in order] for row in content])
            made = table_of(Path(folder), source, engine())
            read_rows = order_rows(made, source, zone=HELSINKI)
            kept = read_rows.filter(read_rows.ordered_at > datetime(2021, 1, 1))
            found = kept.drop("file", "row_number").to_pyarrow().to_pylist()
        return sorted((tuple(row.values()) for row in found), key=repr)

    cut = chance.randint(0, len(rows))
    shuffled = chance.sample(rows, len(rows))
    expected = values(rows)
    assert len(expected) == len(rows)
    assert values(shuffled) == values(rows[:cut], rows[cut:]) == expected


# Warehouse


def from_warehouse(connection, table_name: str) -> Table:
    columns = {"order_id": "Order ID", "ordered_at": "when", "amount": "paid"}
    address = {"connection": "${ACME_WAREHOUSE}", "table": table_name}
    source = OrdersSource(**address, columns=columns, vat="excluded")
    return table_of(Path(), source, connection)


def test_a_table_of_a_warehouse(tmp_path, monkeypatch, connection):
    file = tmp_path / "acme.duckdb"
    with duckdb.connect(str(file)) as warehouse:
        warehouse.execute("create schema shop")
        columns = '"Order ID" int, "when" timestamptz, phone text'
        warehouse.execute(f'create table shop."Orders 1" ({columns})')
        warehouse.execute("""insert into shop."Orders 1" values (7, '2026-01-01 10:00+02', '1')""")
        warehouse.execute("create table empty (x int)")
    monkeypatch.setenv("ACME_WAREHOUSE", f"duckdb:///{file}")
    made = from_warehouse(connection, "shop.Orders 1")
    when = made.time("when", zone=HELSINKI)
    assert read(made, x=made.text("order id"), y=when) == [("7", datetime(2026, 1, 1, 8))]
    note = {"file": "shop.Orders 1", "rows": 1, "encoding": "warehouse", "undefined_bytes": 0}
    assert made.notes == [note]
    assert read(made, phone=made.text("phone")) == [(None,)]  # what no setting names is not read
    made.text("ordr id")
    assert problems_of(made) == [
        "sources.orders: no column 'ordr id' in shop.Orders 1; did you mean 'Order ID'?"
    ]
    with pytest.raises(InputProblems, match="empty: has a header but no rows"):
        from_warehouse(connection, "empty")


@pytest.mark.parametrize("table_name", ["orders", "missing.orders"])
@pytest.mark.parametrize(
    "address",
    ["duckdb:///nowhere/canary.duckdb", "canary://user:hunter2@host/db", "canary", "duckdb://",
     "postgres://canary:hunter2@127.0.0.1:1/db"],
)  # fmt: skip
def test_a_wrong_address_is_not_shown(connection, monkeypatch, capfd, address, table_name):
    monkeypatch.setenv("ACME_WAREHOUSE", address)
    with pytest.raises(InputProblems) as raised:
        from_warehouse(connection, table_name)
    (line,) = map(str, raised.value.problems)
    assert line.startswith(f"sources.orders.connection: {table_name} cannot be read (")
    assert line.endswith("; check the address in ACME_WAREHOUSE, the rights and the table's name")
    shown = line + "".join(capfd.readouterr())
    assert not any(secret in shown for secret in ("canary", "hunter2", "nowhere"))


def test_a_driver_that_is_not_installed_is_told(connection, monkeypatch):
    monkeypatch.setenv("ACME_WAREHOUSE", "snowflake://canary:hunter2@host/db")
    monkeypatch.setitem(sys.modules, "snowflake", None)
    with pytest.raises(InputProblems) as raised:
        from_warehouse(connection, "orders")
    assert str(raised.value) == (
        "sources.orders.connection: the driver of this kind of warehouse is not installed; "
        "see docs/analyst.md, Data in a warehouse"
    )


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_set_is_named(connection, monkeypatch, value):
    monkeypatch.delenv("ACME_WAREHOUSE", raising=False)
    if value is not None:
        monkeypatch.setenv("ACME_WAREHOUSE", value)
    with pytest.raises(InputProblems) as raised:
        from_warehouse(connection, "orders")
    assert str(raised.value) == (
        "sources.orders.connection: the environment variable ACME_WAREHOUSE is not set"
    )


# Whatever the files hold


def only_problems(content: bytes, name: str = "x.csv", **declared: object) -> str:
    """Reads a file as orders: the message with which it is refused, or nothing."""
    source = orders_source(columns={"order_id": "order", "quantity": "pieces"}, **declared)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, name).write_bytes(content)
        try:
            made = table_of(Path(folder), source, engine())
            order_rows(made, source, zone=HELSINKI).count().execute()
        except InputProblems as error:
            assert error.problems
            return str(error)
    return ""


MAGIC = st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"sep=;\n", b"PK\x03\x04",
                         b"PAR1", b"\x1f\x8b\x08\x00"])  # fmt: skip
NAMES = st.sampled_from(["x.csv", "x.csv.gz", "x.xlsx", "x.parquet", "x.txt"])


@settings(max_examples=80, deadline=None)
@given(start=MAGIC, content=st.binary(max_size=200), name=NAMES)
def test_any_bytes_are_read_or_refused(start, content, name):
    assert only_problems(start + content, name) != ""  # none of them holds the declared columns


CANARY = st.sampled_from([EMAIL, PHONE, PHONE.replace(" ", ""), EMAIL.upper(), f" {EMAIL}\n"])
CELL = st.one_of(CANARY, st.text(max_size=8), st.sampled_from(["1", "5,00", "2026-01-01", '"', ""]))
HEADERS = st.lists(
    st.one_of(st.sampled_from(["order", "when", "amount", "mail", "pieces"]), CANARY), max_size=6
)


@settings(max_examples=80, deadline=None)
@given(
    header=HEADERS,
    cells=st.lists(st.lists(CELL, max_size=6), max_size=5),
    mark=st.sampled_from(",;\t"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    encoding=st.sampled_from(["utf-8", "utf-16", "cp1252"]),
    form=st.sampled_from(["iso", "%d.%m.%Y"]),
    decimal=st.sampled_from(".,"),
)
def test_no_personal_value_is_in_a_message(header, cells, mark, quoting, encoding, form, decimal):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark, quoting=quoting)
    writer.writerows([header, *cells, [EMAIL, PHONE]])
    content = out.getvalue().encode(encoding, "replace")
    message = only_problems(content, date_format=form, decimal=decimal).casefold()
    assert "canary" not in message and "example" not in message
    assert "40 123" not in message and "40123" not in message


@settings(max_examples=40, deadline=None)
@given(
    cells=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
        min_size=1,
        max_size=8,
    )
)
def test_a_text_comes_back_as_it_was_written_but_for_blanks_around_it(cells):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "x.csv").write_bytes(column(cells).encode())
        made = table_of(Path(folder), FileSource(path="x.csv"), engine())
        texts = [text for (text,) in read(made, x=made.rows.c0)]
    blanks = " \t\n\r\v\f\u00a0\u2007\u2009\u202f\ufeff"
    assert texts == [cell.strip(blanks) or None for cell in cells]


def test_whole_numbers_that_parquet_holds_as_floats_are_ids_without_a_point(make_client, workspace):
    """pandas writes an id column with a gap as float64; the id is 12346 all the same."""
    frame = pd.DataFrame(
        {"customer": [12346.0, float("nan"), 12347.5], "when": ["2026-01-05"] * 3, "amount": 1.0}
    )
    file = workspace / "data" / "acme" / "exports" / "orders.parquet"
    file.parent.mkdir(parents=True)
    frame.to_parquet(file)
    source = FileSource(path="exports/orders.parquet")
    connection = ibis.duckdb.connect()
    table = load(
        connection, source, key="sources.orders", data=file.parents[1], scratch=file.parent
    )
    found = table.rows.select(text=table.text("customer")).text.to_pyarrow().to_pylist()
    assert found == ["12346", None, "12347.5"]

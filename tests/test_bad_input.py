"""What goes wrong with files in a shop's everyday life: a clear error, or a counted repair."""

from __future__ import annotations

import csv
import functools
import io
import json
import random
import re
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import ibis
import openpyxl
import pytest
import yaml
from conftest import staged
from hypothesis import example, given, settings
from hypothesis import strategies as st
from small_exports import EMAIL, EXPORTS, OTHER, Export

from templates_lib.params.params import Params
from templates_lib.problems import InputProblems
from templates_lib.sources.engine import execute
from templates_lib.sources.formats import presets
from templates_lib.sources.load import load
from templates_lib.sources.read import typed_rows
from templates_lib.sources.reader import Table

TEXTS = [form for form, export in EXPORTS.items() if not export.text]
PACKED = [form for form in TEXTS if EXPORTS[form].name.endswith(".zip")]
JSONS = [form for form, export in EXPORTS.items() if export.text]
UTF8 = [form for form in TEXTS if EXPORTS[form].encoding == "utf-8" and form not in PACKED]
NAME, PHONE = "Aino Esimerkki", "+358 40 123 4567"
PERSONAL = ("aino", "eero", "esimerkki", "asiakas.example", "123 4567", "1234567")


@functools.cache
def engine() -> ibis.BaseBackend:
    connection = ibis.duckdb.connect()
    connection.raw_sql("set timezone = 'UTC'")
    connection.raw_sql("set threads = 1")
    return connection


def tables(params: str, files: dict[str, bytes]) -> list[tuple[Table, list[dict]]]:
    """The sources of a parameter file, each as it was loaded and its typed rows."""
    read = []
    parsed = Params.model_validate(yaml.safe_load(params))
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        (data / "exports").mkdir()
        for name, content in files.items():
            (data / "exports" / name).write_bytes(content)
        for (raw,) in execute(engine(), "select table_name from duckdb_tables()"):
            engine().drop_table(raw)
        for name, place, source in parsed.sources.each():
            made = load(engine(), source, key=place, data=data, scratch=data)
            rows = typed_rows(name, made, source, zone="Europe/Helsinki").to_pyarrow().to_pylist()
            read.append((made, rows))
    return read


def read(
    form: str, export: Export | None = None, content: bytes | None = None, **files: bytes
) -> list[dict]:
    """The typed rows of a format's file, in their order, without where they stood."""
    export = export or EXPORTS[form]
    content = export.content() if content is None else content
    ((_, rows),) = tables(export.params(form), {export.name: content, **files})
    return sorted((dict(_lasting(row)) for row in rows), key=repr)


def _lasting(row: dict) -> Iterator[tuple[str, object]]:
    """What does not tell where a row stood: a row without a number is known by all of its cells."""
    for name, value in row.items():
        if name not in ("file", "row_number") and "\x1f" not in str(value):
            yield name, value


def problems(*given: object, **files: bytes) -> list[str]:
    with pytest.raises(InputProblems) as raised:
        read(*given, **files)
    lines = [str(problem) for problem in raised.value.problems]
    assert not any(word in line.casefold() for line in lines for word in PERSONAL), lines
    return lines


def currency(header: str) -> str:
    return header.format(currency="EUR")


NEEDED = [(form, currency(h)) for form, preset in presets().items() for h in preset.needed]
TRANSLATED = [
    (form, number)
    for form, preset in presets().items()
    for number in range(max(map(len, preset.also_called.values()), default=0))
]


# Columns


@pytest.mark.parametrize(("form", "header"), NEEDED)
def test_a_column_that_must_be_there_and_is_not(form, header):
    export = replace(EXPORTS[form], below="").renamed(header, "zzz")
    (line, *_) = problems(form, export)
    assert repr(header) in line or (form == "ga4_bigquery" and f"field {header!r}" in line)
    assert export.name in line


@pytest.mark.parametrize(("form", "header"), NEEDED)
def test_a_column_that_is_called_otherwise_gets_the_nearest_name(form, header):
    if form == "ga4_bigquery" or EXPORTS[form].above:
        pytest.skip("fields of BigQuery are fixed, and a title hides which row the header is")
    last = header.rpartition(".")[2]
    new = header.removesuffix(last) + last[:-1] + "_x"  # one letter gone, two come
    lines = problems(form, EXPORTS[form].renamed(header, new))
    assert any(f"no column {header!r}" in line for line in lines)
    if form in TEXTS and len(header) > 4:
        assert any(f"did you mean {new!r}?" in line for line in lines)


@pytest.mark.parametrize("form", TEXTS)
def test_columns_that_need_not_be_there(form):
    whole = least = EXPORTS[form]
    for number, header in enumerate(sorted(presets()[form].optional)):
        if header in whole.header and header not in whole.section:
            least = least.renamed(header, f"other {number}")
    assert least != whole or not presets()[form].optional
    assert len(read(form, least)) >= 1


@pytest.mark.parametrize("form", TEXTS)
def test_further_columns_and_another_order_change_nothing(form):
    export = EXPORTS[form]
    header = [*export.header, "Custom field"]
    random.Random(7).shuffle(header)
    if export.answers:  # an answer stands behind its question
        header = [*export.header, "Custom field"]
    rows = tuple({**row, "Custom field": "7"} for row in export.rows)
    answers = {**export.answers, "Custom field": "Response"} if export.answers else {}
    more = replace(export, columns="|".join(header), rows=rows, answers=answers)
    assert more.plain() != export.plain()
    assert read(form, more) == read(form)


@pytest.mark.parametrize(("form", "number"), TRANSLATED)
def test_columns_that_are_called_as_elsewhere(form, number):
    export = EXPORTS[form]
    for header, names in presets()[form].also_called.items():
        old, new = currency(header), currency(names[number % len(names)])
        if not export.text and old not in export.header:
            export = replace(export, columns=f"{export.columns}|{old}")
        export = export.renamed(old, new)
    assert read(form, export) == read(form)


@pytest.mark.parametrize("form", TEXTS)
def test_case_and_blanks_of_headers_do_not_matter(form):
    export = EXPORTS[form]
    header = [f" {name.upper()}\u00a0" if name else "" for name in export.header]
    text = export.plain()
    shown = io.StringIO()
    for names in (export.header, header):
        csv.writer(shown, delimiter=export.delimiter, lineterminator="\n").writerow(names)
    old, new = shown.getvalue().splitlines()
    assert text.count(old) == 1
    assert read(form, content=export.content(text.replace(old, new))) == read(form)


# Bytes


@pytest.mark.parametrize("form", UTF8)
def test_utf_16_without_a_mark_is_refused(form):
    export = EXPORTS[form]
    (line,) = problems(form, export, export.plain().encode("utf-16-le"))
    assert line == f"exports/{export.name}: is not a text file; export it as CSV"


@pytest.mark.parametrize("form", UTF8)
def test_bytes_that_no_encoding_knows_are_counted(form):
    export = EXPORTS[form]
    header, _, rest = export.plain().partition("\n")
    first = export.delimiter
    text = header + first + "Note€" + "\n"
    text += "".join(f"{line}{first}\x81ä\n" for line in rest.splitlines())
    if export.above:
        pytest.skip("rows of a title have no columns")
    content = b"".join(
        b"\x81" if sign == "\x81" else sign.encode("cp1252", "replace") for sign in text
    )
    ((table, _),) = tables(export.params(form), {export.name: content})
    (note,) = table.notes
    assert (note["encoding"], note["undefined_bytes"]) == ("cp1252", text.count("\x81"))


@pytest.mark.parametrize("form", EXPORTS)
def test_an_empty_file(form):
    export = EXPORTS[form]
    (line,) = problems(form, export, b"")
    assert line == f"exports/{export.name}: is empty (0 bytes); export it again"


@pytest.mark.parametrize("form", TEXTS)
def test_a_file_of_a_header_only(form):
    export = replace(EXPORTS[form], rows=(), below="")
    (line,) = problems(form, export)
    assert line == f"exports/{export.name}: has a header but no rows; export it again"


@pytest.mark.parametrize("form", JSONS)
def test_json_that_holds_nothing(form):
    export = EXPORTS[form]
    (line, *_) = problems(form, export, b"[]")
    assert line.startswith(f"exports/{export.name}: ")


@pytest.mark.parametrize("form", [form for form in UTF8 if not EXPORTS[form].below])
def test_a_file_that_is_cut_off_in_the_middle_of_a_row(form):
    export = EXPORTS[form]
    text = export.plain().rstrip("\n")
    last = text.rpartition("\n")[2]
    (line,) = problems(form, export, text[: -len(last)].encode() + last[:3].encode())
    assert re.search(rf"{re.escape(export.name)}: row \d+: not \d+ fields as in the header", line)


def test_a_file_with_lines_above_its_header_that_is_cut_off():
    export = EXPORTS["google_ads"]
    lines = [line for line in export.plain().rstrip("\n").split("\n") if "Total:" not in line]
    lines[-1] = lines[-1][:12]
    (line,) = problems("google_ads", export, export.content("\n".join(lines)))
    assert re.search(rf"{re.escape(export.name)}: row \d+: not \d+ fields as in the header", line)


@pytest.mark.parametrize("form", JSONS)
def test_json_that_is_cut_off(form):
    export = EXPORTS[form]
    (line,) = problems(form, export, export.content()[:-30])
    assert line.startswith(f"exports/{export.name}: is not whole")


def test_a_zip_that_is_cut_off_or_holds_two_files():
    export = EXPORTS["hotjar_survey"]
    (line,) = problems("hotjar_survey", export, export.content()[:-30])
    assert line == "exports/hotjar.zip: is not a whole ZIP; copy it again"
    with io.BytesIO() as packed:
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("a.csv", "a\n1\n")
            archive.writestr("b.csv", "a\n1\n")
        (line,) = problems("hotjar_survey", export, packed.getvalue())
    assert line.startswith("exports/hotjar.zip: expected one CSV in the ZIP")


def test_a_zip_bomb_is_refused_at_once():
    export = EXPORTS["hotjar_survey"]
    with io.BytesIO() as packed:
        with (
            zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("responses.csv", "w", force_zip64=True) as member,
        ):
            for _ in range(2**28 // 2**22 + 1):
                member.write(b"a,b\n" * 2**20)
        content = packed.getvalue()
    begun = time.monotonic()
    (line,) = problems("hotjar_survey", export, content)
    assert line == "exports/hotjar.zip: grows without bound when unpacked: refused"
    assert len(content) < 2**21 and time.monotonic() - begun < 30


# Rows


@pytest.mark.parametrize("form", TEXTS)
def test_quotes_and_lines_within_a_cell(form):
    export = EXPORTS[form]
    cell = f'a "quoted"{export.delimiter} text\nof two lines'
    answers = {**export.answers, "Own note": "Response"} if export.answers else {}
    rows = tuple({**row, "Own note": cell} for row in export.rows)
    more = replace(export, columns=f"{export.columns}|Own note", rows=rows, answers=answers)
    assert read(form, more) == read(form)


def test_a_quotation_mark_that_is_not_closed():
    export = EXPORTS["klaviyo"]
    text = export.plain().replace("January", '"January')
    assert problems("klaviyo", export, text.encode()) == [
        "exports/campaigns.csv line 2: a quotation mark is not closed, or stands within a text "
        "without being doubled; export it again"
    ]


@pytest.mark.parametrize("form", TEXTS)
def test_a_row_of_totals_is_named_or_left_out_by_the_preset(form):
    export = EXPORTS[form]
    rows = (export.rows[0], {export.header[0]: "YHTEENSÄ"}, *export.rows[1:])
    shown = replace(export, rows=rows)
    if form in ("ga4_ui", "meta_ads"):
        assert read(form, shown) == read(form)
        return
    number = 3 + len(export.above.splitlines()) + bool(export.answers)
    assert problems(form, shown) == [
        f"exports/{export.name} row {number}: begins with a word for totals; leave such rows out: "
        "left_out: [{column: '*', equals: Total}]"
    ]


@pytest.mark.parametrize("word", ["Total", "Grand total:", " summa ", "Loppusumma"])
def test_a_row_of_totals_is_left_out_as_the_message_says(word):
    export = EXPORTS["matomo"]
    shown = replace(export, rows=(*export.rows, {"Label": word, "Visits": "56"}))
    (line,) = problems("matomo", shown)
    assert line.startswith("exports/Channel Type.csv row 4: begins with a word for totals")
    shown = replace(shown, section=f"left_out: [{{column: '*', equals: '{word.strip()}'}}]")
    assert read("matomo", shown) == read("matomo")


def test_totals_behind_the_last_column():
    export = EXPORTS["ga4_ui"]
    text = export.plain().replace(",Grand total,150,120,4", ",,150,120,4,Grand total")
    assert ",,150,120,4,Grand total" in text
    assert read("ga4_ui", content=text.encode()) == read("ga4_ui")


def test_a_second_table_without_a_comment_between_is_refused():
    export = replace(EXPORTS["ga4_ui"], below="\nNth day,Sessions\n0000,100\n")
    (line,) = problems("ga4_ui", export)
    assert line.startswith(f"exports/{export.name}: row 11, 12: not 5 fields as in the header")


# Values


def with_value(form: str, header: str, value: str) -> Export:
    export = EXPORTS[form]
    first, *rest = export.rows
    return replace(export, rows=({**first, header: value}, *rest))


@pytest.mark.parametrize(
    ("form", "header", "row"),
    [("shopify", "Subtotal", 2), ("shopify_products", "Cost per item", 2),
     ("woocommerce_advanced_export", "Item Cost", 2), ("klaviyo", "Total Recipients", 2),
     ("meta_ads", "Impressions", 2), ("matomo", "Visits", 2), ("ga4_ui", "Sessions", 7)],
)  # fmt: skip
def test_an_ambiguous_number_is_refused(form, header, row):
    export = with_value(form, header, "1,234")
    if form == "ga4_ui":
        first = export.rows[1] | {header: "1,234"}
        export = replace(EXPORTS[form], rows=(first,))
    if form == "meta_ads":
        export = replace(export, rows=({**export.rows[1], header: "1,234"},))
    assert problems(form, export) == [
        f"exports/{export.name} row {row} column {header!r}: not a number with the declared marks "
        "(decimal '.', thousands ''); declare decimal and thousands"
    ]
    export = replace(export, section=f'{export.section}\nthousands: ","')
    assert read(form, export)


@pytest.mark.parametrize(
    "value", ["2025-02-30 10:00:00", "2025-13-01 10:00:00", "3.4.2025", "3/4/2025", "tomorrow"]
)
def test_a_time_that_is_none_is_refused(value):
    (line,) = problems("shopify", with_value("shopify", "Created at", value))
    assert line == (
        "exports/orders_export.csv row 2 column 'Created at': not a time as in 2026-10-31 13:05:00;"
        " declare date_format"
    )
    assert value not in line


def test_days_are_not_taken_for_months():
    export = with_value("woocommerce_import_export", "order_date", "16/9/2025 6:29:00")
    (line,) = problems("woocommerce_import_export", export)
    assert "row 2 column 'order_date': not a time of the form %m/%d/%Y" in line


@pytest.mark.parametrize(
    ("form", "header"),
    [("shopify", "Currency"), ("google_ads", "Currency code"),
     ("woocommerce_import_export", "order_currency")],
)  # fmt: skip
def test_amounts_in_another_currency_need_a_rate(form, header):
    export = with_value(form, header, "SEK")
    lines = problems(form, export)
    assert [line.partition(": ")[2] for line in lines] == [
        "another currency than EUR; declare its rate in rates"
    ]
    assert f"column {header!r}" in lines[0]
    rates = "rates: {SEK: {rate: 0.1, rate_source: made up}}"
    amount = "cost" if form == "google_ads" else "amount"
    before = sum(row[amount] or 0 for row in read(form))
    after = sum(
        row[amount] or 0
        for row in read(form, replace(export, section=f"{export.section}\n{rates}"))
    )
    own = {"shopify": 125.5, "google_ads": 1012.5, "woocommerce_import_export": 40}[form]
    assert float(before - after) == pytest.approx(0.9 * own)


def test_a_cost_in_another_currency_is_named_by_its_header():
    export = EXPORTS["meta_ads"].renamed("Amount spent (EUR)", "Amount spent (USD)")
    assert problems("meta_ads", export) == [
        "sources.spend: no column 'Amount spent (EUR)' in exports/Acme-Campaigns.csv; "
        "did you mean 'Amount spent (USD)'?"
    ]


# Files


def workbook(export: Export) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["Exported by", "the shop"])
    sheet = book.create_sheet("Data")
    sheet.append(export.header)
    if export.answers:
        sheet.append([export.answers.get(name) for name in export.header])
    for row in export.rows:
        sheet.append([row.get(name) for name in export.header])
    with io.BytesIO() as stream:
        book.save(stream)
        return stream.getvalue()


@pytest.mark.parametrize("form", TEXTS)
def test_a_workbook_with_the_data_on_the_second_sheet(form):
    export = replace(EXPORTS[form], name="export.xlsx", above="", below="")
    assert read(form, export, workbook(export)) == read(form)


@pytest.mark.parametrize("form", EXPORTS)
def test_the_same_file_twice_is_read_once(form):
    export = EXPORTS[form]
    params = replace(export, name="*").params(form)
    name, content = export.name, export.content()
    ((table, rows),) = tables(params, {name: content, f"a {name}": content})
    ((_, once),) = tables(params, {name: content})
    assert len(table.notes) == 1 and len(rows) == len(once)


OVERLAPPING = ["shopify", "typeform", "google_ads", "meta_ads", "mycashflow_customers",
               "google_forms", "woocommerce_advanced_export", "klaviyo"]  # fmt: skip


@pytest.mark.parametrize("form", OVERLAPPING)
def test_overlapping_exports_count_once(make_client, form):
    """All of the file, and the file without its last row, whose rows all stand in the other."""
    export = EXPORTS[form]
    part = replace(export, rows=export.rows[:-1])
    params = replace(export, name="*").params(form)
    table = presets()[form].source
    counts = []
    whole = {"a.csv": export.content()}
    for files in (whole, {**whole, "b.csv": part.content()}):
        client = make_client(params, files, name=f"acme{len(files)}")
        _, connection, _ = staged(client)
        counts.append(connection.table(table).count().execute())
    assert counts[0] == counts[1] > 0


# Whatever a file holds


def outcome(form: str, content: bytes) -> str:
    """The message with which a file is refused, or nothing; no other exception, no value."""
    export = EXPORTS[form]
    try:
        tables(export.params(form), {export.name: content})
    except InputProblems as error:
        assert error.problems
        message = str(error)
        assert not any(word in message.casefold() for word in PERSONAL), message
        return message
    return ""


FORMS = st.sampled_from(sorted(EXPORTS))
EDIT = st.tuples(st.floats(0, 1), st.integers(0, 6), st.binary(max_size=6))


@settings(max_examples=60, deadline=None)
@given(form=FORMS, edits=st.lists(EDIT, min_size=1, max_size=5))
def test_a_file_with_changed_bytes_is_read_or_refused(form, edits):
    content = EXPORTS[form].content()
    for place, gone, new in edits:
        at = int(place * len(content))
        content = content[:at] + new + content[at + gone :]
    outcome(form, content)


@settings(max_examples=60, deadline=None)
@given(form=FORMS, content=st.one_of(st.binary(max_size=300), st.text(max_size=200)))
def test_garbage_is_refused(form, content):
    data = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    assert outcome(form, data)  # none of it holds the columns


CANARY = [EMAIL, OTHER, NAME, PHONE, PHONE.replace(" ", ""), f" {EMAIL.upper()}\n"]
CELL = st.one_of(
    st.sampled_from([*CANARY, "1", "1,5", "-3", "2026-01-05", "2026-02-30", "", '"', "=1+1", "'7"]),
    st.text(max_size=6),
)


@settings(max_examples=60, deadline=None)
@given(
    form=st.sampled_from(TEXTS),
    cells=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), CELL), min_size=1, max_size=6),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_NONE]),
)
@example(form="shopify", cells=[(0, 0, NAME)], quoting=csv.QUOTE_MINIMAL)
def test_changed_cells_are_read_or_refused_without_showing_them(form, cells, quoting):
    export = EXPORTS[form]
    rows = list(csv.reader(io.StringIO(export.plain()), delimiter=export.delimiter))
    for row, place, cell in cells:
        line = rows[row % len(rows)]
        if line:
            line[place % len(line)] = cell
    out = io.StringIO()
    if quoting == csv.QUOTE_NONE:
        out.write("\n".join(export.delimiter.join(row) for row in rows))
    else:
        csv.writer(out, delimiter=export.delimiter).writerows(rows)
    text = out.getvalue().encode("utf-8", "replace").decode()
    outcome(form, export.content(text))


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), CELL),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(CELL, inner, max_size=3)),
    max_leaves=6,
)


@settings(max_examples=50, deadline=None)
@given(form=st.sampled_from(JSONS), value=JSON, place=st.integers(0, 99))
@example(form="clarity_api", value=EMAIL, place=0)
def test_changed_json_is_read_or_refused_without_showing_it(form, value, place):
    text = EXPORTS[form].text
    colons = [match.end() for match in re.finditer(r'": ', text)]
    begin = colons[place % len(colons)]
    end = min(i for i in (text.find(",", begin), text.find("}", begin)) if i > 0)
    outcome(form, (text[:begin] + json.dumps(value) + text[end:]).encode("utf-8", "replace"))

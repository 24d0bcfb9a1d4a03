"""A first parameter file from the files alone: what they tell is written, the rest is asked for."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import ibis
import ibis.expr.types as ir
import openpyxl
import pytest
import yaml
from conftest import staged

from templates_lib.cli import main
from templates_lib.language import speaking, tr
from templates_lib.new_client import letter_words
from templates_lib.new_client.command import new_client
from templates_lib.new_client.draft import DECIDE, Line, code, comment, rendered, scalar
from templates_lib.new_client.letter import Have, letter
from templates_lib.new_client.questions import survey_of
from templates_lib.new_client.source_lines import title_days
from templates_lib.new_client.synonyms import NEEDED, SYNONYMS, best_fit, mapped
from templates_lib.params.file import load_params
from templates_lib.params.sources import Sources
from templates_lib.problems import InputProblems
from templates_lib.sources.load import load
from templates_lib.sources.read import typed_rows
from templates_lib.workspace import ClientFolders

SHOPIFY = ["Name", "Email", "Financial Status", "Currency", "Subtotal", "Shipping", "Taxes",
           "Total", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price",
           "Lineitem sku", "Billing Name", "Billing Company"]  # fmt: skip
PERSON = ("Canary Bird-Byrne", "canary.bird@private.example", "+358 40 123 4567")


def table(header: list[str], *rows: list[object]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return file.getvalue()


def shopify(first: int, count: int, *, is_included: bool = True) -> str:
    """Orders of 100 to 199 euros at 25.5 %, of one line each."""
    rows = []
    for number in range(first, first + count):
        amount = 100 + number % 100
        tax = amount * (0.255 / 1.255 if is_included else 0.255)
        rows.append([f"#{number}", PERSON[1], "paid", "EUR", f"{amount:.2f}", "0.00", f"{tax:.2f}",
                     f"{amount:.2f}", f"2026-03-{number % 28 + 1:02} 09:50:26 +0200", 1, "Coffee",
                     f"{amount:.2f}", "C1", PERSON[0], ""])  # fmt: skip
    return table(SHOPIFY, *rows)


def typeform(rows: int = 40) -> str:
    header = ["#", "How likely are you to recommend us?", "<b>Why</b>, in your own words?",
              "How old are you?", "Taste (1-5)", "order_id", "Response Type", "Start Date (UTC)",
              "Submit Date (UTC)", "Network ID", "Tags"]  # fmt: skip
    texts = ("the coffee is always fresh and it comes fast", "friendly people help me every time")
    return table(header, *(
        [f"r{n}", n % 11, f"{texts[n % 2]} {n}", ("under 40", "over 40")[n % 2], n % 5 + 1,
         f"#{1000 + n}", "completed", "2026-03-01 10:00:00", f"2026-03-{n % 28 + 1:02} 10:00:00",
         f"n{n}", ""] for n in range(rows)
    ))  # fmt: skip


GOOGLE = (
    "Campaign performance\nMarch 1, 2026 - March 31, 2026\n"
    "Campaign status\tCampaign\tImpr.\tClicks\tCurrency code\tCost\n"
    "Enabled\tBrand\t1,200\t30\tEUR\t1,234.50\nEnabled\tCoffee\t900\t12\tEUR\t87.10\n"
    "Total: Campaigns\t--\t2,100\t42\tEUR\t1,321.60\n"
).encode("utf-16")


@pytest.fixture
def put(workspace: Path) -> Callable[..., Path]:
    """Puts files among a client's exports."""

    def write(files: Mapping[str, str | bytes], name: str = "acme") -> Path:
        exports = workspace / "data" / name / "exports"
        exports.mkdir(parents=True, exist_ok=True)
        for file, content in files.items():
            path = exports / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return workspace / "params" / f"{name}.yml"

    return write


def decide(file: Path, *changes: tuple[str, str]) -> None:
    """A person's decisions, as changes of the text."""
    text = file.read_text(encoding="utf-8")
    for old, new in (("name: decide", "name: Acme Oy"), *changes):
        assert old in text, f"{old!r} is not in\n{text}"
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def read(file: Path) -> dict:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def problems_of(client: str) -> list[str]:
    with pytest.raises(InputProblems) as refused:
        load_params(client)
    return [str(problem) for problem in refused.value.problems]


# Files of known formats


def test_shopify_typeform_and_google_ads(put, workspace, capsys):
    file = put({
        "orders_export_1.csv": shopify(1000, 60), "orders_export_2.csv": shopify(1060, 60),
        "nps.csv": typeform(), "ads.csv": GOOGLE,
    })  # fmt: skip
    assert main(["new-client", "acme"]) == 0
    said = capsys.readouterr().out
    assert "To decide before anything runs (1):\n  client.name: " in said
    assert "data/acme/data-request.md" in said
    text, made = file.read_text(encoding="utf-8"), read(file)
    assert text.startswith("# yaml-language-server: $schema=schema.json\n")
    assert made["client"] | {"name": ""} == {
        "name": "", "language": "fi", "currency": "EUR", "timezone": "Europe/Helsinki",
        "country": "FI",
    }  # fmt: skip
    assert str(made["as_of"]) == "2026-03-28"
    assert made["sources"]["orders"] == {
        "format": "shopify", "path": "exports/orders_export_*.csv", "vat": "included",
        "refunds": "by_order_date",
    }  # fmt: skip
    (survey,) = made["sources"]["responses"]
    assert survey["survey"] == "nps"
    assert survey["score"] == "How likely are you to recommend us?"
    assert survey["ratings"]["Taste (1-5)"]["high"] == 5
    assert survey["choices"] == ["How old are you?"]
    assert survey["open"] == ["<b>Why</b>, in your own words?"]
    (ads,) = made["sources"]["spend"]
    assert ads["period"] == {"first": date(2026, 3, 1), "last": date(2026, 3, 31)}
    assert (
        "client.name: is still to be decided: Name as the report writes it"
        in problems_of("acme")[0]
    )
    decide(file)
    assert main(["check", "acme"]) == 0
    _, connection, _ = staged("acme")
    assert connection.table("orders").count().execute() == 120
    assert connection.table("spend").cost.cast("float64").sum().execute() == pytest.approx(1321.6)
    assert connection.table("responses").response_id.nunique().execute() == 40
    for canary in PERSON:
        for path in (file, workspace / "data" / "acme" / "data-request.md"):
            assert canary not in path.read_text(encoding="utf-8")
        assert canary not in said


def test_every_file_of_the_demo_shop_is_read_once_its_client_has_a_name(put, workspace):
    """Eighteen sources of known formats and of none, as merchants have them."""
    from templates_lib.demo.write import write

    file = put({})
    write(workspace / "data" / "acme" / "exports", customers=200)
    written = new_client("acme")
    assert not written.not_recognised and not written.problems
    assert [key for key, _, is_open in written.decisions if is_open] == ["client.name"]
    decide(file)
    assert main(["check", "acme"]) == 0


def test_amounts_without_vat_are_told_by_the_tax(put):
    file = put({"orders.csv": shopify(1, 50, is_included=False)})
    new_client("acme")
    assert read(file)["sources"]["orders"]["vat"] == "excluded"


def test_vat_is_not_guessed_where_the_tax_fits_neither(put):
    orders = shopify(1, 50).splitlines()
    orders[1:] = [line.replace(line.split(",")[6], "3.33") for line in orders[1:]]
    file = put({"orders.csv": "\n".join(orders)})
    new_client("acme")
    assert read(file)["sources"]["orders"]["vat"] == "decide"
    assert any("sources.orders.vat: expected 'included' or 'excluded'" in p
               for p in problems_of("acme"))  # fmt: skip


def test_packed_sheets_json_and_parquet_are_read_as_the_reader_reads_them(put, tmp_path):
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("orders.csv", shopify(1, 30))
    book = openpyxl.Workbook()
    book.active.append(["Read me first"])
    for row in csv.reader(io.StringIO(typeform())):
        sheet = book["Data"] if "Data" in book.sheetnames else book.create_sheet("Data")
        sheet.append(row)
    answers = io.BytesIO()
    book.save(answers)
    spend = [{"date": "2026-03-01", "channel": "radio", "cost": 12.5}]
    file = put({
        "deep/er/orders.zip": zipped.getvalue(), "answers nps.xlsx": answers.getvalue(),
        "spend.json": json.dumps(spend), "again.csv.gz": gzip.compress(b"x,y\n1,2\n"),
        ".hidden.csv": shopify(1, 3),
    })  # fmt: skip
    written = new_client("acme")
    made = read(file)["sources"]
    assert made["orders"]["path"] == "exports/deep/er/orders.zip"
    assert made["responses"][0]["format"] == "typeform"
    assert made["spend"][0]["columns"] == {"date": "date", "channel": "channel", "cost": "cost"}
    assert written.not_recognised == ["exports/again.csv.gz"]
    assert "hidden" not in file.read_text(encoding="utf-8")
    decide(file)
    assert main(["check", "acme"]) == 0


# Tables that no preset knows


FINNISH = (
    "Tilausnumero;Tilauspäivä;Asiakasnumero;Tuotenimi;Määrä;Yksikköhinta;Tila\n"
    + "".join(f"{n};{n % 28 + 1}.3.2026 12:05;{n % 7};Kahvi;{n % 3 + 1};1 012,50;maksettu\n"
              for n in range(1, 60))
)  # fmt: skip


def test_a_finnish_table_by_its_headers(put):
    file = put({"myynti.csv": FINNISH})
    new_client("acme")
    orders = read(file)["sources"]["orders"]
    assert orders["columns"] == {
        "order_id": "Tilausnumero", "customer_id": "Asiakasnumero", "ordered_at": "Tilauspäivä",
        "status": "Tila", "product_name": "Tuotenimi", "quantity": "Määrä",
        "unit_price": "Yksikköhinta",
    }  # fmt: skip
    assert (orders["decimal"], orders["thousands"]) == (",", " ")
    assert orders["date_format"] == "%d.%m.%Y %H:%M"
    assert orders["counted_statuses"] == "decide"
    said = problems_of("acme")
    assert any("counted_statuses: expected a list" in p for p in said)
    decide(file, ("counted_statuses: decide", "counted_statuses: [maksettu]"),
           ("currency: decide", "currency: EUR"), ("vat: decide", "vat: excluded"))  # fmt: skip
    assert main(["check", "acme"]) == 0


def test_a_day_that_may_be_a_month_is_asked_for(put):
    rows = [[n, f"0{n % 9 + 1}/0{n % 7 + 1}/2026", n, 10] for n in range(40)]
    file = put({"orders.csv": table(["Order", "Date", "Customer", "Amount"], *rows)})
    new_client("acme")
    assert read(file)["sources"]["orders"]["date_format"] == "decide"
    assert "%d/%m/%Y and %m/%d/%Y fit every row" in file.read_text(encoding="utf-8")
    said = problems_of("acme")
    assert any("date_format.1: expected iso" in p or "date_format: expected iso" in p for p in said)


def test_a_decimal_mark_that_may_be_a_thousands_mark_is_asked_for(put):
    rows = [[n, "2026-03-01", n, "1,234"] for n in range(40)]
    file = put({"orders.csv": table(["Order", "Date", "Customer", "Amount"], *rows)})
    new_client("acme")
    assert read(file)["sources"]["orders"]["decimal"] == "decide"
    assert any("sources.orders.decimal: expected '.' or ','" in p for p in problems_of("acme"))


def lines(where: Callable[[ir.Table], ir.BooleanValue]) -> int:
    """Counted in the typed rows of the client's orders: later steps look at orders."""
    params, connection = load_params("acme"), ibis.duckdb.connect()
    folders = ClientFolders("acme")
    source = params.sources.orders
    table = load(connection, source, key="orders", data=folders.data, scratch=folders.data)
    rows = typed_rows("orders", table, source, zone=params.client.timezone)
    return int(rows.filter(where(rows)).count().execute())


def test_online_retail(shared, put, capsys):
    """UCI Online Retail (doi:10.24432/C5BW33); the counts are those of METHODS.md."""
    export = shared / "data" / "online_retail_2010_2011.csv.gz"
    file = put({export.name: export.read_bytes()})
    assert main(["new-client", "acme"]) == 0
    text = file.read_text(encoding="utf-8")
    assert "as_of: 2011-12-09 " in text
    assert "3836 order numbers begin with C" in text
    assert "10624 rows have 0 or less as 'Quantity'" in text
    decisions = [("currency: decide", "currency: GBP"), ("vat: decide", "vat: excluded"),
                 ("Europe/Helsinki", "Europe/London"), ("country: FI", "country: GB")]  # fmt: skip
    decide(file, *decisions)
    assert main(["check", "acme"]) == 0
    said = capsys.readouterr().out
    assert "exports/online_retail_2010_2011.csv.gz: 541" in said
    _, _, facts = staged("acme")
    steps = {step["step"]: step for step in facts["reconciliation"]}
    assert (steps["rows_read"]["rows"], steps["rows_read"]["orders"]) == (541909, 25900)
    assert {"repair": "equal_rows_kept", "count": 5268} in facts["repairs"]
    assert lines(lambda rows: rows.customer_key.isnull()) == 135080
    assert lines(lambda rows: rows.order_key.startswith("C")) == 9288  # golden.csv D: cancel rows
    put_in_force = file.read_text(encoding="utf-8").replace("# cancelled: [", "cancelled: [")
    file.write_text(put_in_force, encoding="utf-8")
    _, _, facts = staged("acme")
    steps = {step["step"]: step for step in facts["reconciliation"]}
    assert steps["without_test"]["orders"] - steps["without_cancelled"]["orders"] == 3836


def test_a_survey_without_times_and_without_orders(shared, put, capsys):
    """Botanic (CC0): 13,954 answers, 342 without a score, NPS 53.4 as published."""
    export = shared / "data" / "botanic_nps.csv"
    file = put({export.name: export.read_bytes()})
    assert main(["new-client", "acme"]) == 0
    said = problems_of("acme")
    assert [p.split(" ")[1].rstrip(":") for p in said] == [
        "client.name", "as_of", "sources.responses.1.answered_on",
        "sources.responses.1.ratings.satisfaction.low", "sources.responses.1.ratings.intention.low",
    ]  # fmt: skip
    decide(file, ("as_of: decide", "as_of: 2018-11-30"), ("low: decide", "low: 1"),
           ("answered_on: decide", "answered_on: 2018-11-15"))  # fmt: skip
    capsys.readouterr()
    assert main(["check", "acme"]) == 0
    said = capsys.readouterr().out
    assert "left out: 04_cohorts needs orders" in said
    _, connection, _ = staged("acme")
    responses = connection.table("responses")
    assert responses.response_id.nunique().execute() == 13954
    score = responses.filter(responses.kind == "score")
    value = score.value
    assert score.filter(value.isnull()).count().execute() == 342
    classes = ((value >= 9).cast("int64") - (value <= 6).cast("int64")).mean()
    assert 100 * float(score.filter(value.notnull()).aggregate(n=classes).execute().iloc[0, 0]) == (
        pytest.approx(53.4, abs=0.05)
    )


def test_rows_of_totals_are_left_out(put):
    file = put({"myynti.csv": FINNISH + "Yhteensä;;;;;60 000,00;\n"})
    new_client("acme")
    (condition,) = read(file)["sources"]["orders"]["left_out"]
    assert condition == {"column": "*", "equals": ["yhteensä"]}
    assert "decide: 1 row of totals" in file.read_text(encoding="utf-8")


# What cannot be used


def test_nothing_there(put, workspace, capsys):
    assert main(["new-client", "acme"]) == 0
    said = capsys.readouterr().out
    assert "No export was recognised in data/acme/exports/" in said
    assert (workspace / "data" / "acme" / "exports").is_dir()
    assert (workspace / "data" / "acme" / "data-request.md").is_file()
    assert not (workspace / "params" / "acme.yml").exists()


def test_nothing_recognised(put, capsys):
    file = put({"odd.csv": "foo,bar\n1,2\n", "matti.csv": f"{PERSON[0]},{PERSON[1]}\n1,2\n"})
    assert main(["new-client", "acme"]) == 0
    assert "exports/odd.csv: not recognised" in capsys.readouterr().out
    assert not file.exists()


def test_what_is_not_recognised_is_listed_beside_what_is(put):
    file = put({
        "orders.csv": shopify(1, 20), "odd.csv": "foo,bar: #\n1,2\n",
        "people.csv": f"{PERSON[0]},{PERSON[1]}\nx,y\n", "woo.csv": FINNISH,
    })  # fmt: skip
    written = new_client("acme")
    text = file.read_text(encoding="utf-8")
    assert "# decide: not recognised: exports/odd.csv\n  #   headers: foo, bar: #\n" in text
    assert "not recognised: exports/people.csv\n  #   the first row does not look like" in text
    assert not any(canary in text for canary in PERSON)
    assert sum("second source of orders" in note for _, note, _ in written.decisions) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 9),
        ("noise.csv", bytes(range(1, 256)) * 40),
        ("broken.xlsx", b"PK\x03\x04 not a workbook"),
        ("broken.parquet", b"PAR1 not a table"),
        ("broken.json", b'{"a": ['),
        ("broken.zip", b"PK\x05\x06 nothing"),
        ("broken.csv.gz", b"\x1f\x8b\x08 nothing"),
        ("empty.csv", b""),
        ("blank.csv", b"\n\n \n"),
        ("report.pdf", b"%PDF-1.7"),
        ("quote.csv", b'Name,Email\n"never closed'),
    ],
)
def test_garbage_beside_an_export(put, capsys, name, content):
    file = put({"orders.csv": shopify(1, 20), name: content})
    assert main(["new-client", "acme"]) == 0
    said = capsys.readouterr()
    assert name in said.out
    assert "Traceback" not in said.out + said.err
    assert set(read(file)["sources"]) == {"orders"}


def test_a_link_that_leads_out_is_refused(put, workspace, tmp_path, capsys):
    secret = tmp_path / "secret.csv"
    secret.write_text(shopify(1, 5))
    put({})
    (workspace / "data" / "acme" / "exports" / "orders.csv").symlink_to(secret)
    assert main(["new-client", "acme"]) == 0
    assert "is a link that leads out of the folder" in capsys.readouterr().out
    assert not (workspace / "params" / "acme.yml").exists()


def test_a_parameter_file_is_never_written_over(put, workspace, capsys):
    file = put({"orders.csv": shopify(1, 20)})
    file.write_text("mine\n", encoding="utf-8")
    assert main(["new-client", "acme"]) == 2
    assert "params/acme.yml: is there already and is never written over" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == "mine\n"
    assert not (workspace / "data" / "acme" / "data-request.md").exists()


def test_nothing_is_half_written(put, workspace, monkeypatch):
    file = put({"orders.csv": shopify(1, 20)})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert main(["new-client", "acme"]) == 1
    assert not file.exists()
    assert not [f for f in (workspace / "params").iterdir() if f.name.startswith(".new")]


@pytest.mark.parametrize("name", ["../x", "Acme", 'x"; DROP', "x\n", "", "a" * 65])
def test_a_hostile_client_name(workspace, name):
    before = list(workspace.rglob("*"))
    assert main(["new-client", "--client", name]) == 2
    assert list(workspace.rglob("*")) == before


def test_another_language(put, workspace, capsys):
    file = put({"orders.csv": shopify(1, 20)})
    assert main(["new-client", "acme", "LANGUAGE=sv"]) == 2
    assert "LANGUAGE: expected fi or en" in capsys.readouterr().err
    assert not file.exists()
    assert main(["new-client", "acme", "LANGUAGE=en"]) == 0
    assert read(file)["client"]["language"] == "en"
    asked = (workspace / "data" / "acme" / "data-request.md").read_text(encoding="utf-8")
    assert asked.startswith("# What we need from you")


# Headers that YAML, SQL or HTML would take for something else

HOSTILE = ['x"; DROP TABLE orders; --', "key: value # no comment", "- item",
           "<script>alert(1)</script>?", "line\nbreak", "decide", "null", "'quoted", "{a: 1}",
           "[b]", "*alias", "&anchor", "!tag", "%percent", "@at?", "yes", "12:30", "tab\there",
           "\u2028separator\u2029", "\x85next line", "emoji 😀", "back\\slash", "e\u0301", "~",
           "2026-01-01?", " outer blanks ? "]  # fmt: skip


@pytest.mark.parametrize("header", HOSTILE)
def test_hostile_headers_read_back_as_they_are(put, header):
    rows = [[n, f"2026-03-{n % 28 + 1:02}", n % 5 + 1, 10 + n % 3] for n in range(40)]
    names = ["Timestamp of it", "Response date", header, "NPS?"]
    file = put({"nps.csv": table(names, *rows)})
    new_client("acme")
    made = read(file)["sources"]["responses"][0]
    said = yaml.dump(made.get("ratings"), allow_unicode=True)
    looks_like_data = "@" in header or "2026" in header
    if looks_like_data:
        assert made.get("ratings") is None or header not in made["ratings"]
    else:
        found = made["ratings"]
        assert header.strip() in [str(h).strip() for h in found], said
    assert "DROP" not in file.read_text(encoding="utf-8").replace(scalar(HOSTILE[0]), "")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_in_a_line_and_within_brackets(text):
    lines = (Line("a", text, text), Line("b", [text, "x"]), Line("c", {text: text}), comment(text))
    made = yaml.load("\n".join(rendered(lines)), Loader=yaml.BaseLoader)
    assert made == {"a": text, "b": [text, "x"], "c": {text: text}}


def test_comments_are_wrapped_unless_they_are_to_be_put_in_force():
    long = "word " * 60
    text = "\n".join(rendered((comment(long), code("key: " + long), Line("a", DECIDE, "this"))))
    *wrapped, kept, last = text.splitlines()
    assert all(len(line) <= 100 and line.startswith("# ") for line in wrapped)
    assert len(kept) > 200
    assert last == "a: decide                          # decide: this"


# Synonyms, surveys, titles


def test_synonyms_name_columns_that_there_are():
    from templates_lib.new_client.groups import model_of

    assert set(NEEDED) == set(SYNONYMS)
    for source, columns in SYNONYMS.items():
        assert source in Sources.model_fields
        there = model_of(source).model_fields["columns"].annotation.model_fields
        assert set(columns) <= set(there), source


@pytest.mark.parametrize(
    ("headers", "source"),
    [
        ("InvoiceNo StockCode Quantity InvoiceDate UnitPrice CustomerID", "orders"),
        ("Tuotenumero Tuoteryhmä Ostohinta", "products"),
        ("Asiakasnumero Sähköposti Rekisteröitynyt", "customers"),
        ("Y-tunnus Toimiala Henkilöstö", "companies"),
        ("Päivä Kanava Kulut", "spend"),
        ("Tapausnumero Vastaanotettu Aihe", "touchpoints"),
        ("attribute value share", "market"),
        ("channel start end arm units", "holdouts"),
        ("Haastattelu Koodi Ote", "interviews"),
        ("Aikaleima Suosittelisitko?", "responses"),
        ("foo bar", None),
    ],
)
def test_what_a_table_is(headers, source):
    fit = best_fit(headers.split())
    assert (fit[0] if fit else None) == source


@pytest.mark.parametrize(
    ("header", "column"),
    [("Weight (kg)", "weight_kg"), ("Paino (g)", "weight_grams"), ("Grams", "weight_grams"),
     ("Weight", None)],
)  # fmt: skip
def test_a_weight_is_taken_with_its_unit_only(header, column):
    known = mapped(["SKU", "Cost", header], "products")
    assert {name: of for name, of in known.items() if of == header} == (
        {column: header} if column else {}
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [("nps_2026", "nps"), ("ostokysely", "purchase"), ("exit-survey", "exit_intent"),
     ("nps after purchase", None), ("answers", None)],
)  # fmt: skip
def test_what_a_survey_is(name, kind):
    assert survey_of(name) == kind


@pytest.mark.parametrize(
    ("titles", "days"),
    [
        (["January 1, 2026 - January 31, 2026"], [date(2026, 1, 1), date(2026, 1, 31)]),
        (["1 Jan 2026 – 31 Jan 2026"], [date(2026, 1, 1), date(2026, 1, 31)]),
        (["1.1.2026–31.1.2026"], [date(2026, 1, 1), date(2026, 1, 31)]),
        (["2026-01-01 - 2026-01-31"], [date(2026, 1, 1), date(2026, 1, 31)]),
        (["1/2/2026 - 3/4/2026"], []),
        (["Foober 99, 2026 - Foober 98, 2026"], []),
        ([], []),
    ],
)
def test_the_days_above_a_header(titles, days):
    assert title_days(titles) == days


# The letter


def in_letter(language: str) -> dict[str, str]:
    with speaking(language):
        return {name: tr(text) for name, text in letter_words.WORDS.items()}


@pytest.mark.parametrize("language", ["fi", "en"])
def test_the_letter_asks_only_for_what_is_missing(language):
    nothing = letter(Have(), language)
    words = in_letter(language)
    for name in ("orders", "products", "control", "responses", "spend", "events"):
        assert f"**{words[name]}**" in nothing
        assert words[f"{name}_gives"] in nothing
    every = dict.fromkeys(("orders", "products", "responses", "spend", "events"), ["x.csv"])
    enough = Have(every, has_cost=True, has_control=True)
    assert words["nothing"] in letter(enough, language)
    assert words["safe"] in nothing
    assert "5" in nothing
    assert len(nothing.splitlines()) < 60, "one page"


def test_the_letter_names_the_menus_of_the_platform_in_use():
    have = Have({"orders": ["orders.csv"]}, {"orders": "shopify"})
    asked = letter(have, "fi")
    assert "Shopify: Tuotteet → Vie → Kaikki tuotteet, CSV Excelille" in asked
    assert "Analytiikka → Raportit → Myynti ajan mukaan" in asked
    assert "WooCommerce" not in asked


def test_the_letter_asks_for_what_joins_surveys_costs_and_companies():
    have = Have({"responses": ["a_b.csv"]}, unlinked=["a_b.csv"], without_days=["ads.csv"],
                is_b2b=True)  # fmt: skip
    asked = letter(have, "fi")
    assert "Kyselyyn (tiedosto a\\_b.csv) piilokenttä" in asked
    assert "tiedostossa ads.csv ei ole päiviä" in asked
    assert in_letter("fi")["companies"] in asked
    assert in_letter("fi")["interviews"] in asked


def test_scratch_holds_no_rows_afterwards(put, workspace):
    put({"orders.csv": shopify(1, 20)})
    new_client("acme")
    left = ClientFolders("acme").build.rglob("*")
    assert not [file for file in left if file.is_dir() or file.stat().st_size]

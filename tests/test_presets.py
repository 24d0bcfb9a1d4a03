"""Each format as the tool writes it, read through a parameter file of a few lines."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
from conftest import staged
from small_exports import CLIENT, EMAIL, EXPORTS, Export

from templates_lib.params.file import load_params
from templates_lib.params.sources import Sources
from templates_lib.sources.formats import GROUPS, presets, reference


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


READ = {
    "shopify": [
        ("orders", "ordered_at ordered_on net_sales refund channel country is_b2b", [
            # 125.50 with 25.50 of VAT; half past two in summer time, before the clock is put back
            (at("2025-10-25 23:30"), date(2025, 10, 26), 100, 0, "web", "FI", False),
            # 62.75 - 12.75 = 50, and of the 12.55 given back 10 are no VAT
            (at("2025-10-27 07:50:26"), date(2025, 10, 27), 40, 10, "pos", None, True),
        ]),
        ("order_lines", "product_id product_name quantity net_sales", [
            ("MUG", "Mug - Blue", 1, 60), ("POT", "Pot", 1, 40), ("TEA", "Tea", 2, 40),
        ]),
    ],
    "shopify_customers": [("customers", "consents segment", [("email sms", "tea"), (None, None)])],
    "shopify_products": [
        ("products", "product_id product_name category unit_cost weight_kg", [
            ("MUG-B", "Mug", "Kitchen", 4.2, 0.35), ("MUG-R", "Mug", "Kitchen", 4.3, 0.35),
            ("TEA", "Tea", "Drinks", None, None),
        ])
    ],
    "woocommerce_analytics": [
        # sold for 90, of which 30 came back a month later
        ("orders", "ordered_at net_sales channel discount_code customer_id", [
            (at("2026-01-05 08:00"), 60, "Organic: Google", "WINTER", None),
        ]),
        # 90 by pieces: two mugs 60, a tea 30; one mug back takes 30 off the mugs
        ("order_lines", "product_name quantity net_sales", [
            ("Mug, blue", -1, -30), ("Mug, blue", 2, 60), ("Tea", 1, 30),
        ]),
    ],
    "woocommerce_advanced_export": [
        ("orders", "ordered_at net_sales discount shipping_income country is_b2b", [
            (at("2026-01-05 08:00"), 30, 5, 4, "FI", False),  # 2 × 10.50 + 9
            (at("2026-01-06 08:00"), 27, 0, 0, None, True),
        ]),
        ("order_lines", "product_id quantity net_sales", [
            ("MUG", 2, 21), ("TEA", 1, 9), ("TEA", 3, 27)
        ]),
    ],
    "woocommerce_import_export": [
        ("orders", "ordered_at net_sales discount shipping_income is_b2b", [
            (at("2025-09-06 03:29"), 40, 2.5, 4, False),  # the 6th of September; 42.50 - 2.50
            (at("2025-09-16 13:29"), 10, 0, 0, True),
        ])
    ],
    "magento": [
        ("orders", "ordered_at net_sales shipping_income channel", [
            (at("2026-03-04 13:18:36"), 1000, 8, "Main Website"),  # (1260 - 10) / 1.25, 10 / 1.25
        ])
    ],
    "mycashflow_customers": [("customers", "language", [("fi",), ("sv",)])],
    "mycashflow_api": [
        # 138.05 with 28.05 of VAT: 110 of 138.05 are ours, of goods 125.50 and freight 12.55
        ("orders", "ordered_at net_sales shipping_income", [(at("2026-01-05 08:00"), 100, 10)]),
        ("order_lines", "product_id product_name quantity net_sales", [
            ("MUG", "Mug", 1, 80), ("TEA", "Tea", 2, 20),
        ]),
    ],
    "typeform": [
        ("responses", "survey wave answered_at question kind value option text", [
            # ten in the evening in London is the next day in Helsinki, in the same quarter
            ("nps", "2026-Q1", at("2026-01-05 22:00"), "drinks", "choice", None, "coffee", None),
            ("nps", "2026-Q1", at("2026-01-05 22:00"), "drinks", "choice", None, "tea", None),
            ("nps", "2026-Q1", at("2026-01-05 22:00"), "score", "score", 9, None, None),
            ("nps", "2026-Q1", at("2026-01-05 22:00"), "why", "open", None, None,
             "# one, and quick"),
            ("nps", "2026-Q1", at("2026-01-06 08:00"), "drinks", "choice", None, "tea", None),
            ("nps", "2026-Q1", at("2026-01-06 08:00"), "score", "score", 3, None, None),
            ("nps", "2026-Q1", at("2026-01-06 08:00"), "why", "open", None, None, None),
        ])
    ],
    "google_forms": [
        ("responses", "answered_at question option text", [
            (at("2026-03-04 13:18:36"), "heard", "Lehti; radio", None),  # UTC+2 in winter
            (at("2026-03-04 13:18:36"), "heard", "Ystävä", None),
            (at("2026-03-04 13:18:36"), "why", None, "Lahjaksi"),
            (at("2026-04-04 06:00"), "heard", "Ystävä", None),  # UTC+3 in summer
            (at("2026-04-04 06:00"), "why", None, None),
        ])
    ],
    "hotjar_survey": [
        ("responses", "survey answered_at question text", [
            ("exit_intent", at("2026-01-05 08:00"), "barrier", "Toimitus on kallis"),
        ])
    ],
    "surveymonkey": [
        ("responses", "answered_at question kind value option text", [
            (at("2026-03-04 08:02"), "How satisfied are you?", "rating", 4, None, None),
            (at("2026-03-04 08:02"), "uses", "choice", None, "coffee", None),
            (at("2026-03-04 08:02"), "why", "open", None, None, "Nopea"),
        ])
    ],
    "delighted_api": [
        ("responses", "survey answered_at question value text", [  # 1767600000 s after 1970
            ("nps", at("2026-01-05 08:00"), "comment", None, "Nopea toimitus"),
            ("nps", at("2026-01-05 08:00"), "score", 9, None),
            ("nps", at("2026-01-05 09:00"), "comment", None, None),
            ("nps", at("2026-01-05 09:00"), "score", 0, None),
        ])
    ],
    "ga4_bigquery": [
        ("events", "occurred_at event page product_id channel device", [
            (at("2026-01-05 08:00"), "view_item", "https://shop.example/mug", "MUG",
             "google / organic", "mobile"),
            (at("2026-01-05 08:01"), "purchase", None, None, None, "mobile"),
        ])
    ],
    "ga4_ui": [
        ("traffic", "date channel sessions visitors orders", [
            (date(2026, 1, 5), "Organic Search", 100, 80, 3),
            (date(2026, 1, 6), "Direct", 50, 40, 1),
        ])
    ],
    "clarity_api": [
        ("traffic", "device sessions visitors", [("Mobile", 954, 733), ("PC", 46, 40)])
    ],
    "matomo": [
        ("traffic", "channel sessions visitors orders", [
            ("-campaign", 6, 5, 0), ("Direct Entry", 50, 40, 2)
        ])
    ],
    "google_ads": [
        ("spend", "date date_to channel campaign cost impressions clicks", [
            (date(2026, 1, 5), date(2026, 1, 5), "google_ads", "Brand: FI", 1012.5, 1200, 60),
            (date(2026, 1, 6), date(2026, 1, 6), "google_ads", "Tea", 0, 0, None),
        ])
    ],
    "meta_ads": [
        ("spend", "date date_to channel campaign cost impressions clicks", [
            (date(2026, 1, 1), date(2026, 1, 31), "meta_ads", "Winter", 60.25, 1000, 30),
            (date(2026, 1, 5), date(2026, 1, 5), "meta_ads", "One day", 20, 500, None),
        ])
    ],
    "klaviyo": [
        ("spend", "date channel campaign cost impressions clicks", [
            (date(2026, 1, 5), "email", "January", 10, 5000, 150),  # 5000 × 0.002
        ])
    ],
}  # fmt: skip


def rows_of(connection, table: str, columns: str) -> list[tuple]:
    found = connection.table(table).select(*columns.split()).to_pyarrow().to_pylist()
    rows = [tuple(row.values()) for row in found]
    plain = [tuple(float(v) if isinstance(v, Decimal) else v for v in row) for row in rows]
    return sorted(plain, key=_order)


def _order(row: tuple) -> tuple:
    return tuple((value is None, value) if value is not None else (True, 0) for value in row)


def test_every_preset_has_a_file_and_what_is_read_of_it():
    assert set(presets()) == set(EXPORTS) == set(READ)


@pytest.mark.parametrize("form", presets())
def test_a_file_is_read_into_the_canonical_table(make_client, form):
    export = EXPORTS[form]
    assert presets()[form].source == export.source
    _, connection, _ = staged(make_client(export.params(form), {export.name: export.content()}))
    for table, columns, expected in READ[form]:
        assert rows_of(connection, table, columns) == sorted(expected, key=_order)


def left_out(facts: dict) -> int:
    (source,) = facts["sources"]
    return source["left_out"]


@pytest.mark.parametrize(
    ("form", "count"),
    [("ga4_ui", 4), ("clarity_api", 1), ("google_ads", 1), ("meta_ads", 1), ("klaviyo", 1)],
)
def test_what_is_left_out_is_counted(make_client, form, count):
    # ga4_ui: the grand total, and the three lines of the second table
    export = EXPORTS[form]
    _, _, facts = staged(make_client(export.params(form), {export.name: export.content()}))
    assert left_out(facts) == count


# Any other table


TABLES = {
    "orders": (
        "Tilaus;Aika;Asiakas;Summa\n1;1.1.2026 10:00;7;1 234,50\n",
        'decimal: ","\nthousands: " "\ndate_format: "%d.%m.%Y %H:%M"\nvat: excluded',
        "order_id: Tilaus, ordered_at: Aika, customer_id: Asiakas, amount: Summa",
        "ordered_at net_sales",
        [(at("2026-01-01 08:00"), 1234.5)],
    ),
    "products": (
        "Koodi,Nimi,Ryhmä,Hinta\nMUG,Muki,Keittiö,4.20\n", "",
        "product_id: Koodi, product_name: Nimi, category: Ryhmä, unit_cost: Hinta",
        "product_id product_name category unit_cost",
        [("MUG", "Muki", "Keittiö", 4.2)],
    ),
    "customers": (
        "Id,Avattu,Rooli\n7,2025-12-31,buyer\n", "",
        "customer_id: Id, first_seen_at: Avattu, role: Rooli", "first_seen_at role",
        [(at("2025-12-30 22:00"), "buyer")],
    ),
    "companies": (
        "Y-tunnus,Ala,Koko\n1-1,Kauppa,10-49\n", "",
        "company_id: Y-tunnus, industry: Ala, size: Koko", "industry size",
        [("Kauppa", "10-49")],
    ),
    "leads": (
        "Id,Tullut,Hävitty,Syy,Arvo\n1,2026-01-05,2026-02-05,hinta,1200\n", "",
        "lead_id: Id, created_at: Tullut, lost_at: Hävitty, lost_reason: Syy, value: Arvo",
        "created_at lost_at lost_reason value",
        [(at("2026-01-04 22:00"), at("2026-02-04 22:00"), "hinta", 1200)],
    ),
    "responses": (
        f"Aika,Sposti,Arvosana\n2026-01-05 10:00,{EMAIL},10\n", "survey: nps\nscore: Arvosana",
        "answered_at: Aika, customer_email: Sposti", "answered_at question value stage",
        [(at("2026-01-05 08:00"), "score", 10, "after_purchase")],
    ),
    "events": (
        "time,name,url\n2026-01-05T08:00:00Z,purchase,https://shop.example/a?x=1\n", "",
        "occurred_at: time, event: name, page: url", "occurred_at event page",
        [(at("2026-01-05 08:00"), "purchase", "https://shop.example/a")],
    ),
    "sessions": (
        "id,start,scroll,seconds,rage\ns1,2026-01-05 10:00,40 %,12.5,2\n", "",
        "session_id: id, started_at: start, scroll_depth_percent: scroll, "
        "duration_seconds: seconds, rage_clicks: rage",
        "started_at scroll_depth_share duration_seconds rage_clicks",
        [(at("2026-01-05 08:00"), 0.4, 12.5, 2)],
    ),
    "traffic": (
        "day,source,visits\n2026-01-05,Direct,50\n", "",
        "date: day, channel: source, sessions: visits", "date channel sessions",
        [(date(2026, 1, 5), "Direct", 50)],
    ),
    "touchpoints": (
        f"opened,closed,kind,text\n2026-01-05 10:00,2026-01-05 12:30,chat,from {EMAIL}\n", "",
        "occurred_at: opened, resolved_at: closed, kind: kind, text: text",
        "occurred_at kind stage text hours_to_resolve",
        [(at("2026-01-05 08:00"), "chat", "after_purchase", "from [e-mail]", 2.5)],
    ),
    "spend": (
        "day,name,cost,code\n2026-01-05,Winter,10,SEK\n",
        "channel: tiktok\nrates: {SEK: {rate: 0.09, rate_source: 'ECB, mean of 2026'}}",
        "date: day, campaign: name, cost: cost, currency: code", "date date_to channel cost",
        [(date(2026, 1, 5), date(2026, 1, 5), "tiktok", 0.9)],
    ),
    "holdouts": (
        "channel,from,to,arm,people,sales\nmeta_ads,2026-01-05,2026-01-31,holdout,900,1200.50\n",
        "", "channel: channel, start: from, end: to, arm: arm, units: people, net_sales: sales",
        "channel start end arm units net_sales",
        [("meta_ads", date(2026, 1, 5), date(2026, 1, 31), "holdout", 900, 1200.5)],
    ),
    "interviews": (
        "pvm,koodaaja,lainaus,koodi,lupa\n2026-01-05,AB,Soita 040 123 4567,price,kyllä\n", "",
        "date: pvm, coder: koodaaja, excerpt: lainaus, code: koodi, may_quote: lupa",
        "date coder excerpt code may_quote",
        [(date(2026, 1, 5), "AB", "Soita [telephone]", "price", True)],
    ),
    "market": (
        "what,which,part\nregion,Uusimaa,0.31\n", "",
        "attribute: what, value: which, share: part", "attribute value share",
        [("region", "Uusimaa", 0.31)],
    ),
}  # fmt: skip


def own_table(source: str, text: str, lines: str, columns: str) -> Export:
    section = f"{lines}\ncolumns: {{{columns}}}"
    return Export(source=source, name="export.csv", text=text, section=section)


def test_there_is_an_example_of_every_source():
    assert set(TABLES) == set(Sources.model_fields) - {"aliases"}  # which is no table of its own


@pytest.mark.parametrize("source", TABLES)
def test_any_table_is_read_by_a_column_map(make_client, source):
    text, lines, columns, shown, expected = TABLES[source]
    export = own_table(source, text, lines, columns)
    _, connection, _ = staged(make_client(export.params("table"), {export.name: text}))
    assert rows_of(connection, source, shown) == expected


def test_aliases_join_two_ids_of_one_customer(make_client):
    text, lines, columns, _, _ = TABLES["orders"]
    orders = own_table("orders", text + "2;2.1.2026 10:00;8;10,00\n", lines, columns)
    more = "  aliases:\n    path: exports/same.csv\n    columns: {customer: other, same_as: same}\n"
    client = make_client(
        orders.params("table") + more, {orders.name: orders.text, "same.csv": "other,same\n8,7\n"}
    )
    _, connection, _ = staged(client)
    assert len({customer for (customer,) in rows_of(connection, "orders", "customer_id")}) == 1


# What the formats share


def test_newer_and_older_headers_of_shopify_products(make_client):
    export = EXPORTS["shopify_products"]
    for old, new in (("Variant SKU", "SKU"), ("Handle", "URL handle"), ("Type", "type"),
                     ("Variant Price", "Price"), ("Title", "title")):  # fmt: skip
        export = export.renamed(old, new)
    client = make_client(export.params("shopify_products"), {export.name: export.content()})
    _, connection, _ = staged(client)
    table, columns, expected = READ["shopify_products"][0]
    assert rows_of(connection, table, columns) == sorted(expected, key=_order)


def test_the_finnish_sheet_of_a_google_form(make_client):
    export = EXPORTS["google_forms"].renamed("Timestamp", "Aikaleima")
    export = export.renamed("Email Address", "Sähköpostiosoite")
    rows = ({"Aikaleima": "4.3.2026 klo 15.18.36", "Mistä kuulit meistä?": "Lehti; radio, Ystävä"},)
    export = replace(export, rows=rows, section=export.section.replace('";"', '", "'))
    client = make_client(export.params("google_forms"), {export.name: export.content()})
    _, connection, _ = staged(client)
    assert rows_of(connection, "responses", "answered_at option") == [
        (at("2026-03-04 13:18:36"), "Lehti; radio"),
        (at("2026-03-04 13:18:36"), "Ystävä"),
        (at("2026-03-04 13:18:36"), None),
    ]


def test_ads_that_were_not_segmented_by_day_need_a_period(make_client):
    export = EXPORTS["google_ads"].renamed("Day", "Budget type")
    export = replace(export, section="period: {first: 2026-01-05, last: 2026-01-11}")
    client = make_client(export.params("google_ads"), {export.name: export.content()})
    _, connection, _ = staged(client)
    week = (date(2026, 1, 5), date(2026, 1, 11))
    assert [row[:2] for row in rows_of(connection, "spend", "date date_to")] == [week, week]


def test_a_preset_is_complete():
    for form, preset in presets().items():
        assert preset.note and all(preset.menu.values()), form
        assert set(preset.also_called) <= {*preset.optional, *preset.needed}, form
        assert preset.source in GROUPS


# docs/sources.md


def test_every_example_of_the_reference_is_a_valid_parameter_file(make_client):
    examples = re.findall(r"```yaml\n(.*?)```", reference(), re.DOTALL)
    assert len(examples) == len(presets()) + 7  # the formats without documented headers
    for example in examples:
        ((_, _, source),) = load_params(make_client(CLIENT + example)).sources.each()
        assert source.path


@pytest.mark.parametrize("form", presets())
def test_the_reference_names_what_a_file_must_have(form):
    _, _, about = reference().partition(f"`format: {form}`")
    for header in presets()[form].needed:
        assert f"`{header}`" in about.partition("Used when there")[0]

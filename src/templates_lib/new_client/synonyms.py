"""What tools call the columns of a table, in English and in Finnish, and what a table must have.

Only whole headers are compared, without case, blanks and marks: nothing is guessed from a part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from templates_lib.sources.headers import fold

Synonyms = Mapping[str, str]
ORDER_ID = (
    "order, order id, order no, order number, order name, order #, invoice, invoice no, invoice id,"
    "invoice number, transaction id, receipt, tilaus, tilausnumero, tilausnro, tilaus id, tilauksen"
    " numero, lasku, laskunumero, laskunro, kuitti, kuittinumero"
)
PERSON = {
    "customer_id": "customer, customer id, customer no, customer number, client id, user id,"
    "asiakas, asiakasnumero, asiakasnro, asiakas id, asiakastunnus, kanta-asiakasnumero",
    "customer_email": "email, e-mail, email address, customer email, sähköposti,"
    "sähköpostiosoite, asiakkaan sähköposti",
}
DAY = "date, day, päivä, päivämäärä, pvm"
CHANNEL = "channel, sales channel, source, kanava, myyntikanava, lähde"
SYNONYMS: dict[str, Synonyms] = {
    "orders": {
        "order_id": ORDER_ID,
        **PERSON,
        "ordered_at": f"{DAY}, order date, ordered at, invoice date, created, created at,"
        "transaction date, purchase date, sale date, tilauspäivä, tilauspvm, tilausaika,"
        "tilauksen päivämäärä, laskun päivä, laskupäivä, laskupvm, ostopäivä, aika",
        "status": "status, order status, financial status, payment status, tila, tilauksen tila,"
        "maksun tila",
        "channel": CHANNEL,
        "currency": "currency, currency code, valuutta, valuuttakoodi",
        "discount_code": "coupon, coupon code, discount code, alennuskoodi, kuponki, kampanjakoodi",
        "country": "country, country code, shipping country, delivery country, maa, maakoodi,"
        "toimitusmaa",
        "is_b2b": "company, company name, billing company, vat id, vat number, business id, yritys,"
        "yrityksen nimi, y-tunnus, alv-tunnus",
        "amount": "subtotal, order subtotal, välisumma, tuotteet yhteensä",
        "discount": "discount amount, discount total, alennus yhteensä",
        "tax": "tax, taxes, vat, vat amount, tax amount, total tax, alv, vero, verot, alv summa",
        "shipping": "shipping, freight, shipping cost, delivery fee, toimituskulut, toimitusmaksu,"
        "postikulut, rahti",
        "refund": "refund, refunded, refunded amount, refund amount, palautus, palautettu, hyvitys",
        "refunded_at": "refunded at, refund date, palautuspäivä, hyvityspäivä",
        "product_id": "sku, product id, product code, product number, stock code, item no,"
        "item number, article, article number, tuotenumero, tuotekoodi, tuote id, tuotetunnus",
        "product_name": "product, product name, item, item name, description, tuote, tuotenimi,"
        "tuotteen nimi, nimike, kuvaus",
        "category": "category, product category, product group, kategoria, tuoteryhmä, ryhmä",
        "quantity": "quantity, qty, pieces, units, määrä, kpl, kappalemäärä, lukumäärä",
        "unit_price": "price, unit price, item price, hinta, yksikköhinta, kappalehinta, à-hinta",
        "line_amount": "amount, line total, line amount, row total, sum, net amount, summa,"
        "rivisumma, rivi yhteensä",
        "line_discount": "discount, line discount, alennus, rivialennus",
        "line_tax": "line tax, line vat, rivin vero, rivin alv",
        "unit_cost": "cost, unit cost, cost price, purchase price, ostohinta, hankintahinta,"
        "omakustannushinta",
        "fulfilment_cost": "fulfilment cost, fulfillment cost, fulfilment costs, carriage cost,"
        "logistics cost, packing and carriage, logistiikkakulut, logistiikkakustannus,"
        "pakkaus ja kuljetus, lähetyskustannus",
        "payment_cost": "payment fee, payment fees, payment cost, transaction fee, processing fee,"
        "gateway fee, maksunvälityskulut, maksunvälityspalkkio, korttikulut",
    },
    "products": {
        "product_id": "sku, product id, product code, stock code, item number, variant sku,"
        "tuotenumero, tuotekoodi, tuotetunnus",
        "product_name": "product, product name, title, name, item name, description, tuote,"
        "tuotenimi, nimi, nimike, kuvaus",
        "category": "category, product category, product group, type, kategoria, tuoteryhmä, ryhmä,"
        "tyyppi",
        "unit_cost": "cost, unit cost, cost per item, cost price, purchase price, ostohinta,"
        "hankintahinta, omakustannushinta",
        "weight_kg": "weight kg, weight in kg, kg, paino kg, paino kiloina, massa kg",
        "weight_grams": "weight g, weight in g, grams, weight grams, weight in grams,"
        "variant grams, paino g, paino grammoina, grammat, massa g",
    },
    "customers": {
        **PERSON,
        "company_id": "company id, business id, y-tunnus, yritys id",
        "role": "role, job title, rooli, tehtävä",
        "first_seen_at": "created, created at, registered, registered at, customer since,"
        "rekisteröitynyt, asiakas alkaen, luotu",
        "closed_at": "closed at, closed, suljettu",
        "opted_out_at": "opted out at, unsubscribed at, kielto annettu",
    },
    "companies": {
        "company_id": "company id, yritystunnus, yritys id, company, business id, account,"
        "account id, yritys, y-tunnus",
        "industry": "industry, sector, toimiala",
        "size": "size, employees, headcount, koko, henkilöstö, henkilömäärä",
        "earns_from": "earns from, business model, mistä tulot, mistä tulot tulevat,ansaintamalli",
        "goal": "goal, goals, tavoite, tavoitteet",
        "value_chain_stage": "value chain stage, value chain, arvoketjun vaihe,vaihe arvoketjussa",
    },
    "leads": {
        "lead_id": "lead, lead id, deal, deal id, opportunity id, liidi, liidi id, tarjous id",
        "company_id": "company id, company, account, yritys, yritys id, y-tunnus",
        "created_at": f"{DAY}, created, created at, luotu, saapunut",
        "channel": CHANNEL,
        "won_at": "won at, won, won date, closed won, voitettu",
        "lost_at": "lost at, lost, lost date, closed lost, hävitty",
        "lost_reason": "lost reason, reason, häviön syy, syy",
        "value": "value, deal value, arvo",
    },
    "responses": {
        "answered_at": f"{DAY}, timestamp, answered at, submitted at, submit date, completed at,"
        "responded at,"
        "response date, aikaleima, vastausaika, vastauspäivä, vastattu",
        "response_id": "id, response id, respondent id, answer id, #, vastaus id, vastaustunnus",
        "order_id": ORDER_ID,
        **PERSON,
        "session_id": "session id, istunto",
        "wave": "wave, aalto, kierros",
    },
    "events": {
        "occurred_at": "event timestamp, occurred at, timestamp, time, aika, aikaleima",
        "event": "event, event name, tapahtuma",
        "session_id": "session id, ga session id, istunto",
        "visitor_id": "visitor id, client id, user pseudo id, kävijä",
        "order_id": "order id, transaction id, tilausnumero",
        "page": "page, url, page location, sivu",
        "product_id": "sku, product id, item id, tuotenumero",
        "channel": CHANNEL,
        "device": "device, device category, laite",
    },
    "sessions": {
        "session_id": "session, session id, visit id, istunto, käynti",
        "visitor_id": "visitor id, user id, kävijä",
        "started_at": f"{DAY}, started at, start time, session start, alkoi",
        "scroll_depth_share": "scroll depth share",
        "scroll_depth_percent": "scroll depth, scroll depth %, scroll depth percent, vieritys,"
        "vierityssyvyys",
        "duration_seconds": "duration, duration seconds, session duration, kesto",
        "rage_clicks": "rage clicks, rage click count, raivoklikkaukset",
        "dead_clicks": "dead clicks, dead click count, kuolleet klikkaukset",
        "exit_page": "exit page, exit url, poistumissivu",
        "device": "device, device type, laite",
    },
    "touchpoints": {
        "occurred_at": f"{DAY}, created, created at, opened at, occurred at, luotu, saapunut,"
        "vastaanotettu",
        "touchpoint_id": "tapausnumero, ticket, ticket id, case, case id, conversation id, tiketti,"
        "tapaus,"
        "yhteydenotto",
        "order_id": ORDER_ID,
        **PERSON,
        "kind": "kind, contact type, ticket channel, yhteydenottotapa, kanava",
        "topic": "topic, subject, tag, aihe, otsikko",
        "text": "message, body, viesti",
        "hours_to_resolve": "hours to resolve, resolution hours, ratkaisuaika",
        "resolved_at": "resolved at, solved at, closed at, ratkaistu",
    },
    "spend": {
        "date": DAY,
        "channel": "channel, medium, platform, kanava, media",
        "campaign": "campaign, campaign name, kampanja, kampanjan nimi",
        "currency": "currency, currency code, valuutta",
        "cost": "cost, spend, amount spent, ad spend, media cost, kulut, kustannus, kustannukset,"
        "mainoskulut",
        "impressions": "impressions, impr, näytöt, näyttökerrat",
        "clicks": "clicks, link clicks, klikkaukset",
    },
    "holdouts": {
        "channel": CHANNEL,
        "start": "start, start date, alku, alkaa",
        "end": "end, end date, loppu, päättyy",
        "arm": "arm, group, test group, ryhmä",
        "units": "units, people, size, määrä",
        "net_sales": "net sales, sales, liikevaihto, myynti",
    },
    "interviews": {
        "excerpt": "excerpt, quote, answer, sitaatti, ote, vastaus",
        "interview_id": "interview, interview id, haastattelu, haastattelun numero",
        **PERSON,
        "date": DAY,
        "coder": "coder, koodaaja",
        "question": "question, kysymys",
        "code": "code, theme, koodi, teema",
        "may_quote": "may quote, quote allowed, saa siteerata, saa lainata",
    },
    "market": {
        "attribute": "attribute, ominaisuus",
        "value": "value, arvo",
        "share": "share, share of market, osuus",
    },
}
# Columns without which a table is none of the kind: one of each group.
NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "orders": (("ordered_at",), ("amount", "line_amount", "unit_price"),
               ("order_id", "customer_id", "customer_email")),
    "products": (("product_id", "product_name"), ("category", "unit_cost")),
    "customers": (("customer_id", "customer_email"),),
    "companies": (("company_id",), ("industry", "size", "goal", "earns_from")),
    "leads": (("lead_id",), ("created_at", "won_at", "lost_at")),
    "responses": (("answered_at", "response_id", "customer_email", "order_id"),),
    "events": (("occurred_at",), ("event",)),
    "sessions": (("session_id", "visitor_id"),
                 ("scroll_depth_share", "scroll_depth_percent", "duration_seconds", "rage_clicks",
                  "dead_clicks")),
    "touchpoints": (("occurred_at",), ("touchpoint_id", "topic"),
                    ("topic", "kind", "resolved_at", "hours_to_resolve")),
    "spend": (("cost",), ("campaign", "channel", "impressions", "clicks")),
    "holdouts": (("arm",), ("channel",), ("start",)),
    "interviews": (("excerpt",), ("interview_id", "code")),
    "market": (("attribute",), ("value",), ("share",)),
}  # fmt: skip
QUESTION = re.compile(
    r"\?\s*$|recommend|suosit|\bnps\b|satisf|tyytyv|\(\d+ ?[-–] ?\d+\)", re.IGNORECASE
)


def bare(header: str) -> str:
    """A header without case, blanks, marks and a unit in brackets: ``InvoiceNo``, ``invoice no``
    and ``Invoice no.`` are one. A unit of weight is kept: it tells grams from kilograms."""
    folded = re.sub(r"\((?!k?g\))[^)]*\)", "", fold(header)) or fold(header)
    return re.sub(r"[\W_]+", "", folded) or folded.strip()


def mapped(headers: Iterable[str], source: str) -> dict[str, str]:
    """Columns of a kind of table: the first header that is called so."""
    there: dict[str, str] = {}
    for header in headers:
        there.setdefault(bare(header), header)
    found: dict[str, str] = {}
    for column, names in SYNONYMS.get(source, {}).items():
        hit = next((there[n] for name in names.split(",") if (n := bare(name)) in there), None)
        if hit is not None and hit not in found.values():
            found[column] = hit
    return found


def best_fit(headers: Iterable[str]) -> tuple[str, dict[str, str]] | None:
    """The kind of table whose needed columns are there, by most columns; or None.

    A survey is told by its questions: with them a list of people is a survey.
    """
    names = list(headers)
    asks = any(QUESTION.search(fold(name)) for name in names)
    fits: list[tuple[int, str, dict[str, Any]]] = []
    for source, groups in NEEDED.items():
        columns = mapped(names, source)
        whole = all(any(column in columns for column in group) for group in groups)
        if source == "orders" and "unit_price" in columns and "quantity" not in columns:
            whole = whole and bool({"amount", "line_amount"} & set(columns))
        if asks != (source == "responses") and source in ("responses", "customers"):
            continue
        if whole:
            fits.append((len(columns), source, columns))
    if not fits:
        return None
    _, source, columns = max(fits, key=lambda fit: fit[0])
    return source, columns

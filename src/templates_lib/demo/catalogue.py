"""The demo shop's products: invented names, prices with VAT, weights and costs without VAT."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd

from templates_lib.demo.truth import COST_KNOWN_SHARE

_COFFEES = {  # price of 250 g
    "Aamun Kajo": 7.90,
    "Hidas Sunnuntai": 8.40,
    'Tumma "Sointu"': 8.90,
    "Saunan Jälkeen": 8.60,
    "Pikku Puutarha, Etiopia": 10.90,
    "Vuoriaho, Kenia": 11.90,
    "Mökkipannu": 7.50,
    "Toimiston Tyyni": 7.20,
    "Kofeiiniton Iltarauha": 9.80,
    "Espresso Nro 7": 9.20,
    "Luomu Lempeä": 9.90,
    "Peru & Pojat": 10.40,
    "Kesäkahvi": 8.80,
    "Geisha, pieni erä": 24.90,
}
_OTHERS = {  # category: title -> price, grams, cost as a share of the price without VAT
    "Kahvi": {"Raakakahvisäkki 10 kg": (64.0, 10400, 0.88)},
    "Laitteet": {
        "Suodatinkannu lasinen": (39.0, 900, 0.55),
        "Käsimylly Jyvä": (89.0, 800, 0.60),
        "Sähkömylly Jyvä+": (249.0, 3200, 0.66),
        "Mutteripannu 6 kuppia": (34.9, 700, 0.52),
        "Pressopannu 1 l": (44.9, 1100, 0.54),
        "Vaaka, 0,1 g": (59.0, 600, 0.58),
        "Vedenkeitin hanhenkaula": (99.0, 1500, 0.62),
        "Matkasuodatin": (24.9, 250, 0.48),
        "Maidonvaahdotin": (29.9, 350, 0.50),
        "Espressokone Höyry 14 kg": (349.0, 14000, 0.93),
    },
    "Tarvikkeet": {
        "Suodatinpaperi 100 kpl": (6.9, 150, 0.42),
        "Suodatinpaperi, valkaisematon 200 kpl": (11.9, 290, 0.44),
        "Kalkinpoistaja": (9.9, 350, 0.45),
        "Puhdistustabletit": (12.9, 200, 0.45),
        "Myllyn harja": (7.9, 80, 0.40),
        "Säilytyspurkki 500 g": (19.9, 400, 0.50),
        "Tiivistesarja": (8.9, 60, 0.42),
        "Suodatettu vesi 10 l": (62.0, 10300, 0.86),
    },
    "Lahjat": {
        "Lahjapakkaus Kolme Kahvia": (32.9, 900, 0.55),
        'Joululaatikko "Tonttu"': (49.9, 1300, 0.57),
        "Aloittelijan setti": (79.0, 1700, 0.60),
        "Mukipari": (36.0, 800, 0.52),
        "Kahvikalenteri, 24 pussia": (69.0, 1600, 0.58),
        "Kivimukit 12 kpl, 9 kg": (99.0, 9000, 0.90),
    },
}
_COFFEE_COST_SHARE = 0.52
_HEAVY_GRAMS = 8000
GIFT_CARDS = {"25 €": 25.0, "50 €": 50.0, "100 €": 100.0}


def _handle(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def catalogue() -> pd.DataFrame:
    """One row a variant.

    Columns: handle, title, variant, name, category, sku, price_cents (with VAT), grams,
    cost_share (of the price without VAT), has_cost (whether the export knows it), is_food,
    is_heavy, weight (how often it is bought within its category).
    """
    rows = []
    for title, price in _COFFEES.items():
        for variant, factor, grams, weight in (("250 g", 1, 270, 3.0), ("1 kg", 3.6, 1050, 2.0)):
            cents = round(price * factor * 10) * 10
            rows.append((title, variant, "Kahvi", cents, grams, _COFFEE_COST_SHARE, weight))
    for category, items in _OTHERS.items():
        for title, (price, grams, cost) in items.items():
            weight = 0.02 if grams > _HEAVY_GRAMS else 1.0
            rows.append((title, "", category, round(price * 100), grams, cost, weight))
    for variant, price in GIFT_CARDS.items():
        rows.append(("Lahjakortti", variant, "Lahjakortti", round(price * 100), 0, 0.0, 1.0))
    columns = ("title", "variant", "category", "price_cents", "grams", "cost_share", "weight")
    found = pd.DataFrame(rows, columns=columns)
    number = pd.Series(range(101, 101 + len(found))).astype(str)
    is_card = found["category"] == "Lahjakortti"
    prefix = found["category"].str[:3].str.upper().mask(is_card, "LAHJAKORTTI")
    name = found["title"].where(found["variant"] == "", found["title"] + " - " + found["variant"])
    every = round(1 / (1 - COST_KNOWN_SHARE))
    return found.assign(
        handle=found["title"].map(_handle),
        sku=prefix + "-" + number,
        name=name,
        is_food=found["category"] == "Kahvi",
        is_heavy=found["grams"] > _HEAVY_GRAMS,
        has_cost=(found.index % every != every - 1) & ~is_card,
    )

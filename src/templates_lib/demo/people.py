"""The people of the demo shop: invented, each with an identity of their own.

E-mails are under the reserved domain ``.example``, telephone numbers begin in a way that no
number does, and surnames, streets and companies are put together from words of coffee.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from templates_lib.demo import truth
from templates_lib.demo.draws import pick

FIRST_NAMES = [
    "Aino",
    "Aleksi",
    "Anni",
    "Antti",
    "Eero",
    "Eeva",
    "Elina",
    "Emma",
    "Hanna",
    "Heidi",
    "Henri",
    "Iida",
    "Ilkka",
    "Inka",
    "Jari",
    "Joona",
    "Juha",
    "Kaisa",
    "Kalle",
    "Katri",
    "Lauri",
    "Leena",
    "Liisa",
    "Maija",
    "Markus",
    "Matti",
    "Mika",
    "Minna",
    "Niina",
    "Olli",
    "Paula",
    "Pekka",
    "Petri",
    "Pia",
    "Risto",
    "Saara",
    "Sami",
    "Sanna",
    "Tiina",
    "Timo",
    "Tuomas",
    "Veera",
    "Ville",
    "Åsa",
]
_NAME_HEADS = [
    "Papu",
    "Höyry",
    "Kuppi",
    "Vaahto",
    "Pannu",
    "Mylly",
    "Aromi",
    "Kaneli",
    "Paahto",
    "Muru",
    "Sumppi",
    "Pulla",
    "Korppu",
    "Tassi",
    "Lusikka",
    "Suodatin",
    "Kermapilvi",
    "Mantteli",
    "Tonkka",
    "Jauhe",
    "Nokare",
    "Sokeri",
    "Kardemumma",
    "Siirappi",
]
_NAME_TAILS = [
    "virta",
    "korpi",
    "lehto",
    "nevala",
    "kallas",
    "suikka",
    "harjula",
    "pirtti",
    "rantanen",
    "hovila",
    "kero",
    "vainio",
    "lampela",
    "notko",
    "sola",
    "törmä",
    "kangas",
    "saarela",
    "hautala",
    "peltola",
]
CITIES = {"Helsinki": "00100", "Espoo": "02100", "Tampere": "33100", "Turku": "20100",
           "Oulu": "90100", "Jyväskylä": "40100", "Kuopio": "70100", "Lahti": "15110"}  # fmt: skip
_CITY_SHARES = (0.30, 0.15, 0.15, 0.12, 0.09, 0.08, 0.06, 0.05)
_MAIL_DOMAINS = ("posti.example", "sahkoposti.example", "mail.example")
COMPANY_KINDS = {"kahvila": "Kahvila", "toimisto": "Tilitoimisto", "hotelli": "Hotelli",
                 "ravintola": "Ravintola", "kampaamo": "Kampaamo"}  # fmt: skip
COMPANY_SIZES = {"1–4": 0.35, "5–9": 0.30, "10–49": 0.28, "50+": 0.07}  # people who work there
VAT_ID_DIGITS = 9  # one more than there are in any
ROLES = ("ostaja", "päättäjä", "käyttäjä")
AGE_GROUPS = {"18–29": 0.14, "30–44": 0.38, "45–59": 0.31, "60+": 0.17}


def plain_ascii(names: pd.Series) -> pd.Series:
    """Names as they stand in an address: small letters without marks."""
    return names.str.lower().str.translate(str.maketrans("äöå", "aoa"))


def people(rng: np.random.Generator, n: int, *, first_id: int = 1) -> pd.DataFrame:
    """One row a person; no two share a name, e-mail, telephone or address.

    Columns: person_id (the shop's own number), first_name, last_name, name, email, phone, street,
    city, zip, age_group.
    """
    surnames = [head + tail for head in _NAME_HEADS for tail in _NAME_TAILS]
    picked = rng.choice(len(FIRST_NAMES) * len(surnames), n, replace=False)
    found = pd.DataFrame({"first_name": np.array(FIRST_NAMES)[picked % len(FIRST_NAMES)]})
    found["last_name"] = np.array(surnames)[picked // len(FIRST_NAMES)]
    number = pd.Series(np.arange(first_id, first_id + n))
    local = plain_ascii(found["first_name"]) + "." + plain_ascii(found["last_name"])
    domain = rng.choice(_MAIL_DOMAINS, n, p=(0.6, 0.3, 0.1))
    city = rng.choice(list(CITIES), n, p=_CITY_SHARES)
    street = pd.Series(rng.choice(_NAME_HEADS, n)) + rng.choice(("kuja", "polku", "raitti"), n)
    return found.assign(
        person_id=7_000_000_000_000 + number * 1_009,
        name=found["first_name"] + " " + found["last_name"],
        email=local + number.astype(str) + "@" + domain,
        phone="+358 00 " + number.astype(str).str.zfill(7),
        street=street + " " + number.astype(str),
        city=city,
        zip=pd.Series(city).map(CITIES),
        age_group=rng.choice(list(AGE_GROUPS), n, p=list(AGE_GROUPS.values())),
    )


def with_companies(
    rng: np.random.Generator, everyone: pd.DataFrame, is_b2b: np.ndarray
) -> pd.DataFrame:
    """The people with company_id, company, vat_id, industry and role; blank for consumers.

    About two people a company: the first of a company buys, the next one decides, then uses.
    """
    members = np.flatnonzero(is_b2b)
    company = np.sort(rng.integers(0, max(len(members) * 3 // 5, 1), len(members)))
    place = pd.Series(company).groupby(company).cumcount().to_numpy()
    head = np.array(_NAME_HEADS)[company % len(_NAME_HEADS)]
    tail = np.array(_NAME_TAILS)[company // len(_NAME_HEADS) % len(_NAME_TAILS)]
    industry = np.array(list(COMPANY_KINDS))[company % len(COMPANY_KINDS)]
    names = pd.Series(industry).map(COMPANY_KINDS) + " " + pd.Series(head) + tail + " Oy"
    number = pd.Series(company + 1).astype(str)
    found = everyone.assign(company_id="", company="", vat_id="", industry="", role="")
    columns = ["company_id", "company", "vat_id", "industry", "role"]
    found.loc[members, columns] = np.column_stack(
        [
            "Y-" + number.str.zfill(4),
            names,
            "FI" + number.str.zfill(VAT_ID_DIGITS),
            industry,
            np.array(ROLES)[np.minimum(place, len(ROLES) - 1)],
        ]
    )
    return found


def with_traits(rng: np.random.Generator, buyers: pd.DataFrame) -> pd.DataFrame:
    """The buyers with the size of their company, and with the motive of their role in it."""
    is_b2b = buyers["company_id"] != ""
    companies = buyers.loc[is_b2b, "company_id"].drop_duplicates().sort_values()
    sizes = pd.Series(pick(rng, COMPANY_SIZES, len(companies)), companies.to_numpy())
    by_role = is_b2b & (rng.random(len(buyers)) < truth.ROLE_MOTIVE_SHARE)
    return buyers.assign(
        size=buyers["company_id"].map(sizes).fillna(""),
        motive=buyers["motive"].mask(by_role, buyers["role"].map(truth.ROLE_MOTIVES)),
    )


def with_canary(everyone: pd.DataFrame, canary: Mapping[str, str]) -> pd.DataFrame:
    """The people with the canary's e-mail, telephone, name and address on the first of them."""
    marked = everyone.copy()
    columns = {"email": "email", "phone": "phone", "name": "name", "street": "address"}
    for column, key in columns.items():
        marked.loc[0, column] = canary[key]
    marked.loc[0, ["first_name", "last_name"]] = canary["name"].split(" ", 1)
    return marked

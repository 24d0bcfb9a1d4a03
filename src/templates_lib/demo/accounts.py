"""Companies and leads of the customer register, and interviews."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from templates_lib.demo import truth
from templates_lib.demo.consents import interviewed
from templates_lib.demo.draws import DAYS, local_times, pick, stream
from templates_lib.demo.files import Canary, decimal_comma, finnish_day, plant, write_xlsx
from templates_lib.demo.people import COMPANY_KINDS, COMPANY_SIZES, VAT_ID_DIGITS
from templates_lib.demo.phrases import PAINS, QUESTIONS, THEMES
from templates_lib.demo.shop import Shop

EARNS_FROM = {"kahvila": "kahvin myynti", "toimisto": "tuntityö", "hotelli": "majoitus",
              "ravintola": "ruoan myynti", "kampaamo": "palvelut"}  # fmt: skip
GOALS = ("tasainen laatu", "pienempi hävikki", "henkilöstön viihtyvyys", "erottua naapurista")
STAGES = {"kahvila": "vähittäismyynti", "ravintola": "vähittäismyynti", "hotelli": "palvelu",
          "toimisto": "loppukäyttäjä", "kampaamo": "loppukäyttäjä"}  # fmt: skip
OTHER_COMPANIES = 120
EXCERPTS, SECOND_CODER_SHARE = 8, 0.5
EXCERPT = "Ote"


def write_crm(folder: Path, shop: Shop, *, canary: Canary) -> None:
    """``crm.xlsx``: sheets ``Yritykset`` and ``Liidit``; dates and decimals as Finnish texts."""
    rng = stream(shop.seed, "crm")
    companies = _companies(rng, shop)
    buying = companies["Yritystunnus"].isin(shop.customers["company_id"])
    leads = _leads(rng, companies, is_buying=buying)
    columns = {"Yhteyshenkilö": "name", "Sähköposti": "email", "Puhelin": "phone"}
    write_xlsx(
        folder / "crm.xlsx",
        {
            "Yritykset": plant(companies, canary, columns=columns, text="Lisätiedot"),
            "Liidit": plant(leads, canary, columns={}, text="Muistiinpanot"),
        },
    )


def _companies(rng: np.random.Generator, shop: Shop) -> pd.DataFrame:
    """The companies that buy, and others that were asked."""
    buying = shop.customers[shop.customers["company_id"] != ""].drop_duplicates("company_id")
    count = min(OTHER_COMPANIES, len(shop.others))
    asked = shop.others.tail(count).reset_index(drop=True)
    industry = pick(rng, list(COMPANY_KINDS), count)
    number = pd.Series(np.arange(5001, 5001 + count)).astype(str)
    asked = asked.assign(
        company_id="Y-" + number,
        company=pd.Series(industry).map(COMPANY_KINDS) + " " + asked["last_name"] + " Oy",
        vat_id="FI" + number.str.zfill(VAT_ID_DIGITS),
        industry=industry,
    )
    rows = pd.concat([buying.sort_values("company_id"), asked], ignore_index=True)
    n = len(rows)
    return pd.DataFrame(
        {
            "Yritystunnus": rows["company_id"],
            "Yrityksen nimi": rows["company"],
            "Y-tunnus": rows["vat_id"],
            "Toimiala": rows["industry"],
            "Henkilöstö": rows["size"].fillna(pd.Series(pick(rng, COMPANY_SIZES, n))),
            "Mistä tulot tulevat": rows["industry"].map(EARNS_FROM),
            "Tavoite": pick(rng, GOALS, n),
            "Vaihe arvoketjussa": rows["industry"].map(STAGES),
            "Yhteyshenkilö": rows["name"],
            "Sähköposti": rows["email"],
            "Puhelin": rows["phone"],
            "Lisätiedot": "Yhteys: " + rows["name"] + ", " + rows["street"],
        }
    )


def _leads(
    rng: np.random.Generator, companies: pd.DataFrame, *, is_buying: pd.Series
) -> pd.DataFrame:
    """One lead a company: all who buy were won, of the others so many as planted are lost."""
    n = len(companies)
    channel = pick(rng, list(truth.WON_BY_CHANNEL), n)
    by_channel = pd.Series(channel).map(truth.WON_BY_CHANNEL)
    share = companies["Toimiala"].map(truth.WON_BY_INDUSTRY) * by_channel
    is_won = is_buying | (rng.random(n) < share)
    is_open = ~is_won & (rng.random(n) < 0.15)
    created = rng.integers(0, DAYS - 60, n)
    closed = finnish_day(local_times(rng, created + rng.integers(5, 60, n)))
    reason = np.where(is_won | is_open, "", pick(rng, truth.LOST_REASONS, n))
    value = np.round(rng.lognormal(6.6, 0.8, n), 2)
    return pd.DataFrame(
        {
            "Liiditunnus": [f"L-{number:04d}" for number in range(1, n + 1)],
            "Yritystunnus": companies["Yritystunnus"],
            "Luotu": finnish_day(local_times(rng, created)),
            "Kanava": channel,
            "Voitettu": np.where(is_won, closed, ""),
            "Hävitty": np.where(is_won | is_open, "", closed),
            "Häviön syy": reason,
            "Arvo (€)": decimal_comma(value),
            "Muistiinpanot": "Puhuttu: " + companies["Yhteyshenkilö"],
        }
    )


def write_interviews(folder: Path, shop: Shop, *, canary: Canary) -> None:
    """``haastattelut.xlsx``: a row an excerpt and coder; two coders on half of the excerpts."""
    rng = stream(shop.seed, "interviews")
    who = shop.customers.iloc[interviewed(shop)]
    days = finnish_day(local_times(rng, rng.integers(DAYS - 200, DAYS, len(who))))
    codes = [*(code for code, _ in THEMES.values()), *PAINS]
    rows = []
    people = zip(who["email"], who["motive"], days, strict=True)
    for number, (email, motive, day) in enumerate(people, start=1):
        may_quote = "K" if rng.random() < 0.7 else "E"
        for place in range(EXCERPTS):
            code, words = _said(rng, motive)
            row = [f"H-{number:02d}", email, day, "A", QUESTIONS[place % 4], words, code, may_quote]
            rows.append(row)
            if rng.random() < SECOND_CODER_SHARE:
                agrees = rng.random() < truth.CODERS_AGREE_SHARE
                other = code if agrees else str(rng.choice(codes))
                rows.append([*row[:3], "B", *row[4:6], other, may_quote])
    header = ["Haastattelu", "Sähköposti", "Päivä", "Koodaaja", "Kysymys", EXCERPT, "Koodi",
              "Saa lainata"]  # fmt: skip
    frame = pd.DataFrame(rows, columns=header)
    frame = plant(frame, canary, columns={"Sähköposti": "email"}, text=EXCERPT)
    write_xlsx(folder / "haastattelut.xlsx", {"Otteet": frame})


def _said(rng: np.random.Generator, motive: str) -> tuple[str, str]:
    """A code and an excerpt: of the customer's own motive, of a pain, or of any motive."""
    chance = rng.random()
    if chance < truth.EXCERPT_SHARES["own_motive"]:
        code, sentences = THEMES[motive]
    elif chance < truth.EXCERPT_SHARES["own_motive"] + truth.EXCERPT_SHARES["pain"]:
        code, sentences = list(PAINS.items())[rng.integers(len(PAINS))]
    else:
        code, sentences = list(THEMES.values())[rng.integers(len(THEMES))]
    return code, sentences[rng.integers(len(sentences))]

"""Purchase, exit-intent, soft-lead and awareness surveys, each as its tool exports it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from templates_lib.demo import truth
from templates_lib.demo.draws import DAYS, day_number, local_times, pick, pick_by, stream
from templates_lib.demo.files import (
    Canary,
    decimal_comma,
    finnish_day,
    plant,
    write_csv,
    write_xlsx,
    write_zip,
)
from templates_lib.demo.people import AGE_GROUPS
from templates_lib.demo.phrases import (
    FIRST_HEARD,
    MISSED,
    NEARLY_STOPPED,
    OWN_WORDS,
    VALUES,
    WHY_TODAY,
)
from templates_lib.demo.shop import Shop

EMAIL = "Sähköpostiosoite"
ORDER_NUMBER = "Tilausnumero (löytyy vahvistusviestistä)"
OPEN = "Kerro omin sanoin, miksi ostit"
MATTERS = "Mikä on sinulle tärkeintä kahvissa?"
EXIT_QUESTION, EXIT_OPEN = "Mikä esti sinua ostamasta tänään?", "Mitä jäit kaipaamaan?"
LEAD_OPTIONS = ("Kahvia kotiin", "Lahjaa", "Laitteita", "Kahvia työpaikalle")
LEAD_OPEN = "Mitä haluaisit kertoa meille?"
AWARENESS_OPEN = "Mitkä kahvipaahtimot tulevat mieleesi?"
SOFT_LEADS_SHARE, AWARENESS_ANSWERS = 0.05, 800


def _competitor(names: np.ndarray) -> np.ndarray:
    return np.where(names == "none", "En katsonut muita", names)


def write_purchase_survey(folder: Path, shop: Shop, *, canary: Canary) -> None:
    """``ostokysely.xlsx``: Google Forms in Finnish, the answers on the second sheet.

    Times are texts, the options of the first question hold commas and are joined by commas, and
    customers typed the order number with or without ``#``.
    """
    rng = stream(shop.seed, "purchase survey")
    orders = shop.orders
    rows = orders[
        (orders["kind"] == "counted")
        & (orders["day"] >= day_number(truth.PURCHASE_SURVEY_FROM))
        & (rng.random(len(orders)) < truth.PURCHASE_SURVEY_SHARE)
    ]
    n = len(rows)
    who = shop.customers.iloc[rows["customer"]].reset_index(drop=True)
    at = pd.DatetimeIndex(rows["at"] + pd.to_timedelta(rng.integers(60, 9000, n), unit="s"))
    main = who["motive"].to_numpy()
    other = pick(rng, list(WHY_TODAY), n)
    both = (rng.random(n) < 0.4) & (other != main)
    why = who["motive"].map(WHY_TODAY)
    why = why.where(~both, why + ", " + pd.Series(other).map(WHY_TODAY))
    typed = rng.random(n)
    number = rows["name"].reset_index(drop=True)
    number = number.mask(typed < 0.45, number.str.removeprefix("#")).mask(typed > 0.92, "")
    said = np.where(rng.random(n) < truth.RECALL_SHARE, who["discovery"],
                    pick(rng, list(truth.DISCOVERY), n))  # fmt: skip
    is_open = rng.random(n) < 0.35
    is_open[:1] = True
    frame = pd.DataFrame(
        {
            "Aikaleima": [f"{t.day}.{t.month}.{t.year} klo {t.hour}.{t:%M.%S}" for t in at],
            EMAIL: who["email"].where(rng.random(n) > 0.2, ""),
            ORDER_NUMBER: number,
            "Miksi ostit meiltä juuri tänään?": why,
            "Mistä kuulit meistä ensimmäisen kerran?": pd.Series(said).map(FIRST_HEARD),
            "Mitä muita kauppoja katsoit?": _competitor(pick(rng, truth.COMPETITORS, n)),
            "Mikä melkein esti ostamasta?": pd.Series(pick(rng, truth.OBSTACLES, n)).map(
                NEARLY_STOPPED
            ),
            OPEN: np.where(is_open, pick_by(rng, main, OWN_WORDS), ""),
            MATTERS: who["motive"].map(VALUES),
            "Ikäryhmä": who["age_group"],
        }
    )
    frame = plant(frame, canary, columns={EMAIL: "email"}, text=OPEN)
    note = pd.DataFrame({"Ohje": ["Vastaukset ovat seuraavalla välilehdellä."]})
    write_xlsx(folder / "ostokysely.xlsx", {"Lue minut": note, "Lomakevastaukset 1": frame})


def write_exit_survey(folder: Path, shop: Shop, sessions: pd.DataFrame, *, canary: Canary) -> None:
    """``hotjar_exit.zip``: why visitors left; the last column is the session of the recording."""
    rng = stream(shop.seed, "exit survey")
    rows = sessions[sessions["exit_reason"] != ""]
    n = len(rows)
    reason = rows["exit_reason"].reset_index(drop=True)
    page = rows["exit_page"].reset_index(drop=True)
    frame = pd.DataFrame(
        {
            "Number": np.arange(1, n + 1).astype(str),
            "User": [f"{token:08x}" for token in rng.integers(0, 2**32, n)],
            "Date Submitted": pd.DatetimeIndex(rows["at_utc"] + pd.Timedelta(minutes=2)).strftime(
                "%Y-%m-%d %H:%M:%S"
            ),
            "Country": "Finland",
            "Source URL": page,
            "Device": rows["device"].to_numpy(),
            "Browser": pick(rng, ("Chrome", "Safari", "Firefox"), n),
            "OS": pick(rng, ("Android", "iOS", "Windows"), n),
            "Hotjar User ID": rows["recorded_visitor"].to_numpy(),
            EXIT_QUESTION: reason.map(NEARLY_STOPPED),
            EXIT_OPEN: np.where(rng.random(n) < 0.5, pick_by(rng, reason.to_numpy(), MISSED), ""),
            "Session ID": rows["session"].to_numpy(),
        }
    )
    if canary:
        frame.loc[0, "Source URL"] += f"?email={canary['email']}"
    frame = plant(frame, canary, columns={}, text=EXIT_OPEN)
    write_zip(folder / "hotjar_exit.zip", "exit_survey.csv", frame)


def write_soft_leads(folder: Path, shop: Shop, *, canary: Canary) -> None:
    """``surveymonkey_softlead.csv``: two header rows; a quarter of the leads bought later."""
    rng = stream(shop.seed, "soft leads")
    n = max(round(len(shop.customers) * SOFT_LEADS_SHARE), 40)
    late = np.flatnonzero(shop.customers["first_day"] > 120)
    buyers = shop.customers.iloc[rng.choice(late, n // 4, replace=False)]
    others = shop.others.head(n - len(buyers))
    who = pd.concat([buyers, others], ignore_index=True)
    n = len(who)
    first = who["first_day"].fillna(pd.Series(rng.integers(200, DAYS, n))).to_numpy().astype(int)
    start = local_times(rng, first - rng.integers(5, 90, n))
    end = start + pd.to_timedelta(rng.integers(60, 600, n), unit="s")
    form = "%m/%d/%Y %I:%M:%S %p"
    wants = [np.where(rng.random(n) < 0.4, option, "") for option in LEAD_OPTIONS]
    obstacle = pd.Series(pick(rng, truth.EXIT_REASONS, n))
    columns = [
        ("Respondent ID", "", (118_000_000_000 + np.arange(n) * 37).astype(str)),
        ("Collector ID", "", np.full(n, "450000001")),
        ("Start Date", "", start.strftime(form)),
        ("End Date", "", end.strftime(form)),
        ("IP Address", "", [f"192.0.2.{i % 254 + 1}" for i in range(n)]),
        ("Email Address", "", who["email"]),
        ("First Name", "", who["first_name"]),
        ("Last Name", "", who["last_name"]),
        ("Custom Data 1", "", np.full(n, "uutiskirje")),
        ("Mitä etsit?", LEAD_OPTIONS[0], wants[0]),
        *(("", option, ticked) for option, ticked in
          zip(LEAD_OPTIONS[1:], wants[1:], strict=True)),
        ("Mikä estää sinua tilaamasta nyt?", "Response", obstacle.map(NEARLY_STOPPED)),
        ("Mitä muita kauppoja harkitset?", "Response",
         _competitor(pick(rng, truth.COMPETITORS, n))),
        (LEAD_OPEN, "Open-Ended Response", pick_by(rng, obstacle.to_numpy(), MISSED)),
    ]  # fmt: skip
    frame = pd.DataFrame({i: np.asarray(values) for i, (_, _, values) in enumerate(columns)})
    names = [name for name, _, _ in columns]
    if canary:
        given, family = canary["name"].split(" ", 1)
        frame.loc[0, names.index("First Name")] = given
        frame.loc[0, names.index("Last Name")] = family
        frame = plant(
            frame,
            canary,
            columns={names.index("Email Address"): "email"},
            text=names.index(LEAD_OPEN),
        )
    second = pd.DataFrame([[under for _, under, _ in columns]])
    both = pd.concat([second, frame], ignore_index=True).set_axis(names, axis=1)
    write_csv(folder / "surveymonkey_softlead.csv", both)


def write_awareness(folder: Path, shop: Shop, *, canary: Canary) -> None:
    """``tunnettuus.csv``: cp1252, semicolons, decimal commas, and a row of totals at the end."""
    rng = stream(shop.seed, "awareness")
    n = AWARENESS_ANSWERS
    knows = rng.random(n) < truth.AWARENESS["knows"]
    considers = knows & (rng.random(n) < truth.AWARENESS["considers"])
    shares = {name: d.share for name, d in truth.DISCOVERY.items()}
    heard = pd.Series(pick(rng, shares, n)).map(FIRST_HEARD).where(knows, "")
    weight = np.round(rng.lognormal(0, 0.3, n), 2)
    rivals = pick(rng, truth.COMPETITORS, n)
    recalled = np.where(rivals == "none", "en muista yhtään", rivals)
    recalls = knows & (rng.random(n) < truth.AWARENESS["recalls"])
    recalled = np.where(recalls, recalled + ", Esimerkkipaahtimo", recalled)
    day = rng.integers(day_number(truth.AS_OF) - 380, day_number(truth.AS_OF) - 340, n)
    frame = pd.DataFrame(
        {
            "Vastausnumero": np.arange(1, n + 1).astype(str),
            "Vastauspäivä": finnish_day(local_times(rng, day)),
            "Painokerroin": decimal_comma(weight),
            "Ikäryhmä": pick(rng, AGE_GROUPS, n),
            "Asuinpaikka": pick(rng, ("Pääkaupunkiseutu", "Muu kaupunki", "Maaseutu"), n),
            AWARENESS_OPEN: recalled,
            "Tunnetko Esimerkkipaahtimon?": np.where(knows, "Kyllä", "En"),
            "Mistä olet kuullut siitä?": heard,
            "Harkitsisitko ostavasi?": np.where(considers, "Kyllä", np.where(knows, "En", "")),
            "Sähköposti (arvonta)": np.where(
                rng.random(n) < 0.3, [f"panelisti{i}@arvonta.example" for i in range(n)], ""
            ),
        }
    )
    frame = plant(frame, canary, columns={"Sähköposti (arvonta)": "email"}, text=AWARENESS_OPEN)
    total = pd.DataFrame(
        [["Yhteensä", "", decimal_comma([weight.sum()])[0], *[""] * 7]], columns=frame.columns
    )
    write_csv(
        folder / "tunnettuus.csv",
        pd.concat([frame, total], ignore_index=True),
        sep=";",
        encoding="cp1252",
    )

"""Contacts with the customer service, and the satisfaction survey that follows them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from templates_lib.demo import truth
from templates_lib.demo.draws import DAYS, local_times, pick, stream, utc
from templates_lib.demo.files import Canary, decimal_comma, finnish_time, plant, write_csv
from templates_lib.demo.phrases import DISSATISFIED, SATISFIED, SERVICE_TOPICS
from templates_lib.demo.shop import Shop

ASKED_ANSWER_SHARE = 0.35
LATER_DAYS = (2, 12)
MESSAGE = "Viesti"


def contacts(shop: Shop) -> pd.DataFrame:
    """One row a contact by time: customer (number), order (name), at (local clock), topic,
    hours_to_resolve, is_problem."""
    rng = stream(shop.seed, "contacts")
    orders = shop.orders[shop.orders["kind"] == "counted"]
    kind = shop.customers["kind"].to_numpy()[orders["customer"]]
    problem = orders["has_problem"].to_numpy()
    share = np.where(problem, truth.CONTACT_SHARE["problem"], truth.CONTACT_SHARE["ordinary"])
    n = len(orders)
    count = np.where(
        kind == "service_heavy",
        rng.poisson(truth.SERVICE_HEAVY_CONTACTS, n),
        rng.random(n) < share,
    )
    rows = orders.loc[np.repeat(orders.index, count)]
    day = np.minimum(rows["day"] + rng.integers(*LATER_DAYS, len(rows)), DAYS - 1).to_numpy()
    is_problem = rows["has_problem"].to_numpy()
    mean = truth.RESOLVE_LOG_HOURS
    log_hours = np.where(is_problem, mean["problem"], mean["ordinary"])
    topic = np.where(is_problem, "Toimitus", pick(rng, list(SERVICE_TOPICS), len(rows)))
    found = pd.DataFrame(
        {
            "customer": rows["customer"].to_numpy(),
            "order": rows["name"].to_numpy(),
            "at": local_times(rng, day),
            "topic": topic,
            "hours_to_resolve": np.round(rng.lognormal(log_hours, 0.8), 1),
            "is_problem": is_problem,
        }
    )
    return found.sort_values(["at", "order"], ignore_index=True)


def write_service(folder: Path, shop: Shop, found: pd.DataFrame, *, canary: Canary) -> None:
    """``asiakaspalvelu.csv``: cp1252, semicolons, and a row of totals at the end."""
    rng = stream(shop.seed, "service file")
    who = shop.customers.iloc[found["customer"]].reset_index(drop=True)
    said = [
        SERVICE_TOPICS[topic].format(order=order)
        for topic, order in zip(found["topic"], found["order"], strict=True)
    ]
    frame = pd.DataFrame(
        {
            "Tapausnumero": [f"T-{number}" for number in range(1, len(found) + 1)],
            "Vastaanotettu": finnish_time(pd.DatetimeIndex(found["at"])),
            "Sähköposti": who["email"],
            "Nimi": who["name"],
            "Puhelin": who["phone"],
            "Tilausnumero": found["order"],
            "Kanava": pick(rng, {"sähköposti": 0.6, "chat": 0.3, "puhelin": 0.1}, len(found)),
            "Aihe": found["topic"],
            MESSAGE: pd.Series(said) + " Terveisin " + who["first_name"],
            "Ratkaisuaika (h)": decimal_comma(found["hours_to_resolve"], 1),
            "Tila": "ratkaistu",
        }
    )
    columns = {"Sähköposti": "email", "Nimi": "name", "Puhelin": "phone"}
    frame = plant(frame, canary, columns=columns, text=MESSAGE)
    hours = decimal_comma([found["hours_to_resolve"].sum()], 1)[0]
    total = pd.DataFrame([["Yhteensä", *[""] * 8, hours, ""]], columns=frame.columns)
    write_csv(
        folder / "asiakaspalvelu.csv",
        pd.concat([frame, total], ignore_index=True),
        sep=";",
        encoding="cp1252",
    )


def write_satisfaction(folder: Path, shop: Shop, found: pd.DataFrame, *, canary: Canary) -> None:
    """``tyytyvaisyys.csv``: satisfaction 1–5 and effort 1–7 after a contact, by e-mail."""
    rng = stream(shop.seed, "satisfaction")
    number = np.flatnonzero(rng.random(len(found)) < ASKED_ANSWER_SHARE)
    rows = found.iloc[number].reset_index(drop=True)
    n = len(rows)
    who = shop.customers.iloc[rows["customer"]].reset_index(drop=True)
    waited = np.log1p(rows["hours_to_resolve"]).to_numpy()
    satisfied = np.clip(
        np.rint(5.6 + truth.SATISFACTION_PER_LOG_HOUR * waited + 0.7 * rng.standard_normal(n)), 1, 5
    )
    effort = np.clip(
        np.rint(0.9 + truth.EFFORT_PER_LOG_HOUR * waited + 0.9 * rng.standard_normal(n)), 1, 7
    )
    at = utc(pd.DatetimeIndex(rows["at"])) + pd.to_timedelta(rows["hours_to_resolve"] + 1, unit="h")
    words = np.where(satisfied >= 4, pick(rng, SATISFIED, n), pick(rng, DISSATISFIED, n))
    comment = np.where(rng.random(n) < 0.5, words, "")
    frame = pd.DataFrame(
        {
            "Response ID": [f"s{i:06d}" for i in range(1, n + 1)],
            "Responded At": pd.DatetimeIndex(at).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Email": who["email"],
            "Name": who["name"],
            "Satisfaction (1-5)": satisfied.astype(int).astype(str),
            "Effort (1-7)": effort.astype(int).astype(str),
            "Comment": comment,
            "Ticket": [f"T-{i + 1}" for i in number],
        }
    )
    frame = plant(frame, canary, columns={"Email": "email", "Name": "name"}, text="Comment")
    write_csv(folder / "tyytyvaisyys.csv", frame)

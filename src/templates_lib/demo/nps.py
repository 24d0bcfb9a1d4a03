"""The NPS survey: planted experiences and drivers, who answers, and the Typeform file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from templates_lib.demo import truth
from templates_lib.demo.draws import DAYS, day_number, local_times, pick, stream, utc
from templates_lib.demo.files import Canary, plant, write_csv
from templates_lib.demo.phrases import REASONS, VALUES
from templates_lib.demo.shop import Shop

SCORE = "<strong>Kuinka todennäköisesti</strong> suosittelisit meitä ystävälle tai kollegalle?"
RATINGS = {
    "delivery": "Arvioi toimitus (1–5)",
    "taste": "Arvioi maku (1–5)",
    "price": "Arvioi hinta (1–5)",
    "site": "Arvioi verkkokauppa (1–5)",
    "service": "Arvioi asiakaspalvelu (1–5)",
}
REASON = "Miksi annoit tämän arvosanan?"
BREWING = ("Suodatin", "Espresso")
TAIL = ("Response Type", "Start Date (UTC)", "Stage Date (UTC)", "Submit Date (UTC)", "Network ID",
        "Tags", "Ending")  # fmt: skip
TIME = "%Y-%m-%d %H:%M:%S"
INVITED_AFTER_DAYS = 14
NOT_RATED_SHARE, NO_SCORE_SHARE, NO_EMAIL_SHARE = 0.08, 0.02, 0.12


def invite(shop: Shop) -> pd.DataFrame:
    """One row an invitation: what the customer truly felt, and whether an answer came.

    Columns: order, customer (e-mail), buyer (number), day (of the answer), delivery, taste, price,
    site, service (experiences, sd 1 before a problem), score, reason (one of the
    experiences that moved the score), is_good, has_answered.
    """
    rng = stream(shop.seed, "nps")
    orders = shop.orders
    rows = orders[(orders["kind"] == "counted") & (orders["day"] < DAYS - INVITED_AFTER_DAYS - 4)]
    rows = rows[rng.random(len(rows)) < truth.NPS_INVITED_SHARE]
    n = len(rows)
    felt = {name: rng.standard_normal(n) for name in truth.DRIVERS}
    shared = truth.DELIVERY_SERVICE_CORRELATION
    felt["service"] = shared * felt["delivery"] + np.sqrt(1 - shared**2) * felt["service"]
    felt["delivery"] = felt["delivery"] + truth.PROBLEM_DELIVERY_EFFECT * rows["has_problem"]
    moved = np.column_stack([weight * felt[name] for name, weight in truth.DRIVERS.items()])
    liking = moved.sum(axis=1)
    raw = truth.NPS_MEAN + truth.NPS_SPREAD * liking + truth.NPS_NOISE * rng.standard_normal(n)
    odds = truth.NPS_ANSWER["base"] + truth.NPS_ANSWER["satisfaction"] * liking / liking.std()
    odds += truth.NPS_ANSWER["orders_before"] * np.minimum(rows["number"] - 1, 6)
    # what is said is what moved the score, the more likely the more it did
    said = (np.abs(moved) * rng.exponential(size=moved.shape)).argmax(axis=1)
    return pd.DataFrame(
        {
            "order": rows["name"],
            "customer": shop.customers["email"].str.lower().to_numpy()[rows["customer"]],
            "buyer": rows["customer"],
            "day": rows["day"] + INVITED_AFTER_DAYS + rng.integers(0, 4, n),
            **felt,
            "score": np.clip(np.rint(raw), 0, 10).astype(int),
            "reason": np.array(list(truth.DRIVERS))[said],
            "is_good": moved[np.arange(n), said] > 0,
            "has_answered": rng.random(n) < 1 / (1 + np.exp(-odds)),
        }
    ).reset_index(drop=True)


def write_typeform(folder: Path, shop: Shop, invited: pd.DataFrame, *, canary: Canary) -> None:
    """``typeform_nps.csv``: answers with ratings, reasons and hidden fields."""
    rng = stream(shop.seed, "typeform")
    rows = invited[invited["has_answered"]]
    n = len(rows)
    has_reason = _with_first(rng.random(n) < truth.NPS_REASON_SHARE)
    motive = shop.customers["motive"].to_numpy()[rows["buyer"]]
    second = pick(rng, list(VALUES), n)
    ticked = {
        label: np.where((motive == value) | (second == value), label, "")
        for value, label in VALUES.items()
    }
    brewing = pick(rng, {**dict.fromkeys(BREWING, 0.4), "Other": 0.2}, n)
    is_odd = rng.random(n) < 0.03
    email = rows["customer"].where(rng.random(n) > NO_EMAIL_SHARE, "")
    email = email.mask(rng.random(n) < 0.05, email.str.upper())
    columns = [
        ("#", tokens(rng, n)),
        (SCORE, rows["score"].astype(str).mask(rng.random(n) < NO_SCORE_SHARE, "")),
        *((label, _ratings(rng, rows, name)) for name, label in RATINGS.items()),
        (REASON, np.where(has_reason, _reasons(rng, rows), "")),
        *ticked.items(),
        ("Other", np.where(is_odd, "Kaunis pakkaus", "")),
        *((label, np.where(brewing == label, label, "")) for label in BREWING),
        ("Other", np.where(brewing == "Other", "Mutteripannu", "")),
        ("email", email),
        ("order_id", rows["order"].where(rng.random(n) > NO_EMAIL_SHARE, "")),
        *typeform_tail(rng, rows["day"].to_numpy()),
    ]
    frame = pd.DataFrame({i: np.asarray(values) for i, (_, values) in enumerate(columns)})
    names = [name for name, _ in columns]
    place = {name: names.index(name) for name in ("email", REASON)}
    frame = plant(frame, canary, columns={place["email"]: "email"}, text=place[REASON])
    write_csv(folder / "typeform_nps.csv", frame.set_axis(names, axis=1))


def write_lean(folder: Path, shop: Shop, invited: pd.DataFrame, *, canary: Canary) -> None:
    """``nps.csv``: a score and a comment, of nobody known."""
    rng = stream(shop.seed, "typeform")
    rows = invited[invited["has_answered"]]
    has_reason = _with_first(rng.random(len(rows)) < truth.NPS_REASON_SHARE)
    frame = pd.DataFrame(
        {
            "#": tokens(rng, len(rows)),
            SCORE: rows["score"].astype(str),
            REASON: np.where(has_reason, _reasons(rng, rows), ""),
            **dict(typeform_tail(rng, rows["day"].to_numpy())),
        }
    )
    write_csv(folder / "nps.csv", plant(frame, canary, columns={}, text=REASON))


def _with_first(mask: np.ndarray) -> np.ndarray:
    """The mask with the first row always in it, so that there is an open answer to mark."""
    mask[:1] = True
    return mask


def tokens(rng: np.random.Generator, n: int) -> list[str]:
    """Typeform's own names of answers."""
    return [f"{token:016x}" for token in rng.integers(0, 2**63, n)]


def _ratings(rng: np.random.Generator, rows: pd.DataFrame, name: str) -> np.ndarray:
    """1 to 5 as text; some left out, and service not asked at first."""
    rating = np.clip(np.rint(3.9 + 0.9 * rows[name]), 1, 5).astype(int).astype(str)
    is_blank = rng.random(len(rows)) < NOT_RATED_SHARE
    if name == "service":
        is_blank |= (rows["day"] < day_number(truth.SERVICE_ASKED_FROM)).to_numpy()
    return rating.mask(is_blank, "").to_numpy()


def _reasons(rng: np.random.Generator, rows: pd.DataFrame) -> np.ndarray:
    """A sentence about what moved the score."""
    which = rng.integers(0, 5, len(rows))
    said = zip(rows["reason"], rows["is_good"], which, strict=True)
    return np.array(
        [REASONS[reason]["good" if is_good else "bad"][i] for reason, is_good, i in said],
        dtype=object,
    )


def typeform_tail(rng: np.random.Generator, days: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Typeform's own columns; an answer that was begun only is partial."""
    started = utc(local_times(rng, days))
    submitted = started + pd.to_timedelta(rng.integers(40, 400, len(days)), unit="s")
    kind = pick(rng, {"completed": 0.97, "partial": 0.03}, len(days))
    blank = np.full(len(days), "", dtype=object)
    network = np.array([f"{token:010x}" for token in rng.integers(0, 2**40, len(days))])
    done = kind == "completed"
    times = (
        started.strftime(TIME),
        np.where(done, "", submitted.strftime(TIME)),
        np.where(done, submitted.strftime(TIME), ""),
    )
    return list(zip(TAIL, (kind, *times, network, blank, blank), strict=True))

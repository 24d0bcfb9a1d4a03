"""The survey of a batch of profiles: each person was shown their own, or another one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from templates_lib.demo import truth
from templates_lib.demo.consents import consents
from templates_lib.demo.draws import DAYS, pick, pick_by, stream
from templates_lib.demo.files import Canary, plant, write_csv
from templates_lib.demo.nps import tokens, typeform_tail
from templates_lib.demo.people import CITIES
from templates_lib.demo.phrases import NOT_ME, VALUES
from templates_lib.demo.shop import Shop

RATING = "Kuinka hyvin kuvaus sopii sinuun? (1–5)"
CHOICE = "Mikä näistä kuvaa sinua parhaiten?"
WRONG = "Mikä kuvauksessa on väärin?"
CORRECT_MOTIVE = "Jos tärkein syysi on toinen, mikä se on?"
CORRECT_CITY = "Jos asut muualla, missä?"
ANSWERED_DAYS = (30, 60)  # before the last day
AGREEING = {"5": 0.4, "4": 0.6}
NOT_AGREEING = {"3": 0.5, "2": 0.33, "1": 0.17}
OBJECTED_SHARE = {"agreeing": 0.05, "not_agreeing": 0.35}
UNKNOWN_ARM_SHARE, TWICE_SHARE = 0.02, 0.03


def write_profile_survey(folder: Path, shop: Shop, *, canary: Canary) -> None:
    """``typeform_profiili.csv``: the arm and the profile shown are hidden fields of the link.

    Some answered a link that had lost its fields, and some answered twice.
    """
    rng = stream(shop.seed, "profile survey")
    who = _answering(rng, shop)
    n = len(who)
    own = who["motive"].map(VALUES).to_numpy()
    names = np.array(list(VALUES.values()), dtype=object)
    cities = np.array(list(CITIES), dtype=object)
    is_matched = _exactly(rng, n, 0.5)
    arm = np.where(is_matched, "matched", "mismatched")
    shown = np.where(is_matched, own, _another(rng, own, names))
    is_agreeing = np.zeros(n, dtype=bool)
    for name, share in truth.RESONANCE.items():
        is_agreeing[arm == name] = _exactly(rng, (arm == name).sum(), share)
    rating = np.where(is_agreeing, pick(rng, AGREEING, n), pick(rng, NOT_AGREEING, n))
    is_hit = _exactly(rng, n, truth.FORCED_CHOICE_HIT)
    said = np.where(is_agreeing, *OBJECTED_SHARE.values())
    moved = {name: _exactly(rng, n, share) for name, share in truth.CORRECTED.items()}
    has_lost = rng.random(n) < UNKNOWN_ARM_SHARE
    tail = typeform_tail(rng, DAYS - rng.integers(*ANSWERED_DAYS, n))
    columns = {
        "#": tokens(rng, n),
        RATING: rating,
        CHOICE: np.where(is_hit, own, _another(rng, own, names)),
        WRONG: np.where(rng.random(n) < said, pick_by(rng, shown, NOT_ME), ""),
        CORRECT_MOTIVE: np.where(moved["most_important"], _another(rng, own, names), ""),
        CORRECT_CITY: np.where(moved["city"], _another(rng, who["city"].to_numpy(), cities), ""),
        "email": who["email"].to_numpy(),
        "arm": np.where(has_lost, "", arm),
        "profile_shown": np.where(has_lost, "", shown),
        **dict(tail),
    }
    frame = pd.DataFrame(columns)
    again = frame[rng.random(n) < TWICE_SHARE]
    later = {name: _later(again[name]) for name, _ in tail[1:4]}
    again = again.assign(**{"#": tokens(rng, len(again)), RATING: "5"}, **later)
    frame = pd.concat([frame, again], ignore_index=True)
    write_csv(
        folder / "typeform_profiili.csv",
        plant(frame, canary, columns={"email": "email"}, text=WRONG),
    )


def _answering(rng: np.random.Generator, shop: Shop) -> pd.DataFrame:
    """Of those who agreed to see their profile, the ones who answered."""
    agreed = shop.customers[consents(shop)["profile"].to_numpy()]
    known = agreed[agreed["first_day"] < DAYS - 2 * ANSWERED_DAYS[1]]
    is_answering = rng.random(len(known)) < truth.PROFILE_ANSWERED_SHARE
    return known[is_answering].reset_index(drop=True)


def _exactly(rng: np.random.Generator, n: int, share: float) -> np.ndarray:
    """Marks on a share of n, drawn at random, so that the share itself is not left to chance."""
    marks = np.arange(n) < round(n * share)
    rng.shuffle(marks)
    return marks


def _another(rng: np.random.Generator, own: np.ndarray, names: np.ndarray) -> np.ndarray:
    """For each any of the names but its own."""
    place = {name: number for number, name in enumerate(names)}
    steps = rng.integers(1, len(names), len(own))
    return names[(pd.Series(own).map(place).to_numpy() + steps) % len(names)]


def _later(times: pd.Series) -> pd.Series:
    """Times a day later; a blank stays one."""
    moved = pd.to_datetime(times.where(times != "")) + pd.Timedelta(days=1)
    return moved.dt.strftime("%Y-%m-%d %H:%M:%S").fillna("")

"""Visits to the web shop: how far each came, why some left, and the recorded behaviour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from templates_lib.demo import truth
from templates_lib.demo.draws import DAYS, day_number, local_times, pick, stream, utc
from templates_lib.demo.files import Canary, sentence, write_csv
from templates_lib.demo.shop import Shop

SHOP_URL = "https://esimerkkipaahtimo.example"
SESSION_SECONDS = 600  # from the start of a visit to a purchase
BACK_SHARE = 0.25  # of visits that end early: made by a visitor of another visit
LOGGED_IN_SHARE = 0.30  # of visits with a purchase
RECORDED_DAYS, RECORDED_SHARE, EXIT_ANSWER_SHARE = 61, 0.4, 0.07
PAGES = ("/", "/products/", "/products/", "/checkout/information", "/checkout/shipping",
         "/checkout/payment", "/checkout/thank_you")  # fmt: skip
PRODUCT_PAGE = "/products/"


def simulate(shop: Shop) -> pd.DataFrame:
    """One row a visit, by time.

    Columns: kind (visitor, bot, internal), device, furthest (number of the step), order and buyer
    (numbers, -1 without a purchase), visitor, number (GA4's own), session (both), at (local
    clock), at_utc, product, last_click, has_consent, is_logged_in, is_recorded, recorded_visitor,
    exit_reason (blank unless the visitor answered), exit_page.

    The steps' shares hold exactly for the kind ``visitor``: to the purchases that the shop had are
    added as many visits that ended earlier as the shares ask for.
    """
    rng = stream(shop.seed, "sessions")
    bought = _bought(rng, shop)
    left = _left(rng, shop, bought["device"])
    found = pd.concat([bought, left], ignore_index=True)
    n = len(found)
    own = np.arange(n)
    comes_back = (found["furthest"] <= 1) & (rng.random(n) < BACK_SHARE)
    visitor = np.where(comes_back, rng.integers(0, n, n), own)
    # a customer's purchases are of one visitor
    first_visit = found[found["buyer"] >= 0].drop_duplicates("buyer").reset_index()
    of_buyer = pd.Series(first_visit["index"].to_numpy(), first_visit["buyer"])
    visitor = np.where(found["buyer"] >= 0, found["buyer"].map(of_buyer).fillna(0), visitor)
    visitor = visitor.astype(int)
    tokens = rng.integers(10**9, 2 * 10**9, n)
    found["visitor"] = pd.Series(tokens[visitor]).astype(str) + "." + pd.Series(visitor).astype(str)
    found["has_consent"] = (rng.random(n) < truth.CONSENT_SHARE)[visitor]
    found["at_utc"] = utc(pd.DatetimeIndex(found["at"]))
    found["number"] = found["at_utc"].astype("datetime64[s]").astype("int64") + own % 7
    found["session"] = found["visitor"] + "." + found["number"].astype(str)
    found["is_logged_in"] = (found["buyer"] >= 0) & (rng.random(n) < LOGGED_IN_SHARE)
    return _recorded(rng, shop, found).sort_values(["at_utc", "session"], ignore_index=True)


def _bought(rng: np.random.Generator, shop: Shop) -> pd.DataFrame:
    """The visits of orders that GA4 saw."""
    orders = shop.orders
    is_online = orders["kind"].isin(["counted", "same_day"])
    is_seen = is_online & (orders["day"] >= day_number(truth.EVENTS_FROM))
    seen = orders[is_seen & (rng.random(len(orders)) < truth.TRACKED_SHARE)]
    main = shop.lines.drop_duplicates("order")["product"].to_numpy()
    return pd.DataFrame(
        {
            "kind": "visitor",
            "device": pick(rng, truth.DEVICES, len(seen)),
            "furthest": len(truth.STEPS) - 1,
            "order": seen.index,
            "buyer": seen["customer"].to_numpy(),
            "at": seen["at"].to_numpy() - np.timedelta64(SESSION_SECONDS, "s"),
            "product": main[seen.index],
            "last_click": shop.customers["last_click"].to_numpy()[seen["customer"]],
        }
    )


def _left(rng: np.random.Generator, shop: Shop, bought: pd.Series) -> pd.DataFrame:
    """The visits without a purchase, so many that the planted shares hold; bots, the staff."""
    furthest, device = [], []
    for name in truth.DEVICES:
        reached = float((bought == name).sum())
        for number in range(len(truth.STEPS) - 1, 0, -1):
            before = reached / step_share(name, truth.STEPS[number])
            ended = round(before) - round(reached)
            furthest += [number - 1] * ended
            device += [name] * ended
            reached = before
    visits = len(furthest) + len(bought)
    bots, staff = round(visits * truth.BOT_SHARE), round(visits * truth.INTERNAL_SHARE)
    n = len(furthest) + bots + staff
    days = rng.integers(day_number(truth.EVENTS_FROM), DAYS, n)
    clicks: dict[str, float] = {}
    for discovery in truth.DISCOVERY.values():
        for click, share in discovery.last_click.items():
            clicks[click] = clicks.get(click, 0.0) + discovery.share * share
    goods = shop.products.index[shop.products["category"] != "Lahjakortti"]
    return pd.DataFrame(
        {
            "kind": ["visitor"] * len(furthest) + ["bot"] * bots + ["internal"] * staff,
            "device": device + ["desktop"] * (bots + staff),
            "furthest": furthest + [0] * bots + [1] * staff,
            "order": -1,
            "buyer": -1,
            "at": local_times(rng, days),
            "product": rng.choice(goods, n),
            "last_click": pick(rng, clicks, n),
        }
    )


def step_share(device: str, step: str) -> float:
    """Planted share of the visits at the step before that reach the step."""
    at_device, at_step, share = truth.BOTTLENECK
    return share if (device, step) == (at_device, at_step) else truth.STEP_SHARES[step]


def pages(shop: Shop, product: np.ndarray, step: np.ndarray) -> np.ndarray:
    """The page of a step, with the product's own where it is about a product."""
    page = np.array(PAGES, dtype=object)[step]
    handle = shop.products["handle"].to_numpy(dtype=object)[product]
    return np.where(page == PRODUCT_PAGE, page + handle, page)


def _recorded(rng: np.random.Generator, shop: Shop, found: pd.DataFrame) -> pd.DataFrame:
    """Adds which visits were recorded, and who answered on the way out."""
    n = len(found)
    is_late = found["at"] >= pd.Timestamp(truth.AS_OF) - pd.Timedelta(days=RECORDED_DAYS)
    can = is_late & found["has_consent"] & (found["kind"] == "visitor")
    is_recorded = can & (rng.random(n) < RECORDED_SHARE)
    answers = is_recorded & (found["order"] < 0) & (rng.random(n) < EXIT_ANSWER_SHARE)
    names = found["visitor"].str.replace(".", "", regex=False)
    page = pages(shop, found["product"].to_numpy(), found["furthest"].to_numpy())
    return found.assign(
        is_recorded=is_recorded,
        recorded_visitor="hj-" + names,
        exit_reason=np.where(answers, pick(rng, truth.EXIT_REASONS, n), ""),
        exit_page=SHOP_URL + page,
    )


def write_sessions(folder: Path, shop: Shop, found: pd.DataFrame, *, canary: Canary) -> None:
    """``sessions_export.csv``: recorded visits; who says that it looked complicated scrolls less
    and clicks in anger."""
    rng = stream(shop.seed, "recordings")
    rows = found[found["is_recorded"]].reset_index(drop=True)
    n = len(rows)
    is_complicated = rows["exit_reason"] == "complicated"
    answer = np.where(is_complicated, "complicated", "other")
    scroll = pd.Series(answer).map(truth.SCROLL_PERCENT) + 14 * rng.standard_normal(n)
    rage = rng.poisson(pd.Series(answer).map(truth.RAGE_CLICKS))
    frame = pd.DataFrame(
        {
            "session_id": rows["session"],
            "visitor_id": rows["recorded_visitor"],
            "started_at": pd.DatetimeIndex(rows["at_utc"]).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "duration_seconds": np.rint(rng.lognormal(4.2 + 0.25 * rows["furthest"], 0.6)).astype(
                int
            ),
            "scroll_depth_percent": np.clip(np.rint(scroll), 0, 100).astype(int),
            "rage_clicks": rage,
            "dead_clicks": rng.poisson(0.4 + 0.5 * rage),
            "device": rows["device"],
            "entry_page": SHOP_URL + "/",
            "exit_page": rows["exit_page"],
        }
    )
    if canary:
        frame.loc[0, "entry_page"] += f"?email={canary['email']}&viesti={sentence(canary)}"
    write_csv(folder / "sessions_export.csv", frame)

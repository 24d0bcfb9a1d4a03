"""The visits as events in the schema of GA4's export to BigQuery, a Parquet file a month."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from templates_lib.demo import truth
from templates_lib.demo.draws import stream
from templates_lib.demo.files import Canary, sentence
from templates_lib.demo.sessions import SESSION_SECONDS, SHOP_URL, pages
from templates_lib.demo.shop import Shop

SOURCES = {  # last click -> source, medium, name
    "direct": ("(direct)", "(none)", "(direct)"),
    "organic": ("google", "organic", "(organic)"),
    "google_ads": ("google", "cpc", "Kahvi, haku"),
    "meta": ("facebook", "paid_social", "Uudet asiakkaat"),
    "referral": ("kahvilehti.example", "referral", "(referral)"),
    "bot": ("liikenne.example", "referral", "(referral)"),
}
SYSTEMS = {"mobile": "Android", "desktop": "Windows", "tablet": "iOS"}
SCROLLS_SHARE, EXTRA_PAGES = 0.6, 1.9
SCROLLED_PERCENT = 90  # at which GA4 writes a scroll
BOT_PAGES = 30
EMAIL_IN_PAGE_SHARE = 0.05  # of purchases, whose page gives the e-mail away
VALUE_TYPE = pa.struct(
    [
        ("string_value", pa.string()),
        ("int_value", pa.int64()),
        ("float_value", pa.float64()),
        ("double_value", pa.float64()),
    ]
)
PARAM_TYPE = pa.struct([("key", pa.string()), ("value", VALUE_TYPE)])
FIRST_ITEM_STEP = truth.STEPS.index("view_item")
LAST_STEP = len(truth.STEPS) - 1


def write_events(folder: Path, shop: Shop, sessions: pd.DataFrame, *, canary: Canary) -> None:
    """Writes ``events_YYYYMM.parquet``."""
    events = _events(stream(shop.seed, "events"), shop, sessions)
    folder.mkdir(exist_ok=True)
    for month, rows in events.groupby(events["at_local"].dt.strftime("%Y%m")):
        rows = rows.reset_index(drop=True)
        if canary:
            leak = f"/?email={canary['email']}&viesti={sentence(canary)}"
            rows.loc[0, "page"] = SHOP_URL + leak
        pq.write_table(_table(shop, sessions, rows), folder / f"events_{month}.parquet")


def _events(rng: np.random.Generator, shop: Shop, sessions: pd.DataFrame) -> pd.DataFrame:
    """One row an event by time: session (number), event, step, seconds, at_utc, at_local, page."""
    n = len(sessions)
    furthest = sessions["furthest"].to_numpy()
    is_bot = (sessions["kind"] == "bot").to_numpy()
    gap = SESSION_SECONDS / LAST_STEP
    parts = []
    for step, name in enumerate(truth.STEPS):
        who = np.flatnonzero(furthest >= step)
        jitter = 0 if step == LAST_STEP else rng.uniform(0, gap * 0.8, len(who))
        parts.append((who, name, step, step * gap + jitter))
        if step == 0:
            parts.append((who, "page_view", 0, parts[0][3] + 1))
    more = np.repeat(np.arange(n), np.where(is_bot, BOT_PAGES, rng.poisson(EXTRA_PAGES, n)))
    parts.append((more, "page_view", 1, rng.uniform(90, 180, len(more))))
    scrolls = np.flatnonzero(~is_bot & (rng.random(n) < SCROLLS_SHARE))
    parts.append((scrolls, "scroll", 0, rng.uniform(20, 80, len(scrolls))))
    events = pd.concat(
        [
            pd.DataFrame({"session": who, "event": name, "step": step, "seconds": seconds})
            for who, name, step, seconds in parts
        ],
        ignore_index=True,
    )
    visit = sessions.iloc[events["session"]].reset_index(drop=True)
    lag = pd.to_timedelta(np.rint(events["seconds"] * 1e6), unit="us")
    path = pages(shop, visit["product"].to_numpy(), events["step"].to_numpy())
    emails = shop.customers["email"].to_numpy(dtype=object)[visit["buyer"]]
    leaks = (events["event"] == "purchase") & (rng.random(len(events)) < EMAIL_IN_PAGE_SHARE)
    page = np.where(leaks, path + "?email=" + emails, path)
    events = events.assign(
        at_utc=visit["at_utc"] + lag, at_local=visit["at"] + lag, page=SHOP_URL + page
    )
    return events.sort_values(["at_utc", "session", "step"], kind="stable", ignore_index=True)


def _table(shop: Shop, sessions: pd.DataFrame, rows: pd.DataFrame) -> pa.Table:
    """Events with the nested columns of BigQuery."""
    visit = sessions.iloc[rows["session"]].reset_index(drop=True)
    has_consent = visit["has_consent"]
    person = shop.customers["person_id"].astype(str).to_numpy(dtype=object)[visit["buyer"]]
    names = shop.orders["name"].to_numpy(dtype=object)[visit["order"]]
    click = visit["last_click"].mask(visit["kind"] == "bot", "bot")
    source, medium, campaign = (
        pa.array(click.map({name: of[place] for name, of in SOURCES.items()})) for place in range(3)
    )
    columns = {
        "event_date": rows["at_local"].dt.strftime("%Y%m%d"),
        "event_timestamp": rows["at_utc"].astype("datetime64[us]").astype("int64"),
        "event_name": rows["event"],
        "event_params": _params(rows, visit),
        "user_pseudo_id": visit["visitor"].where(has_consent, None),
        "user_id": np.where(visit["is_logged_in"] & has_consent, person, None),
        "device": pa.StructArray.from_arrays(
            [pa.array(visit["device"]), pa.array(visit["device"].map(SYSTEMS))],
            ["category", "operating_system"],
        ),
        "traffic_source": pa.StructArray.from_arrays(
            [campaign, medium, source], ["name", "medium", "source"]
        ),
        "ecommerce": pa.StructArray.from_arrays(
            [pa.array(np.where(rows["event"] == "purchase", names, None))], ["transaction_id"]
        ),
        "items": _items(shop, rows, visit),
    }
    return pa.table({name: pa.array(values) for name, values in columns.items()})


def _params(rows: pd.DataFrame, visit: pd.DataFrame) -> pa.ListArray:
    """The repeated key and value of each event; without consent there is no session number."""
    consented = np.flatnonzero(visit["has_consent"])
    scrolled = np.flatnonzero(rows["event"] == "scroll")
    internal = np.flatnonzero(visit["kind"] == "internal")
    number = visit["number"].to_numpy()[consented]
    parts = [
        pd.DataFrame({"event": rows.index, "key": "page_location", "text": rows["page"]}),
        pd.DataFrame({"event": consented, "key": "ga_session_id", "whole": number}),
        pd.DataFrame({"event": scrolled, "key": "percent_scrolled", "whole": SCROLLED_PERCENT}),
        pd.DataFrame({"event": internal, "key": "traffic_type", "text": "internal"}),
    ]
    long = pd.concat(parts).astype({"whole": "Int64"}).sort_values("event", kind="stable")
    none = pa.nulls(len(long), pa.float64())
    value = pa.StructArray.from_arrays(
        [pa.array(long["text"], pa.string()), pa.array(long["whole"], pa.int64()), none, none],
        fields=list(VALUE_TYPE),
    )
    params = pa.StructArray.from_arrays([pa.array(long["key"]), value], fields=list(PARAM_TYPE))
    return pa.ListArray.from_arrays(_offsets(long["event"], len(rows)), params)


def _items(shop: Shop, rows: pd.DataFrame, visit: pd.DataFrame) -> pa.ListArray:
    """The product of an event from the view of a product on; else an empty list."""
    names = truth.STEPS[FIRST_ITEM_STEP:]
    which = np.flatnonzero(rows["event"].isin(names))
    product = shop.products.iloc[visit["product"].iloc[which]]
    items = pa.StructArray.from_arrays(
        [pa.array(product[name]) for name in ("sku", "name", "category")],
        ["item_id", "item_name", "item_category"],
    )
    return pa.ListArray.from_arrays(_offsets(which, len(rows)), items)


def _offsets(owners: np.ndarray | pd.Series, n: int) -> pa.Array:
    """Where each list begins, when its members stand in the order of their owners."""
    counts = np.bincount(owners, minlength=n)
    return pa.array(np.r_[0, np.cumsum(counts)], pa.int32())

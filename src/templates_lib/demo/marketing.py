"""Advertising costs, a test with people held out, and the market."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from templates_lib.demo import truth
from templates_lib.demo.draws import DAYS, stream
from templates_lib.demo.files import write_csv
from templates_lib.demo.shop import Shop, month_of

GOOGLE_CAMPAIGNS = {"Brändi": 0.25, "Kahvi, haku": 0.50, "Laitteet, shopping": 0.25}
META_CAMPAIGNS = {"Uudet asiakkaat": 0.7, "Uudelleenmarkkinointi": 0.3}
META_MONTHLY, META_MONTHLY_SHARE = "Brändivideo", 0.15  # a campaign given by month only
GOOGLE_HEADER = ("Campaign status", "Campaign", "Day", "Budget", "Budget type", "Impr.", "Clicks",
                 "CTR", "Avg. CPC", "Currency code", "Cost", "Conversions",
                 "Conv. value")  # fmt: skip
MARKET = {
    "age_group": {"18–29": 0.19, "30–44": 0.25, "45–59": 0.25, "60+": 0.31},
    "region": {"Pääkaupunkiseutu": 0.29, "Muu kaupunki": 0.45, "Maaseutu": 0.26},
    "industry": {"kahvila": 0.18, "toimisto": 0.52, "hotelli": 0.05, "ravintola": 0.17,
                 "kampaamo": 0.08},
}  # fmt: skip


def _daily(rng: np.random.Generator, channel: str, campaigns: dict[str, float]) -> pd.DataFrame:
    """One row a campaign and day: day, campaign, cost, impressions, clicks, conversions, value."""
    day = np.tile(np.arange(DAYS), len(campaigns))
    campaign = np.repeat(list(campaigns), DAYS)
    share = np.repeat(list(campaigns.values()), DAYS)
    season = pd.Series(month_of(day)).map(truth.SEASON).to_numpy() ** 0.5
    mean = truth.DAILY_SPEND_EUR[channel] * share * season
    cost = np.round(mean * rng.lognormal(-0.02, 0.2, len(day)), 2)
    cost = np.where(rng.random(len(day)) < 0.02, 0.0, cost)
    clicks = rng.poisson(cost / 0.55)
    value = np.round(
        cost * truth.ATTRIBUTED_RETURN[channel] * rng.lognormal(-0.08, 0.4, len(day)), 2
    )
    return pd.DataFrame(
        {
            "day": np.datetime64(truth.OPENED) + day.astype("timedelta64[D]"),
            "campaign": campaign,
            "cost": cost,
            "impressions": clicks * 31 + rng.poisson(cost * 20),
            "clicks": clicks,
            "conversions": rng.poisson(value / 70),
            "value": value,
        }
    )


def write_google_ads(folder: Path, shop: Shop, *, by_day: bool) -> None:
    """``google_ads.csv``: UTF-16 with tabs, title and date lines, totals at the end.

    Without days each campaign is one row, and the period is in the date line only.
    """
    rows = _daily(stream(shop.seed, "google"), "google_ads", GOOGLE_CAMPAIGNS)
    if not by_day:
        rows = rows.groupby("campaign", as_index=False, sort=False).sum(numeric_only=True)
    header = [name for name in GOOGLE_HEADER if by_day or name != "Day"]
    lines = [
        "Campaign report",
        " - ".join(f"{day:%B} {day.day}, {day.year}" for day in (truth.OPENED, truth.AS_OF)),
    ]
    lines.append("\t".join(header))
    lines += ["\t".join(cells) for cells in _google_cells(rows, header).itertuples(index=False)]
    totals = rows.sum(numeric_only=True).to_frame().T.assign(campaign="--")
    for label in ("Yhteensä: tili", "Total: Campaigns"):
        cells = _google_cells(totals, header).iloc[0].tolist()
        lines.append("\t".join([label, "--", *(["--"] if by_day else []), *cells[2 + by_day :]]))
    text = "\r\n".join(lines) + "\r\n"
    (folder / "google_ads.csv").write_bytes(b"\xff\xfe" + text.encode("utf-16-le"))


def _google_cells(rows: pd.DataFrame, header: list[str]) -> pd.DataFrame:
    """The rows as Google writes them: thousands by comma, ``--`` where there is nothing."""
    nothing = pd.Series("--", rows.index)
    has_clicks = rows["clicks"] > 0
    rate = (rows["clicks"] / rows["impressions"].clip(lower=1)).map("{:.2%}".format)
    price = (rows["cost"] / rows["clicks"].clip(lower=1)).map("{:.2f}".format)
    cells = {
        "Campaign status": pd.Series("Enabled", rows.index),
        "Campaign": rows["campaign"],
        "Day": rows["day"].dt.strftime("%Y-%m-%d") if "day" in rows else nothing,
        "Budget": pd.Series("25.00", rows.index),
        "Budget type": pd.Series("Daily", rows.index),
        "Impr.": rows["impressions"].map("{:,.0f}".format),
        "Clicks": rows["clicks"].map("{:,.0f}".format),
        "CTR": rate.where(has_clicks, "--"),
        "Avg. CPC": price.where(has_clicks, "--"),
        "Currency code": pd.Series("EUR", rows.index),
        "Cost": rows["cost"].map("{:,.2f}".format),
        "Conversions": rows["conversions"].map("{:,.2f}".format),
        "Conv. value": rows["value"].map("{:,.2f}".format),
    }
    return pd.DataFrame({name: cells[name] for name in header})


def meta_rows(shop: Shop) -> pd.DataFrame:
    """Meta's costs: a row a campaign and day, and one campaign by month (day to end)."""
    rng = stream(shop.seed, "meta")
    daily = _daily(rng, "meta", META_CAMPAIGNS).assign(end=lambda rows: rows["day"])
    other = _daily(rng, "meta", {META_MONTHLY: META_MONTHLY_SHARE})
    month = other["day"].dt.to_period("M")
    monthly = other.groupby(month).sum(numeric_only=True).reset_index(drop=True)
    months = month.unique()
    monthly = monthly.assign(
        day=[m.start_time for m in months],
        end=[m.end_time.normalize() for m in months],
        campaign=META_MONTHLY,
    )
    rows = pd.concat([daily, monthly], ignore_index=True)
    return rows.sort_values(["day", "campaign"], ignore_index=True)


def holdout_cost_eur(rows: pd.DataFrame) -> float:
    """What the channel cost while it was tested."""
    _, start, end = truth.HOLDOUT
    during = rows["day"].between(pd.Timestamp(start), pd.Timestamp(end))
    return float(rows.loc[during, "cost"].sum())


def write_meta_ads(folder: Path, rows: pd.DataFrame) -> None:
    """``meta_ads.csv``: the rows as Meta exports them."""
    frame = pd.DataFrame(
        {
            "Reporting starts": rows["day"].dt.strftime("%Y-%m-%d"),
            "Reporting ends": rows["end"].dt.strftime("%Y-%m-%d"),
            "Campaign name": rows["campaign"],
            "Campaign delivery": "active",
            "Impressions": rows["impressions"].astype(int).astype(str),
            "Link clicks": rows["clicks"].astype(int).astype(str),
            "Amount spent (EUR)": rows["cost"].map("{:.2f}".format),
            "Results": rows["conversions"].astype(int).astype(str),
            "Purchases conversion value": rows["value"].map("{:.2f}".format),
        }
    )
    write_csv(folder / "meta_ads.csv", frame)


def write_holdout(folder: Path, shop: Shop) -> None:
    """``holdout.csv``: a row a region and arm; the arms' mean sales differ by the true effect."""
    rng = stream(shop.seed, "holdout")
    channel, start, end = truth.HOLDOUT
    units, cells = truth.HOLDOUT_UNITS, truth.HOLDOUT_CELLS
    rows = []
    for arm, effect in (("treatment", truth.HOLDOUT_EFFECT_PER_UNIT), ("control", 0.0)):
        mean = (truth.HOLDOUT_SALES_PER_UNIT + effect) * units
        for sales in rng.normal(mean, truth.HOLDOUT_NOISE * mean, cells):
            rows.append((channel, f"{start}", f"{end}", arm, str(units), f"{sales:.2f}"))
    header = ["channel", "start", "end", "arm", "units", "net_sales"]
    write_csv(folder / "holdout.csv", pd.DataFrame(rows, columns=header))


def write_market(folder: Path) -> None:
    """``market.csv``: the frame that customers are compared with."""
    rows = [
        (attribute, value, f"{share:.2f}")
        for attribute, shares in MARKET.items()
        for value, share in shares.items()
    ]
    write_csv(folder / "market.csv", pd.DataFrame(rows, columns=["attribute", "value", "share"]))

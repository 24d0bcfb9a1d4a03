"""The demo shop: files in their real formats, and a truth that its own raw files give again.

What the files must give is computed here with plain pandas from the raw exports, by the
definitions of the analyses and without any code of the package.
"""

from __future__ import annotations

import io
import re
import zipfile
from itertools import pairwise
from pathlib import Path

import lifelines
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from templates_lib import demo
from templates_lib.demo import truth as planted
from templates_lib.demo.shop import open_shop

CUSTOMERS = 1500
CANARY = {
    "email": "kanarialintu@canary.example",
    "phone": "+358 00 9999999",
    "identity_code": "010100-999X",
    "name": "Kanaria Lintunen",
    "address": "Häkkitie 99",
}
FULL = {
    "asiakaspalvelu.csv", "crm.xlsx", "customers_export.csv", "google_ads.csv",
    "haastattelut.xlsx", "holdout.csv", "hotjar_exit.zip", "market.csv", "meta_ads.csv",
    "orders_export_1.csv", "orders_export_2.csv", "ostokysely.xlsx", "products_export.csv",
    "sessions_export.csv", "surveymonkey_softlead.csv", "tunnettuus.csv", "typeform_nps.csv",
    "typeform_profiili.csv", "tyytyvaisyys.csv",
    *(f"ga4/events_2026{month:02d}.parquet" for month in range(5, 11)),
}  # fmt: skip
LEAN = {"orders_export.csv", "products_export.csv", "nps.csv", "google_ads.csv"}
# files without a cell for personal data or free text
WITHOUT_PERSONS = {"google_ads.csv", "meta_ads.csv", "holdout.csv", "market.csv"}
COUNTED = ["paid", "partially_paid", "partially_refunded", "refunded"]
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, demo.Truth]:
    folder = tmp_path_factory.mktemp("demo") / "full"
    return folder, demo.write(folder, customers=CUSTOMERS)


@pytest.fixture(scope="session")
def lean(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, demo.Truth]:
    folder = tmp_path_factory.mktemp("demo") / "lean"
    return folder, demo.write(folder, shop="lean", customers=400)


def files(folder: Path) -> dict[str, bytes]:
    """Every file by its path."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def text_of(name: str, content: bytes) -> str:
    """Everything that a file says, in one text."""
    if name.endswith(".xlsx"):
        sheets = pd.read_excel(io.BytesIO(content), sheet_name=None, dtype=str)
        return "\n".join(sheet.to_csv() for sheet in sheets.values())
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "\n".join(archive.read(entry).decode() for entry in archive.namelist())
    if name.endswith(".parquet"):
        params = pq.read_table(io.BytesIO(content))["event_params"].combine_chunks().values
        return "\n".join(value["string_value"] or "" for value in params.field("value").to_pylist())
    if name == "google_ads.csv":
        return content.decode("utf-16")
    cp1252 = name in ("asiakaspalvelu.csv", "tunnettuus.csv")
    return content.decode("cp1252" if cp1252 else "utf-8")


def read_orders(folder: Path) -> pd.DataFrame:
    """One row an order of the raw files; the later export wins."""
    orders = {}
    for path in sorted(folder.glob("orders_export*.csv")):
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
        rows["is_card"] = rows["Lineitem sku"].str.startswith("LAHJAKORTTI")
        for name, lines in rows.groupby("Name", sort=False):
            orders[name] = lines.iloc[0]
    found = pd.DataFrame(list(orders.values())).reset_index(drop=True)
    money = ["Subtotal", "Shipping", "Taxes", "Total", "Refunded Amount"]
    found[money] = found[money].astype(float)
    local = pd.to_datetime(found["Created at"], utc=True).dt.tz_convert("Europe/Helsinki")
    return found.assign(at=local, day=local.dt.tz_localize(None).dt.normalize())


def counted(orders: pd.DataFrame) -> pd.DataFrame:
    """The orders that count, with net sales: less VAT by the order's own tax, less refunds."""
    kept = orders[
        orders["Financial Status"].isin(COUNTED)
        & (orders["Cancelled at"] == "")
        & (orders["Payment Method"] != "bogus")
        & (orders["Subtotal"] > 0)
        & ~orders["is_card"]
    ]
    untaxed = kept["Subtotal"] * (1 - kept["Taxes"] / kept["Total"])
    net = untaxed * (1 - kept["Refunded Amount"] / kept["Total"])
    return kept.assign(net_sales=net, customer=kept["Email"].str.strip().str.lower())


@pytest.mark.parametrize("shop", ["full", "lean"])
def test_the_files_of_a_shop(shop: str, request: pytest.FixtureRequest) -> None:
    folder, _ = request.getfixturevalue(shop)
    assert set(files(folder)) == {"full": FULL, "lean": LEAN}[shop]


HEADERS = {
    "orders_export_1.csv": "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,"
    "Accepts Marketing,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,",
    "customers_export.csv": "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,"
    "Default Address Company,Default Address Address1,Default Address Address2,"
    "Default Address City,Default Address Province Code,Default Address Country Code,"
    "Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,"
    "Total Orders,Note,Tax Exempt,Tags,",
    "products_export.csv": "Handle,Title,Body (HTML),Vendor,Product category,Type,Tags,Published,"
    "Option1 name,Option1 value,SKU,",
    "hotjar_exit.zip": "Number,User,Date Submitted,Country,Source URL,Device,Browser,OS,"
    "Hotjar User ID,",
    "surveymonkey_softlead.csv": "Respondent ID,Collector ID,Start Date,End Date,IP Address,"
    "Email Address,First Name,Last Name,Custom Data 1,",
    "meta_ads.csv": "Reporting starts,Reporting ends,Campaign name,",
    "holdout.csv": "channel,start,end,arm,units,net_sales",
    "market.csv": "attribute,value,share",
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_are_those_of_the_tools(full: tuple[Path, demo.Truth], name: str) -> None:
    content = files(full[0])[name]
    assert text_of(name, content).startswith(HEADERS[name])


def test_orders_have_the_79_columns(full: tuple[Path, demo.Truth]) -> None:
    header = (full[0] / "orders_export_2.csv").read_text(encoding="utf-8").splitlines()[0]
    names = header.split(",")
    assert len(names) == len(set(names)) == 79
    assert names[-3:] == ["Payment Terms Name", "Next Payment Due At", "Payment References"]


def test_typeform_ends_as_typeform_does(full: tuple[Path, demo.Truth]) -> None:
    header = (full[0] / "typeform_nps.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header.startswith("#,<strong>")
    assert header.count(",Other,") == 2
    assert header.endswith(
        "email,order_id,Response Type,Start Date (UTC),Stage Date (UTC),Submit Date (UTC),"
        "Network ID,Tags,Ending"
    )


def test_google_ads_is_utf16_with_a_title_and_totals(
    full: tuple[Path, demo.Truth], lean: tuple[Path, demo.Truth]
) -> None:
    for (folder, _), has_day in ((full, True), (lean, False)):
        content = (folder / "google_ads.csv").read_bytes()
        assert content.startswith(b"\xff\xfe")
        lines = content.decode("utf-16").splitlines()
        header = lines[2].split("\t")
        assert ("Day" in header) is has_day
        assert lines[1] == "November 1, 2023 - October 31, 2026"
        assert [line.split(":")[0] for line in lines[-2:]] == ["Yhteensä", "Total"]
        assert {len(line.split("\t")) for line in lines[2:]} == {len(header)}


def test_answers_of_google_forms_are_on_the_second_sheet(full: tuple[Path, demo.Truth]) -> None:
    sheets = pd.read_excel(full[0] / "ostokysely.xlsx", sheet_name=None, dtype=str)
    _, answers = sheets.values()
    assert list(answers.columns[:2]) == ["Aikaleima", "Sähköpostiosoite"]
    times = answers["Aikaleima"]
    assert times.str.fullmatch(r"\d{1,2}\.\d{1,2}\.\d{4} klo \d{1,2}\.\d{2}\.\d{2}").all()
    typed = answers.filter(like="Tilausnumero").iloc[:, 0].dropna()
    assert set(typed.str.startswith("#")) == {True, False}


def test_events_have_the_schema_of_bigquery(full: tuple[Path, demo.Truth]) -> None:
    table = pq.read_table(full[0] / "ga4" / "events_202610.parquet")
    rows = table.to_pandas()
    assert str(table.schema.field("event_params").type).startswith("list<element: struct<key")
    names = "event_date event_timestamp event_name event_params user_pseudo_id user_id device"
    assert set(names.split()) < set(table.column_names)
    local = pd.to_datetime(rows["event_timestamp"], unit="us", utc=True)
    local = local.dt.tz_convert("Europe/Helsinki").dt.strftime("%Y%m%d")
    assert (rows["event_date"] == local).all()
    bought = rows[rows["event_name"] == "purchase"]
    names = bought["ecommerce"].map(lambda ecommerce: ecommerce["transaction_id"])
    assert set(names) <= set(full[1].orders["order"])
    assert 0.05 < rows["user_pseudo_id"].isna().mean() < 0.30


def test_the_same_seed_gives_the_same_bytes(full: tuple[Path, demo.Truth], tmp_path: Path) -> None:
    demo.write(tmp_path, customers=CUSTOMERS)
    assert files(tmp_path) == files(full[0])


@pytest.mark.parametrize("shop", ["full", "lean"])
def test_raw_orders_give_the_true_months(shop: str, request: pytest.FixtureRequest) -> None:
    folder, truth = request.getfixturevalue(shop)
    orders = counted(read_orders(folder))
    by_month = orders.groupby(orders["day"].dt.strftime("%Y-%m"))["net_sales"]
    true = truth.monthly.set_index("month")
    assert by_month.size().to_dict() == true["orders"].to_dict()
    np.testing.assert_allclose(by_month.sum(), true["net_sales"], rtol=0, atol=1e-6)


def test_raw_orders_give_the_true_customers(full: tuple[Path, demo.Truth]) -> None:
    folder, truth = full
    orders = counted(read_orders(folder))
    known = orders[orders["customer"] != ""].sort_values("at")
    kept = known["Refunded Amount"] < known["Total"]
    acquired = known[kept].groupby("customer")["day"].min()
    since = known["customer"].map(acquired)
    firsts = truth.customers.set_index("customer")
    assert acquired.to_dict() == firsts["first_on"].to_dict()
    later = known[known["day"] > since].groupby("customer")["day"].min()
    assert later.to_dict() == firsts["second_on"].dropna().to_dict()


def test_times_have_both_offsets_and_exports_overlap(full: tuple[Path, demo.Truth]) -> None:
    early, late = (
        pd.read_csv(full[0] / f"orders_export_{i}.csv", dtype=str).set_index("Name") for i in (1, 2)
    )
    assert set(late["Created at"].str[-5:]) == {"+0200", "+0300"}
    both = sorted(set(early.index) & set(late.index))
    assert len(both) > 20
    old, new = (rows.loc[both].groupby("Name", sort=False).first() for rows in (early, late))
    changed = old["Financial Status"] != new["Financial Status"]
    assert set(old.loc[changed, "Financial Status"]) == {"paid"}
    others = old.columns.difference(["Financial Status", "Refunded Amount"])
    pd.testing.assert_frame_equal(old[others], new[others])


def test_vat_follows_the_calendar(full: tuple[Path, demo.Truth]) -> None:
    orders = read_orders(full[0])
    rates = orders.melt(id_vars="day", value_vars=["Tax 1 Name", "Tax 2 Name"])
    span = rates[rates["value"] != ""].groupby("value")["day"].agg(["min", "max"])
    assert set(span.index) == {f"FI ALV {rate}%" for rate in ("13.5", "14", "24", "25.5")}
    for old, new, day in (("24", "25.5", "2024-09-01"), ("14", "13.5", "2026-01-01")):
        assert span.loc[f"FI ALV {old}%", "max"] < pd.Timestamp(day)
        assert span.loc[f"FI ALV {new}%", "min"] >= pd.Timestamp(day)
    taxes = orders[["Tax 1 Value", "Tax 2 Value"]].replace("", "0").astype(float).sum(axis=1)
    np.testing.assert_allclose(taxes, orders["Taxes"], atol=0.001)


def test_raw_orders_hold_what_does_not_count(full: tuple[Path, demo.Truth]) -> None:
    orders = read_orders(full[0])
    assert set(orders["Financial Status"]) >= {*COUNTED, "voided", "pending"} - {"partially_paid"}
    assert (orders["Payment Method"] == "bogus").any()
    assert (orders["Cancelled at"] != "").any()
    assert (orders["Subtotal"] == 0).any()
    assert orders["is_card"].any()
    assert (orders["Payment Method"] == "Gift Card").any()
    assert (orders["Email"] == "").sum() == (orders["Source"] == "pos").sum() > 0
    assert (orders["Email"] != orders["Email"].str.strip().str.lower()).any()
    assert orders["Notes"].str.contains("\n").any()


def test_kaplan_meier_finds_the_planted_returns() -> None:
    """Share back within a year of customers before the delivery change, over three seeds."""
    z = []
    for seed in (1, 2, 3):
        shop = open_shop(seed=seed, customers=4000)
        bought = shop.orders[
            shop.orders["number"].isin([1, 2]) & (shop.orders["kind"] == "counted")
        ]
        day = bought.pivot(index="customer", columns="number", values="day")
        category = shop.customers["first_category"]
        before = day[1] < (planted.DELIVERY_CHANGED - planted.OPENED).days
        end = (planted.AS_OF - planted.OPENED).days
        for name in planted.CATEGORIES:
            days = day[before & (category == name)]
            fitted = lifelines.KaplanMeierFitter().fit(
                (days[2].fillna(end) - days[1]), days[2].notna()
            )
            found = 1 - fitted.predict(365)
            true = planted.return_share(name, 365)
            z.append((found - true) / np.sqrt(true * (1 - true) / len(days)))
    assert np.abs(z).max() < 3.5
    assert np.sum(np.square(z)) < 28.3  # 99.5 % of chi-square with 12 degrees of freedom


def test_factors_move_the_share_that_returns() -> None:
    """Of many customers, those who ever return by category, code and delivery problem."""
    shop = open_shop(seed=4, customers=15_000)
    first = shop.orders[(shop.orders["number"] == 1) & (shop.orders["kind"] == "counted")]
    people = shop.customers.join(first.set_index("customer")["has_problem"])
    for name in planted.CATEGORIES:
        for welcome in (True, False):
            for problem in (True, False):
                group = people[
                    (people["first_category"] == name)
                    & (people["has_welcome_code"] == welcome)
                    & (people["has_problem"] == problem)
                ]["is_returner"]
                true = planted.ever_returns(name, welcome=welcome, problem=problem)
                assert abs(group.mean() - true) < 4 * np.sqrt(true * (1 - true) / len(group))


def test_renewals_have_the_planted_median() -> None:
    """Gaps after the second order, of customers whose every gap could be seen."""
    shop = open_shop(seed=4, customers=15_000)
    bought = shop.orders[(shop.orders["kind"] == "counted") & (shop.orders["number"] > 1)]
    gaps = bought.sort_values("number").groupby("customer")["day"].diff()
    start = bought["day"] - gaps
    seen = gaps[start < (planted.AS_OF - planted.OPENED).days - 420].dropna()
    assert len(seen) > 1000
    assert abs(seen.median() - planted.gap_median(planted.REPEAT_GAPS)) < 2


def test_planted_shares_add_up() -> None:
    for shares in (
        *(discovery.last_click for discovery in planted.DISCOVERY.values()),
        planted.REPEAT_CATEGORIES, planted.DRIVERS, planted.MOTIVES, planted.COMPETITORS,
        planted.OBSTACLES, planted.EXIT_REASONS, planted.DEVICES, planted.LOST_REASONS,
    ):  # fmt: skip
        assert sum(shares.values()) == pytest.approx(1)
    for gaps in (*(c.gaps for c in planted.CATEGORIES.values()), planted.REPEAT_GAPS):
        assert sum(part.weight for part in gaps) == pytest.approx(1)


def test_curves_of_first_categories_cross() -> None:
    days = np.arange(1, 700)
    coffee, devices = (
        np.array([planted.return_share(name, day) for day in days])
        for name in ("Kahvi", "Laitteet")
    )
    assert coffee[89] > 1.5 * devices[89]
    assert devices[-1] > coffee[-1]


def test_steps_of_visits_are_as_planted(full: tuple[Path, demo.Truth]) -> None:
    visits = full[1].sessions
    visits = visits[visits["kind"] == "visitor"]
    device, step, share = planted.BOTTLENECK
    for name in ("mobile", "desktop"):
        furthest = visits.loc[visits["device"] == name, "furthest"]
        reached = [(furthest >= number).sum() for number in range(len(planted.STEPS))]
        shares = {s: b / a for s, (a, b) in zip(planted.STEPS[1:], pairwise(reached), strict=True)}
        expected = planted.STEP_SHARES | ({step: share} if name == device else {})
        assert shares == pytest.approx(expected, abs=0.01)


def test_experiences_carry_their_weights(full: tuple[Path, demo.Truth]) -> None:
    """Least squares on all invited gives the planted weights back, but for the limits 0–10."""
    invited = full[1].invited
    inner = invited[list(planted.DRIVERS)].to_numpy()
    design = np.column_stack([inner, np.ones(len(inner))])
    found = np.linalg.lstsq(design, invited["score"].to_numpy(), rcond=None)[0][:-1]
    weights = found / found.sum()
    np.testing.assert_allclose(weights, list(planted.DRIVERS.values()), atol=0.06)
    answered = invited["has_answered"]
    assert invited.loc[answered, "score"].mean() > invited["score"].mean() + 0.2


def test_complicated_visits_scroll_less(full: tuple[Path, demo.Truth]) -> None:
    recorded = pd.read_csv(full[0] / "sessions_export.csv")
    with zipfile.ZipFile(full[0] / "hotjar_exit.zip") as archive:
        said = pd.read_csv(archive.open("exit_survey.csv"))
    joined = said.merge(recorded, left_on="Session ID", right_on="session_id", validate="1:1")
    assert len(joined) == len(said)
    reason = joined["Mikä esti sinua ostamasta tänään?"] == "Valinta näytti monimutkaiselta"
    means = joined.groupby(reason)[["scroll_depth_percent", "rage_clicks"]].mean()
    assert means.loc[True, "scroll_depth_percent"] < means.loc[False, "scroll_depth_percent"] - 15
    assert means.loc[True, "rage_clicks"] > means.loc[False, "rage_clicks"] + 1


def test_no_two_people_share_an_identity() -> None:
    shop = open_shop(seed=1, customers=CUSTOMERS)
    everyone = pd.concat([shop.customers, shop.others])
    for column in ("person_id", "name", "email", "phone", "street"):
        assert everyone[column].is_unique, column


@pytest.mark.parametrize("shop", ["full", "lean"])
def test_no_address_outside_the_reserved_domain(shop: str, request: pytest.FixtureRequest) -> None:
    folder, _ = request.getfixturevalue(shop)
    found = [
        email
        for name, content in files(folder).items()
        for email in EMAIL.findall(text_of(name, content))
    ]
    assert found or shop == "lean"
    assert {email.lower().rsplit(".", 1)[1] for email in found} <= {"example"}


@pytest.mark.parametrize("shop", ["full", "lean"])
def test_a_canary_is_in_every_file_with_persons(shop: str, tmp_path: Path) -> None:
    made = demo.write(tmp_path, shop=shop, customers=600, canary=CANARY)
    for name, content in files(tmp_path).items():
        if name not in WITHOUT_PERSONS:
            text = text_of(name, content)
            for value in CANARY.values():
                assert value in text, (name, value)
    assert CANARY["email"] in set(made.customers["customer"])


def test_a_canary_changes_no_number(full: tuple[Path, demo.Truth], tmp_path: Path) -> None:
    marked = demo.write(tmp_path, customers=CUSTOMERS, canary=CANARY)
    pd.testing.assert_frame_equal(marked.monthly, full[1].monthly)
    orders = counted(read_orders(tmp_path))
    assert len(orders) == len(full[1].orders)


def test_a_canary_without_a_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="identity_code"):
        demo.write(tmp_path, canary={"email": "a@b.example"})

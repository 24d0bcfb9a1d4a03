"""Service contacts: counted by hand, by lifelines and R, and the demo's planted effects."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from lifelines import KaplanMeierFitter
from numpy.testing import assert_allclose
from scipy import stats

from templates_lib.demo import service as demo_service
from templates_lib.demo import truth
from templates_lib.demo.draws import utc
from templates_lib.demo.shop import open_shop
from templates_lib.service import service, service_outcomes, service_words
from templates_lib.tables import ORDERS, RESPONSES, TOUCHPOINTS
from templates_lib.words import Words

AS_OF = date(2026, 6, 30)
WHEN = {"zone": "Europe/Helsinki", "as_of": AS_OF}
WORDS = Words("en", "EUR")
FIRST = {"customer_id": "string", "first_on": "date", "second_on": "date"}


def table_of(rows: list[dict], columns) -> ibis.Table:
    exact = [
        {k: Decimal(str(v)) if isinstance(v, float) else v for k, v in r.items()} for r in rows
    ]
    return ibis.memtable(pa.Table.from_pylist(exact, schema=ibis.schema(columns).to_pyarrow()))


def contact(number: int, **more) -> dict:
    usual = {"touchpoint_id": f"t{number}", "customer_id": f"c{number}", "stage": "after_purchase",
             "occurred_at": datetime(2026, 5, 1, 9), "kind": "chat", "topic": "delivery",
             "hours_to_resolve": 2}  # fmt: skip
    return usual | more


def contacts(rows: list[dict]) -> ibis.Table:
    have = {"touchpoints": table_of(rows, TOUCHPOINTS)}
    return service.contacts(have, max_groups=5, **WHEN)


# What counts


def test_contacts_are_those_with_something_asked_up_to_the_last_local_day():
    rows = [
        contact(1),
        contact(2, topic=None, hours_to_resolve=None),  # a newsletter: nothing was asked
        contact(3, topic=None, hours_to_resolve=None, text="Where is it?"),
        contact(4, occurred_at=datetime(2026, 6, 30, 20, 59)),  # 23:59 in Helsinki
        contact(5, occurred_at=datetime(2026, 6, 30, 21, 1)),  # the day after
        contact(6, customer_id=None),
    ]
    found = contacts(rows).to_pandas().set_index("touchpoint_id")
    assert sorted(found.index) == ["t1", "t3", "t4", "t6"]
    assert found.loc["t6", "who"] == "t6", "of nobody known: a person of its own"
    assert pd.isna(found.loc["t4", "minutes"]), "not resolved by the end of the last day"
    assert found.loc["t4", "observed"] == 1
    assert found.loc["t1", "minutes"] == 120


def test_a_person_who_writes_often_is_no_gain_to_the_interval():
    alone = [contact(i, topic="delivery" if i < 40 else "payment") for i in range(100)]
    often = [{**row, "customer_id": f"c{i // 10}"} for i, row in enumerate(alone)]
    first, second = (service.topics(contacts(rows), min_cell=1) for rows in (alone, often))
    assert first["group"].tolist() == second["group"].tolist() == ["payment", "delivery"]
    assert_allclose(first["share"], [0.6, 0.4])
    # R: prop.test(60, 100, correct = FALSE)$conf.int
    assert_allclose(first.loc[0, ["low", "high"]].astype(float), [0.5020026, 0.6905987], atol=1e-6)
    assert second["people"].tolist() == [6, 4]
    # each always asks the same, ten times: as many answers as people
    width = (second["high"] - second["low"]) / (first["high"] - first["low"])
    assert (width > 2).all()
    hidden = service.topics(contacts(often), min_cell=5)
    assert hidden["share"].isna().all(), "four people, and the rest would give them away"
    assert service.topics(contacts(alone[:29]), min_cell=1).empty


def test_hours_are_medians_with_the_unresolved_censored_as_lifelines_has_them():
    draw = np.random.default_rng(1)
    hours = np.round(draw.lognormal(3, 1, 300), 1)
    age = draw.uniform(1, 200, 300)
    end = datetime(2026, 6, 30, 21)  # midnight in Helsinki
    known = [h if h < a or i % 2 else None for i, (h, a) in enumerate(zip(hours, age, strict=True))]
    rows = [
        contact(i, occurred_at=end - timedelta(hours=a), hours_to_resolve=h)
        for i, (h, a) in enumerate(zip(known, age, strict=True))
    ]
    found = service.resolve_times(contacts(rows)).set_index(["split", "group"]).loc[("all", "all")]
    event = hours <= age
    fitted = KaplanMeierFitter().fit(np.where(event, hours, age), event)
    assert found["n"] == 300
    assert found["unresolved"] == (~event).sum() > 30
    assert abs(found["median_hours"] - fitted.median_survival_time_) < 0.2
    assert found["low"] < found["median_hours"] < found["high"]
    never = [contact(i, hours_to_resolve=h) for i, h in enumerate([1] * 10 + [None] * 30)]
    table = service.resolve_times(contacts(never))
    assert table["median_hours"].isna().all(), "not even half are resolved"
    assert service.resolve_times(contacts(never[1:])).empty, "under ten resolved"


def test_contacts_per_100_orders_are_of_whole_months_and_wide_for_who_writes_often():
    orders = [{"order_id": f"o{m}-{i}", "ordered_on": date(2026, m, 1 + i % 28)}
              for m in range(1, 7) for i in range(200)]  # fmt: skip
    rows = [contact(100 * m + i, occurred_at=datetime(2026, m, 5)) for m in range(1, 7)
            for i in range(20)]  # fmt: skip
    often = [{**row, "customer_id": "one"} for row in rows[-10:]]
    have = {"orders": table_of(orders, ORDERS)}
    months = service.months_of(have, contacts(rows))
    found = service.contact_rates(months, as_of=AS_OF, min_cell=5)
    assert found["month"].tolist() == [f"2026-0{m}" for m in range(2, 7)], "the first is partial"
    assert_allclose(found["contacts_per_100"], 10)
    months = service.months_of(have, contacts(rows[:-10] + often))
    wide = service.contact_rates(months, as_of=AS_OF, min_cell=5).iloc[-1]
    assert wide.contacts_per_100 == 10
    assert wide.people == 11
    assert wide.high - wide.low > 1.5 * (found.high - found.low).iloc[-1]
    half = service.contact_rates(months, as_of=date(2026, 6, 29), min_cell=5)
    assert half["month"].iloc[-1] == "2026-05"
    assert service.rate_change(months, as_of=AS_OF, min_cell=5) is None, "no year before"


# What follows a contact: the clock starts at the landmark


def first_orders(rows: list[tuple]) -> dict:
    named = [dict(zip(FIRST, row, strict=True)) for row in rows]
    return {"first_orders": table_of(named, FIRST)}


def test_nobody_counts_by_what_came_after_the_landmark():
    day = date(2026, 1, 1)
    have = first_orders([
        ("early", day, day + timedelta(10)),  # back before the landmark: in no group
        ("wrote", day, day + timedelta(60)),
        ("late", day, None),  # wrote after the landmark
        ("new", AS_OF - timedelta(21), None),  # not observed past the landmark
        ("before", day, None),  # wrote before the first purchase
    ])  # fmt: skip
    found = contacts([
        contact(1, customer_id="early", occurred_at=datetime(2026, 1, 2)),
        contact(2, customer_id="wrote", occurred_at=datetime(2026, 1, 22, 9)),
        contact(3, customer_id="late", occurred_at=datetime(2026, 1, 23, 9)),
        contact(4, customer_id="before", occurred_at=datetime(2025, 12, 1)),
        *[contact(10 + i, customer_id=f"x{i}") for i in range(40)],
    ])  # fmt: skip
    counts = service_outcomes.followed(have, found, service.resolve_times(found), as_of=AS_OF)
    by_group = counts.groupby("group")["count"].sum().to_dict()
    assert by_group == {"delivery": 1, "no_contact": 2}
    wrote = counts[counts["group"] == "delivery"].iloc[0]
    assert wrote["event"]
    assert wrote["duration"] == 60 - 21
    assert pd.isna(wrote["speed"]), "written on the last day: not known at the landmark"


def test_quick_and_slow_are_told_within_the_topic_and_by_the_landmark():
    day = date(2026, 1, 1)
    have = first_orders([(f"c{i}", day, None) for i in range(60)])
    found = contacts(
        [contact(i, topic="a", hours_to_resolve=1 + i, occurred_at=datetime(2026, 1, 3))
         for i in range(30)]
        + [contact(i, topic="b", hours_to_resolve=10 * i, occurred_at=datetime(2026, 1, 3))
           for i in range(30, 60)]
    )  # fmt: skip
    counts = service_outcomes.followed(have, found, service.resolve_times(found), as_of=AS_OF)
    sums = counts.groupby(["group", "speed"])["count"].sum()
    assert sums.to_dict() == {(t, s): 15 for t in "ab" for s in ("quick", "slow")}


def test_the_difference_is_that_of_two_curves_by_lifelines():
    draw = np.random.default_rng(2)
    rows, counts = [], []
    for group, scale, n in (("delivery", 300, 200), ("no_contact", 150, 500)):
        back, seen = draw.exponential(scale, n).round() + 1, draw.integers(100, 500, n)
        rows.append((np.minimum(back, seen), back <= seen))
        counts.append(pd.DataFrame(
            {"group": group, "duration": rows[-1][0].astype(int), "event": rows[-1][1], "count": 1}
        ))  # fmt: skip
    table = service_outcomes.against(pd.concat(counts), days=180)
    fits = [KaplanMeierFitter().fit(time, event) for time, event in rows]
    shares = [1 - float(fit.predict(180)) for fit in fits]
    found = table.iloc[0]
    assert len(table) == 1
    assert found.days == 180
    assert_allclose([found.returned, found.others_share], shares)
    assert_allclose(found.gap_share, shares[0] - shares[1])
    middle = (found.gap_share_low + found.gap_share_high) / 2
    assert_allclose(middle, found.gap_share)
    assert found.p_value < 1e-4
    assert service_outcomes.against(counts[0]).empty, "nobody to hold it against"


# The demo: what is planted is found again


@cache
def demo(seed: int) -> dict:
    """A demo shop's contacts, first and second purchases, without any reader of the package."""
    shop = open_shop(seed=seed, customers=6000)
    found = demo_service.contacts(shop)
    orders = shop.orders[(shop.orders["kind"] == "counted") & (shop.orders["customer"] >= 0)]
    days = orders.groupby("customer")["day"].agg(lambda d: sorted(set(d))[:2])
    opened = truth.OPENED
    rows = [
        (f"c{who}", opened + timedelta(int(d[0])),
         opened + timedelta(int(d[1])) if len(d) > 1 else None)
        for who, d in days.items()
    ]  # fmt: skip
    at = utc(pd.DatetimeIndex(found["at"]))
    touchpoints = [
        contact(i, customer_id=f"c{row.customer}", occurred_at=at[i].to_pydatetime(),
                topic=row.topic, hours_to_resolve=row.hours_to_resolve)
        for i, row in enumerate(found.itertuples())
    ]  # fmt: skip
    first = orders.sort_values(["customer", "day"]).drop_duplicates("customer")
    has_problem = {f"c{row.customer}": bool(row.has_problem) for row in first.itertuples()}
    have = {**first_orders(rows), "touchpoints": table_of(touchpoints, TOUCHPOINTS)}
    return {"shop": shop, "found": found, "have": have, "has_problem": has_problem}


def test_delivery_problems_keep_the_demo_s_customers_away_as_planted():
    """The planted factor on who ever returns, in those who wrote of the delivery against those who
    did not write; in each group only some had a problem, as the simulation knows."""
    scores = []
    for seed in (1, 2, 3):
        made = demo(seed)
        found = service.contacts(made["have"], zone=truth.TIMEZONE, as_of=truth.AS_OF, max_groups=5)
        counts = service_outcomes.followed(
            made["have"], found, service.resolve_times(found), as_of=truth.AS_OF
        )
        row = service_outcomes.against(counts).set_index("group").loc["Toimitus"]
        firsts = made["have"]["first_orders"].to_pandas().set_index("customer_id")
        days = (firsts["second_on"] - firsts["first_on"]).dt.days
        firsts = firsts[days.isna() | (days > service_outcomes.LANDMARK_DAYS)]
        rows = found.select("customer_id", "on", "topic").to_pandas()
        since = (rows["on"] - rows["customer_id"].map(firsts["first_on"])).dt.days
        rows = rows[since.between(0, service_outcomes.LANDMARK_DAYS)]
        about = set(rows.loc[rows["topic"] == "Toimitus", "customer_id"])
        silent = set(firsts.index) - set(rows["customer_id"])
        problem = pd.Series(made["has_problem"])
        shares = [problem[list(side)].mean() for side in (about, silent)]
        factors = [1 - (1 - truth.PROBLEM_FACTOR) * share for share in shares]
        error = (row.gap_share_high - row.gap_share_low) / (2 * stats.norm.ppf(0.975))
        expected = row.others_share * factors[0] / factors[1] - row.others_share
        scores.append((row.gap_share - expected) / error)
        assert row.p_holm < 0.01
    assert abs(sum(scores)) / np.sqrt(3) < 3
    assert max(map(abs, scores)) < 3


def expected_rating(hours: np.ndarray) -> float:
    """Of the demo's rule: 5.6 less 0.6 a log hour, noise of 0.7, rounded, from 1 to 5."""
    middle = 5.6 + truth.SATISFACTION_PER_LOG_HOUR * np.log1p(hours)
    above = [stats.norm.sf((k - 0.5 - middle) / 0.7) for k in range(2, 6)]
    return float(np.mean(1 + np.sum(above, axis=0)))


def test_satisfaction_falls_with_the_time_to_resolve_as_planted(tmp_path):
    made = demo(1)
    demo_service.write_satisfaction(tmp_path, made["shop"], made["found"], canary=None)
    file = pd.read_csv(tmp_path / "tyytyvaisyys.csv")
    number = file["Ticket"].str.removeprefix("T-").astype(int) - 1
    answers = [
        {"response_id": f"r{i}", "survey": "satisfaction", "kind": "rating", "value": int(value),
         "question": "satisfaction", "customer_id": f"c{made['found']['customer'].iloc[n]}",
         "answered_at": pd.Timestamp(at).tz_localize(None).to_pydatetime(), "was_asked": True}
        for i, (n, value, at) in enumerate(
            zip(number, file["Satisfaction (1-5)"], file["Responded At"], strict=True))
    ]  # fmt: skip
    when = {"zone": truth.TIMEZONE, "as_of": truth.AS_OF}
    have = {**made["have"], "responses": table_of(answers, RESPONSES)}
    found = service.contacts(have, max_groups=5, **when)
    given = service_outcomes.rated(have, found, **when)
    assert len(given) > 0.9 * len(answers)
    table = service_outcomes.ratings_by_hours(given)
    assert table["group"].tolist() == list(service_outcomes.HOUR_NAMES)
    assert table["mean_rating"].is_monotonic_decreasing
    edges = service_outcomes.HOURS
    for row, low, high in zip(table.itertuples(), edges[:-1], edges[1:], strict=True):
        hours = given.loc[given["hours"].between(low, high, inclusive="left"), "hours"]
        spread = (row.high - row.low) / 2
        assert abs(row.mean_rating - expected_rating(hours.to_numpy())) < 1.7 * spread
    slope = service_outcomes.rating_slopes(given).iloc[0]
    planted = truth.SATISFACTION_PER_LOG_HOUR * np.log(2)  # -0.42; less where 5 is the most
    assert planted - 0.03 < slope.per_doubling < 0.75 * planted
    assert "under 4 hours" in service_words.wait(table, WORDS)
    assert service_words.ratings_needed(given, slope) < 200


def test_a_rating_is_of_the_last_contact_that_was_resolved_before_it():
    rows = [
        contact(1, customer_id="a", occurred_at=datetime(2026, 5, 1), hours_to_resolve=1),
        contact(2, customer_id="a", occurred_at=datetime(2026, 5, 3), hours_to_resolve=2),
        contact(3, customer_id="a", occurred_at=datetime(2026, 5, 4), hours_to_resolve=300),
    ]
    answer = {"response_id": "r", "survey": "satisfaction", "kind": "rating", "value": 4,
              "question": "q", "was_asked": True}  # fmt: skip
    answers = [
        {**answer, "customer_id": "a", "answered_at": datetime(2026, 5, 5)},
        {**answer, "response_id": "s", "customer_id": "a", "answered_at": datetime(2026, 7, 1)},
        {**answer, "response_id": "t", "customer_id": "b", "answered_at": datetime(2026, 5, 5)},
    ]
    have = {"responses": table_of(answers, RESPONSES)}
    given = service_outcomes.rated(have, contacts(rows), **WHEN)
    assert given["hours"].tolist() == [2.0]


def test_a_client_without_contacts_has_nothing_to_show():
    found = service.contacts({}, max_groups=5, **WHEN)
    assert service.topics(found, min_cell=5).empty
    times = service.resolve_times(found)
    assert times.empty
    months = service.months_of({}, found)
    assert service.contact_rates(months, as_of=AS_OF, min_cell=5).empty
    assert service.rate_change(months, as_of=AS_OF, min_cell=5) is None
    counts = service_outcomes.followed({}, found, times, as_of=AS_OF)
    assert service_outcomes.against(counts).empty
    given = service_outcomes.rated({}, found, **WHEN)
    assert service_outcomes.ratings_by_hours(given).empty
    assert service_outcomes.rating_slopes(given).empty
    assert service.messages(found).empty


@pytest.mark.parametrize("low, said", [(2.0, "a year before"), (-1.0, "much as a year before")])
def test_what_is_said_of_the_change(low, said):
    change = service.Change(19.0, 7.0, 12.0, low, 16.0, 200, 60.0)
    assert said in service_words.rate(change, WORDS)

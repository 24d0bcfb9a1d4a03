"""A small client with every kind of source, and the rows it is made of, for counting by hand."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta

import pandas as pd
import yaml

FIRST, LAST = date(2025, 1, 1), date(2026, 6, 30)


def frames(seed: int = 3, customers: int = 160) -> dict[str, pd.DataFrame]:
    """The tables as they are exported, by name."""
    chance = random.Random(seed)
    days = (LAST - FIRST).days
    orders, number = [], 0
    for customer in range(customers):
        day = chance.randrange(days)
        while day <= days:
            number += 1
            who = f"c{customer}" if chance.random() > 0.1 else ""
            orders.append([f"{number}", who, FIRST + timedelta(day), chance.randrange(5, 200),
                           chance.choice(["web", "shop"]), f"p{chance.randrange(6)}"])  # fmt: skip
            if chance.random() < 0.4:
                break
            day += chance.randrange(1, 120)
    made = {"orders": frame(orders, "order,who,at,goods,channel,product")}
    made["products"] = frame([[f"p{i}", f"cat{i % 2}", i if i % 3 else ""] for i in range(5)],
                             "product,category,cost")  # fmt: skip
    made["people"] = frame([[f"c{i}", f"k{i % 9}", chance.choice("ab")] for i in range(60, 200)],
                           "who,company,taste")  # fmt: skip
    made["companies"] = frame([[f"k{i}"] for i in range(12)], "company")
    made["leads"] = frame([[f"l{i}", f"k{i}" if i < 20 else "", f"2026-01-0{1 + i % 9}"]
                           for i in range(25)], "lead,company,at")  # fmt: skip
    made["nps"] = survey(chance, made["orders"], 90)
    made["panel"] = frame([[f"2026-0{1 + i % 2}-10", chance.choice(["yes", "no", ""])]
                           for i in range(40)], "at,knows")  # fmt: skip
    made["events"] = events(chance, made["orders"])
    made["sessions"] = frame([[f"s{i}", f"2026-05-{1 + i % 28:02d} 10:00:00"] for i in range(150)],
                             "session,at")  # fmt: skip
    made["help"] = frame([[f"c{chance.randrange(260)}", f"2026-0{1 + i % 6}-05 12:00:00"]
                          for i in range(70)], "who,at")  # fmt: skip
    made["spend"] = frame(
        [["2025-11-01", "2026-02-28", "Web", 100], ["2026-05-01", "", "tv", 50],
         ["2026-05-02", "", "tv", 50]], "day,until,channel,cost")  # fmt: skip
    made["interviews"] = frame(
        [[f"i{i // 3}", f"c{i * 9}", "2026-03-03", coder, f"said {i}", "price"]
         for i in range(24) for coder in ("ab", "cd")][:-3],
        "interview,who,day,coder,excerpt,code")  # fmt: skip
    return made


def frame(rows: list[list], columns: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split(","))


def survey(chance: random.Random, orders: pd.DataFrame, n: int) -> pd.DataFrame:
    """Customers of larger orders answer more often; some answers name nobody, some no order."""
    rows = []
    likely = orders.sort_values("goods", ascending=False).head(2 * n).sample(n, random_state=1)
    for order in likely.itertuples():
        day = min(LAST, order.at + timedelta(5))
        named = order.order if chance.random() < 0.8 else f"x{order.order}"
        rows.append([order.who if chance.random() < 0.9 else "", f"#{named}", day,
                     chance.choice([*range(11), ""]), chance.choice([1, 3, 5, ""]),
                     chance.choice(["", "good"])])  # fmt: skip
    return frame(rows, "who,order,at,score,taste,why")


def events(chance: random.Random, orders: pd.DataFrame) -> pd.DataFrame:
    """Visits of May 2026, and the purchases of two orders in three; one purchase is unknown."""
    rows = [[f"s{chance.randrange(200)}",
             f"v{chance.randrange(80)}" if chance.random() < 0.8 else "", "",
             f"2026-05-{chance.randrange(1, 31):02d} 09:00:00", "page_view", ""]
            for _ in range(300)]  # fmt: skip
    may = orders[(orders["at"] >= date(2026, 5, 1)) & (orders["at"] <= date(2026, 5, 31))]
    for i, order in enumerate(may.itertuples()):
        if i % 3:
            rows.append([f"s{i}", f"v{i}", order.who, f"{order.at} 12:00:00", "purchase",
                         order.order])  # fmt: skip
    rows.append(["s1", "v1", "", "2026-05-31 12:00:00", "purchase", "9999"])
    return frame(rows, "session,visitor,who,at,event,order")


SOURCES = {
    "orders": {"file": "orders", "vat": "excluded", "columns": {
        "order_id": "order", "customer_id": "who", "ordered_at": "at", "line_amount": "goods",
        "channel": "channel", "product_id": "product"}},
    "products": {"file": "products", "columns": {
        "product_id": "product", "category": "category", "unit_cost": "cost"}},
    "customers": {"file": "people", "attributes": {"taste": "taste"}, "columns": {
        "customer_id": "who", "company_id": "company"}},
    "companies": {"file": "companies", "columns": {"company_id": "company"}},
    "leads": {"file": "leads", "columns": {
        "lead_id": "lead", "company_id": "company", "created_at": "at"}},
    "responses": [
        {"file": "nps", "survey": "nps", "score": "score", "ratings": ["taste"], "open": ["why"],
         "columns": {"answered_at": "at", "customer_id": "who", "order_id": "order"}},
        {"file": "panel", "survey": "awareness", "choices": ["knows"],
         "columns": {"answered_at": "at"}},
    ],
    "events": {"file": "events", "columns": {
        "session_id": "session", "visitor_id": "visitor", "customer_id": "who",
        "occurred_at": "at", "event": "event", "order_id": "order"}},
    "sessions": {"file": "sessions", "columns": {"session_id": "session", "started_at": "at"}},
    "touchpoints": {"file": "help", "columns": {"customer_id": "who", "occurred_at": "at"}},
    "spend": {"file": "spend", "columns": {
        "date": "day", "date_to": "until", "channel": "channel", "cost": "cost"}},
    "interviews": {"file": "interviews", "columns": {
        "interview_id": "interview", "customer_id": "who", "date": "day", "coder": "coder",
        "excerpt": "excerpt", "code": "code"}},
}  # fmt: skip


def write(make_client: Callable[..., str], rows: dict[str, pd.DataFrame], *names: str) -> str:
    """Writes the client with the sources named, or all of them."""
    sources = {}
    for name in names or SOURCES:
        several = SOURCES[name] if isinstance(SOURCES[name], list) else [SOURCES[name]]
        read = [{**each, "path": f"exports/{each['file']}.csv"} for each in several]
        for each in read:
            del each["file"]
        sources[name] = read if name == "responses" else read[0]
    params = {"client": {"name": "Rich"}, "as_of": f"{LAST}", "sources": sources}
    exports = {f"{name}.csv": table.to_csv(index=False) for name, table in rows.items()}
    return make_client(yaml.safe_dump(params), exports, name="rich")

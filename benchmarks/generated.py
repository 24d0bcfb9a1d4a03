"""A shop of any size, generated in DuckDB: orders, their lines, purchases and first orders.

Customers come evenly over three years, buy at rates of their own (a gamma distribution of shape
½, the square of a normal variable) and stay for times of their own (exponential). All chance is
hashed from the customer's number, so that every run has the same shop.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir

from templates_lib import purchases
from templates_lib.params.params import Purchases
from templates_lib.staging.facts import Facts

AS_OF = date(2026, 10, 31)
ORDERS_A_CUSTOMER = 4.17
AT_ONCE = 600_000  # customers, whose orders are sorted within memory
TABLES = ("orders", "order_lines", "purchases", "first_orders")
SETTINGS = (
    "set threads = 2; set memory_limit = '8GB'; set preserve_insertion_order = false; "
    "set enable_progress_bar = false; set timezone = 'UTC'"
)
# one number is hashed at a time: the hashes of (i, 1) and (i, 2) differ by constant bits only
CHANCE = (
    "create temp macro drawn(i, k) as hash(i * 64 + k)",
    "create temp macro u(i, k) as greatest(drawn(i, k) / 18446744073709551616, 1e-12)",
)
ORDERS = """
with people as (
  select i, drawn(i, 0) as kind, u(i, 1) * 1095 as came, 0.012 * -2 * ln(u(i, 2))
    * cos(2 * pi() * u(i, 3)) ** 2 as rate, least(1095 - came, -400 * ln(u(i, 4))) as stayed,
    least(floor(rate * stayed + u(i, 5)), 300)::int as again
  from range({begin}, {end}) t(i)
), sold as (
  select *, i * 512 + k as number, drawn(number, 6) as luck,
    case when k = 0 then came else came + stayed * u(number, 7) end as day
  from people, unnest(range(again + 1)) r(k)
), money as (
  select *, timestamp '2023-11-01 00:00:00' + to_microseconds((day * 86400)::bigint * 1_000_000 + k)
      as ordered_at, -- no two of a customer at once
    exp(2.3 + 0.9 * (u(number, 8) + u(number, 9) + u(number, 10)))::decimal(18, 2) as goods,
    luck % 50 as back
  from sold
), paid as (
  select *, (case when luck % 5 = 0 then goods * 0.1 else 0 end)::decimal(18, 4) as discount,
    (goods - discount)::decimal(18, 4) as net_goods,
    (case back when 0 then net_goods when 1 then net_goods * 0.5 else 0 end)::decimal(18, 4)
      as refund,
    (goods * (0.4 + 0.3 * u(number, 11)))::decimal(18, 4) as cost_of_goods
  from money
)
select md5(number::varchar) as order_id,
  case when luck % 97 > 0 then md5(concat('c', i)) end as customer_id,
  ordered_at, (ordered_at + interval 2 hour)::date as ordered_on,
  net_goods, (net_goods - refund)::decimal(18, 4) as net_sales, discount, refund,
  case when refund > 0 then ordered_at + interval 9 day end as refunded_at,
  4::decimal(18, 4) as shipping_income, cost_of_goods, 5.5::decimal(18, 4) as fulfilment_cost,
  (net_goods * 0.02)::decimal(18, 4) as payment_cost,
  (net_goods - refund + 4 - cost_of_goods - 5.5 - net_goods * 0.02)::decimal(18, 4)
    as contribution_margin,
  back = 0 as is_wholly_refunded,
  case when kind % 10 < 5 then 'web' when kind % 10 < 8 then 'app' else 'shop' end as channel,
  case when kind % 20 = 0 then 'SE' else 'FI' end as country, kind % 30 = 0 as is_b2b
from paid order by ordered_at
"""
LINES = """
with numbered as (
  select *, hash(concat(order_id, n)) as luck, hash(customer_id) as liking
  from new_orders, range(2) l(n) where n = 0 or hash(order_id) % 3 = 0
), chosen as (
  select *, case when luck % 3 < 2 then liking % 12 else (luck // 3) % 12 end as kind
  from numbered
)
select order_id, concat('p', kind * 40 + (luck // 64) % 40) as product_id,
  concat('Product ', kind * 40 + (luck // 64) % 40) as product_name,
  concat('category_', kind) as category,
  (net_sales * case when n = 0 then 0.7 else 0.3 end)::decimal(18, 4) as net_sales, n as place
from chosen
"""


def generate(file: Path, *, customers: int) -> None:
    """Writes the four tables; the last two by the project's own expressions, as staging does."""
    with duckdb.connect(file) as connection:
        connection.execute(SETTINGS)
        for macro in CHANCE:
            connection.execute(macro)
        for begin in range(0, customers, AT_ONCE):
            rows = ORDERS.format(begin=begin, end=min(begin + AT_ONCE, customers))
            connection.execute(f"create or replace temp table new_orders as {rows}")
            for name, some in (("orders", "from new_orders"), ("order_lines", LINES)):
                into = f"insert into {name}" if begin else f"create table {name} as"
                connection.execute(f"{into} {some}")
    connection = ibis.duckdb.connect(file)
    connection.raw_sql(SETTINGS)
    purchases_of(connection, temp=False)
    for name, made in (("purchases", "occasions"), ("first_orders", "firsts")):
        kept = f"select customer_key as customer_id, * exclude (customer_key) from {made}"
        connection.raw_sql(f"create view {name} as {kept}")
    connection.disconnect()


def purchases_of(connection: ibis.BaseBackend, *, temp: bool) -> tuple[ir.Table, ir.Table]:
    """The purchase occasions and first orders of the generated orders, made as in staging."""
    same = {"order_key": "order_id"}
    orders = connection.table("orders").rename(same | {"customer_key": "customer_id"})
    lines = connection.table("order_lines").rename(same)
    prefix = "made_" if temp else ""
    found = purchases.occasions_of(orders, Purchases())
    occasions = connection.create_table(f"{prefix}occasions", found, temp=temp, overwrite=temp)
    found = purchases.first_orders_of(occasions, orders, lines, Facts([]))
    firsts = connection.create_table(f"{prefix}firsts", found, temp=temp, overwrite=temp)
    return occasions, firsts

"""The measures as SQL written by hand for the same tables in DuckDB.

Sums of money are exact as in the project; squares and cubes are floating-point numbers.
"""

from __future__ import annotations

from typing import Any

import ibis

from benchmarks.generated import AS_OF

PURCHASES = """
create or replace temp table made_purchases as
with acquired as (
  select customer_id, min(ordered_at) filter (not is_wholly_refunded) as since
  from orders where customer_id is not null group by customer_id
), days as (
  select customer_id, ordered_on, arg_min(order_id, ordered_at) as first_order_id,
    count(*) as orders, sum(net_goods)::decimal(18, 4) as paid,
    sum(net_sales)::decimal(18, 4) as net_sales,
    sum(contribution_margin)::decimal(18, 4) as contribution_margin
  from orders join acquired using (customer_id) where ordered_at >= since
  group by customer_id, ordered_on
)
select *, ordered_on as purchased_on, row_number() over each as purchase_number,
  lead(ordered_on) over each as next_on
from days window each as (partition by customer_id order by ordered_on)
"""
FIRST_ORDERS = """
create or replace temp table made_firsts as
with first as (
  select *, paid::double as worth from made_purchases where purchase_number = 1
), thirds as (
  select quantile_cont(worth, 1 / 3) as low, quantile_cont(worth, 2 / 3) as high from first
), totals as (
  select customer_id, count(*) as purchases, max(purchased_on) as last_on,
    sum(net_sales)::decimal(18, 4) as net_sales,
    sum(contribution_margin)::decimal(18, 4) as contribution_margin
  from made_purchases group by customer_id
)
select f.customer_id, f.purchased_on as first_on, f.next_on as second_on,
  case when worth <= low then 'lower_third' when worth <= high then 'middle_third'
    else 'upper_third' end as first_order_value,
  t.purchases, t.last_on, t.net_sales, t.contribution_margin, o.channel as first_channel,
  o.country as first_country, case when o.is_b2b then 'yes' else 'no' end as first_is_b2b,
  case when o.discount > 0 then 'yes' else 'no' end as first_discounted,
  l.category as first_category, coalesce(l.product_name, l.product_id) as first_product
from first f cross join thirds join totals t using (customer_id)
left join orders o on o.order_id = f.first_order_id
left join order_lines l on l.order_id = f.first_order_id and l.place = 0
"""
RETURNS = f"""
with sizes as (select first_category as kind, count(*) as n from first_orders group by 1),
large as (select kind from sizes where n >= 30 order by n desc, kind limit 5)
select coalesce(kind, case when first_category is null then 'unknown' else 'other' end) as "group",
  coalesce(second_on, date '{AS_OF}') - first_on as duration, second_on is not null as event,
  count(*) as count
from first_orders left join large on kind = first_category group by all order by all
"""
COHORTS = """
with starts as (
  select customer_id, first_on, date_trunc('month', first_on) as start from first_orders
), sizes as (
  select start, count(*) as cohort_size from starts group by start
), both_ as (
  select customer_id, purchased_on as day, 1 as active, orders, 0::decimal(18, 4) as net_sales,
    null::decimal(18, 4) as contribution_margin from purchases
  union all
  select customer_id, ordered_on, 0, 0, net_sales, contribution_margin from orders
  where customer_id is not null
), aged as (
  select *, datediff('month', start, day) as age from both_ join starts using (customer_id)
  where day >= first_on
), each as (
  select customer_id, any_value(start) as start, age, sum(active) as active,
    {sums} from aged where age <= 12 group by customer_id, age
), running as (
  select *, {so_far} from each
  window until_now as (partition by customer_id order by age rows unbounded preceding)
), counted as (
  select start, age, count(*) filter (active > 0) as active, {powers} from running
  group by start, age
)
select strftime(start, '%Y-%m') as cohort, age, cohort_size, active, {cumulated}
from counted join sizes using (start) window ages as (partition by start order by age)
"""
SUMMED = ("net_sales", "discount", "refund", "shipping_income", "cost_of_goods", "fulfilment_cost",
          "payment_cost", "contribution_margin")  # fmt: skip
VALUES = ("orders", "net_sales", "contribution_margin")
POWERS = {"total": 1, "squares": 2, "cubes": 3}
CUSTOMERS = f"""
create or replace temp table made_customers as
with marked as (
  select *, ordered_on > date '{AS_OF}' - 365 and ordered_on <= date '{AS_OF}' as is_inside
  from orders where customer_id is not null
)
select customer_id, min(ordered_at) as first_at, max(ordered_at) as last_at, count(*) as all_orders,
  sum(net_sales) as all_sales, count(*) filter (is_inside) as orders,
  sum(net_sales + refund + discount) filter (is_inside) as gross_sales,
  {", ".join(f"sum({name}) filter (is_inside) as {name}" for name in SUMMED)}
from marked group by customer_id having orders > 0
"""
VALUE = """
with ranked as (
  select contribution_margin, count(*) over () as n, row_number() over (
    order by contribution_margin desc, first_at, orders desc, net_sales desc, gross_sales desc,
      discount desc, md5(concat_ws(' ', last_at, all_orders, all_sales))) as place
  from made_customers
)
select (place * 10 + n - 1) // n as decile, count(*) as customers,
  sum(contribution_margin) as contribution_margin
from ranked group by decile order by decile
"""
NEXT = """
with firsts as (
  select customer_id, purchased_on, next_on from purchases
  where purchase_number = 1 and next_on > purchased_on
), sold as (
  select customer_id, ordered_on, category, sum(l.net_sales) as sales,
    any_value(ordered_on = purchased_on) as is_first
  from firsts join orders o using (customer_id) join order_lines l using (order_id)
  where (ordered_on = purchased_on or ordered_on = next_on) and category is not null
  group by customer_id, ordered_on, category
), main as (
  select customer_id, is_first, category from sold
  qualify row_number() over (partition by customer_id, ordered_on order by sales desc, category) = 1
)
select f.category as first, n.category as next, count(*) as customers
from main f join main n using (customer_id) where f.is_first and not n.is_first
group by all order by all
"""


def purchases(connection: ibis.BaseBackend) -> dict[str, Any]:
    connection.con.execute(PURCHASES)
    connection.con.execute(FIRST_ORDERS)
    return {"purchases": connection.table("made_purchases"),
            "first_orders": connection.table("made_firsts")}  # fmt: skip


def returns(connection: ibis.BaseBackend) -> dict[str, Any]:
    return {"counts": connection.con.execute(RETURNS).df()}


def cohorts(connection: ibis.BaseBackend) -> dict[str, Any]:
    parts: dict[str, list[str]] = {"sums": [], "so_far": [], "powers": [], "cumulated": []}
    for name in VALUES:
        parts["sums"].append(f"sum({name}) as {name}")
        parts["so_far"].append(f"sum({name}) over until_now as now_{name}")
        for power, k in POWERS.items():
            one, now = f"{name}::double", f"now_{name}::double"
            own, gain = (name, name) if k == 1 else (f"{one} ** {k}", f"{now} ** {k} - "
                         f"coalesce(now_{name} - {name}, 0)::double ** {k}")  # fmt: skip
            parts["powers"] += [
                f"sum({own}) as {name}_{power}",
                f"sum({gain}) as gain_{name}_{power}",
            ]
            parts["cumulated"] += [f"{name}_{power}", f"sum(gain_{name}_{power}) over ages "
                                   f"as cumulative_{name}_{power}"]  # fmt: skip
    sql = COHORTS.format(**{part: ", ".join(each) for part, each in parts.items()})
    return {"cells": connection.con.execute(sql).df()}


def value(connection: ibis.BaseBackend) -> dict[str, Any]:
    connection.con.execute(CUSTOMERS)
    deciles = connection.con.execute(VALUE).df()
    return {"customers": connection.table("made_customers"), "deciles": deciles}


def next_bought(connection: ibis.BaseBackend) -> dict[str, Any]:
    return {"pairs": connection.con.execute(NEXT).df()}

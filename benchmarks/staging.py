"""How long staging takes: `python -m benchmarks.staging`.

A generated export of orders (CSV, a row an order line) becomes canonical tables in a DuckDB file;
against pandas, which reads the same file and gives each column its type, which is the first step
of staging only. BENCHMARK_ROWS or `--rows` for another size than a million.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from benchmarks.generated import AS_OF, ORDERS_A_CUSTOMER, SETTINGS, generate
from benchmarks.performance import Section
from benchmarks.turns import arguments, hand_back, in_turns, timed, told

LINES_AN_ORDER = 4 / 3
EXPORT = """
copy (
  select o.order_id as "Order", customer_id as "Buyer",
    strftime(ordered_at, '%d.%m.%Y %H:%M:%S') as "Date", net_goods as "Goods", refund as "Refund",
    shipping_income as "Freight", o.channel as "Channel", o.country as "Country",
    product_id as "Product", product_name as "Name", category as "Category", 1 as "Quantity",
    l.net_sales as "Amount"
  from orders o join order_lines l using (order_id)
) to '{file}' (format csv, header)
"""
PARAMETERS = """
client: {{name: Generated, language: en, currency: EUR, timezone: Europe/Helsinki, country: FI}}
as_of: {as_of}
sources:
  orders:
    path: exports/orders.csv
    vat: excluded
    date_format: "%d.%m.%Y %H:%M:%S"
    columns:
      order_id: Order
      customer_id: Buyer
      ordered_at: Date
      amount: Goods
      refund: Refund
      shipping: Freight
      channel: Channel
      country: Country
      product_id: Product
      product_name: Name
      category: Category
      quantity: Quantity
      line_amount: Amount
assumptions: {{gross_margin_share: 0.45}}
"""
MONEY = ["Goods", "Refund", "Freight", "Amount"]


def export(folder: Path, rows: int) -> int:
    """Writes the workspace of a client with an export of about so many rows, and tells how many."""
    file = folder / "generated.duckdb"
    generate(file, customers=round(rows / LINES_AN_ORDER / ORDERS_A_CUSTOMER))
    exports = folder / "data" / "generated" / "exports"
    exports.mkdir(parents=True)
    (folder / "params").mkdir()
    (folder / "params" / "generated.yml").write_text(PARAMETERS.format(as_of=AS_OF))
    with duckdb.connect(file, read_only=True) as connection:
        connection.execute(SETTINGS)
        connection.execute(EXPORT.format(file=exports / "orders.csv"))
        found = connection.execute("select count(*) from order_lines").fetchall()[0][0]
    file.unlink()
    return found


def staged(folder: Path) -> dict[str, Any]:
    """The whole of staging: typed rows, orders, purchases, pseudonyms, checks, one file."""
    os.environ["WORKSPACE"] = str(folder)
    from templates_lib.params.file import load_params
    from templates_lib.staging import staging
    from templates_lib.workspace import ClientFolders

    folders = ClientFolders("generated")
    params = load_params("generated")
    shutil.rmtree(folders.build, ignore_errors=True)  # a staged file is used again
    file, seconds = timed(lambda: staging.stage(params, folders), is_warm=False)
    connection, _ = staging.open_staged(file)
    orders = connection.table("orders")
    sums = orders.aggregate(orders=orders.count(), sales=(orders.net_sales + orders.refund).sum())
    found = sums.to_pyarrow().to_pylist()[0]
    return {"seconds": seconds, "sums": [found["orders"], float(found["sales"])]}


def by_pandas(folder: Path) -> dict[str, Any]:
    """The file read, and its columns typed."""
    file = folder / "data" / "generated" / "exports" / "orders.csv"

    def read() -> pd.DataFrame:
        rows = pd.read_csv(file, dtype=str)
        rows[MONEY] = rows[MONEY].apply(pd.to_numeric)
        rows["Quantity"] = pd.to_numeric(rows["Quantity"])
        rows["Date"] = pd.to_datetime(rows["Date"], format="%d.%m.%Y %H:%M:%S")
        rows["Date"] = rows["Date"].dt.tz_localize(
            "Europe/Helsinki", ambiguous="NaT", nonexistent="shift_forward"
        )
        return rows

    rows, seconds = timed(read, is_warm=False)
    orders = rows.drop_duplicates("Order")
    sums = [len(orders), float(orders["Goods"].sum())]
    return {"seconds": seconds, "sums": sums}


WAYS = {"ours": staged, "by_pandas": by_pandas}


def main() -> None:
    parser = arguments(__doc__)
    size = int(os.environ.get("BENCHMARK_ROWS", "1_000_000"))
    parser.add_argument("--rows", type=int, default=size)
    chosen = parser.parse_args()
    if chosen.way:
        hand_back(WAYS[chosen.way](chosen.file))
        return
    section = Section("staging", ["duckdb", "ibis-framework", "pandas", "pandera"])
    with tempfile.TemporaryDirectory() as folder:
        rows = export(Path(folder), chosen.rows)
        options = ["--file", folder]
        best = in_turns("staging", list(WAYS), options, turns=chosen.turns, same=["sums"])
    section.say(f"{rows:,} rows of orders, CSV with a row an order line:")
    per_second = rows / best["ours"]["seconds"]
    section.items(
        told("staging", best["ours"]) + f", {per_second:,.0f} rows a second",
        told("pandas, the file read and typed", best["by_pandas"]),
    )
    ratio = best["ours"]["seconds"] / best["by_pandas"]["seconds"]
    section.items(f"The whole of staging takes {ratio:.1f} times as long as reading in pandas.")
    section.write(chosen.date)


if __name__ == "__main__":
    main()

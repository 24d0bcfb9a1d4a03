"""Real data that several test modules stage, each once a session."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pytest
from conftest import staged

from templates_lib.params.params import Params
from templates_lib.workspace import repository

Staged = tuple[Params, ibis.BaseBackend, dict[str, Any]]

# UCI Online Retail (doi:10.24432/C5BW33): every line of a British wholesaler of gifts, in pounds.
ONLINE_RETAIL = """
client: {name: Online Retail, language: en, currency: GBP, timezone: Europe/London, country: GB}
as_of: 2011-12-09
sources:
  orders:
    format: table
    path: exports/online_retail_2010_2011.csv.gz
    columns:
      order_id: InvoiceNo
      customer_id: CustomerID
      ordered_at: InvoiceDate
      product_id: StockCode
      product_name: Description
      country: Country
      quantity: Quantity
      unit_price: UnitPrice
    vat: excluded
    cancelled: [{column: InvoiceNo, starts_with: C}]
    left_out: [{column: Quantity, at_most: 0}, {column: UnitPrice, at_most: 0}]
"""
CANCELLATIONS_KEPT = ONLINE_RETAIL.replace(
    "    cancelled: [{column: InvoiceNo, starts_with: C}]\n", ""
)
CANCELLATIONS_KEPT = CANCELLATIONS_KEPT.replace("{column: Quantity, at_most: 0}, ", "")


@cache
def example(name: str, *changes: tuple[str, str]) -> Staged:
    """A shipped example, with texts of its parameter file changed."""
    params = (repository() / "params" / f"{name}.yml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in params, f"{old!r} is not in params/{name}.yml"
        params = params.replace(old, new)
    return _staged(name, params)


@cache
def online_retail(shared: Path, params: str = ONLINE_RETAIL) -> Staged:
    """Online Retail, from the folder of reference data."""
    return _staged("retail", params, shared / "data" / "online_retail_2010_2011.csv.gz")


def _staged(name: str, params: str, *exports: Path) -> Staged:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKSPACE", folder)
        for place in (f"data/{name}/exports", "params"):
            Path(folder, place).mkdir(parents=True)
        Path(folder, "params", f"{name}.yml").write_text(params, encoding="utf-8")
        for export in exports:
            copy = Path(folder, "data", name, "exports", export.name)
            try:
                os.link(export, copy)
            except OSError:
                shutil.copyfile(export, copy)
        return staged(name)  # the open file outlives its folder


def cdnow_rows() -> pd.DataFrame:
    """CDNOW as pandas reads it, for results that this project did not compute."""
    package = Path(importlib.util.find_spec("lifetimes").origin).parent
    rows = pd.read_csv(
        package / "datasets" / "CDNOW_sample.txt",
        sep=r"\s+",
        header=None,
        names=["master_id", "customer", "date", "discs", "dollars"],
    )
    return rows.assign(date=pd.to_datetime(rows["date"], format="%Y%m%d"))

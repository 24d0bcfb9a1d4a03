"""How many decimals of money are kept, against Python's own exact arithmetic."""

from __future__ import annotations

from decimal import Decimal, localcontext

import ibis
import pandas as pd
import pytest

from templates_lib.stats.power_sums import decimals, narrow, power


def of(values: list[str], copies: int = 1, customer: str = "c") -> ibis.Table:
    rows = pd.DataFrame({"x": values * copies})
    rows["customer"] = [f"{customer}{k % 1000}" for k in range(len(rows))]
    return ibis.memtable(rows).cast({"x": "decimal(18, 4)"})


@pytest.mark.parametrize(
    ("values", "copies", "kept"),
    [
        (["12.3456", "-7.8901"], 1, 4),
        (["4999.1234", "-5000.9876"], 20_000, 4),  # 2 × 10⁸ in all, no single one is large
        (["99999999.1234"], 2, 4),
        (["100000000.1234"], 1, 2),
        (["10000000000.25"], 1, 0),
    ],
)
def test_the_sum_of_cubes_fits_and_is_exact(values, copies, kept):
    table = of(values, copies)
    assert decimals(table, "x") == kept
    found = table.aggregate(s=power(narrow(table.x, decimals=kept), 3).sum()).to_pyarrow()
    with localcontext(prec=60):
        unit = Decimal(1).scaleb(-kept)
        cubes = [Decimal(v).quantize(unit, "ROUND_HALF_UP") ** 3 for v in values]
        assert found["s"][0].as_py() == copies * sum(cubes)


def test_sums_by_customer_decide_and_those_without_one_are_no_customer():
    table = of(["4999.1234", "-5000.9876"], 20_000)
    assert decimals(table, "x", by="customer") == 4
    alone = table.mutate(customer=ibis.literal("all"))
    assert decimals(alone, "x", by="customer") == 2
    assert decimals(alone.mutate(customer=ibis.null("string")), "x", by="customer") == 4

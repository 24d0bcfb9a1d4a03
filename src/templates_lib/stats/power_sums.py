"""Σx, Σx² and Σx³ in the engine, exactly: what the interval of a mean is made of.

Sums of decimals do not depend on the order in which threads add, as those of floats do. The
widest decimal has 38 digits, so that the cube of a value may have 36: the values keep four
decimals where everything together is below 10⁸, and fewer only where it is more.
"""

from __future__ import annotations

import ibis.expr.types as ir

POWERS = ("total", "squares", "cubes")
DIGITS = 12


def decimals(table: ir.Table, *columns: str) -> int:
    """How many decimals of the values can be kept: by the sum of all their sizes."""
    sums = {c: table[c].cast("decimal(38, 4)").abs().sum() for c in columns}
    found = table.aggregate(**sums).to_pyarrow().to_pylist()[0]
    largest = max(float(value or 0) for value in found.values())
    return next((d for d in (4, 2, 0) if largest < 10 ** (DIGITS - d)), 0)


def narrow(value: ir.NumericValue, *, decimals: int) -> ir.DecimalValue:
    """A value as a decimal whose cube still fits."""
    return value.cast(f"decimal({DIGITS}, {decimals})")


def power(value: ir.DecimalValue, exponent: int) -> ir.DecimalValue:
    """A power of what `narrow` gave, without loss.

    DuckDB multiplies decimals of up to 18 digits within 18 digits, so one side is widened first;
    Spark drops decimals where the two sides together have more than 37 digits.
    """
    scale = value.type().scale
    result = value.cast(f"decimal({2 * DIGITS}, {scale})")
    for factor in range(2, exponent + 1):
        result = (result * value).cast(f"decimal({DIGITS * factor}, {scale * factor})")
    return result

"""Σx, Σx² and Σx³ in the engine, exactly: what the interval of a mean is made of.

Sums of decimals do not depend on the order in which threads add, as those of floats do. The
widest decimal has 38 digits, so that the cube of a value may have 36: values keep four decimals
where each is below 10⁸ and the sum of their cubes below 10²⁶, and fewer only beyond.
"""

from __future__ import annotations

import ibis.expr.types as ir

POWERS = ("total", "squares", "cubes")
DIGITS, WIDEST = 12, 38


def decimals(table: ir.Table, *columns: str, by: str | None = None) -> int:
    """How many decimals of the values can be kept; with ``by``, of their sums by that column.

    Of all sizes together where those are small enough, which takes one pass; else by the largest
    one and all of them: no sum of cubes is above the square of the largest times all. A ``by``
    that takes several units together is quicker, and errs on the safe side.
    """
    sizes = {c: table[c].cast(f"decimal({WIDEST}, 4)").abs() for c in columns}
    whole = _largest(table.aggregate(**{c: size.sum() for c, size in sizes.items()}))
    if whole < 10 ** (DIGITS - 4):
        return 4
    each = table.mutate(**sizes)
    if by is not None:
        known = each.filter(each[by].notnull())
        each = known.group_by(by).aggregate(**{c: known[c].sum() for c in columns})
    most = _largest(each.aggregate(**{c: each[c].max() for c in columns}))
    fitting = (
        d
        for d in (4, 2, 0)
        if most < 10 ** (DIGITS - d) and most**2 * whole < 10 ** (WIDEST - 3 * d)
    )
    return next(fitting, 0)


def _largest(sums: ir.Table) -> float:
    return max(float(value or 0) for value in sums.to_pyarrow().to_pylist()[0].values())


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

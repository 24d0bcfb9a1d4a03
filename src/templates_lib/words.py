"""Numbers, money, dates and shares as the reader's language writes them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
from babel import Locale, dates, numbers

Number = int | float | Decimal
MISSING = "–"


def is_missing(value: Any) -> bool:
    """Whether a value of a table is empty: None, NaN or NaT."""
    return value is None or value is pd.NA or value != value


def _unsigned_zero(value: Number, digits: int) -> Number:
    """0 where a number is shown as zero, so that none reads ``−0``."""
    return value if round(Decimal(str(value)), digits) else 0


LOCALES = {"en": "en_GB", "fi": "fi_FI"}


@dataclass(frozen=True)
class Words:
    """Formats for one language and currency."""

    language: str
    currency: str

    @property
    def locale(self) -> Locale:
        return Locale.parse(LOCALES[self.language])

    def number(self, value: Number, digits: int = 0) -> str:
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        shown = _unsigned_zero(value, digits)
        text = numbers.format_decimal(shown, format=pattern, locale=self.locale)
        return text.replace("-", "\u2212")

    def count(self, n: int, one: str, many: str) -> str:
        """A number with its noun: ``1 cohort``, ``1,204 cohorts``."""
        return f"{self.number(n)} {one if n == 1 else many}"

    def span(self, low: Number, high: Number, digits: int = 0) -> str:
        """``43 to 55``, or one number where both ends are written alike."""
        ends = [self.number(value, digits) for value in (low, high)]
        return ends[0] if ends[0] == ends[1] else " to ".join(ends)

    def share(self, value: Number, digits: int = 0) -> str:
        pattern = numbers.parse_pattern(self.locale.percent_formats[None].pattern)
        pattern.frac_prec = (digits, digits)
        return pattern.apply(_unsigned_zero(value, digits + 2), self.locale)

    def money(self, value: Number, digits: int | None = None) -> str:
        """Whole units from 1,000 on, cents below, unless ``digits`` says otherwise."""
        shown = (0 if abs(value) >= 1000 else 2) if digits is None else digits
        pattern = numbers.parse_pattern(self.locale.currency_formats["standard"].pattern)
        pattern.frac_prec = (shown, shown)
        amount = Decimal(str(_unsigned_zero(value, shown)))
        return pattern.apply(amount, self.locale, currency=self.currency, currency_digits=False)

    def day(self, value: date) -> str:
        return dates.format_date(value, format="medium", locale=self.locale)

    def money_axis(self, value: Number) -> str:
        """Money without cents, for the axis of a chart."""
        return self.money(value, 0)

    def month(self, value: date | str) -> str:
        """A month by any day in it, or written ``2026-10``."""
        if isinstance(value, str):
            value = date.fromisoformat(f"{value}-01")
        return dates.format_date(value, format="LLL yyyy", locale=self.locale)

    def of_100(self, share: float, low: float, high: float) -> str:
        """``19 (very likely 17–21)``: a share as persons of a hundred, with its interval."""
        digits = 1 if high < 0.02 else 0
        shown = [self.number(100 * value, digits) for value in (share, low, high)]
        return f"{shown[0]} (very likely {shown[1]}–{shown[2]})"

    def cell(self, value: Any, unit: str) -> str:
        """A value of a table by the unit of its column."""
        if is_missing(value):
            return MISSING
        if unit == "share":
            return self.share(value, 1)
        if unit == "money":
            return self.money(value, 2 if abs(value) < 10_000 else 0)
        if unit in ("count", "days"):
            return self.number(value)
        if unit == "number":
            return self.number(value, 2)
        if unit == "p_value":
            return f"< {self.number(0.001, 3)}" if value < 0.001 else self.number(value, 3)
        if unit == "date":
            return self.day(value)
        if unit == "flag":
            return "yes" if value else "no"
        if isinstance(value, float) and math.isfinite(value):
            return self.number(value, 0 if value == int(value) else 2)
        return str(value)

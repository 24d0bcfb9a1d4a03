"""Numbers, money, dates and shares as the reader's language writes them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
from babel import Locale, dates, lists, numbers

from templates_lib.language import LOCALES

Number = int | float | Decimal
MISSING = "–"
MINUS = "\u2212"


def is_missing(value: Any) -> bool:
    """Whether a value of a table is empty: None, NaN or NaT."""
    return value is None or value is pd.NA or value != value


def _unsigned_zero(value: Number, digits: int) -> Number:
    """0 where a number is shown as zero, so that none reads ``−0``."""
    return value if round(Decimal(str(value)), digits) else 0


@dataclass(frozen=True)
class _Usage:
    """What Babel does not know of how a language writes."""

    span: str
    span_below_zero: str
    is_unit_once: bool
    of_100: str
    quoted: str
    yes: str
    no: str
    month: str
    year_and_month: str
    year_and_quarter: str
    year_and_week: str


# Finnish: of ranges Kielitoimiston ohjepankki, "Ajatusviiva" and "Kolme pistettä"
USAGE = {
    "en": _Usage(
        span="{low} to {high}", span_below_zero="{low} to {high}", is_unit_once=False,
        of_100="{n} (very likely {low}–{high})",
        quoted="“{text}”", yes="yes", no="no", month="LLL yyyy",
        year_and_month="{year}-{part}", year_and_quarter="{year}-Q{part}",
        year_and_week="{year}-W{part}",
    ),
    "fi": _Usage(
        span="{low}–{high}", span_below_zero="{low}…{high}", is_unit_once=True,
        of_100="{n} (hyvin todennäköisesti {low}–{high})",
        quoted="”{text}”", yes="kyllä", no="ei", month="L/yyyy",
        year_and_month="{part}/{year}", year_and_quarter="Q{part}/{year}",
        year_and_week="viikko {part}/{year}",
    ),
}  # fmt: skip
PERIOD = re.compile(r"(?P<year>\d{4})-(?P<kind>[QW]?)(?P<part>\d{1,2})")


@dataclass(frozen=True)
class Words:
    """Formats for one language and currency."""

    language: str
    currency: str

    @property
    def locale(self) -> Locale:
        return Locale.parse(LOCALES[self.language])

    @property
    def _usage(self) -> _Usage:
        return USAGE[self.language]

    def number(self, value: Number, digits: int = 0) -> str:
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        shown = _unsigned_zero(value, digits)
        text = numbers.format_decimal(shown, format=pattern, locale=self.locale)
        return text.replace("-", MINUS)

    def count(self, n: int, one: str, many: str) -> str:
        """A number with its noun: ``1 cohort``, ``1,204 cohorts``."""
        return f"{self.number(n)} {one if n == 1 else many}"

    def span(self, low: Number, high: Number, digits: int = 0) -> str:
        """``43 to 55``, or one number where both ends are written alike."""
        ends = [self.number(value, digits) for value in (low, high)]
        form = self._usage.span_below_zero if low < 0 else self._usage.span
        return ends[0] if ends[0] == ends[1] else form.format(low=ends[0], high=ends[1])

    def share_span(self, low: Number, high: Number, digits: int = 0) -> str:
        """``43% to 55%``, ``43–55 %``."""
        usage = self._usage
        low_end = self.number(100 * low, digits) if usage.is_unit_once else self.share(low, digits)
        form = usage.span_below_zero if low < 0 else usage.span
        return form.format(low=low_end, high=self.share(high, digits))

    def money_span(self, low: Number, high: Number, digits: int | None = 0) -> str:
        """``€43 to €55``, ``43–55 €``."""
        usage = self._usage
        is_once = usage.is_unit_once and digits is not None
        low_end = self.number(low, digits) if is_once else self.money(low, digits)
        form = usage.span_below_zero if low < 0 else usage.span
        return form.format(low=low_end, high=self.money(high, digits))

    def quoted(self, text: str) -> str:
        """``“text”``: a name of the client's own."""
        return self._usage.quoted.format(text=text)

    def listed(self, parts: Sequence[str]) -> str:
        """``a, b and c``."""
        return lists.format_list([str(part) for part in parts], locale=self.locale)

    def share(self, value: Number, digits: int = 0) -> str:
        pattern = numbers.parse_pattern(self.locale.percent_formats[None].pattern)
        pattern.frac_prec = (digits, digits)
        text = pattern.apply(_unsigned_zero(value, digits + 2), self.locale)
        return text.replace("-", MINUS)

    def money(self, value: Number, digits: int | None = None) -> str:
        """Whole units from 1,000 on, cents below, unless ``digits`` says otherwise."""
        shown = (0 if abs(value) >= 1000 else 2) if digits is None else digits
        pattern = numbers.parse_pattern(self.locale.currency_formats["standard"].pattern)
        pattern.frac_prec = (shown, shown)
        amount = Decimal(str(_unsigned_zero(value, shown)))
        text = pattern.apply(amount, self.locale, currency=self.currency, currency_digits=False)
        return text.replace("-", MINUS)

    def day(self, value: date) -> str:
        return dates.format_date(value, format="medium", locale=self.locale)

    def money_axis(self, value: Number) -> str:
        """Money without cents, for the axis of a chart."""
        return self.money(value, 0)

    def month(self, value: date | str) -> str:
        """A month by any day in it, or written ``2026-10``."""
        if isinstance(value, str):
            value = date.fromisoformat(f"{value}-01")
        return dates.format_date(value, format=self._usage.month, locale=self.locale)

    def month_of_year(self, number: int) -> str:
        """``January`` to ``December``, ``tammikuu`` to ``joulukuu``, by 1 to 12."""
        return dates.get_month_names("wide", context="stand-alone", locale=self.locale)[number]

    def period(self, name: str) -> str:
        """A month, quarter or week of a table: ``2026-10``, ``2026-Q4``, ``2026-W45``, or the
        first and the last of several, ``2026-07–2026-12``; any other name, such as that of a
        wave, as it stands."""
        first, dash, last = name.partition("–")
        if dash and PERIOD.fullmatch(first) and PERIOD.fullmatch(last):
            return f"{self.period(first)}–{self.period(last)}"
        found = PERIOD.fullmatch(name)
        if found is None:
            return name
        usage = self._usage
        forms = {"Q": usage.year_and_quarter, "W": usage.year_and_week, "": usage.year_and_month}
        part = found["part"] if self.language == "en" else str(int(found["part"]))
        return forms[found["kind"]].format(year=found["year"], part=part)

    def of_100(self, share: float, low: float, high: float) -> str:
        """``19 (very likely 17–21)``: a share as persons of a hundred, with its interval."""
        digits = 1 if high < 0.02 else 0
        shown = [self.number(100 * value, digits) for value in (share, low, high)]
        return self._usage.of_100.format(n=shown[0], low=shown[1], high=shown[2])

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
            return self._usage.yes if value else self._usage.no
        if unit in ("period", "code"):  # a wave may be a group, which is a code
            return self.period(str(value))
        if isinstance(value, float) and math.isfinite(value):
            return self.number(value, 0 if value == int(value) else 2)
        return str(value)

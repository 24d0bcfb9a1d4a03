"""What a test of a forecast showed, and the time ahead, in words."""

from __future__ import annotations

from templates_lib.activity import Period
from templates_lib.language import NN_, tr, trn
from templates_lib.projection.contracts_ahead import Kept
from templates_lib.projection.holdout import Check
from templates_lib.words import Words

NEXT = {
    "week": NN_("in the next week", "in the next {n} weeks"),
    "month": NN_("in the next month", "in the next {n} months"),
    "quarter": NN_("in the next quarter", "in the next {n} quarters"),
    "year": NN_("in the next year", "in the next {n} years"),
}


def in_the_next(n: int, period: Period | str, window_days: int | None, words: Words) -> str:
    """``in the next 6 months``; windows are counted in days."""
    if window_days is not None:
        days = n * window_days
        return trn("in the next day", "in the next {n} days", days, n=words.number(days))
    return trn(*NEXT[period], n, n=words.number(n))


def verdict(test: Check | None, *, words: Words, worth: str) -> list[str]:
    """What the model said of the time held out, what came, and why no forecast is shown."""
    if test is None:
        return [tr(
            "A forecast takes 200 customers, 100 repeat purchases and 30 customers with two "
            "or more before the last third of the time, and 180 days in all."
        )]  # fmt: skip
    bought, brought = test.totals.itertuples()
    said = [tr(
        "From the purchases up to {day} the model predicts {predicted} purchases of these "
        "{n} customers in the {weeks} weeks "
        "after; {came} came ({off}). Of {worth} it predicts {money}, and {brought} came.",
        day=words.day(test.until), predicted=words.number(bought.predicted),
        n=words.number(bought.n), weeks=words.number(test.days / 7),
        came=words.number(bought.actual), off=_by_how_much(bought.off, words), worth=worth,
        money=words.money(brought.predicted, 0), brought=words.money(brought.actual, 0),
    )]  # fmt: skip
    if not test.passes:
        said.append(tr("That is more than a fifth off, so that no forecast is shown."))
    elif not test.agrees:
        said.append(no_agreement())
    return said


def no_agreement() -> str:
    """Why no forecast is shown where the two models are far apart."""
    return tr(
        "A second model, in which customers stop at any time, says over a fifth more or "
        "fewer purchases, so that no forecast is shown."
    )


def kept_verdict(kept: Kept | None, *, words: Words) -> str:
    """What was predicted of contracts in the periods held out, and what came."""
    if kept is None:
        return tr(
            "Contracts can be projected from four whole periods before the last third of "
            "them, of cohorts of 30 customers or more of whom some left and some stayed."
        )
    last = kept.check.iloc[-1]
    values = {
        "n": words.number(last.n), "day": words.day(kept.until),
        "predicted": words.number(last.predicted), "came": words.number(last.actual),
    }  # fmt: skip
    if kept.passes:
        return tr(
            "Of {n} customers kept up to {day} the model predicts {predicted} at the end; "
            "{came} were kept.",
            **values,
        )
    return tr(
        "Of {n} customers kept up to {day} the model predicts {predicted} at the end; {came} "
        "were kept. Over those periods it is more than a fifth off, so that no forecast is shown.",
        **values,
    )


def _by_how_much(off: float, words: Words) -> str:
    if off != off:
        return tr("none of them")
    share = words.share(abs(off))
    return tr("{share} too many", share=share) if off > 0 else tr("{share} too few", share=share)

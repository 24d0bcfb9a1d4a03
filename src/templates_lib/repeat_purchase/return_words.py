"""What goes with coming back, in words."""

from __future__ import annotations

from templates_lib.labels import label
from templates_lib.language import tr
from templates_lib.repeat_purchase.repeat_purchase import ALL
from templates_lib.repeat_purchase.return_model import ReturnModel, Strongest
from templates_lib.words import Words


def times(value: float, words: Words) -> str:
    """A ratio: ``1.28``, ``0.45``, ``2.3``."""
    return words.number(value, _digits(value))


def _digits(ratio: float) -> int:
    """So many that a ratio near 1 can be told from 1."""
    return 1 if ratio > 1.995 else 2


def headline(best: Strongest, words: Words) -> str:
    """How many times as often the ones come back, at any time or until and after the median."""
    said = {
        "attribute": label(best.split), "more": label(best.more), "less": label(best.less),
        "ratio": times(best.ratio, words), "day": words.number(best.day),
        "other": "" if best.other is None else times(best.other, words),
    }  # fmt: skip
    if best.period == ALL:
        return tr(
            "At any time, customers with {attribute} “{more}” come back {ratio} "
            "times as often as those with “{less}”, all else alike",
            **said,
        )
    if best.period == "early":
        if best.other is None:
            return tr(
                "Until day {day}, customers with {attribute} “{more}” come back {ratio} "
                "times as often as those with “{less}”, all else alike",
                **said,
            )
        return tr(
            "Until day {day}, customers with {attribute} “{more}” come back {ratio} "
            "times as often as those with “{less}”; after it, {other} times",
            **said,
        )
    if best.other is None:
        return tr(
            "After day {day}, customers with {attribute} “{more}” come back {ratio} "
            "times as often as those with “{less}”, all else alike",
            **said,
        )
    return tr(
        "After day {day}, customers with {attribute} “{more}” come back {ratio} "
        "times as often as those with “{less}”; until then, {other} times",
        **said,
    )


def explained(best: Strongest, found: ReturnModel, words: Words) -> str:
    """What the ratio is of, its interval, and what the customers compared are alike in."""
    rest = [label(name) for name in found.design.terms if name != best.split]
    return " ".join(
        [
            tr("Of those not back yet, on any one day; the ratio is very likely {range}.",
               range=words.span(best.low, best.high, _digits(best.ratio))),
            tr("Compared are customers who are alike in the rest: {attributes}.",
               attributes=words.listed(rest)),
            tr("It is an association: the groups may differ in what is not known here."),
        ]
    )  # fmt: skip


def later(best: Strongest | None, words: Words) -> str:
    """Whether the first purchase still tells who comes back after the second and later ones."""
    if best is None:
        return tr(
            "From the second purchase on, none of this tells any more who comes back "
            "more often, beyond chance."
        )
    return tr(
        "From the second purchase on, customers with {attribute} “{more}” still come back {ratio} "
        "times as often (very likely {range}) as those with “{less}”.",
        attribute=label(best.split),
        more=label(best.more),
        less=label(best.less),
        ratio=times(best.ratio, words),
        range=words.span(best.low, best.high, _digits(best.ratio)),
    )

"""Free text without what tells who wrote it: addresses of any kind, numbers, identity codes.

Names are taken out by ``names.py``. Formats: the Finnish personal identity code (dvv.fi), E.164 and
national telephone numbers, Finnish account numbers and postal addresses.
"""

from __future__ import annotations

import ibis.expr.types as ir

STREET = (
    "katu|kuja|polku|kaari|raitti|väylä|rinne|ranta|tie|tori|gatan|gränden|vägen|stigen|street|"
    "road|avenue|lane"
)
# In RE2 \s, \w and - are ASCII: phones and word processors also write other blanks and dashes.
BLANK, DASH = r"[\s\p{Z}]", r"\p{Pd}−"
LETTERS = r"[\p{L}\p{N}_-]"
DOT = rf"(\.|{BLANK}?[\(\[](dot|piste)[\)\]]{BLANK}?)"
BETWEEN = rf"[\s\p{{Z}}()./{DASH}]"  # the figures of a number
MASKS = (
    (
        rf"(?i)[\p{{L}}\p{{N}}_.+%-]+{BLANK}?(@|[\(\[](at|ät)[\)\]]){BLANK}?"
        rf"{LETTERS}+({DOT}{LETTERS}+)+",
        "[e-mail]",
    ),
    (rf"(?i)\d{{6}}{BLANK}?[{DASH}+A-FU-Y]{BLANK}?\d{{3}}[0-9A-Y]\b", "[identity code]"),
    (rf"(?i)\bFI\d{{2}}({BLANK}?\d{{4}}){{3}}{BLANK}?\d{{2}}\b", "[account]"),
    (rf"(\+{BLANK}?|\b00|\b358){BETWEEN}?\d(\d|{BETWEEN}){{5,20}}\d", "[telephone]"),
    (rf"\(?\b0\d{{2}}\)?([\s\p{{Z}}{DASH}]\d{{2,3}}){{3,4}}\b", "[telephone]"),
    (  # a point after two figures is that of a day: 01.02.2026
        rf"\(?\b0(\d{{1,3}}\)?[\s\p{{Z}}(){DASH}]{{0,3}}|\d{{2}}[./])\d{{3,4}}{BETWEEN}{{0,2}}"
        rf"\d{{2,5}}\b",
        "[telephone]",
    ),
    (
        rf"(?i)[\p{{L}}-]{{3,}}{BLANK}?({STREET}){BLANK}+\d+{BLANK}?[a-z]?\b"
        rf"({BLANK}?\d{{1,3}}\b)?",
        "[address]",
    ),
    (rf"\b\d{{5}}{BLANK}+\p{{Lu}}[\p{{L}}-]+", "[address]"),
)


def masked(text: ir.StringValue) -> ir.StringValue:
    """The text with a mark in the place of each such piece of it."""
    for pattern, mark in MASKS:
        text = text.re_replace(pattern, mark)
    return text


def without_query(address: ir.StringValue) -> ir.StringValue:
    """A page's address without what follows ``?`` or ``#``, where forms leave what was typed."""
    return masked(address.re_replace(r"[?#].*$", ""))

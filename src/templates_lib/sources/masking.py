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
MASKS = (
    (r"(?i)[\w.+%-]+\s?(@|\(at\)|\[at\])\s?[\w-]+(\.[\w-]+)+", "[e-mail]"),
    (r"(?i)\b\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]\b", "[identity code]"),
    (r"(?i)\bFI\d{2}( ?\d{4}){3} ?\d{2}\b", "[account]"),
    (r"(\+|\b00)\d[\d\s()./-]{5,16}\d", "[telephone]"),
    (r"\b0\d{1,3}[\s-]?\d{3,4}[\s-]?\d{2,5}\b", "[telephone]"),
    (rf"(?i)[\p{{L}}-]{{3,}}\s?({STREET})\s+\d+\s?[a-z]?\b(\s?\d{{1,3}}\b)?", "[address]"),
    (r"\b\d{5}\s+\p{Lu}[\p{L}-]+", "[address]"),
)


def masked(text: ir.StringValue) -> ir.StringValue:
    """The text with a mark in the place of each such piece of it."""
    for pattern, mark in MASKS:
        text = text.re_replace(pattern, mark)
    return text


def without_query(address: ir.StringValue) -> ir.StringValue:
    """A page's address without what follows ``?`` or ``#``, where forms leave what was typed."""
    return masked(address.re_replace(r"[?#].*$", ""))

"""Pseudonyms: what stands in the place of the shop's own ids past the sources."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from templates_lib.sources.engine import execute


def make_pseudonyms(
    connection: ibis.BaseBackend, keys: Sequence[ir.Table], secret: bytes
) -> ir.Table:
    """Makes the table ``pseudonyms``: own_key, and pseudonym, its HMAC-SHA256 (RFC 2104) under
    the client's secret, 32 hexadecimal digits of it.

    Parameters
    ----------
    keys : tables of one column, ``own_key``; a key may stand in them several times, or be missing
    """
    block = (hashlib.sha256(secret).digest() if len(secret) > 64 else secret).ljust(64, b"\0")
    inner = bytes(b ^ 0x36 for b in block)
    outer = bytes(b ^ 0x5C for b in block)
    found = [f"({connection.compile(each.distinct())})" for each in keys]
    found = found or ["(select null::varchar as own_key)"]  # spend alone names nobody
    execute(
        connection,
        "create table pseudonyms as select own_key, left(sha256(?::blob || unhex(sha256("
        "?::blob || encode(own_key)))), 32) as pseudonym "
        f"from (select distinct own_key from ({' union all '.join(found)})) "
        "where own_key is not null",
        [outer, inner],
    )
    return connection.table("pseudonyms")

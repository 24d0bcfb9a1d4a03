"""Small tables of events for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.tables import EVENTS

START = pd.Timestamp("2026-06-01 09:00")


def events(rows: Iterable[Mapping[str, Any]]) -> ir.Table:
    """A table of events; ``minute`` is the time since ``START``, what is not given is missing but
    the visit, which is then the visitor's only one."""
    frame = pd.DataFrame(rows)
    frame["occurred_at"] = START + pd.to_timedelta(frame.pop("minute"), unit="min")
    if "session_id" not in frame and "visitor_id" in frame:
        frame["session_id"] = frame["visitor_id"]
    frame = frame.reindex(columns=list(EVENTS))
    texts = [name for name in EVENTS if name != "occurred_at"]
    frame[texts] = frame[texts].astype(object).where(frame[texts].notna(), None)
    return ibis.memtable(frame, schema=EVENTS)


def walk(visitor: str, *steps: str, minute: float = 0, **more: Any) -> list[dict[str, Any]]:
    """A visitor's steps, a minute apart."""
    return [
        {"visitor_id": visitor, "event": step, "minute": minute + i, **more}
        for i, step in enumerate(steps)
    ]

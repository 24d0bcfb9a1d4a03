"""Analysis templates for consultants who help merchants understand their customers.

A notebook needs four names: ``open_client``, ``finding``, ``figure`` and ``table``.
"""

from __future__ import annotations

import importlib
from typing import Any

HOMES = {
    "figure": "templates_lib.report.findings",
    "finding": "templates_lib.report.findings",
    "open_client": "templates_lib.client",
    "table": "templates_lib.report.findings",
}
__all__ = ["figure", "finding", "open_client", "table"]


def __getattr__(name: str) -> Any:
    """Imports what is asked for only then: a command that refuses a name loads no engine."""
    if name in HOMES:
        return getattr(importlib.import_module(HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

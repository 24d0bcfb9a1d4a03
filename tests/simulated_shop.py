"""A demo shop through the pipeline beside its truth, with the pseudonyms of a key that is known."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import NamedTuple

import ibis
import pytest
import yaml
from conftest import staged

from templates_lib import demo
from templates_lib.params.params import Params
from templates_lib.workspace import repository

KEY = "a key for tests"
READ = ("orders", "products", "customers", "touchpoints")


class Simulated(NamedTuple):
    params: Params
    connection: ibis.BaseBackend
    facts: dict
    truth: demo.Truth


def pseudonym(own: str) -> str:
    """What an order or a customer is called under ``KEY``."""
    return hmac.new(KEY.encode(), own.encode(), hashlib.sha256).hexdigest()[:32]


def simulated_shop(folder: Path, *, seed: int, customers: int) -> Simulated:
    """A full shop in an empty folder, staged with what costs are made of."""
    truth = demo.write(
        folder / "data" / "demo" / "exports", shop="full", seed=seed, customers=customers
    )
    given = yaml.safe_load((repository() / "params" / "demo.yml").read_text(encoding="utf-8"))
    params = {key: given[key] for key in ("client", "as_of", "assumptions", "purchases")}
    params["sources"] = {name: given["sources"][name] for name in READ}
    (folder / "params").mkdir()
    (folder / "params" / "demo.yml").write_text(yaml.safe_dump(params), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKSPACE", str(folder))
        patch.setenv("PSEUDONYM_KEY", KEY)
        return Simulated(*staged("demo"), truth)

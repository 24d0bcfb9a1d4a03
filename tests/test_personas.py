"""Personas stand apart by what they rest on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from templates_lib.icp import personas
from templates_lib.words import Words

SEGMENTS = pd.DataFrame({
    "segment": ["taste", "gift", "no_segment"], "customers": [200, 50, 9],
    "share": [0.7, 0.3, np.nan],
    "stability": [0.9, 0.65, np.nan], "says": ["a", "b", None],
})  # fmt: skip
VALUES = pd.DataFrame({"segment": ["taste"], "n": [100], "value_per_customer": [80.0],
                       "low": [70.0], "high": [95.0]})  # fmt: skip
RULES = pd.DataFrame({
    "rule": ["first is coffee", "first is a gift"], "n": [90, 60], "share_target": [0.3, 0.02],
    "low": [0.2, 0.0], "high": [0.4, 0.08],
})  # fmt: skip


def made(**options):
    usual = {"words": Words("en", "EUR"), "base_share": 0.1}
    return personas.personas(SEGMENTS, VALUES, RULES, **(usual | options)).set_index("persona")


def test_each_has_its_evidence_and_what_is_not_known():
    table = made()
    assert table["evidence"].to_dict() == {
        "taste": "stable_segment", "first is coffee": "rule", "gift": "hypothesis",
    }  # fmt: skip
    assert table.loc["taste", ["value_per_customer", "low", "high"]].tolist() == [80, 70, 95]
    assert "found again" in table.loc["gift", "unknown"]
    assert "what they are worth" in table.loc["gift", "unknown"]


def test_given_answers_are_hypotheses():
    assert made(is_latent=False).loc["taste", "evidence"] == "hypothesis"


def test_a_rule_of_those_who_are_seldom_the_best_is_no_persona():
    assert "first is a gift" not in made().index

"""The parameters in force as the reader sees them: keys as in the file, meanings in words."""

from __future__ import annotations

import re
from datetime import date

from templates_lib import language
from templates_lib.params.params import Params
from templates_lib.report.notebooks import templates
from templates_lib.report.parameters import descriptions, parameters_table


def rows(topic: str, **sections: dict) -> dict[str, tuple[str, str]]:
    params = Params.model_validate(
        {"client": {"name": "Kauppa"}, "as_of": date(2026, 10, 31), "sources": {}} | sections
    )
    html = parameters_table(params, params.topic(topic), topic)
    cells = re.findall(r"<code>([^<]+)</code></th><td[^>]*>(.*?)</td><td[^>]*>(.*?)</td>", html)
    return {key: (value, meaning) for key, value, meaning in cells}


def test_a_parameter_stands_under_its_key_with_its_value_and_meaning():
    shown = rows("icp", icp={"target": {"by": "repeat"}}, assumptions={"gross_margin_share": 0.4})
    assert shown["icp.target.by"][0] == "repeat"
    assert shown["icp.value_days"] == (
        "365", "Value and purchases are counted over so many days from the first purchase, of those"
        " observed so long, days.",
    )  # fmt: skip
    assert shown["purchases.history"][1].startswith("<code>complete</code> if the file holds")
    assert shown["assumptions.gross_margin_share"][0] == "0.4"
    assert "assumptions.payment_cost_share" not in shown, "not assumed"


def test_values_are_lists_without_brackets_and_escaped():
    shown = rows("repeat_purchase", repeat_purchase={"split_by": ["a<b", "c"]})
    assert shown["repeat_purchase.split_by"][0] == "a&lt;b, c"
    assert rows("cohorts")["cohorts.split_by"][0] == "–"


def test_keys_stay_and_meanings_are_in_the_reader_s_language():
    english = rows("journey")
    language.use("fi")
    finnish = rows("journey")
    assert english.keys() == finnish.keys()
    assert [k for k in english if english[k][1] == finnish[k][1]] == []


def test_every_parameter_of_an_analysis_has_a_description():
    told = list(descriptions({notebook.topic for notebook in templates()}))
    assert len(told) > 80
    assert [topic for topic, text in told if not text] == []

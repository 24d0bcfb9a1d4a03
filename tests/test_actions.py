"""Actions and what became of them, lists, how sure and what is missing, feeling against facts."""

from __future__ import annotations

import ast
import math
from datetime import date

import nbformat
import pandas as pd
import pytest

from templates_lib import actions, editorial, evidence, halves, language, summary
from templates_lib.coding.codebook import open_codebook
from templates_lib.contacts import ID
from templates_lib.editorial import Editorial
from templates_lib.labels import LABELS
from templates_lib.params.tables import Stage
from templates_lib.report import editing
from templates_lib.report.notebooks import templates
from templates_lib.stats.intervals import newcombe, wilson
from templates_lib.words import Words
from templates_lib.workspace import ClientFolders

EN = Words("en", "EUR")
DAY = date(2026, 10, 31)
DO = {"do": "Write to them.", "check": "Half of them at random.", "test_size": 292}


def a_finding(identity: str, headline: str = "Of 100, 35 do", **own) -> dict:
    given = {"id": identity, "notebook": identity.partition(".")[0],
             "headline": headline, "text": "", "estimate": 0.35, "low": 0.34, "high": 0.36,
             "n": 1000, "unit": "share", "evidence": "orders", "strength": "strong",
             "effect_eur": None, "action": None}  # fmt: skip
    return given | own


def table_of(found, said=None, **own):
    given = {"as_of": DAY, "check_days": 90, "lists": {}}
    return actions.actions(editorial.edited(found, said or Editorial(), EN), **(given | own))


# What to do


def test_actions_are_those_of_firm_findings_with_whom_where_and_when():
    worth = {"estimate": 900.0, "low": 100.0, "high": 1700.0, "assumptions": "x"}
    found = [
        a_finding("journey.win_back", action=DO),
        a_finding("journey.bottleneck", action=DO, effect_eur=worth),
        a_finding(
            "own.thing", action=DO | {"with_whom": "buyers", "days": 30}, strength="moderate"
        ),
        a_finding("journey.change"),
        a_finding("customer_value.main_cause", action=DO, strength="weak"),
        a_finding("cohorts.newer_cohorts", action=DO, strength="chance"),
    ]
    said = Editorial.model_validate({"owner": {"own.thing": "Maija"},
                                     "tried": {"own.thing": {"what": "A call"}}})  # fmt: skip
    table = table_of(found, said, lists={"journey__win_back": "To win back"},
                     earlier=pd.DataFrame({"finding": ["journey.win_back"]}))  # fmt: skip
    assert table.columns.tolist() == actions.COLUMNS
    rows = table.set_index("finding")
    assert rows.index.tolist() == ["journey.bottleneck", "journey.win_back", "own.thing"]
    first, second, third = (rows.loc[identity] for identity in rows.index)
    assert first[["with_whom", "stage", "channel", "worth", "low", "high"]].tolist() == [
        "visitors", "purchase", "website", 900.0, 100.0, 1700.0,
    ]  # fmt: skip
    assert first["check_on"] == date(2027, 1, 29)  # Python: date(2026, 10, 31) + 90 days
    assert second["list"] == "journey__win_back"
    assert third[["with_whom", "owner"]].tolist() == ["buyers", "Maija"]
    assert third["check_on"] == date(2026, 11, 30)
    assert rows["status"].tolist() == ["new_action", "proposed_before", "tried"]
    assert rows["test_size"].tolist() == [292, 292, 292]


def test_a_list_that_is_not_in_this_run_is_not_named():
    (row,) = table_of([a_finding("journey.win_back", action=DO)]).to_dict("records")
    assert row["list"] is None


def test_without_actions_the_table_has_its_columns():
    assert table_of([a_finding("journey.change")]).columns.tolist() == actions.COLUMNS
    assert len(table_of([])) == 0


def test_the_usual_places_are_of_findings_stages_and_words_that_there_are():
    known = editing.known(templates())
    stages = set(Stage.__args__)
    for begin, place in actions.USUAL.items():
        ids = [*known.ids, *(p.replace("\\", "") for p in known.patterns)]
        assert any(identity.startswith(begin) for identity in ids), begin
        assert place.stage in stages
        assert {place.with_whom, place.channel} <= set(LABELS)
    for identity in halves.JOINED:
        assert identity in known, identity


# What became of it

CHANGES = pd.DataFrame(
    [
        ("a.up", 0.30, 0.40, 0.10, 0.05, 0.15, "customers"),
        ("a.down", 0.30, 0.20, -0.10, -0.15, -0.05, "customers"),
        ("a.same", 0.30, 0.32, 0.02, -0.03, 0.07, "customers"),
        ("a.defined", 0.30, 0.40, 0.10, math.nan, math.nan, "definition"),
        ("a.gone", 0.30, math.nan, math.nan, math.nan, math.nan, "vanished"),
    ],
    columns=["finding", "before", "now", "difference", "low", "high", "kind"],
)


@pytest.mark.parametrize(
    ("finding", "better", "outcome"),
    [("a.up", "up", "better"), ("a.up", "down", "worse"), ("a.down", "down", "better"),
     ("a.down", "up", "worse"), ("a.up", None, "changed"),
     ("a.same", "up", "no_change_beyond_chance"), ("a.defined", "up", "not_comparable"),
     ("a.gone", "up", "not_comparable"), ("a.unknown", "up", "not_comparable")],
)  # fmt: skip
def test_whether_what_was_tried_worked(finding, better, outcome):
    action = DO | ({"better": better} if better else {})
    said = Editorial.model_validate({"tried": {finding: {"what": {"en": "A call", "fi": "Soitto"},
                                                         "since": "2026-08-01"}}})  # fmt: skip
    before = table_of([a_finding(finding, action=action)])
    today = [] if finding == "a.gone" else [a_finding(finding, action=action)]
    table = actions.outcomes(before, today, CHANGES, said, language="fi")
    assert table.columns.tolist() == actions.OUTCOMES
    (row,) = table.to_dict("records")
    assert (row["outcome"], row["tried"]) == (outcome, "Soitto")
    assert row["tried_since"] == date(2026, 8, 1)


def test_what_nobody_tried_has_no_outcome_and_what_is_hidden_is_not_told():
    before = table_of([a_finding("a.up", action=DO), a_finding("a.down", action=DO)])
    said = Editorial(hide=["a.down"])
    table = actions.outcomes(before, [], CHANGES, said, language="en")
    assert table[["finding", "outcome"]].to_numpy().tolist() == [["a.up", "not_tried"]]
    assert table["difference"].tolist() == [0.10]


# Lists


def test_lists_are_counted_and_never_hold_a_contact():
    people = pd.DataFrame({ID: ["a", "b", "b", "c", "d", "e", "f"], "email": ["x@y.fi"] * 7})
    tables = {
        "journey__win_back": ("To win back", people),
        "icp__score": ("Score", people.head(3)),
        "interviews__calls": ("Calls", people.head(0)),
        "nps_drivers__suggested_terms": ("Words", pd.DataFrame({"word": ["a"]})),
    }
    table = actions.lists(tables, client="acme", min_cell=5)
    assert table["list"].tolist() == ["icp__score", "interviews__calls", "journey__win_back"]
    assert table["customers"].isna().tolist() == [True, False, False], "two people are not told"
    assert table["customers"].tolist()[1:] == [0, 6]
    assert table["command"].iloc[2] == "make contacts CLIENT=acme LIST=journey__win_back"
    assert "x@y.fi" not in table.to_csv()


# How sure


def test_a_difference_needs_as_many_as_a_test_of_it_would():
    # R: power.prop.test(p1 = 0.30, p2 = 0.35, power = 0.8)$n is 1376.1 a group.
    low, high = newcombe(35, 100, 30, 100)
    found = a_finding("a.b", estimate=0.05, low=float(low), high=float(high), n=200,
                      strength="chance", null=0.0)  # fmt: skip
    assert evidence.n_needed(found) == pytest.approx(2 * 1376.1, rel=0.03)


@pytest.mark.parametrize(("k", "n", "strength"), [(6, 30, "weak"), (20, 100, "moderate")])
def test_a_share_with_so_many_is_of_the_next_degree(k, n, strength):
    low, high = wilson(k, n)
    found = a_finding("a.b", estimate=k / n, low=float(low), high=float(high), n=n,
                      strength=strength, null=None)  # fmt: skip
    needed = evidence.n_needed(found)
    low, high = wilson(k / n * needed, needed)
    aimed = {"weak": 0.3, "moderate": 0.1}[strength]
    assert (high - low) / 2 / (k / n) == pytest.approx(aimed, rel=0.05)


def test_what_is_firm_or_out_of_reach_needs_nothing_told():
    assert evidence.n_needed(a_finding("a.b")) is None
    hopeless = {"estimate": 0.001, "low": -0.1, "high": 0.1, "strength": "chance", "null": 0.0}
    assert evidence.n_needed(a_finding("a.b", **hopeless)) is None
    none = {"estimate": 0.0, "low": -0.1, "high": 0.1, "strength": "chance", "null": 0.0}
    assert evidence.n_needed(a_finding("a.b", **none)) is None


def test_the_evidence_of_every_finding_the_least_sure_first():
    unsure = {"estimate": 0.05, "low": -0.08, "high": 0.17, "strength": "chance", "null": 0.0}
    found = [a_finding("a.firm"), a_finding("a.unsure", **unsure, base="{n} offers")]
    table = evidence.evidence(found)
    assert table.columns.tolist() == evidence.COLUMNS
    assert table["finding"].tolist() == ["a.unsure", "a.firm"]
    shown = evidence.view(table, found, EN)
    assert shown["interval"].tolist() == ["5% (−8% to 17%)", "35% (34% to 36%)"]
    assert shown["rests_on"].tolist() == ["1,000 offers", "1,000 customers"]
    assert shown["how_sure"].tolist() == ["may be chance", "firm evidence"]
    assert shown["surer_with"].iloc[0].endswith(" offers")
    assert evidence.view(evidence.evidence([]), [], EN).empty


def test_what_is_missing_and_what_to_ask_until_then():
    asked, known = "Why did they leave without buying?", ["why_not", "newer_cohorts", "x"]
    table = pd.DataFrame({
        "topic": ["purchase_survey", "cohorts", "icp"], "question": [asked, "Newer?", "Who?"],
        "analysis": known, "enough": [False, False, True],
        "lacks": ["20 more answers", "1 cohort", None],
    })  # fmt: skip
    english = evidence.missing(table)
    assert english["question"].tolist() == [asked, "Newer?"]
    assert english["ask"].iloc[0].endswith(("?", "."))
    assert english["ask"].isna().tolist() == [False, True]
    language.use("fi")
    assert evidence.missing(table)["ask"].iloc[0] != english["ask"].iloc[0]


# Feeling and facts


def test_the_leading_findings_of_each_half_are_one_a_notebook():
    found = [
        a_finding("nps_drivers.score", evidence="survey", action=DO),
        a_finding("nps_drivers.reasons", evidence="survey"),
        a_finding("interviews.themes", evidence="interview", strength="weak"),
        a_finding("cohorts.active"),
        a_finding("journey.exits", evidence="behaviour"),
    ]
    table = halves.strongest(found)
    assert table[["half", "finding"]].to_numpy().tolist() == [
        ["feeling", "nps_drivers.score"], ["facts", "cohorts.active"], ["facts", "journey.exits"],
    ]  # fmt: skip


def met(*found, meant=None) -> list[list]:
    book = open_codebook(ClientFolders("nobody"))
    table = halves.joined(found, halves.themes(found, book, meant or {}))
    return table.astype(object).where(table.notna(), None).to_numpy().tolist()


BUY = a_finding("purchase_survey.why_today", evidence="survey", about={"Lahjaksi": 1})
RETURN = a_finding("repeat_purchase.returned_by_first_category",
                   about={"Laitteet": 1, "Lahjat": -1})  # fmt: skip
SLOW = a_finding("nps_drivers.reasons", evidence="survey", about={"delivery_speed": -1})
WROTE = a_finding("journey.service_return", about={"Toimitus": -1})


def test_where_feeling_and_facts_speak_of_the_same_theme():
    # As planted in the demo: gifts are a reason to buy, and those who begin with them do not
    # return (docs/demo.md); late deliveries lower the score, and those who write of them leave.
    assert met(BUY, RETURN) == [
        ["gift", "purchase_survey.why_today", "repeat_purchase.returned_by_first_category",
         "contradict"],
    ]  # fmt: skip
    assert met(SLOW, WROTE) == [
        ["delivery_speed", "nps_drivers.reasons", "journey.service_return", "agree"]
    ]
    assert met(SLOW, WROTE | {"about": {"Toimitus": 1}})[0][-1] == "contradict"


def test_a_client_s_own_word_means_what_the_parameters_say():
    late = SLOW | {"about": {"delivery_problem": -1}}
    assert met(late, WROTE) == [], "the codebook takes “Toimitus” for its speed"
    ((theme, *_, verdict),) = met(late, WROTE, meant={"delivery_problem": ["toimitus"]})
    assert (theme, verdict) == ("delivery_problem", "agree")


def test_what_a_finding_is_about_is_never_a_translated_text():
    said = [
        keyword.value
        for notebook in templates()
        for cell in nbformat.read(notebook.path, 4).cells
        if cell.cell_type == "code"
        for call in ast.walk(ast.parse(cell.source))
        if isinstance(call, ast.Call)
        for keyword in call.keywords
        if keyword.arg == "about"
    ]
    calls = [n for value in said for n in ast.walk(value) if isinstance(n, ast.Call)]
    assert len(said) > 9
    assert {ast.unparse(call.func) for call in calls} == {"wording.about"}


def test_without_a_shared_theme_nothing_is_guessed():
    assert met(BUY, WROTE) == []
    assert met(BUY, SLOW) == [], "both are what people say"
    assert met(BUY, RETURN | {"strength": "chance"}) == []
    assert met() == []


def test_a_finding_can_say_itself_what_it_is_about():
    own = a_finding("own.thing", about={"gift": 1})
    assert met(BUY, own) == [["gift", "purchase_survey.why_today", "own.thing", "agree"]]
    assert met(BUY, own | {"about": {"gift": 0}}) == []


def test_a_finding_that_holds_both_halves_tells_of_them_alone():
    outcome = a_finding("nps_drivers.outcome", evidence="behaviour")
    assert met(outcome) == [[None, "nps_drivers.outcome", "nps_drivers.outcome", "agree"]]
    assert met(outcome | {"estimate": -0.2})[0][-1] == "contradict"
    discovery = a_finding("purchase_survey.discovery", evidence="survey")
    assert met(discovery)[0][-1] == "contradict"


def test_nothing_stands_on_the_page_that_no_notebook_holds():
    found = [BUY, RETURN, SLOW, WROTE, a_finding("journey.win_back", action=DO),
             a_finding("cohorts.active", strength="chance", null=0.35)]  # fmt: skip
    said = Editorial(hide=["journey.win_back"], order=["icp.rules", "journey.win_back"])
    shown = editorial.edited(found, said, EN)
    ids = {f["id"] for f in shown}
    assert ids == {f["id"] for f in found} - {"journey.win_back"}
    book = open_codebook(ClientFolders("nobody"))
    joined = halves.joined(shown, halves.themes(shown, book, {}))
    named = {
        *table_of(found, said)["finding"],
        *evidence.evidence(shown)["finding"],
        *halves.strongest(shown)["finding"],
        *joined["feeling"],
        *joined["facts"],
        *(f["id"] for f in summary.chosen(shown, most=9)),
        *(f["id"] for f in summary.answer(shown)),
    }
    assert named <= ids
    assert set(evidence.evidence(shown)["finding"]) == ids

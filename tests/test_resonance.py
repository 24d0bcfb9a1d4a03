"""Do customers recognise themselves: counts by hand, Newcombe's published intervals, R, simulation
and what is planted in the demo."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import staged
from numpy.testing import assert_allclose
from scipy import stats

from templates_lib.demo import truth as planted
from templates_lib.demo.profile_survey import write_profile_survey
from templates_lib.demo.shop import open_shop
from templates_lib.profiles import corrections, resonance
from templates_lib.workspace import ClientFolders, repository

WHEN = {"zone": "Europe/Helsinki", "as_of": date(2026, 6, 30)}
FIRST = datetime(2026, 5, 1, 12, tzinfo=UTC)
SCHEMA = {"response_id": "string", "survey": "string", "customer_id": "string",
          "answered_at": "timestamp('UTC')", "question": "string", "kind": "string",
          "value": "decimal(18, 4)", "option": "string", "text": "string", "arm": "string",
          "profile_shown": "string"}  # fmt: skip


def responses(answers: list[dict]) -> ibis.Table:
    """One answer a dict: arm, shown, and rating, best, wrong, who, at (days later), survey."""
    rows = []
    for number, one in enumerate(answers):
        about = {
            "response_id": f"r{number:05}", "survey": one.get("survey", "profile"),
            "customer_id": one.get("who", f"c{number:05}"),
            "answered_at": FIRST + timedelta(days=one.get("at", 0)),
            "arm": one["arm"], "profile_shown": one["shown"],
        }  # fmt: skip
        for question, kind, column, value in (
            ("describes_me", "rating", "value", one.get("rating")),
            ("describes_best", "choice", "option", one.get("best")),
            ("what_is_wrong", "open", "text", one.get("wrong")),
        ):
            rows.append(about | {"question": question, "kind": kind, column: value})
    frame = pd.DataFrame(rows).reindex(columns=list(SCHEMA))
    return ibis.memtable(frame, schema=SCHEMA)


def rated(arm: str, shown: str, n: int, agreeing: int, **more) -> list[dict]:
    return [{"arm": arm, "shown": shown, "rating": 5 if i < agreeing else 3, **more}
            for i in range(n)]  # fmt: skip


def told(answers: list[dict], *, min_cell: int = 5) -> pd.DataFrame:
    given = resonance.answers(responses(answers), **WHEN)
    return resonance.agreement(given, min_cell=min_cell)


def test_the_difference_has_the_published_interval():
    """Newcombe (1998), Statistics in Medicine 17:873, method 10: 56/70 − 48/80."""
    found = told(rated("matched", "tea", 70, 56) + rated("mismatched", "tea", 80, 48))
    table = resonance.resonance(found)
    assert table.columns.tolist() == ["profile", "matched", "mismatched", "difference", "low",
                                      "high", "n"]  # fmt: skip
    assert table["profile"].tolist() == ["all", "tea"]
    for row in table.itertuples():
        assert_allclose([row.matched, row.mismatched, row.difference], [0.8, 0.6, 0.2])
        assert_allclose([row.low, row.high], [0.0524, 0.3339], atol=5e-5)
        assert row.n == 150
    # R: prop.test(56, 70, correct = FALSE)$conf.int
    own = found[found["arm"] == "matched"].iloc[0]
    assert_allclose([own["low"], own["high"]], [0.6918335550, 0.8769526075], atol=1e-9)


def test_one_of_the_two_best_ratings_agrees():
    scale = [{"arm": "matched", "shown": "tea", "rating": r} for r in (1, 2, 3, 4, 5)]
    given = resonance.answers(responses(scale), **WHEN)
    assert given.set_index("person")["agrees"].tolist() == [False, False, False, True, True]
    of_seven = resonance.answers(responses(scale), highest=7, **WHEN)
    assert not of_seven["agrees"].any()


def test_profiles_are_those_shown_and_the_largest_comes_first():
    found = told(
        rated("matched", "tea", 60, 40) + rated("mismatched", "tea", 60, 20)
        + rated("matched", "coffee", 80, 40) + rated("mismatched", "coffee", 70, 35)
    )  # fmt: skip
    assert found["profile"].tolist() == ["all"] * 2 + ["coffee"] * 2 + ["tea"] * 2
    assert found["n"].tolist() == [140, 130, 80, 70, 60, 60]
    assert found["people"].tolist() == [80, 55, 40, 35, 40, 20]


@pytest.mark.parametrize(
    "change",
    [
        {"arm": None}, {"arm": "somebody"}, {"shown": None}, {"survey": "nps"},
        {"rating": None}, {"at": 61},
    ],
)  # fmt: skip
def test_an_answer_that_says_nothing_of_it_is_left_out(change):
    one = {"arm": "matched", "shown": "tea", "rating": 5}
    given = resonance.answers(responses([one, one | change]), **WHEN)
    assert given["person"].tolist() == ["c00000"]


def test_arms_are_read_in_any_case():
    given = resonance.answers(
        responses([{"arm": " Matched", "shown": "tea ", "rating": 5}]), **WHEN
    )
    assert given[["arm", "profile_shown"]].to_numpy().tolist() == [["matched", "tea"]]


def test_of_each_person_the_first_answer_counts():
    again = [
        {"arm": "mismatched", "shown": "tea", "rating": 1, "who": "c1", "at": 3},
        {"arm": "matched", "shown": "coffee", "rating": 5, "who": "c1", "at": 1},
        {"arm": "matched", "shown": "tea", "rating": 2, "who": None},
        {"arm": "matched", "shown": "tea", "rating": 2, "who": None},
    ]
    given = resonance.answers(responses(again), **WHEN)
    assert given["person"].tolist() == ["r00002", "r00003", "c1"]
    assert given["profile_shown"].tolist() == ["tea", "tea", "coffee"]


def test_under_fifty_in_an_arm_only_the_counts_are_told():
    found = told(rated("matched", "tea", 49, 40) + rated("mismatched", "tea", 90, 10))
    assert found["n"].tolist() == [49, 90] * 2
    assert found["share"].isna().tolist() == [True, False] * 2
    assert found["people"].isna().tolist() == [True, False] * 2
    table = resonance.resonance(found)
    assert table["n"].tolist() == [139, 139]
    assert table[["matched", "mismatched", "difference", "low", "high"]].isna().all(axis=None)


def test_a_profile_that_few_rated_cannot_be_worked_out():
    found = told(
        rated("matched", "tea", 100, 70) + rated("mismatched", "tea", 100, 40)
        + rated("matched", "rare", 3, 3) + rated("mismatched", "rare", 60, 20)
        + rated("matched", "coffee", 55, 30) + rated("mismatched", "coffee", 60, 30)
    )  # fmt: skip
    own = found[(found["arm"] == "matched") & (found["profile"] != "all")].set_index("profile")
    assert own["n"].isna().to_dict() == {"tea": False, "rare": True, "coffee": True}
    assert own["share"].isna().equals(own["n"].isna())
    table = resonance.resonance(found).set_index("profile")
    assert table["n"].isna().to_dict() == {"all": False, "tea": False, "rare": True,
                                           "coffee": True}  # fmt: skip


def test_nothing_asked_is_nothing_told():
    for table in (None, responses([{"arm": None, "shown": None}])):
        given = resonance.answers(table, **WHEN)
        found = resonance.agreement(given, min_cell=5)
        assert found.empty
        assert resonance.resonance(found).columns.tolist() == resonance.RESONANCE
        assert resonance.resonance(found).empty
        assert not resonance.uneven(found)
        assert resonance.hits(given, profiles=[], min_cell=5).empty
        assert resonance.objections(given, min_cell=5).empty
        assert resonance.calibrated(given, by="agrees").empty


def test_a_text_that_everybody_likes_is_not_called_recognised():
    """Forer (1949): students rated one text for all 4.26 of 5 as a description of themselves."""
    found = told(rated("matched", "tea", 100, 87) + rated("mismatched", "tea", 100, 86))
    first = resonance.resonance(found).iloc[0]
    assert first["matched"] > 0.8
    assert first["low"] < 0 < first["high"]


def test_profiles_of_nobody_are_called_fitting_at_the_stated_rate():
    """1,000 surveys in which the arms agree alike, seed 7: 2.5 % are beyond zero on one side, and
    99.9 % of such counts are in scipy.stats.binom(1000, .025).interval(.999)."""
    rng = np.random.default_rng(7)
    own, other = rng.binomial(150, 0.5, 1000), rng.binomial(150, 0.5, 1000)
    counts = pd.DataFrame({
        "profile": np.tile(np.arange(1000).astype(str), 2), "arm": np.repeat(resonance.ARMS, 1000),
        "n": 150, "people": np.concatenate([own, other]),
        "share": np.concatenate([own, other]) / 150,
    })  # fmt: skip
    beyond = (resonance.resonance(counts)["low"] > 0).sum()
    low, high = stats.binom(1000, 0.025).interval(0.999)
    assert low <= beyond <= high


def test_arms_of_unlike_size_are_noticed():
    """scipy.stats.binomtest: 120 of 200 has p = .0057, 130 of 200 p = .000026."""
    assert not resonance.uneven(
        told(rated("matched", "a", 120, 9) + rated("mismatched", "a", 80, 9))
    )
    assert resonance.uneven(told(rated("matched", "a", 130, 9) + rated("mismatched", "a", 70, 9)))


MEMBERS = pd.DataFrame([("c00000", "tea", 0.9), ("c00001", "tea", 0.8), ("c00002", "coffee", 0.7),
                        ("c00003", "tea", 0.6)],
                       columns=["customer_id", "profile", "probability"])  # fmt: skip


def test_the_own_profile_is_that_of_the_day_it_was_shown():
    shown = [("matched", "tea"), ("matched", "coffee"), ("mismatched", "tea"),
             ("mismatched", "tea"), ("mismatched", "tea")]  # fmt: skip
    answers = [{"arm": arm, "shown": name, "rating": 4} for arm, name in shown]
    given = resonance.answers(responses(answers), members=MEMBERS, **WHEN).set_index("person")
    assert given["own"].tolist()[:3] == ["tea", "coffee", "coffee"]
    assert given["own"].isna().tolist()[3:] == [True, True], "changed since, and unknown"
    assert_allclose(given["probability"], [0.9, np.nan, 0.7, np.nan, np.nan])


def test_hits_are_counted_against_chance_and_popularity():
    picks = [("tea", "tea")] * 45 + [("tea", "coffee")] * 15 + [("coffee", "Tea")] * 25
    picks += [("coffee", "coffee")] * 10 + [("coffee", "none of these")] * 5
    answers = [{"arm": "matched", "shown": own, "best": best} for own, best in picks]
    given = resonance.answers(responses(answers), **WHEN)
    table = resonance.hits(given, profiles=["tea", "coffee", "cocoa", "juice"], min_cell=5)
    assert table["arm"].tolist() == ["all", "matched", "mismatched"]
    first = table.iloc[0]
    assert (first["n"], first["people"], first["chance_share"]) == (100, 55, 0.25)
    # tea: 60 of 100 theirs, 70 picked; coffee: 40 theirs, 25 picked
    assert_allclose(first["apart_share"], 0.6 * 0.7 + 0.4 * 0.25)
    # R: prop.test(55, 100, correct = FALSE)$conf.int
    assert_allclose([first["low"], first["high"]], [0.4524460, 0.6438546], atol=1e-6)
    assert table["share"].isna().tolist() == [False, False, True]
    assert table["people"].isna().tolist() == [False, False, True]


def test_a_surer_profile_is_recognised_oftener_where_that_is_planted():
    rng = np.random.default_rng(3)
    n = 1200
    sure = rng.uniform(0.3, 1, n)
    members = pd.DataFrame({"customer_id": [f"c{i:05}" for i in range(n)], "profile": "tea",
                            "probability": sure})  # fmt: skip
    hit, agrees = rng.random(n) < sure, rng.random(n) < 0.4 + 0.4 * sure
    answers = [{"arm": "matched", "shown": "tea", "rating": 5 if a else 2,
                "best": "tea" if h else "coffee"}
               for a, h in zip(agrees, hit, strict=True)]  # fmt: skip
    given = resonance.answers(responses(answers), members=members, **WHEN)
    picked = resonance.calibrated(given, by="chosen")
    assert len(picked) == 10
    assert picked["predicted_share"].between(picked["low"], picked["high"]).sum() >= 8
    agreed = resonance.calibrated(given, by="agrees")
    assert agreed["observed_share"].iloc[:3].mean() > agreed["observed_share"].iloc[-3:].mean()
    few = resonance.answers(responses(answers[:149]), members=members, **WHEN)
    assert resonance.calibrated(few, by="chosen").empty, "five groups of 30 take 150"
    alike = members.assign(probability=0.9)
    same = resonance.answers(responses(answers), members=alike, **WHEN)
    assert resonance.calibrated(same, by="chosen").empty, "one probability is one group"


def test_objections_are_of_those_shown_their_own():
    answers = rated("matched", "tea", 60, 30) + rated("matched", "tea", 20, 5, wrong="En juo teetä")
    answers += rated("mismatched", "tea", 70, 30, wrong="Ei ole minua")
    given = resonance.answers(responses(answers), **WHEN)
    table = resonance.objections(given, min_cell=5)
    assert table["profile"].tolist() == ["all", "tea"]
    assert table[["n", "people"]].to_numpy(int).tolist() == [[80, 20]] * 2
    assert_allclose(table["share"], 0.25)


def test_targeted_messages_are_compared_with_others():
    """Newcombe (1998), as above; rows of one arm are added up."""
    rows = [("Letter", "test", 30, 20), ("Letter", "test", 40, 36), ("Letter", "holdout", 80, 48),
            ("ads", "test", 500, 50), ("ads", "holdout", 500, 20)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["channel", "arm", "units", "converted"])
    table["end"] = date(2026, 5, 31)
    told = {"channels": ["letter"], "as_of": date(2026, 6, 30)}
    (found,) = resonance.messages(ibis.memtable(table), **told).itertuples()
    assert found.channel == "Letter"
    assert_allclose([found.targeted, found.untargeted, found.difference], [0.8, 0.6, 0.2])
    assert_allclose([found.low, found.high], [0.0524, 0.3339], atol=5e-5)
    assert found.n == 150
    few = resonance.messages(ibis.memtable(table.iloc[[0, 2]]), **told)
    assert few["targeted"].isna().all()
    assert few["n"].tolist() == [110]
    assert resonance.messages(ibis.memtable(table), channels=[], as_of=date(2026, 6, 30)).empty
    assert resonance.messages(
        ibis.memtable(table), channels=["letter"], as_of=date(2026, 1, 1)
    ).empty
    with pytest.raises(ValueError, match="more people bought"):
        resonance.messages(ibis.memtable(table.assign(converted=200)), **told)


def test_what_is_planted_in_the_demo_is_found(make_client):
    """The demo's survey as its tool exports it, through its own lines of the parameter file."""
    whole = yaml.safe_load((repository() / "params" / "demo.yml").read_text(encoding="utf-8"))
    own = [s for s in whole["sources"]["responses"] if s["survey"] == "profile"]
    params = {"client": whole["client"], "as_of": whole["as_of"], "sources": {"responses": own}}
    client = make_client(yaml.safe_dump(params, allow_unicode=True), {"x.csv": ""})
    folder = ClientFolders(client).data / "exports"
    write_profile_survey(folder, open_shop(seed=1, customers=6000), canary=None)
    settings, tables, _ = staged(client)
    rows, when = tables.table("responses"), WHEN | {"as_of": settings.as_of}
    given = resonance.answers(rows, **when)
    first = resonance.resonance(resonance.agreement(given, min_cell=5)).iloc[0]
    assert first["n"] > 600
    for name, share in planted.RESONANCE.items():
        assert first[name] == pytest.approx(share, abs=0.02)
    true = planted.RESONANCE["matched"] - planted.RESONANCE["mismatched"]
    assert first["difference"] == pytest.approx(true, abs=0.02)
    assert 0 < first["low"] < true < first["high"]
    picked = resonance.hits(given, profiles=given["profile_shown"].unique(), min_cell=5).iloc[0]
    assert picked["chance_share"] == pytest.approx(1 / len(planted.MOTIVES))
    assert picked["low"] < planted.FORCED_CHOICE_HIT < picked["high"]
    assert picked["low"] > picked["apart_share"]
    made = corrections.corrections(rows, **when)
    people = rows.filter(rows.customer_id.notnull()).customer_id.nunique().execute()
    for name, share in planted.CORRECTED.items():
        corrected = made.loc[made["attribute"] == name, "unit_id"].nunique()
        assert corrected / people == pytest.approx(share, abs=0.005)

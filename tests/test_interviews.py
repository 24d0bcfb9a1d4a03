"""Interviews: who is called, the guide, themes and saturation, against what was planted in the
demo, counts made by hand, and every order of a few interviews."""

from __future__ import annotations

import io
from datetime import date, timedelta
from itertools import permutations

import ibis
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from bs4 import BeautifulSoup
from conftest import ORDERS, staged
from numpy.testing import assert_allclose

from templates_lib import language as reader
from templates_lib.coding.codebook import STARTER, read_codebook
from templates_lib.data_health import sufficiency
from templates_lib.demo import accounts, truth
from templates_lib.demo.phrases import PAINS, THEMES
from templates_lib.demo.shop import open_shop
from templates_lib.interviews import call_plan, guide, guide_words, saturation, themes
from templates_lib.quotes import Approved, quotes, unknown_quotes
from templates_lib.report import findings
from templates_lib.tables import CUSTOMERS, INTERVIEWS, RESPONSES
from templates_lib.words import Words
from templates_lib.workspace import ClientFolders

AS_OF = date(2026, 6, 30)
WHEN = {"zone": "Europe/Helsinki", "as_of": AS_OF}
WORDS = Words("en", "EUR")
BOOK = read_codebook(STARTER, is_starter=True)
ROLES = {"decision_makers": ["Päättäjä"], "users": ["käyttäjä"]}


def table_of(rows: list[dict], columns) -> ibis.Table:
    return ibis.memtable(pa.Table.from_pylist(rows, schema=ibis.schema(columns).to_pyarrow()))


# Whom to call

FIRST = {"customer_id": "string", "first_on": "date", "second_on": "date", "last_on": "date",
         "net_sales": "decimal(18,4)", "first_category": "string",
         "purchases": "int64"}  # fmt: skip
PLACED = {"customer_id": "string", "purchases": "int64", "days_since": "int64", "days": "int64",
          "state": "string"}  # fmt: skip


def client(people: list[dict], scores: dict[str, int] | None = None) -> tuple[dict, ibis.Table]:
    """A client and where its customers stand, of whom each is described by a dict."""
    first, placed, known, given = [], [], [], []
    for number, one in enumerate(people):
        who, on = one["customer_id"], date(2025, 1, 1) + timedelta(number)
        first.append(
            {
                "customer_id": who,
                "first_on": on,
                "last_on": on,
                "purchases": 2,
                "net_sales": one.get("value", 1),
                "first_category": one.get("category", "a"),
            }
        )
        placed.append(
            {
                "customer_id": who,
                "purchases": 2,
                "days": 60,
                "days_since": one.get("days_since", 300),
                "state": one.get("state", "lapsed"),
            }
        )
        known.append({key: one.get(key) for key in CUSTOMERS} | {
            "consents": one.get("consents", "email interview")})  # fmt: skip
    for who, score in (scores or {}).items():
        given.append({"response_id": f"r{who}", "survey": "nps", "customer_id": who,
                      "answered_at": pd.Timestamp(2026, 5, 1), "question": "score",
                      "kind": "score", "value": score, "was_asked": True})  # fmt: skip
    have = {"first_orders": table_of(first, FIRST), "customers": table_of(known, CUSTOMERS),
            "responses": table_of(given, RESPONSES)}  # fmt: skip
    return have, table_of(placed, PLACED)


def drawn(have: dict, placed: ibis.Table, *, kind: str | None = "interview", wanted: int = 6,
          seed: int = 1, min_cell: int = 1) -> call_plan.Plan:  # fmt: skip
    rows = call_plan.candidates(
        have, placed, value="net_sales", roles=ROLES, newly_lost_days=90, scored_within_days=365,
        balance_by="first_category", words=WORDS, **WHEN,
    )  # fmt: skip
    allowed = call_plan.may_be_called(have, kind)
    return call_plan.plan(rows, allowed, wanted=wanted, seed=seed, min_cell=min_cell)


def many(n: int = 60) -> list[dict]:
    """Customers of whom a fifth each is best, newly lost, a decision maker, a user, and none."""
    kinds = ({"value": 100, "state": "in_time"}, {"state": "overdue", "days_since": 100},
             {"role": "päättäjä"}, {"role": "Käyttäjä "}, {})  # fmt: skip
    return [
        {"customer_id": f"c{k:03}", "category": "abc"[k // 5 % 3], **kinds[k % 5]} for k in range(n)
    ]


def test_each_stratum_gets_its_own_and_nobody_twice():
    scores = {f"c{k:03}": 10 if k % 2 else 2 for k in range(60)}
    plan = drawn(*client(many(), scores), wanted=5)
    assert list(plan.strata.columns) == ["stratum", "wanted", "available", "selected", "reason"]
    assert plan.strata["stratum"].tolist() == list(call_plan.REASONS)
    assert plan.strata["available"].tolist() == [12, 12, 30, 30, 12, 12]
    assert plan.strata["selected"].tolist() == [5] * 6
    assert plan.calls["customer_id"].is_unique
    place = plan.calls["customer_id"].str[1:].astype(int)
    of = {"best": 0, "newly_lost": 1, "decision_makers": 2, "users": 3}
    for stratum, kind in of.items():
        assert (place[plan.calls["stratum"] == stratum] % 5 == kind).all()
    assert (place[plan.calls["stratum"] == "promoters"] % 2 == 1).all()
    assert plan.calls.loc[plan.calls["stratum"] == "newly_lost", "reason"].unique().tolist() == [
        "2 purchases, then 40 days past the usual day"
    ]


def test_a_stratum_is_balanced_over_its_segments():
    people = many(300)
    plan = drawn(*client(people), wanted=6)
    category = {one["customer_id"]: one["category"] for one in people}
    own = plan.calls[plan.calls["stratum"] == "best"]["customer_id"].map(category)
    assert sorted(own) == ["a", "a", "b", "b", "c", "c"]


def test_the_draw_is_the_same_at_each_run_and_another_by_another_seed():
    have, placed = client(many(300))
    first, again, other = (drawn(have, placed, seed=seed).calls for seed in (1, 1, 2))
    assert first.equals(again)
    assert set(first["customer_id"]) != set(other["customer_id"])


def test_every_customer_of_a_stratum_is_as_likely_to_be_drawn():
    people = [{"customer_id": f"c{k}", "role": "päättäjä"} for k in range(10)]
    have, placed = client(people)
    rows = call_plan.candidates(
        have, placed, value="net_sales", roles=ROLES, newly_lost_days=90, scored_within_days=365,
        balance_by="none", words=WORDS, **WHEN,
    )  # fmt: skip
    allowed = call_plan.may_be_called(have, "email")
    times = pd.concat(
        call_plan.plan(rows, allowed, wanted=3, seed=seed, min_cell=1).calls for seed in range(400)
    )["customer_id"].value_counts()
    assert len(times) == 10
    assert times.between(85, 155).all()  # 400 draws of 3 in 10: 120, standard deviation 9


@pytest.mark.parametrize(
    "change",
    [
        {"consents": "email"},
        {"consents": None},
        {"consents": "interviews"},
        {"opted_out_at": pd.Timestamp(2026, 12, 1)},
        {"closed_at": pd.Timestamp(2024, 1, 1)},
    ],
)
def test_consent_withdrawn_between_two_runs_is_gone_from_the_next(change):
    people = [{"customer_id": f"c{k}", "role": "päättäjä"} for k in range(4)]
    assert "c1" in set(drawn(*client(people)).calls["customer_id"])
    people[1] |= change
    plan = drawn(*client(people))
    assert set(plan.calls["customer_id"]) == {"c0", "c2", "c3"}
    by_stratum = plan.strata.set_index("stratum")
    assert by_stratum.loc["decision_makers", "available"] == 3


def test_who_was_interviewed_is_not_called_again():
    have, placed = client([{"customer_id": f"c{k}", "role": "päättäjä"} for k in range(4)])
    have["interviews"] = table_of(
        [note("i1", "c1", "hinta"), note("i2", None, "hinta")], INTERVIEWS
    )
    assert set(drawn(have, placed).calls["customer_id"]) == {"c0", "c2", "c3"}
    every = [note(f"i{k}", f"c{k}", "hinta") for k in range(4)]
    have["interviews"] = table_of(every, INTERVIEWS)
    plan = drawn(have, placed)
    assert plan.strata["available"].tolist() == [0] * 6
    assert plan.calls.empty


def test_without_a_known_consent_nobody_is_drawn():
    have, placed = client(many())
    assert call_plan.consent_kind(("profile", "sms"), None) is None
    assert call_plan.consent_kind(("email", "phone"), None) == "phone"
    assert call_plan.consent_kind(("email", "interview"), "email") == "email"
    for kind in (None, "phone"):
        plan = drawn(have, placed, kind=kind)
        assert plan.strata["available"].tolist() == [12, 12, 0, 0, 12, 12]
        assert plan.strata["selected"].tolist() == [0] * 6
        assert plan.calls.empty


def test_a_small_stratum_is_hidden_and_another_with_it():
    people = [*many(300), {"customer_id": "x", "state": "lapsed"}]
    plan = drawn(*client(people, {"x": 10}), min_cell=5)
    hidden = plan.strata[plan.strata["available"].isna()]
    assert "promoters" in set(hidden["stratum"])
    assert len(hidden) >= 2
    assert hidden["selected"].isna().all()


# What to ask


def test_the_guide_asks_openly_and_says_why():
    shares = {"share": 0.345, "low": 0.31, "high": 0.38, "option": "<b>Kilpailija</b>"}
    gaps = [guide.Gap("alternatives", "competitor", shares), guide.Gap("trigger", "no_motive", {})]
    for language, said in (("en", "Of 100 buyers who answered, 34 (very likely 31–38)"),
                           ("fi", "34 (hyvin todennäköisesti 31–38) katsoi myös")):  # fmt: skip
        reader.use(language)
        table = guide.guide(gaps, ["best"], Words(language, "EUR"))
        assert list(table.columns) == ["stratum", "question", "reason"]
        assert set(table["stratum"]) == {"all", "best", "end"}
        assert (table["reason"] != "").sum() == 2
        html = guide.page(table)
        assert said in html
        assert "<b>" not in html
        assert "<b>Kilpailija</b>" in BeautifulSoup(html, "html.parser").get_text()
        document = guide.document(table).decode()
        assert document.startswith(f'<!doctype html><html lang="{language}">')


def test_every_group_has_questions_and_every_gap_a_question_and_a_reason():
    for stratum, text in guide_words.QUESTIONS.values():
        assert stratum in guide_words.GROUPS
        assert text.endswith(("?", "."))
    assert {stratum for stratum, _ in guide_words.QUESTIONS.values()} >= set(call_plan.REASONS)
    assert {one.name for one in sufficiency.analyses({})} >= guide.LACKING.keys()
    for asked, reason in guide.LACKING.values():
        assert asked in guide_words.QUESTIONS
        assert reason in guide_words.REASONS


@pytest.mark.parametrize("language", ["en", "fi"])
def test_a_client_without_surveys_is_asked_what_surveys_would_tell(language):
    reader.use(language)
    gaps = guide.from_lacking({}, as_of=AS_OF, words=WORDS)
    assert [gap.question for gap in gaps] == ["trigger", "hesitation", "told_others"]


def test_the_first_purchases_that_differ_most_are_named():
    rows = []
    for category, back, n in (("low", 4, 40), ("high", 20, 40), ("few", 9, 9), ("new", 0, 50)):
        for k in range(n):
            on = date(2024, 1, 1) if category != "new" else date(2026, 1, 1)
            again = on + timedelta(365 if k else 1) if k < back else on + timedelta(366)
            rows.append({"customer_id": f"{category}{k}", "first_on": on, "second_on": again,
                         "first_category": category})  # fmt: skip
    (gap,) = guide.from_first_purchases(table_of(rows, FIRST), as_of=AS_OF)
    assert (gap.values["option"], gap.values["other"]) == ("low", "high")
    assert (gap.values["share"], gap.values["other_share"]) == (0.1, 0.5)
    same = [row for row in rows if row["first_category"] in ("low", "few")]
    assert guide.from_first_purchases(table_of(same, FIRST), as_of=AS_OF) == []


def test_the_template_holds_a_row_a_call_and_question():
    calls = pd.DataFrame({"customer_id": ["p1", "p2"], "stratum": ["best", "users"], "reason": "x"})
    table = guide.guide([], ["best", "users"], Words("fi", "EUR"))
    notes = guide.template(calls, table)
    assert list(notes.columns) == guide.TEMPLATE
    ours = {"all", "end", "best"}
    assert (notes["interview"] == "1").sum() == table["stratum"].isin(ours).sum()
    made = guide.workbook(notes, BOOK, language="fi")
    assert made == guide.workbook(notes, BOOK, language="fi")
    book = openpyxl.load_workbook(io.BytesIO(made))
    assert [cell.value for cell in book["excerpts"][1]] == guide.TEMPLATE
    assert book["excerpts"].max_row == len(notes) + 1
    assert book["codes"].max_row == len(BOOK.codes) + 1
    assert guide.template(calls.head(0), table).empty


def test_the_filled_template_comes_back_as_the_notes_of_the_customer(make_client):
    calls = pd.DataFrame({"customer_id": ["p1"], "stratum": ["best"], "reason": "x"})
    made = guide.workbook(
        guide.template(calls, guide.guide([], ["best"], WORDS)), BOOK, language="fi"
    )
    book = openpyxl.load_workbook(io.BytesIO(made))
    filled = {"email": "a@example.com", "date": "2.6.2026", "coder": "A", "excerpt": "Hyvä hinta",
              "code": "price", "may_quote": "yes"}  # fmt: skip
    for row in book["excerpts"].iter_rows(min_row=2):
        for header, value in filled.items():
            row[guide.TEMPLATE.index(header)].value = value
    content = io.BytesIO()
    book.save(content)
    source = """
  interviews:
    format: table
    path: exports/notes.xlsx
    sheet: excerpts
    date_format: "%d.%m.%Y"
    columns: {interview_id: interview, customer_email: email, date: date, coder: coder,
              question: question, excerpt: excerpt, code: code, may_quote: may_quote}
"""
    params = ORDERS.replace("customer_id: customer", "customer_email: customer")
    orders = "order,customer,when,amount\n1,A@example.com,2026-05-01,10\n"
    client = make_client(params.rstrip() + source, {"orders.csv": orders,
                                                    "notes.xlsx": content.getvalue()})  # fmt: skip
    _, connection, _ = staged(client)
    have = {"interviews": connection.table("interviews")}
    notes = themes.excerpts(have, themes={}, as_of=AS_OF)
    (who,) = connection.table("orders").customer_id.execute()
    assert len(notes) == len(guide.guide([], ["best"], WORDS))
    assert set(notes["customer_id"]) == {who}
    assert notes["may_quote"].all()


# When themes repeat


def test_the_curve_against_every_order_of_six_interviews():
    told = np.random.default_rng(5).random((6, 7)) < 0.3
    counts = np.array([
        [told[list(order[:k])].any(axis=0).sum() for k in range(1, 7)]
        for order in permutations(range(6))
    ])  # fmt: skip
    assert_allclose(saturation.expected(told), counts.mean(axis=0))
    curve = saturation.curve(told, draws=4000, seed=1)
    assert curve["themes"].tolist() == counts[0].tolist()
    assert curve["new_themes"].cumsum().tolist() == curve["themes"].tolist()
    assert_allclose(
        curve[["low", "high"]].to_numpy().T, np.quantile(counts, [0.025, 0.975], axis=0)
    )
    rule = {"base_size": 2, "run_length": 2, "new_share": 0.2}
    stops = []
    for order in permutations(range(6)):
        seen = [told[list(order[:k])].any(axis=0).sum() for k in range(7)]
        stops.append(next((k for k in (4, 5, 6) if seen[k] - seen[k - 2] <= 0.2 * seen[2]
                           and seen[2]), None))  # fmt: skip
    stop = saturation.repeats(told, draws=4000, seed=1, **rule)
    assert stop.interviews == stops[0]
    assert abs(stop.share - np.mean([s is not None for s in stops])) < 0.03


def test_the_rule_by_hand():
    first_told_in = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 8]  # of 13 themes, 10 in the first four
    told = np.zeros((9, 13), dtype=bool)
    told[first_told_in, range(13)] = True
    runs = saturation.runs(told, base_size=4, run_length=2)
    assert runs["interviews"].tolist() == [6, 7, 8, 9]
    assert runs["new_themes"].tolist() == [2, 1, 0, 1]
    assert runs["new_share"].tolist() == [0.2, 0.1, 0.0, 0.1]
    rule = {"base_size": 4, "run_length": 2, "seed": 1}
    assert saturation.repeats(told, new_share=0.05, **rule).interviews == 8
    assert saturation.repeats(told, new_share=0.1, **rule).interviews == 7
    assert saturation.repeats(told[:7], new_share=0.05, **rule).interviews is None
    assert saturation.repeats(told[:5], new_share=0.05, **rule) is None


# What they tell


def note(interview: str, customer: str | None, code: str | None, coder: str = "A", **more) -> dict:
    return {"interview_id": interview, "customer_id": customer, "date": date(2026, 6, 1),
            "coder": coder, "question": "q", "excerpt": f"{interview} {code}", "code": code,
            "may_quote": True} | more  # fmt: skip


def read(rows: list[dict], people: list[dict] = (), **settings) -> pd.DataFrame:
    have = {"interviews": table_of(rows, INTERVIEWS)}
    if people:
        have["customers"] = table_of(list(people), CUSTOMERS)
    settings = {"themes": {}, "as_of": AS_OF} | settings
    return themes.excerpts(have, **settings)


def planted(seed: int, interviews: int, tmp_path, monkeypatch) -> tuple[pd.DataFrame, pd.Series]:
    """Notes of the demo's own interviews, and the motive of each interview."""
    monkeypatch.setattr(truth, "INTERVIEWS", interviews)
    shop = open_shop(seed=seed, customers=1500)
    accounts.write_interviews(tmp_path, shop, canary=None)
    sheet = pd.read_excel(tmp_path / "haastattelut.xlsx", dtype=str)
    names = dict(zip(sheet.columns, ["interview_id", "customer_id", "date", "coder", "question",
                                     "excerpt", "code", "may_quote"], strict=False))  # fmt: skip
    sheet = sheet.rename(columns=names)
    sheet["date"], sheet["may_quote"] = date(2026, 6, 1), sheet["may_quote"] == "K"
    # two excerpts of one interview can be of the same words: told apart here, as a person would
    place = sheet["coder"].eq("A").groupby(sheet["interview_id"]).cumsum()
    sheet["excerpt"] = sheet["excerpt"] + " " + place.astype(str)
    motive = shop.customers.set_index("email")["motive"]
    own = sheet.drop_duplicates("interview_id").set_index("interview_id")["customer_id"].map(motive)
    return read(sheet[list(INTERVIEWS)].to_dict("records")), own


def test_the_demos_themes_and_agreement_are_recovered(tmp_path, monkeypatch):
    notes, motives = planted(3, 240, tmp_path, monkeypatch)
    codes = [*(code for code, _ in THEMES.values()), *PAINS]
    n, agree = len(codes), truth.CODERS_AGREE_SHARE
    ours, pain = truth.EXCERPT_SHARES["own_motive"], truth.EXCERPT_SHARES["pain"]
    any_motive = (1 - ours - pain) / len(THEMES)
    alpha, told = {}, {}
    for motive, (code, _) in THEMES.items():
        p = ours * (motives == motive) + any_motive
        alpha[code], told[code] = p.mean(), (1 - (1 - p) ** accounts.EXCERPTS).mean()
    for code in PAINS:
        p = pain / len(PAINS)
        alpha[code], told[code] = p, 1 - (1 - p) ** accounts.EXCERPTS
    found = themes.agreed_on(notes, BOOK).set_index("code")
    covered = 0
    for code in codes:
        p = alpha[code]
        q = (p + agree * p + (1 - agree) / n) / 2
        differ = p * (1 - agree) * (n - 1) / n + (1 - p) * (1 - agree) / n
        expected = 1 - differ / (2 * q * (1 - q))
        covered += found.loc[code, "low"] <= expected <= found.loc[code, "high"]
        assert abs(found.loc[code, "alpha"] - expected) < 0.08
    assert covered >= 6  # of 7 intervals of 95 %
    # A alone is right: where the two differ, one in two, no theme is left
    by_first = notes[notes["coder"] == "A"]
    table = themes.themes(by_first, themes.in_force(by_first, BOOK), BOOK, min_cell=5)
    table = table.set_index("theme").loc[codes]
    assert (table["low"] <= pd.Series(told)).sum() + (table["high"] >= pd.Series(told)).sum() >= 13
    grid = saturation.incidence(
        themes.told(themes.in_force(by_first, BOOK)), sorted(by_first["interview_id"].unique())
    )
    stop = saturation.repeats(grid, base_size=4, run_length=2, new_share=0.05, seed=1)
    assert grid.shape == (240, 7)
    assert stop.share == 1
    assert stop.interviews <= 12


def test_themes_have_the_columns_that_others_rely_on():
    rows = [note(f"i{k}", f"c{k}", "hinta" if k < 8 else "lahja") for k in range(14)]
    rows += [note(f"i{k}", f"c{k}", "hinta" if k < 8 else "lahja", "B") for k in range(14)]
    notes = read(rows, themes={"price": ["Hinta"], "gift": ["lahja"]})
    table = themes.themes(notes, themes.in_force(notes, BOOK), BOOK, min_cell=5)
    assert list(table.columns) == ["theme", "interviews", "share", "low", "high", "alpha",
                                   "alpha_low", "alpha_high"]  # fmt: skip
    assert table["theme"].tolist() == ["price", "gift"]
    assert table["interviews"].tolist() == [8, 6]
    assert_allclose(table["share"], [8 / 14, 6 / 14])
    assert_allclose(table["alpha"], 1)
    few = read(rows[:9])
    assert themes.themes(few, themes.in_force(few, BOOK), BOOK, min_cell=5).empty


def test_most_of_the_coders_decide_and_the_codebook_where_nobody_coded():
    text = {"excerpt": "Hinta on kallis, liian kallis"}
    notes = read([note("i1", "c1", None, **text), note("i2", "c2", "gift", **text),
                  note("i3", "c3", "gift", "A", **text), note("i3", "c3", "price", "B", **text)],
                 themes={})  # fmt: skip
    codes = themes.in_force(notes, BOOK).groupby("interview_id")["code"].agg(set)
    assert "price" in codes["i1"]
    assert codes["i2"] == {"gift"}
    assert codes["i3"] == {"price"}  # one against one: the terms of the codebook


def test_notes_that_nobody_coded_are_coded_by_the_terms_of_the_codebook():
    text = {"excerpt": "Hinta on kallis, liian kallis"}
    notes = read([note(f"i{k}", f"c{k}", None, **text) for k in range(12)])
    codes = themes.in_force(notes, BOOK)
    table = themes.themes(notes, codes, BOOK, min_cell=5).set_index("theme")
    assert table.loc["price", "interviews"] == 12
    assert table["alpha"].isna().all()
    assert themes.agreed_on(notes, BOOK).empty


@pytest.mark.parametrize(
    "change", [{"opted_out_at": pd.Timestamp(2027, 1, 1)}, {"closed_at": pd.Timestamp(2026, 1, 1)},
               {"consents": "email"}])  # fmt: skip
def test_who_withdrew_is_gone_with_every_word(change):
    rows = [note("i1", "c1", "hinta"), note("i2", "c2", "hinta"), note("i3", None, "hinta")]
    people = [{"customer_id": c, "consents": "interview"} for c in ("c1", "c2")]
    declared = ("interview", "email")
    assert set(read(rows, people, declared=declared)["interview_id"]) == {"i1", "i2", "i3"}
    people[0] |= change
    left = read(rows, people, declared=declared)
    assert set(left["interview_id"]) == {"i2", "i3"}
    assert "i1" not in left.to_csv()
    if "consents" in change:  # where that consent is not asked for, its lack says nothing
        assert len(read(rows, people, declared=("email",))) == 3


def test_a_quote_needs_the_customer_a_person_and_enough_interviews(workspace):
    rows = [note(f"i{k}", f"c{k}", "gift") for k in range(5)]
    rows += [note("i0", "c0", "gift", "B", may_quote=False), note("i9", "c9", "price")]
    notes = read(rows)
    codes = themes.in_force(notes, BOOK)
    may = themes.quotable(notes, codes, min_cell=5)
    assert set(may["interview_id"]) == {"i1", "i2", "i3", "i4"}
    one = may["response_id"].iloc[0]
    shown = quotes(themes.answers(notes), may, (Approved(response_id=one),), min_cell=1)
    assert shown[["response_id", "code"]].to_numpy().tolist() == [[one, "gift"]]
    folders = ClientFolders("acme")
    folders.data.mkdir(parents=True)
    (folders.data / "editorial.yml").write_text(
        f"quotes:\n  - {{response_id: {one}, survey: interview}}\n  - response_id: {one[:-1]}\n"
    )
    table = table_of(rows, INTERVIEWS)
    (problem,) = unknown_quotes(folders, None, table)
    assert "quotes.2.response_id" in str(problem)


def test_groups_of_ten_interviews_only_and_small_counts_hidden():
    rows = [note(f"i{k:02}", f"c{k:02}", "gift" if k % 10 < 6 else "price") for k in range(25)]
    notes = read(rows)
    groups = pd.DataFrame({"customer_id": [f"c{k:02}" for k in range(25)],
                           "fifth": ["best"] * 10 + ["rest"] * 10 + ["few"] * 5})  # fmt: skip
    table = themes.by_group(notes, themes.in_force(notes, BOOK), groups, min_cell=5)
    assert set(table["group"]) == {"best", "rest"}
    assert table["interviews"].isna().all()  # 4 of price are hidden, so the 6 beside them too
    open_table = themes.by_group(notes, themes.in_force(notes, BOOK), groups, min_cell=2)
    assert open_table["interviews"].tolist() == [6, 4, 6, 4]
    assert (open_table["n"] == 10).all()


def test_what_interviews_tell_more_often_than_surveys_is_seen():
    rows = [note(f"i{k // 4}", f"c{k // 4}", "gift" if k % 2 else "price", excerpt=f"e{k}")
            for k in range(80)]  # fmt: skip
    notes = read(rows)
    given = pd.DataFrame({"survey": "nps", "response_id": [f"r{k}" for k in range(200)],
                          "question": "why", "code": ["gift"] * 20 + ["price"] * 180})  # fmt: skip
    table = themes.against_surveys(notes, themes.in_force(notes, BOOK), given, min_cell=5)
    assert_allclose(table["gap_share"].abs(), 0.4)
    assert len(themes.beyond_chance(table)) == 2
    alike = given.assign(code=["gift", "price"] * 100)
    same = themes.against_surveys(notes, themes.in_force(notes, BOOK), alike, min_cell=5)
    assert themes.beyond_chance(same).empty
    few = themes.against_surveys(notes, themes.in_force(notes, BOOK), given.head(20), min_cell=5)
    assert few.empty


def test_a_file_is_handed_on_and_its_name_is_checked(tmp_path):
    findings.begin("interviews", WORDS, tmp_path)
    findings.attach("guide.html", b"<p>")
    assert (tmp_path / "files" / "guide.html").read_bytes() == b"<p>"
    for name in ("../guide.html", "guide", "a.b.c", "Guide.html"):
        with pytest.raises(ValueError, match="a name is"):
            findings.attach(name, b"")

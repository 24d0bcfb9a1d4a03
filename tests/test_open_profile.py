"""The open profile: plain, escaped, without what is protected; for those who agreed, whole or not
at all, and nowhere but in the client's private folder."""

from __future__ import annotations

import hashlib
import hmac
import stat
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import yaml

from templates_lib import language
from templates_lib.cli import main
from templates_lib.problems import InputProblems
from templates_lib.profiles import batch, open_profile
from templates_lib.profiles.open_profile import About, Asked, Person
from templates_lib.sensitive import Guard
from templates_lib.words import Words

BAD = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
QUESTION = "Mikä on sinulle tärkeintä?"


class Tags(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text += data + "\n"


def shared(language="fi", **changes) -> About:
    about = About(
        "Kauppa Oy", "asiakaspalvelu@example.org", None, True, date(2026, 10, 31),
        {"matters": Asked(QUESTION, {}), "ticks": Asked(None, {"fresh": "Tuoreus"})},
        Guard(), Words(language, "EUR"), frozenset({"city"}),
    )  # fmt: skip
    return about._replace(**changes)


def known(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["attribute", "value", "source"])


def page(person: Person, sentences=(), **changes) -> Tags:
    return Tags(open_profile.page(person, sentences, shared(**changes)).decode())


def test_a_page_tells_what_is_known_and_where_it_comes_from():
    rows = known(("matters", "Tuoreus", "given"), ("ticks: fresh", "yes", "given"),
                 ("first_weekday", "weekend", "given"), ("city", "Turku", "corrected"),
                 ("first_order_value", "lower_third", "given"))  # fmt: skip
    text = page(Person("Aino Ahti", "fresh", 0.64, "first_day", rows), ["He ovat."]).text
    for line in ("Hei Aino Ahti", "He ovat.", "noin 64 sadasta",
                 f"Kysyimme: ”{QUESTION}” Vastasit: ”Tuoreus”.", "Valitsit vaihtoehdon ”Tuoreus”.",
                 "Teit ensimmäisen tilauksesi viikonloppuna.", "Paikkakunta: Turku.",
                 "Lähde: korjasit tiedon itse"):  # fmt: skip
        assert line in text, line
    assert "lower" not in text and "kolmannes" not in text  # what they are worth is a judgement


@pytest.mark.parametrize("language", ["en", "fi"])
def test_a_page_tells_the_rights_and_whom_to_turn_to(language):
    text = page(Person(None, "x", 1.0, "answered", known()), language=language,
                words=Words(language, "EUR")).text  # fmt: skip
    for article in ("15", "16", "21"):
        assert article in text
    assert "asiakaspalvelu@example.org" in text and "tietosuoja.fi" in text


def test_a_page_is_in_the_customer_s_language_whatever_the_report_s_is():
    language.use("fi")
    text = page(Person("A", "x", 1.0, "answered", known()), language="en",
                words=Words("en", "EUR")).text  # fmt: skip
    assert "Your profile at Kauppa Oy" in text and "Sinun" not in text
    assert language.in_use() == "fi"


def test_everything_is_escaped_and_nothing_is_loaded():
    rows = known(("matters", BAD, "given"), ("city", BAD, "given"), ("first_category", BAD, "x"))
    made = page(Person(BAD, BAD, 0.9, "answered", rows), [BAD], shop=BAD, contact=BAD, notice=BAD,
                asked={"matters": Asked(BAD, {})})  # fmt: skip
    assert made.tags <= {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "ol",
                         "ul", "li", "small"}  # fmt: skip
    assert not {"src", "href", "onerror", "onclick"} & made.attributes
    assert made.text.count("alert(1)") >= 7


def test_nothing_protected_stands_on_it_whatever_ground_is_declared():
    rows = known(("uskonto", "Luterilainen", "given"), ("first_category", "Lääkkeet", "given"),
                 ("q7", "Kyllä", "given"), ("groups: ammattiliitto", "yes", "given"))  # fmt: skip
    guard = Guard({"q7": ("Onko sinulla jokin sairaus?",)}, {"uskonto": "suostumus"})
    own = pd.DataFrame([["x", "motives", "uskonto", "Luterilainen"]], columns=open_profile.SAYS)
    assert open_profile.described(own, shared(guard=guard)) == []
    text = page(Person("A", "x", 1.0, "answered", rows), guard=guard).text
    for word in ("Luterilainen", "uskonto", "Lääkkeet", "Kyllä", "ammattiliitto", "sairaus"):
        assert word not in text, word


def test_assumptions_are_of_those_who_agreed_and_never_protected():
    rows = pd.DataFrame({
        "unit_id": ["a", "a", "b", "a", "a"], "dimension": "demographics",
        "attribute": ["city", "uskonto", "city", "size", "first_order_value"],
        "value": ["Turku", "x", "Oulu", "unknown", "lower_third"], "source": "given",
    })  # fmt: skip
    people = pd.DataFrame({"customer_id": ["a"], "unit_id": ["a"]})
    found = open_profile.assumptions(rows, people, Guard({}, {"uskonto": "consent"}))
    assert found[["customer_id", "attribute"]].values.tolist() == [["a", "city"]]


def lifted(**columns) -> pd.DataFrame:
    base = {"dimension": "pains", "attribute": "nearly_stopped", "value": "Hinta", "lift": 2.0,
            "is_different": True, "share_target": 0.6, "gap_share": 0.3}  # fmt: skip
    return pd.DataFrame([base | columns])


def test_a_profile_is_told_by_what_most_of_it_say_and_sets_it_apart():
    said = open_profile.says({"a": lifted()}, None, Guard())
    assert said.values.tolist() == [["a", "pains", "nearly_stopped", "Hinta"]]
    for other in ({"share_target": 0.4}, {"is_different": False}, {"lift": 0.5},
                  {"dimension": "demographics"}, {"value": "Sairaudet"},
                  {"attribute": "first_order_value", "dimension": "first_purchase"}):  # fmt: skip
        assert open_profile.says({"a": lifted(**other)}, None, Guard()).empty
    assert open_profile.says({"a": lifted().head(0)}, None, Guard()).empty


def test_a_segment_is_told_by_the_answers_that_make_it():
    options = pd.DataFrame({
        "segment": "a", "question": ["matters", "matters", "why"],
        "option": ["Tuoreus", "Hinta", "Lahja"], "n": 100, "share": [0.9, 0.1, 0.7],
        "low": [0.8, 0.05, 0.6], "high": [0.95, 0.2, 0.8], "share_base": [0.3, 0.2, 0.3],
    })  # fmt: skip
    said = open_profile.says({"a": lifted().head(0)}, options, Guard())
    assert said[["attribute", "value"]].values.tolist() == [
        ["matters", "Tuoreus"],
        ["why", "Lahja"],
    ]


def people(n: int) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": [f"c{i}" for i in range(n)],
                         "profile": ["a", "b", "c", "unknown"] * (n // 4)})  # fmt: skip


def test_half_of_each_profile_are_shown_their_own_and_the_rest_any_other():
    drawn = batch.drawn(people(4000), ["a", "b", "c"], size=900, seed=5)
    assert len(drawn) == 900 and drawn["customer_id"].is_unique
    assert "unknown" not in set(drawn["profile"])
    own = drawn["profile"] == drawn["profile_shown"]
    assert (own == (drawn["arm"] == "matched")).all()
    by = drawn.groupby("profile")["arm"].value_counts().unstack()
    assert (by["matched"] - by["mismatched"]).abs().max() <= 1
    others = drawn[drawn["arm"] == "mismatched"].groupby("profile")["profile_shown"].value_counts()
    assert others.between(45, 105).all() and len(others) == 6  # of about 150, each of two: 75
    again = batch.drawn(people(4000), ["a", "b", "c"], size=900, seed=5)
    pd.testing.assert_frame_equal(drawn, again)
    assert not drawn.equals(batch.drawn(people(4000), ["a", "b", "c"], size=900, seed=6))


def test_an_odd_one_out_is_in_either_half():
    one = pd.DataFrame({"customer_id": ["c"], "profile": ["a"]})
    arms = {batch.drawn(one, ["a", "b"], size=9, seed=s)["arm"].iloc[0] for s in range(20)}
    assert arms == {"matched", "mismatched"}


KEY = "key-of-these-tests"
CUSTOMERS = f"""id,mail,name,agreed,refused
1,anna.canary@example.org,Anna Canary,yes,
2,bert.canary@example.org,Bert Canary,no,
3,cleo.canary@example.org,"{BAD.replace('"', '""')}",yes,
4,dora.canary@example.org,Dora Canary,yes,2026-05-01
5,emil.canary@example.org,=1+1 Canary,yes,
"""
ORDERS = "order,who,at,goods\n" + "".join(f"{i},{1 + i % 5},2026-01-03,10\n" for i in range(9))


def pseudonym(key: str) -> str:
    return hmac.new(KEY.encode(), key.encode(), hashlib.sha256).hexdigest()[:32]


@pytest.fixture
def client(make_client, workspace, monkeypatch):
    monkeypatch.setenv("PSEUDONYM_KEY", KEY)

    def make(customers: str = CUSTOMERS, **profiles) -> Path:
        params = {
            "client": {"name": "Kauppa Oy", "language": "fi"}, "as_of": "2026-06-30",
            "sources": {
                "orders": {"path": "exports/orders.csv", "vat": "excluded", "columns": {
                    "order_id": "order", "customer_id": "who", "ordered_at": "at",
                    "amount": "goods"}},
                "customers": {"path": "exports/people.csv",
                              "columns": {"customer_id": "id", "opted_out_at": "refused"},
                              "consents": {"profile": "agreed"},
                              "contact": {"name": "name", "email": "mail"}}},
            "profiles": {"contact": "palvelu@example.org"} | profiles,
        }  # fmt: skip
        make_client(yaml.safe_dump(params), {"people.csv": customers, "orders.csv": ORDERS})
        folder = workspace / "reports" / "acme" / "2026-06-30" / "fi" / "internal" / "tables"
        folder.mkdir(parents=True, exist_ok=True)
        ids = [pseudonym(str(i)) for i in range(1, 6)]
        members = [f"{one},{'ab'[i % 2]},0.9,answered" for i, one in enumerate(ids)]
        files = {
            "members": ["customer_id,profile,probability,basis", *members],
            "assumptions": ["customer_id,dimension,attribute,value,source",
                            *(f"{one},habits,first_weekday,weekend,given" for one in ids)],
            "says": ["profile,dimension,attribute,value",
                     "a,motives,matters,'=Tuoreus", "b,motives,matters,Helppous"],
        }  # fmt: skip
        for name, lines in files.items():
            text = "\n".join(lines) + "\n"
            (folder / f"profiles__{name}.csv").write_text(text, encoding="utf-8")
        return workspace / "data" / "acme" / "private"

    return make


def test_a_page_for_each_who_agreed_and_the_form_beside(client, workspace, capsys):
    private = client()
    assert main(["profiles", "acme"]) == 0
    said = capsys.readouterr().out
    assert "Pages written: 3" in said and "opted out: 1" in said and "anary" not in said
    folder = private / "profiles"
    pages = sorted(folder.glob("*.html"))
    assert [p.name for p in pages] == [f"profile_000{i}.html" for i in (1, 2, 3)]
    texts = [p.read_text(encoding="utf-8") for p in pages]
    assert "Anna Canary" in texts[0] and "viikonloppuna" in texts[0] and "=Tuoreus" in texts[0]
    assert "<script" not in texts[1] and "<img" not in texts[1] and "alert(1)" in texts[1]
    assert not any(name in text for text in texts for name in ("Bert", "Dora", pseudonym("1")))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(f.stat().st_mode) for f in folder.iterdir()} == {0o600}
    outside = [f for f in workspace.rglob("*") if f.is_file() and private not in f.parents
               and "exports" not in f.parts]  # fmt: skip
    assert not any(b"Canary" in f.read_bytes() for f in outside)
    book = openpyxl.load_workbook(folder / "form.xlsx")
    header, *rows = book["people"].iter_rows(values_only=True)
    assert header[-6:] == ("file", "customer_id", "profile", "probability", "arm", "profile_shown")
    assert all((r[-1] == r[-4]) == (r[-2] == "matched") for r in rows) and len(rows) == 3
    names = [row[0].value for row in book["questions"].iter_rows(min_row=2)]
    assert names == ["describes_me", "describes_best", "what_is_wrong"]
    assert all(cell.data_type != "f" for sheet in book for row in sheet for cell in row)


def test_who_takes_back_the_consent_is_gone_from_every_page(client):
    private = client()
    batch.write_profiles("acme")
    client(CUSTOMERS.replace("Anna Canary,yes", "Anna Canary,no"))
    batch.write_profiles("acme")
    found = b"".join(f.read_bytes() for f in (private / "profiles").glob("*.html"))
    assert b"Anna" not in found and len(list((private / "profiles").glob("*.html"))) == 2


def test_interrupted_the_last_batch_is_whole(client, monkeypatch):
    private = client()
    batch.write_profiles("acme")
    before = {f.name: f.read_bytes() for f in (private / "profiles").iterdir()}

    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(batch, "form", killed)
    with pytest.raises(KeyboardInterrupt):
        batch.write_profiles("acme")
    assert {f.name: f.read_bytes() for f in (private / "profiles").iterdir()} == before
    assert [f.name for f in private.iterdir() if f.is_dir()] == ["profiles"]


def test_without_a_contact_or_a_consent_nothing_is_written(client, workspace):
    private = client(contact=None)
    with pytest.raises(InputProblems, match="profiles.contact: is required"):
        batch.write_profiles("acme")
    file = workspace / "params" / "acme.yml"
    client()
    params = yaml.safe_load(file.read_text())
    del params["sources"]["customers"]["consents"]
    file.write_text(yaml.safe_dump(params))
    with pytest.raises(InputProblems, match="consents.profile: is not declared"):
        batch.write_profiles("acme")
    assert not (private / "profiles").exists()

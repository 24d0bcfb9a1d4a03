"""Open answers are coded by terms, honestly counted, extended by hand, and quoted when approved."""

from __future__ import annotations

import io
import sys
import types

import ibis
import pandas as pd
import pytest
from conftest import staged

from templates_lib.coding import lemmas
from templates_lib.coding.codebook import OWN_FILE, STARTER, read_codebook
from templates_lib.coding.coding import (
    coded,
    counted,
    languages,
    mentions,
    merge,
    open_answers,
    suggestions,
)
from templates_lib.demo.phrases import REASONS
from templates_lib.problems import InputProblems
from templates_lib.quotes import approved_quotes, quotes, unknown_quotes
from templates_lib.workspace import ClientFolders

WEBSHOP = read_codebook(STARTER, is_starter=True)
# which codes of the starter tell an experience that the demo plants
PLANTED = {
    "delivery": {"delivery_speed", "delivery_problem"},
    "taste": {"taste", "freshness"},
    "price": {"price", "freight_cost"},
    "site": {"site_usability"},
    "service": {"service", "returns"},
}
# Written after the starter, in other words than its examples and the demo's; it was not extended
# to fit them. What it misses is what a first wave of a new client will miss.
UNSEEN = (
    ("delivery_speed", "Postissa meni kaksi viikkoa vaikka lupasitte kolme päivää"),
    ("delivery_speed", "nopee toimitus, tuli parissa päivässä"),
    ("delivery_speed", "Sain tilaukseni jo huomenna, huippua!"),
    ("delivery_speed", "Took ages to get here"),
    ("delivery_problem", "Paketti katosi matkalla eikä sitä löytynyt"),
    ("delivery_problem", "Pullo oli haljennut ja neste valunut laatikkoon"),
    ("delivery_problem", "Half of my order was missing"),
    ("delivery_problem", "sain väärän koon"),
    ("packaging", "Tuotteet oli pakattu huolella silkkipaperiin"),
    ("packaging", "Too much plastic in the box"),
    ("price", "Samat housut sai muualta kympin halvemmalla"),
    ("price", "Hinta-laatusuhde kohdillaan"),
    ("price", "tosi hyvät alet"),
    ("price", "A bit pricey but ok"),
    ("freight_cost", "Postikulut turhan isot pienessä tilauksessa"),
    ("freight_cost", "8 euron toimitusmaksu kirpaisee"),
    ("freight_cost", "Shipping costs more than the item"),
    ("product_quality", "Takin vetoketju hajosi viikossa"),
    ("product_quality", "Laadukas tuote, juuri sellainen kuin kuvassa"),
    ("product_quality", "The fabric feels cheap and thin"),
    ("taste", "Suklaa oli aivan taivaallisen makuista"),
    ("freshness", "Leipä oli kuivaa jo tullessaan, päiväys mennyt"),
    ("selection", "Laaja valikoima, kaikki löytyy samasta paikasta"),
    ("selection", "Isoja kokoja voisi olla enemmän"),
    ("availability", "Haluamani väri oli loppu"),
    ("availability", "Always sold out in my size"),
    ("site_usability", "Nettisivut kaatuili ja jouduin aloittamaan alusta"),
    ("site_usability", "Hakutoiminto ei löydä mitään"),
    ("site_usability", "Great website, found everything quickly"),
    ("payment", "Laskun sai jakaa osiin"),
    ("payment", "MobilePay puuttuu"),
    ("service", "Aspa oli tosi ystävällinen ja auttoi heti"),
    ("service", "Chatissa kukaan ei vastannut"),
    ("service", "Staff went above and beyond"),
    ("returns", "Palautus maksoi itselle vaikka tuote oli viallinen"),
    ("returns", "Refund took three weeks"),
    ("trust", "Luotettava kauppa, tilannut jo monta vuotta"),
    ("gift", "Ostin synttärilahjaksi ystävälle"),
    ("convenience", "Helppoa ja vaivatonta"),
    ("convenience", "Kaikki sujui mutkattomasti"),
    ("ethics_local", "Kotimainen pienyritys, sellaista haluan tukea"),
    ("ethics_local", "Love that you are local and sustainable"),
    ("recommendation", "Kaveri suositteli teitä"),
    ("no_reason", "en osaa sanoa"),
    ("no_reason", "Ei mitään erityistä"),
)
HOSTILE = (
    "<script>alert(1)</script> hinta",
    "=HYPERLINK('http://x.example','hinta')",
    "**hinta** | [x](javascript:alert(1)) $\\href{x}{y}$",
    "hinta\r\nlaatu\tsaatavuus\x00\x07",
    "\u202ehinta\ufeff",
    "[e-mail] [telephone]",
    "🙂🙂",
    "x" * 40_000,
)


def answers(*texts: str | None, question: str = "reason") -> pd.DataFrame:
    return pd.DataFrame(
        {"response_id": [f"r{i:03}" for i in range(len(texts))], "question": question,
         "text": list(texts)}
    )  # fmt: skip


def codes_of(made: pd.DataFrame) -> dict[str, set[str]]:
    return made.groupby("response_id")["code"].agg(set).to_dict()


def book(tmp_path, text: str):
    file = tmp_path / OWN_FILE
    file.write_text(text, encoding="utf-8")
    return read_codebook(file)


@pytest.fixture
def small(tmp_path):
    return book(
        tmp_path,
        """
codes:
  - code: price
    description: x
    terms: {fi: [kallis, kilohinta, hinta, toimituskulu*], en: [value for money, price*]}
    not_terms: {fi: [ei ollut kallis, hintaopas, hinta opas]}
  - {code: carrier, description: x, terms: [Posti]}
""",
    )


# The starter


def test_the_starter_finds_what_the_demo_has_planted():
    """Recall and precision over the 50 sentences: 1 and 1. The sentences were known."""
    told = [
        (reason, text) for reason, kinds in REASONS.items() for t in kinds.values() for text in t
    ]
    found = codes_of(coded(answers(*(text for _, text in told)), WEBSHOP))
    of_code = {code: reason for reason, codes in PLANTED.items() for code in codes}
    said = [{of_code[c] for c in found.get(f"r{i:03}", ()) if c in of_code} for i in range(50)]
    right = sum(reason in each for (reason, _), each in zip(told, said, strict=True))
    assert right / len(told) == 1
    assert right / sum(map(len, said)) >= 0.96


def test_the_starter_on_answers_that_it_was_not_made_for():
    """Recall .76 (34 of 45), precision .89 (34 of 38): a first wave needs a person."""
    found = codes_of(coded(answers(*(text for _, text in UNSEEN)), WEBSHOP))
    right = sum(code in found.get(f"r{i:03}", ()) for i, (code, _) in enumerate(UNSEEN))
    assert 0.70 <= right / len(UNSEEN) <= 0.85
    assert right / sum(map(len, found.values())) >= 0.85


def test_a_demo_shops_survey_is_coded(example):
    _, connection, _ = staged(example("lean"))
    responses = connection.table("responses").to_pandas()
    responses = responses[(responses["survey"] == "nps") & (responses["question"] == "reason")]
    made = coded(responses, WEBSHOP)
    assert list(made.columns) == ["survey", "response_id", "question", "code", "how"]
    (row,) = counted(responses, made, WEBSHOP).itertuples()
    assert row.coded / row.texts >= 0.99
    assert row.coded + row.not_coded == row.texts
    # each experience comes up as often as it was planted, within two points of all answers
    text = open_answers(responses)
    truth = {
        s: reason for reason, kinds in REASONS.items() for each in kinds.values() for s in each
    }
    planted = text["text"].map(truth).value_counts() / len(text)
    for reason, codes in PLANTED.items():
        mentioned = made[made["code"].isin(codes)]["response_id"].nunique() / len(text)
        assert mentioned == pytest.approx(planted[reason], abs=0.02), reason


def test_french_answers_are_counted_as_not_coded(shared):
    raw = (shared / "data" / "botanic_nps.csv").read_bytes().decode("cp1252", errors="replace")
    frame = pd.read_csv(io.StringIO(raw))
    given = answers(*frame["explication"].iloc[:4000])
    made = coded(given, WEBSHOP)
    (row,) = counted(given, made, WEBSHOP).itertuples()
    assert row.texts > 900
    assert row.language_unknown / row.texts > 0.9
    assert row.coded / row.texts < 0.05


def test_french_answers_are_coded_by_a_french_codebook(tmp_path):
    french = book(
        tmp_path,
        "codes:\n  - {code: staff, description: x, language: fr, terms: [personnel, caissier*]}\n",
    )
    given = answers(
        "Le personnel est très aimable et souriant",
        "Les caissières sont désagréables avec les clients",
        "Les prix sont trop élevés par rapport aux autres magasins",
    )
    assert set(languages(given, french)) == {"fr"}
    assert codes_of(coded(given, french)) == {"r000": {"staff"}, "r001": {"staff"}}
    assert set(languages(given, WEBSHOP)) == {"unknown"}


# Terms


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("Hinnat ovat nousseet paljon viime aikoina", True),  # by the basic form
        ("KALLIS", True),
        ("Toimituskuluista en pidä yhtään", True),  # by the stem
        ("Kilohinta oli kohdallaan tällä kertaa", True),
        ("Se ei ollut kallis minun mielestäni", False),  # as not_terms say
        ("Se ei ollut lainkaan kallis minun mielestäni", True),  # a limit: told in docs/coding.md
        ("Se ei ollut kallis, mutta hinta nousee aina", True),  # the other mention stays
        ("Hinta. Opas puuttuu sivuilta kokonaan", True),  # no phrase goes over a full stop
        ("Really good value for money indeed", True),
        ("Good value but the money was late", False),
        ("Posti toi sen", True),
        ("mitä hintaa", True),
        ("", False),
    ],
)
def test_a_term_by_hand(small, text, is_found):
    assert bool(len(coded(answers(text), small))) == is_found


def test_letters_without_dots_are_the_same(tmp_path):
    made = book(tmp_path, "codes:\n  - {code: late, description: x, terms: {fi: [myöhässä]}}\n")
    given = answers("Paketti oli taas kerran myohassa", "Se tuli MYÖHÄSSÄ taas kerran")
    assert len(coded(given, made)) == 2


def test_several_languages_in_one_file():
    given = answers(
        "Toimitus oli todella nopea tällä kertaa",
        "The delivery was really fast this time",
        "Leveransen var mycket snabb den här gången",
        "La livraison était vraiment très rapide cette fois",
        "Hyvä hinta",
    )
    assert list(languages(given, WEBSHOP)) == ["fi", "en", "sv", "unknown", "fi"]
    assert codes_of(coded(given, WEBSHOP)) == {
        "r000": {"delivery_speed"},
        "r001": {"delivery_speed"},
        "r004": {"price"},
    }
    (row,) = counted(given, coded(given, WEBSHOP), WEBSHOP).itertuples()
    assert (row.texts, row.coded, row.not_coded, row.language_unknown) == (5, 3, 2, 1)


def test_hostile_texts_are_read_as_words():
    made = coded(answers(*HOSTILE), WEBSHOP)
    assert all("price" in found for found in list(codes_of(made).values())[:5])
    assert "r005" not in set(made["response_id"]), "a mask is no word"
    for table in (made, counted(answers(*HOSTILE), made, WEBSHOP)):
        assert not table.astype(str).stack().str.contains("script|HYPERLINK|href").any()


def test_neither_the_order_of_rows_nor_a_second_run_changes_anything():
    given = answers(*(text for _, text in UNSEEN), *HOSTILE)
    first, turned = coded(given, WEBSHOP), coded(given.iloc[::-1], WEBSHOP)
    pd.testing.assert_frame_equal(first, turned)
    pd.testing.assert_frame_equal(
        suggestions(given, WEBSHOP, min_cell=1), suggestions(given.iloc[::-1], WEBSHOP, min_cell=1)
    )


def test_only_open_answers_with_a_text_count():
    given = answers("Hyvä hinta", None, "  ", "")
    given = pd.concat([given.assign(kind="open"), given.assign(kind="choice", question="why")])
    assert list(open_answers(given)["response_id"]) == ["r000"]
    (row,) = mentions(coded(given, WEBSHOP), given, min_cell=1).itertuples()
    assert (row.code, row.mentions, row.n, row.share) == ("price", 1, 1, 1)


def test_nothing_is_a_table_without_rows():
    for given in (answers(), answers(None)):
        made = coded(given, WEBSHOP)
        assert made.empty and "code" in made.columns
        assert counted(given, made, WEBSHOP).empty
        assert mentions(made, given, min_cell=5).empty
        assert suggestions(given, WEBSHOP, min_cell=5).empty


def test_an_interview_is_coded_the_same_way():
    interviews = pd.DataFrame({"interview_id": ["a", "a"], "question": ["q", "p"],
                               "excerpt": ["Hinta ratkaisi asian", "En muista enää"]})  # fmt: skip
    given = interviews.rename(columns={"interview_id": "response_id", "excerpt": "text"})
    made = coded(given, WEBSHOP)
    assert set(zip(made["question"], made["code"], strict=True)) == {
        ("q", "price"),
        ("p", "no_reason"),
    }


def test_libvoikko_is_used_where_it_is_installed(monkeypatch):
    """By its documented interface only: the library is not installed where this is tested."""

    class Voikko:
        def __init__(self, language: str) -> None:
            assert language == "fi"

        def analyze(self, word: str) -> list[dict[str, str]]:
            return [{"BASEFORM": "Toimituskulu"}, {}] if word == "toimituskuluista" else []

    monkeypatch.setitem(sys.modules, "libvoikko", types.SimpleNamespace(Voikko=Voikko))
    caches = (lemmas._voikko, lemmas.lemma)
    for cache in caches:
        cache.cache_clear()
    try:
        assert lemmas.lemma("toimituskuluista", "fi") == "toimituskulu"
        assert lemmas.lemma("tuntematon", "fi") == "tuntematon"
        assert lemmas.lemma("prices", "en") == "price"
        assert lemmas.lemmatiser() == "libvoikko"
    finally:
        for cache in caches:
            cache.cache_clear()


# Counts


def test_mentions_by_hand():
    given = answers(*["Hyvä hinta"] * 6, *["Huono maku"] * 3, "Hinta ja maku", "Ei sano")
    made = coded(given, WEBSHOP)
    table = mentions(made, given, min_cell=1)
    assert table[["code", "mentions", "n"]].to_numpy().tolist() == [
        ["price", 7, 11],
        ["taste", 4, 11],
    ]
    # statsmodels: proportion_confint(7, 11, method="wilson") = (0.35381, 0.84833)
    assert table.loc[0, ["low", "high"]].tolist() == pytest.approx([0.35381, 0.84833], abs=1e-5)
    hidden = mentions(made, given, min_cell=5)
    assert hidden["mentions"].isna().all() and hidden["share"].isna().all()
    assert hidden["n"].tolist() == [11, 11]


def test_suggestions_are_frequent_words_without_a_term(small):
    texts = ["Palvelu rikki", "Palvelu oli taas rikki", "Rikki palvelu ja kallis hinta",
             "Kassa oli kaukana", "Kallis hinta on", "Palvelut rikki"]  # fmt: skip
    table = suggestions(answers(*texts), small, min_cell=3)
    assert table[["term", "words", "language", "mentions", "not_coded"]].to_numpy().tolist() == [
        ["palvelu", 1, "fi", 4, 3],
        ["rikki", 1, "fi", 4, 3],
    ]
    assert table["examples"].tolist() == ["r000 r001", "r000 r001"]
    assert table["share"].tolist() == [4 / 6, 4 / 6]


def test_suggestions_hold_pairs_and_no_text(small):
    texts = ["Naapurin Pentti Pähkinäinen suositteli tätä"] * 4 + ["Vihreä laatikko tuli"] * 5
    table = suggestions(answers(*texts), small, min_cell=5)
    assert "vihreä laatikko" in set(table["term"])
    assert not table.astype(str).stack().str.contains("entti").any()


# People take precedence


def test_what_people_coded_takes_precedence():
    by_terms = pd.DataFrame(
        [("a", "price"), ("b", "price"), ("c", "price"), ("c", "taste"), ("d", "price")],
        columns=["response_id", "code"],
    ).assign(question="reason", how="terms")[["response_id", "question", "code", "how"]]
    by_people = pd.DataFrame(
        [
            ("a", "A", "price", 0), ("a", "A", "taste", 1),  # one person: not price but taste
            ("b", "A", "price", 0), ("b", "B", "price", 0),  # none
            ("c", "A", "price", 1), ("c", "B", "price", 0),  # divided: the terms decide
            ("c", "A", "gift", 1), ("c", "B", "gift", 0),
        ],
        columns=["response_id", "coder", "code", "value"],
    ).assign(survey="nps", question="reason")  # fmt: skip
    made = merge(by_terms, by_people)
    assert made[["response_id", "code", "how"]].to_numpy().tolist() == [
        ["a", "taste", "person"],
        ["c", "price", "person"],
        ["c", "taste", "terms"],  # nobody was asked about it
        ["d", "price", "terms"],
    ]
    assert merge(by_terms, by_people.iloc[:0]).equals(by_terms)


# Quotes


@pytest.fixture
def folders(workspace):
    (workspace / "data" / "acme").mkdir(parents=True)
    return ClientFolders("acme")


def approve(folders, text: str):
    (folders.data / "editorial.yml").write_text(text, encoding="utf-8")
    return approved_quotes(folders)


def test_only_approved_texts_of_large_segments_are_quoted(folders):
    given = answers(*["Hyvä hinta"] * 5, *["Huono maku"] * 4, "<b>Hinta</b> ja maku")
    made = coded(given, WEBSHOP)
    assert quotes(given, made, approved_quotes(folders), min_cell=5).empty
    approved = approve(
        folders,
        "hide: [something]\nquotes:\n  - response_id: r009\n"
        "  - {response_id: r005, question: reason}\n  - {response_id: r001, question: other}\n"
        "  - response_id: gone\n",
    )
    found = quotes(given, made, approved, min_cell=6)
    assert found.to_numpy().tolist() == [["r009", "reason", "price", "<b>Hinta</b> ja maku"]]
    both = quotes(given, made, approved, min_cell=5)
    assert both[["response_id", "code"]].to_numpy().tolist() == [
        ["r009", "price"], ["r005", "taste"], ["r009", "taste"],
    ]  # fmt: skip
    split = given.assign(group=["big"] * 9 + ["small"])
    assert quotes(split, made, approved, min_cell=2, by=("group",))["response_id"].tolist() == [
        "r005"
    ]


def test_an_approved_answer_that_there_is_not_is_told_with_its_line(folders):
    given = ibis.memtable(answers("Hyvä hinta", "Huono maku").assign(kind="open", survey="nps"))
    (folders.data / "editorial.yml").write_text(
        "quotes:\n  - response_id: r000\n  - response_id: r0001\n"
        "  - {response_id: r001, question: reasn}\n"
        "  - {response_id: r001, survey: purchase, question: reason}\n"
    )
    assert [str(problem) for problem in unknown_quotes(folders, given)] == [
        "data/acme/editorial.yml:3 quotes.2.response_id: no open answer has this id; "
        "did you mean 'r001'?",
        "data/acme/editorial.yml:4 quotes.3.question: the answer is not of 'reasn'; "
        "did you mean 'reason'?",
        "data/acme/editorial.yml:5 quotes.4.survey: the answer is not of 'purchase'; known: nps",
    ]  # fmt: skip
    assert unknown_quotes(folders, None) == []


def test_what_is_wrong_with_the_approval_is_told(folders):
    with pytest.raises(InputProblems) as raised:
        approve(folders, "quotes:\n  - {respons_id: a}\n  - b\n")
    told = [str(problem) for problem in raised.value.problems]
    assert told[0].startswith("data/acme/editorial.yml:2 quotes.1.")
    assert any("did you mean 'response_id'?" in line for line in told)
    assert any(line.startswith("data/acme/editorial.yml:3 quotes.2") for line in told)
    assert approve(folders, "quotes:\n") == ()

"""A codebook file: what it may hold, and everything wrong with it told at once."""

from __future__ import annotations

import pytest

from templates_lib.coding.codebook import OWN_FILE, STARTER, open_codebook, read_codebook
from templates_lib.problems import InputProblems
from templates_lib.workspace import ClientFolders

BOOK = """\
codes:
  - code: price
    description: {en: What it costs, fi: Mitä se maksaa}
    examples: ["Aika arvokas."]
    terms: {fi: [hinta, kallis], en: [price*]}
    not_terms: {fi: [ei kallis]}
  - code: carrier
    description: Who brings it
    terms: [Posti, Matkahuolto]
  - code: mood
    description: Given by people only
  - code: snygg
    description: {sv: Utseende}
    language: sv
    terms: [snygg]
"""


@pytest.fixture
def folders(workspace):
    (workspace / "data" / "acme").mkdir(parents=True)
    return ClientFolders("acme")


def book(folders, text: str):
    (folders.data / OWN_FILE).write_text(text, encoding="utf-8")
    return open_codebook(folders)


def problems(folders, text: str) -> list[str]:
    with pytest.raises(InputProblems) as raised:
        book(folders, text)
    return [str(problem) for problem in raised.value.problems]


def test_the_clients_own_codebook(folders):
    made = book(folders, BOOK)
    assert not made.is_starter
    assert made.names == ("price", "carrier", "mood", "snygg")
    assert made.languages == ("en", "fi", "sv")
    assert list(made.codes[0].words()) == [
        ("fi", "hinta", False),
        ("fi", "kallis", False),
        ("en", "price*", False),
        ("fi", "ei kallis", True),
    ]
    assert list(made.codes[1].words()) == [(None, "Posti", False), (None, "Matkahuolto", False)]
    assert list(made.codes[3].words()) == [("sv", "snygg", False)]
    assert made.described("fi")["price"] == "Mitä se maksaa"
    assert made.described("en")["snygg"] == "Utseende"  # the only one that there is
    with pytest.raises(AttributeError):
        made.codes = ()


def test_without_one_the_starter_serves(folders):
    made = open_codebook(folders)
    assert made.is_starter
    assert made == read_codebook(STARTER, is_starter=True)
    assert made.languages == ("en", "fi")
    asked = {"delivery_speed", "delivery_problem", "packaging", "price", "freight_cost",
             "product_quality", "taste", "freshness", "selection", "availability",
             "site_usability", "payment", "service", "returns", "trust", "gift", "convenience",
             "ethics_local", "recommendation", "no_reason"}  # fmt: skip
    assert set(made.names) == asked
    for code in made.codes:
        assert {"en", "fi"} == set(code.description) == set(code.terms)
        assert code.examples


def test_everything_wrong_is_told_at_once(folders):
    text = BOOK.replace("examples", "exampels").replace("kallis],", "kallis, 'ka*', '* kai'],")
    text = text.replace("code: mood", "code: price").replace("{sv:", "{svenska:")
    text = text.replace("[Posti, Matkahuolto]", "[Posti, posti, '!']")
    found = problems(folders, text)
    told = "\n".join(found)
    assert [line.partition(": ")[0] for line in found] == [
        "data/acme/codes.yml:9",
        "data/acme/codes.yml:10",
        "data/acme/codes.yml:4 codes.1.exampels",
        "data/acme/codes.yml:5 codes.1.terms.fi.3",
        "data/acme/codes.yml:5 codes.1.terms.fi.4",
        "data/acme/codes.yml:9 codes.2.terms.any.3",
        "data/acme/codes.yml:13 codes.4.description.svenska",
    ]
    assert "code 'price' stands twice (first on line 2); keep one" in told
    assert "term 'posti' stands twice in carrier" in told
    assert "is not a key here; did you mean 'examples'?" in told
    assert "expected 3 letters or more before a *" in told
    assert "expected a * at the end of the term only" in told
    assert "holds no word" in told
    assert "is no language code; known: any, fi, sv, en" in told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- code: price\n", "expected `codes:` on the first line"),
        ("codes: []\n", "at least 1 in the list"),
        ("codes: [\n", "is not YAML"),
        ("codes:\n  - code: None of it\n    description: x\n", "expected 2 to 40 of a-z"),
        ("codes:\n  - code: own_code\n    description: x\n", "is the name of a column"),
        ("codes:\n  - code: price\n", "description: is required"),
        ("codes:\n  - {code: a1, description: x, terms: [a.b]}\n", "without a comma, full stop"),
        ("codes: &a\n  - *a\n", "aliases"),
        ("codes: !!python/object:os.system x\n", "tags"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(folders, text, expected):
    (found,) = problems(folders, text)[:1]
    assert found.startswith("data/acme/codes.yml")
    assert expected in found


def test_a_codebook_elsewhere_is_not_read(folders, tmp_path):
    (tmp_path / "theirs.yml").write_text(BOOK, encoding="utf-8")
    (folders.data / OWN_FILE).symlink_to(tmp_path / "theirs.yml")
    with pytest.raises(InputProblems, match="leads out of the client's folder"):
        open_codebook(folders)

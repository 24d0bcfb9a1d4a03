"""Names that the client's files hold are taken out of free text, in all their cases."""

from __future__ import annotations

import pytest
from conftest import staged

from templates_lib.problems import InputProblems

PARAMS = """
client: {name: Acme Oy}
as_of: 2026-06-30
sources:
  touchpoints:
    path: exports/service.csv
    names: [Nimi]
    columns: {occurred_at: when, text: message}
"""
SERVICE = "when,Nimi,message\n2026-04-01,Aino Virtanen,{}\n2026-04-02,Bo Å. Ek,\n"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Hei! Olen Aino Virtanen", "Hei! Olen [name] [name]"),
        ("Virtasen tilaus tuli Ainolle", "[name] tilaus tuli [name]"),
        ("VIRTANEN kysyi", "[name] kysyi"),
        ("Kahvi on ainoa oikea", "Kahvi on ainoa oikea"),  # a word within a word is no name
        ("aino on myös sana", "aino on myös sana"),  # nor is one without a capital
        ("Ek on lyhyt", "Ek on lyhyt"),  # two letters are too few to be told from words
        ("Tilaan Virtakahvia", "Tilaan Virtakahvia"),
    ],
)
def test_a_known_name_is_taken_out(make_client, text, masked):
    _, connection, _ = staged(make_client(PARAMS, {"service.csv": SERVICE.format(text)}))
    found = connection.table("touchpoints").order_by("occurred_at").to_pandas()["text"]
    assert found[0] == masked


def test_a_name_of_one_file_is_taken_out_of_another(make_client):
    survey = """\
  responses:
    - {survey: nps, path: exports/nps.csv, columns: {answered_at: when}, open: [Why]}
"""
    exports = {
        "service.csv": SERVICE.format("x"),
        "nps.csv": "when,Why\n2026-04-05,Aino oli ystävällinen\n",
    }
    _, connection, _ = staged(make_client(PARAMS + survey, exports))
    (text,) = connection.table("responses").to_pandas()["text"]
    assert text == "[name] oli ystävällinen"


def test_a_column_of_names_that_is_not_there_is_told(make_client):
    with pytest.raises(InputProblems, match="no column 'Nmi'.*did you mean 'Nimi'"):
        staged(make_client(PARAMS.replace("[Nimi]", "[Nmi]"), {"service.csv": SERVICE.format("")}))

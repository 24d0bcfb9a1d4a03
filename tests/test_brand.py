"""Names, logos and colours of the report: what cannot be read or shown is said before a run."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from templates_lib.params.brand import LEAST_CONTRAST, Brand, contrast
from templates_lib.params.file import load_params
from templates_lib.problems import InputProblems
from templates_lib.report import brand
from templates_lib.workspace import ClientFolders

PARAMS = """client: {name: Acme Oy}
as_of: 2026-06-30
sources: {orders: {format: shopify, path: exports/o.csv, vat: included, refunds: by_order_date}}
brand:
"""


@pytest.mark.parametrize(
    ("one", "other", "known"),
    [  # WebAIM's contrast checker
        ("#000000", "#ffffff", 21),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ffffff", 4.00),
        ("#0000ff", "#ffff00", 8.0),
        ("#123456", "#123456", 1),
    ],
)
def test_contrast_is_that_of_the_guidelines(one, other, known):
    assert contrast(one, other) == contrast(other, one) == pytest.approx(known, abs=0.006)


def test_every_text_can_be_read_light_and_dark():
    for palette in (brand.LIGHT, brand.DARK):
        for surface in ("paper", "ground"):
            for text in ("ink", "soft", "good"):
                found = contrast(palette[text], palette[surface])
                assert found >= LEAST_CONTRAST, (text, surface, found)
            assert contrast(palette["ink"], palette["mark"]) >= LEAST_CONTRAST
            assert contrast(palette["pale"], palette[surface]) >= 3  # what only has a shape


@pytest.mark.parametrize("colour", ["#000000", "#00507a", "#b4143c", "#143c28", "#3d2b00"])
def test_a_brand_is_read_on_the_dark_page_too(colour):
    for surface in ("paper", "ground"):
        lighter = brand.legible_on_dark(colour)
        assert contrast(lighter, brand.DARK[surface]) >= brand.EASY_CONTRAST


def test_what_cannot_be_read_is_refused_with_its_line(make_client):
    client = make_client(
        PARAMS + '  client: {colour: "#e69f00", logo: ../../logo.png}\n'
        "  consultant: {colour: red}\n"
    )
    with pytest.raises(InputProblems) as error:
        load_params(client)
    assert str(error.value).splitlines() == [
        "params/acme.yml:5 brand.client.colour: is too light to be read on the page: its contrast "
        "is 2.06:1, at least 4.5:1 is needed; take a darker shade of it",
        "params/acme.yml:5 brand.client.logo: expected a path inside the client's own folder, "
        "data/<client>/",
        'params/acme.yml:6 brand.consultant.colour: expected a colour in quotation marks, as '
        '"#00507a"',
    ]  # fmt: skip


def test_a_logo_that_cannot_be_shown_is_said(workspace):
    data = workspace / "data" / "acme"
    data.mkdir(parents=True)
    (data / "logo.svg").write_text("<svg onload='alert(1)'/>", encoding="utf-8")
    about = Brand.model_validate({"client": {"logo": "logo.svg"}, "consultant": {"logo": "no.png"}})
    assert [str(p) for p in brand.problems(ClientFolders("acme"), about)] == [
        "brand.client.logo: is not a picture that can be shown; save it as PNG or JPEG",
        "brand.consultant.logo: there is no such file; it is looked for in data/acme/",
    ]
    (workspace / "secret.png").write_bytes(b"")
    (data / "link.png").symlink_to(workspace / "secret.png")
    about = Brand.model_validate({"client": {"logo": "link.png"}})
    assert [p.message for p in brand.problems(ClientFolders("acme"), about)] == [
        "leads out of the client's folder"
    ]


def test_a_logo_is_made_small_and_keeps_nothing_else(workspace):
    data = workspace / "data" / "acme"
    data.mkdir(parents=True)
    about = Image.Exif()
    about[0x010E] = "canary"
    Image.new("RGB", (3000, 1500), "#b4143c").save(data / "logo.jpg", exif=about)
    assert b"canary" in (data / "logo.jpg").read_bytes()
    given = Brand.model_validate({"client": {"logo": "logo.jpg"}})
    assert not list(brand.problems(ClientFolders("acme"), given))
    made = brand.logo(ClientFolders("acme"), "logo.jpg")
    assert b"canary" not in made
    with Image.open(io.BytesIO(made)) as picture:
        assert (picture.format, picture.size) == ("PNG", (320, 160))

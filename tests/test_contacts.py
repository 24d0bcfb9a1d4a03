"""Contact lists: who agreed is written, whole and for its owner alone; nobody else, nowhere."""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from pathlib import Path

import openpyxl
import pytest
import yaml
from conftest import staged

from templates_lib import contacts
from templates_lib.cli import main
from templates_lib.contacts import write_contacts
from templates_lib.problems import InputProblems
from templates_lib.staging.staging import pseudonym_key
from templates_lib.workspace import ClientFolders

KEY = "key-of-these-tests"
LIST = "repeat_purchase__overdue"
PEOPLE = """id,mail,first,last,phone,newsletter,texts,refused
1,Anna.Canary@example.org,Anna,Canary,+358 40 1111111,yes,no,
2,bert.canary@example.org,Bert,Canary,,no,yes,
3,cleo.canary@example.org,Cléo,Canary,040 333,,,
4,dora.canary@example.org,Dora,Canary,,yes,yes,2026-05-01
5,,Emil,Canary,+358 40 5555555,yes,yes,
6,fred.canary@example.org,=HYPERLINK("http://x"),@Canary,-1+1,kyllä,x,
"""
ORDERS = "order,mail,at,goods\n" + "".join(
    f"{i},{mail},2026-0{1 + i % 6}-03,10\n"
    for i, mail in enumerate(["anna.canary@example.org", "fred.canary@example.org"] * 3, start=1)
)
CANARIES = ("canary", "Canary", "1111111", "5555555", "HYPERLINK", "-1+1", "333")


def pseudonym(key: str) -> str:
    """RFC 2104 by the standard library, an authority of its own."""
    return hmac.new(KEY.encode(), key.encode(), hashlib.sha256).hexdigest()[:32]


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("PSEUDONYM_KEY", KEY)
    for name in ("CLIENT", "LIST", "CONSENT", "AS_OF"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def client(make_client, workspace):
    """Makes a client with a customer file, and a published list of ``ids``."""

    def make(ids=("1", "2", "3", "4", "5", "6"), people=PEOPLE, aliases=None, **changes) -> Path:
        customers = {
            "path": "exports/people.csv",
            "columns": {"customer_id": "id", "customer_email": "mail", "opted_out_at": "refused"},
            "consents": {"email": "newsletter", "sms": "texts"},
            "contact": {"name": ["first", "last"], "email": "mail", "phone": "phone"},
            **changes,
        }
        columns = {"order_id": "order", "customer_email": "mail", "ordered_at": "at",
                   "amount": "goods"}  # fmt: skip
        orders = {"path": "exports/orders.csv", "vat": "excluded", "columns": columns}
        sources = {"orders": orders, "customers": customers}
        files = {"people.csv": people, "orders.csv": ORDERS}
        if aliases:
            sources["aliases"] = {
                "path": "exports/aliases.csv",
                "columns": {"customer": "also", "same_as": "is"},
            }
            files["aliases.csv"] = aliases
        params = {"client": {"name": "A"}, "as_of": "2026-06-30", "sources": sources}
        make_client(yaml.safe_dump(params), files)
        publish(workspace, "customer_id,days_since\n" + "".join(
            f"{pseudonym(i)},{40 + n}\n" for n, i in enumerate(ids)))  # fmt: skip
        return workspace / "data" / "acme" / "private"

    return make


def publish(workspace: Path, text: str, *, name: str = LIST, as_of: str = "2026-06-30") -> None:
    folder = workspace / "reports" / "acme" / as_of / "en" / "internal" / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.csv").write_text(text, encoding="utf-8")


def rows(file: Path) -> list[tuple]:
    return list(openpyxl.load_workbook(file).active.iter_rows(values_only=True))


def test_only_who_agreed_is_written(client):
    private = client()
    outcome = write_contacts("acme", name=LIST)
    assert outcome.file == private / f"contacts_{LIST}_2026-06-30.xlsx"
    assert rows(outcome.file) == [
        ("customer_id", "name", "email", "days_since"),
        (pseudonym("1"), "Anna Canary", "Anna.Canary@example.org", 40),
        (pseudonym("6"), '=HYPERLINK("http://x") @Canary', "fred.canary@example.org", 45),
    ]
    assert (outcome.listed, outcome.written) == (6, 2)
    assert outcome.left_out == {
        "not in the customer file": 0,
        "without consent (email)": 2,  # Bert said no, Cléo nothing
        "opted out": 1,
        "without email": 1,
    }


def test_another_use_has_its_own_consent_and_detail(client):
    client()
    outcome = write_contacts("acme", name=LIST, consent="sms")
    assert outcome.file.name == f"contacts_{LIST}_2026-06-30_sms.xlsx"
    assert rows(outcome.file)[0] == ("customer_id", "name", "phone", "days_since")
    assert [row[2] for row in rows(outcome.file)[1:]] == ["+358 40 5555555", "-1+1"]
    assert outcome.left_out["without consent (sms)"] == 2  # Anna said no, Cléo nothing
    assert outcome.left_out["without phone"] == 1  # Bert; Dora has opted out


def test_the_file_is_the_owners_alone_and_holds_no_formula(client):
    client()
    file = write_contacts("acme", name=LIST, consent="sms").file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    cells = [cell for row in openpyxl.load_workbook(file).active.iter_rows() for cell in row]
    assert all(cell.data_type in ("s", "n") for cell in cells)
    typed = [c for c in cells if str(c.value).startswith(("=", "+", "-", "@"))]
    assert len(typed) == 3 and all(cell.quotePrefix for cell in typed)
    old = os.umask(0)
    try:
        write_contacts("acme", name=LIST, consent="sms")
    finally:
        os.umask(old)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_pseudonyms_are_those_of_staging(client):
    # The orders name people by e-mail in lower case; the customers' file by id and e-mail.
    client()
    _, connection, _ = staged("acme")
    bought = set(connection.table("first_orders").customer_id.execute())
    assert bought == {pseudonym("1"), pseudonym("6")}


def test_people_in_several_rows_agreed_only_if_all_say_so(client):
    people = PEOPLE + (
        "1,anna.canary@example.org,Anna,Canary,,no,no,\n"  # a second row says no
        "6,fred.other@example.org,Fred,Other,,yes,,\n"
        "7,,Gil,Canary,,yes,,\n7,gil.canary@example.org,Gil,Canary,,yes,,\n"
        "8,hal.canary@example.org,Hal,Canary,,yes,,\n8,hal.canary@example.org,Hal,,,yes,,2026-07-02\n"
    )
    client(ids=("1", "6", "7", "8", "6", "9"), people=people)
    outcome = write_contacts("acme", name=LIST)
    assert [row[2] for row in rows(outcome.file)[1:]] == [
        "fred.canary@example.org", "gil.canary@example.org",
    ]  # fmt: skip
    assert outcome.listed == 5
    assert outcome.left_out == {
        "not in the customer file": 1,
        "without consent (email)": 1,
        "opted out": 1,  # after the report's last day: it is known now
        "without email": 0,
    }


def test_aliases_are_one_person(client):
    # Bert's account is Fred's too: his no counts. Gil's old e-mail stands for account 1.
    people = PEOPLE + ",gil.canary@example.org,Gil,Canary,,yes,,\n"
    aliases = "also,is\n2,6\nGil.Canary@example.org,anna.canary@example.org\n"
    client(ids=("1", "6", "2"), people=people, aliases=aliases)
    outcome = write_contacts("acme", name=LIST)
    assert [row[0] for row in rows(outcome.file)[1:]] == [pseudonym("1")]
    assert outcome.left_out["without consent (email)"] == 1  # 6
    assert outcome.left_out["not in the customer file"] == 1  # 2 is 6


def test_a_customer_known_by_email_alone(client):
    people = PEOPLE.replace("1,Anna.Canary", ",Anna.Canary")
    client(ids=("anna.canary@example.org",), people=people)
    outcome = write_contacts("acme", name=LIST)
    assert rows(outcome.file)[1][2] == "Anna.Canary@example.org"


def test_the_commands_words_hold_no_contact(client, capfd, caplog):
    private = client()
    assert main(["contacts", "acme", f"LIST={LIST}"]) == 0
    out, err = capfd.readouterr()
    assert out.splitlines() == [
        "On the list: 6",
        "Written: 2",
        "Left out, without consent (email): 2",
        "Left out, opted out: 1",
        "Left out, without email: 1",
        f"The contacts: data/acme/private/contacts_{LIST}_2026-06-30.xlsx",
    ]
    said = out + err + caplog.text
    assert not [canary for canary in CANARIES if canary in said]
    assert {f.name for f in private.iterdir()} == {
        f"contacts_{LIST}_2026-06-30.xlsx", ".contacts-lock",
    }  # fmt: skip


def test_no_contact_reaches_a_cache_a_report_or_an_error(client, workspace, capfd):
    people = PEOPLE.replace("2026-05-01", "dora.canary@example.org")
    client(people=people)
    assert main(["contacts", "acme", f"LIST={LIST}"]) == 2
    said = "".join(capfd.readouterr())
    assert "exports/people.csv row 5 column 'refused': not a time as in" in said
    assert not [canary for canary in CANARIES if canary in said]
    written = [f for f in workspace.rglob("*") if f.is_file() and "exports" not in f.parts]
    content = b"".join(file.read_bytes() for file in written)
    assert not [canary for canary in CANARIES if canary.encode() in content]


REFUSED = [
    ({"consents": {}}, {}, "sources.customers.consents.email: is not declared"),
    ({}, {"consent": "interview"}, "sources.customers.consents.interview: is not declared"),
    ({"contact": {"name": ["first"]}}, {}, "sources.customers.contact.email: is not declared"),
    ({}, {"consent": "emial"}, "CONSENT: no consent 'emial'; did you mean 'email'?"),
    ({}, {"name": "repeat_purchase__overdu"}, f"did you mean '{LIST}'?"),
    ({}, {"name": None}, f"LIST: is required: a table of single customers; known: {LIST}"),
    ({}, {"name": "../../acme"}, "LIST: no table '../../acme'"),
    ({}, {"name": "cohorts__retention"}, "holds no single customers (no column customer_id)"),
    ({}, {"as_of": "2026-05-31"}, "AS_OF: no report of '2026-05-31'"),
]


@pytest.mark.parametrize(("changes", "asked", "message"), REFUSED)
def test_what_is_refused(client, workspace, changes, asked, message):
    private = client(**changes)
    publish(workspace, "cohort,active\n2026-01,30\n", name="cohorts__retention")
    with pytest.raises(InputProblems) as raised:
        write_contacts("acme", **{"name": LIST, **asked})
    assert message in str(raised.value)
    assert not list(private.glob("contacts_*"))


def test_without_a_report_or_a_customer_file(client, make_client):
    make_client(exports={"orders.csv": "order,customer,when,amount\n1,a,2026-01-01,10\n"})
    with pytest.raises(InputProblems, match="sources.customers: is not given"):
        write_contacts("acme", name=LIST)


def test_the_latest_report_is_read(client, workspace):
    client(ids=("1",))
    publish(workspace, f"customer_id\n{pseudonym('6')}\n", as_of="2026-05-31")
    assert write_contacts("acme", name=LIST).file.name.endswith("2026-06-30.xlsx")
    before = write_contacts("acme", name=LIST, as_of="2026-05-31")
    assert before.file.name.endswith("2026-05-31.xlsx")
    assert [row[0] for row in rows(before.file)[1:]] == [pseudonym("6")]


def test_a_report_of_another_key_finds_nobody_and_says_so(client, capsys, monkeypatch):
    client()
    monkeypatch.setenv("PSEUDONYM_KEY", "another")
    assert main(["contacts", "acme", "--list", LIST]) == 0
    said = capsys.readouterr().out
    assert "Left out, not in the customer file: 6" in said
    assert "was the report made with another key?" in said


def test_columns_of_the_list_that_are_called_as_details(client, workspace):
    client()
    publish(
        workspace, f"name,customer_id,known,agreed,share,code\n'=1,{pseudonym('1')},a,b,-0.5,007\n"
    )
    assert rows(write_contacts("acme", name=LIST).file) == [
        ("customer_id", "name", "email", "share", "code"),
        (pseudonym("1"), "Anna Canary", "Anna.Canary@example.org", -0.5, "007"),
    ]


def test_killed_while_writing_the_last_list_is_whole(client, monkeypatch):
    private = client()
    file = write_contacts("acme", name=LIST).file
    before = file.read_bytes()

    def killed(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(contacts.shutil, "rmtree", lambda *_, **__: None)  # as kill -9 leaves it
    with monkeypatch.context() as patch:
        patch.setattr(contacts.Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            write_contacts("acme", name=LIST, consent="email")
    assert file.read_bytes() == before
    left = [f for f in private.iterdir() if f.is_dir()]
    assert left and all(stat.S_IMODE(f.stat().st_mode) == 0o700 for f in left)
    monkeypatch.undo()
    monkeypatch.setenv("PSEUDONYM_KEY", KEY)
    monkeypatch.setenv("WORKSPACE", str(private.parents[2]))
    write_contacts("acme", name=LIST)
    assert not [f for f in private.iterdir() if f.is_dir()]


def test_purge_keeps_data_and_parameters_and_says_so(client, workspace, capsys, monkeypatch):
    monkeypatch.delenv("PSEUDONYM_KEY")
    private = client()
    pseudonym_key(ClientFolders("acme"))
    staged("acme")
    (workspace / "build" / "acme" / "failed").mkdir()
    (workspace / "build" / "acme" / "failed" / "00_data_health.ipynb").write_text("{}")
    (private / f"contacts_{LIST}_2026-01-31.xlsx").write_text("x")
    kept = {f: f.read_bytes() for top in ("data", "params")
            for f in (workspace / top).rglob("*") if f.is_file()}  # fmt: skip
    assert main(["purge", "acme"]) == 0
    said = capsys.readouterr().out
    assert "removed build/acme" in said and "removed reports/acme" in said
    assert "kept data/acme/private" in said
    assert not (workspace / "build" / "acme").exists()
    assert not (workspace / "reports" / "acme").exists()
    assert kept == {f: f.read_bytes() for top in ("data", "params")
                    for f in (workspace / top).rglob("*") if f.is_file()}  # fmt: skip
    assert private / "pseudonym.key" in kept

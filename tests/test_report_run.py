"""A run: the same results from the same inputs, what is kept, and what a failure leaves."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import pytest
import small_shop
from filelock import FileLock
from small_shop import (
    SECRETS,
    NotRun,
    command,
    contents,
    copied,
    export,
    only_plan,
    orders,
    own_notebook,
    report_of,
    results,
    said_so_far,
    start,
    used,
    write,
)

from templates_lib.cli import main

TEMPLATES = ["00_data_health", "01_icp", "03_repeat_purchase", "04_cohorts", "05_customer_value",
             "09_interviews", "10_profiles", "11_summary"]  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    return small_shop.published(tmp_path_factory.getbasetemp())[0]


@pytest.fixture(scope="module")
def first_said(tmp_path_factory) -> str:
    """What the run said that made the shop's report."""
    return small_shop.published(tmp_path_factory.getbasetemp())[1]


@pytest.fixture
def copy(shop, tmp_path, monkeypatch) -> Path:
    return used(copied(shop, tmp_path / "copy"), monkeypatch)


def changed(workspace: Path, old: str, new: str) -> None:
    file = workspace / "params" / "acme.yml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


# The same from the same


def nameless(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """What stands in files, whichever client their commands name."""
    return {name: content.replace(b"beta", b"acme") for name, content in files.items()}


def test_two_clients_at_once_in_any_order_of_rows_are_as_one_by_itself(shop, tmp_path):
    """Shuffled rows, the file twice under two names, one job instead of two; and another client
    with the same orders, one notebook of which runs again at the same time.
    """
    rows = orders()
    head, *lines = export(rows).splitlines(keepends=True)
    small_shop.random.Random(1).shuffle(lines)
    shuffled = head + "".join(lines)
    data = write(tmp_path, client="acme", text=shuffled)
    (data / "exports" / "orders_again.csv").write_text(shuffled, encoding="utf-8")
    for folder in ("data", "build", "reports"):
        copied(shop / folder / "acme", tmp_path / folder / "beta")
    small_shop.shutil.copy(shop / "params" / "acme.yml", tmp_path / "params" / "beta.yml")
    one = start(tmp_path, "report", "acme", JOBS="1")
    other = start(tmp_path, "report", "beta", NOTEBOOKS="cohorts")
    for process in (one, other):
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0, said
    serial = report_of(shop)
    for client in ("acme", "beta"):
        made = report_of(tmp_path, client)
        assert nameless(results(made)) == nameless(results(serial))
        pages = [{"page": (each / "send" / "report.html").read_bytes()} for each in (made, serial)]
        assert nameless(pages[0]) == nameless(pages[1])
        assert contents(made / "internal" / "figures") == contents(serial / "internal" / "figures")


def test_nothing_changed_nothing_runs_and_all_is_as_it_was(copy):
    before = contents(report_of(copy))
    said = command(copy, "report", "acme")
    assert said.count("unchanged, kept") == len(TEMPLATES)
    assert "running" not in said
    after = contents(report_of(copy))
    assert after.keys() == before.keys()
    assert [name for name in before if after[name] != before[name]] == []


@pytest.mark.parametrize("named", ["cohorts", "04_cohorts"])
def test_a_named_notebook_runs_again_with_what_reads_it(copy, monkeypatch, named):
    planned = only_plan(monkeypatch, results_are_there=True)
    assert main(["report", "acme", f"NOTEBOOKS={named}"]) == 0
    assert planned == [["04_cohorts"], ["10_profiles"], ["11_summary"]]


def test_several_named_notebooks(copy, monkeypatch):
    planned = only_plan(monkeypatch, results_are_there=True)
    assert main(["report", "acme", "--notebooks", "cohorts, data_health"]) == 0
    assert planned == [["00_data_health", "04_cohorts"], ["10_profiles"], ["11_summary"]]


def test_what_else_has_changed_runs_too_and_is_told(copy, monkeypatch, capsys):
    changed(copy, "period: quarter", "period: quarter, horizon: 5")
    planned = only_plan(monkeypatch, results_are_there=True)
    assert main(["report", "acme", "NOTEBOOKS=data_health"]) == 0
    assert planned == [["00_data_health", "04_cohorts"], ["10_profiles"], ["11_summary"]]
    assert "not as in the last report, so run too: 04_cohorts\n" in capsys.readouterr().out


def test_an_unknown_notebook_gets_the_nearest_name(copy, capsys):
    before = contents(copy / "reports")
    assert main(["report", "acme", "NOTEBOOKS=cohort summary nps"]) == 2
    said = capsys.readouterr().err
    assert "NOTEBOOKS: no notebook 'cohort'; did you mean 'cohorts'?" in said
    assert "NOTEBOOKS: no notebook 'nps'; known: " in said
    assert "summary'" not in said
    assert contents(copy / "reports") == before


def test_a_changed_section_runs_its_notebook_and_what_reads_it(copy, monkeypatch):
    changed(copy, "period: quarter", "period: quarter, horizon: 5")
    planned = only_plan(monkeypatch, results_are_there=True)
    assert main(["report", "acme"]) == 0
    assert planned == [["00_data_health", "04_cohorts"], ["10_profiles"], ["11_summary"]]


def test_a_changed_section_of_the_summary_runs_the_summary(copy, monkeypatch):
    changed(copy, "purchases:", "summary: {return_days: 60}\npurchases:")
    planned = only_plan(monkeypatch, results_are_there=True)
    assert main(["report", "acme"]) == 0
    assert planned == [[], [], ["11_summary"]]


@pytest.mark.parametrize(
    "change", [("currency: EUR", "currency: USD"), ("history: complete", "history: partial")]
)
def test_what_all_share_runs_all(copy, monkeypatch, change):
    changed(copy, *change)
    planned = only_plan(monkeypatch)
    with pytest.raises(NotRun):
        main(["report", "acme"])
    assert planned == [TEMPLATES[:-2]]


def test_a_changed_input_runs_all(copy, monkeypatch):
    file = copy / "data" / "acme" / "exports" / "orders.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("shop", "till", 1), encoding="utf-8")
    planned = only_plan(monkeypatch)
    with pytest.raises(NotRun):
        main(["report", "acme"])
    assert planned == [TEMPLATES[:-2]]


# Failures


@pytest.fixture(scope="module")
def failed(shop, tmp_path_factory) -> tuple[Path, str]:
    """A run with notebooks that fail, while a lab holds the staged file open; what it said."""

    def make(workspace: Path) -> str:
        copied(shop, workspace)
        own_notebook(workspace, "05_raises", "total = 1", "for price in (1, 0):\n    total / price")
        own_notebook(workspace, "06_killed", "import os", "os.kill(os.getpid(), 9)")
        own_notebook(workspace, "07_fine", "shop.orders.count().execute()")
        stray = own_notebook(workspace, "08_other", "shop.orders.limit(5).to_pandas()")
        text = stray.read_text(encoding="utf-8").replace('\\"other\\"', '\\"data_health\\"')
        stray.write_text(text, encoding="utf-8")
        (staged,) = (workspace / "build" / "acme").glob("*.duckdb")
        with duckdb.connect(str(staged), read_only=True) as reader:
            said = command(workspace, "report", "acme", code=1)
            assert reader.execute("select count(*) from orders").fetchone()[0] > 0
        return said

    return small_shop.made_once(tmp_path_factory.getbasetemp(), "failed", make)


def test_failing_notebooks_are_named_with_their_cell_and_error(failed):
    workspace, said = failed
    # numbered as in the copy: [1] parameters, [2] injected, [3] the client is opened, [4], [5]
    assert "05_raises, cell [5] “for price in (1, 0):”: ZeroDivisionError: division by zero" in said
    assert "06_killed: its kernel died (killed, or out of memory)" in said
    assert '08_other: open_client(client, "other") was not called in it' in said
    assert said.endswith("Nothing was published; the last report is as it was.\n")
    assert "Traceback" not in said
    assert "build/acme/failed/05_raises.ipynb" in said
    copy = small_shop.nbformat.read(workspace / "build/acme/failed/05_raises.ipynb", as_version=4)
    (cell,) = [c for c in copy.cells if c.source.startswith("for price")]
    assert cell.execution_count == 5
    assert cell.outputs[-1].ename == "ZeroDivisionError"


def test_the_notebooks_beside_a_failing_one_finish_and_an_open_reader_is_no_hindrance(failed):
    _, said = failed
    (line,) = [line for line in said.splitlines() if "] 07_fine: " in line]
    assert "FAILED" not in line
    assert "11_summary:" not in said, "the summary would lack findings"


def test_a_failed_run_publishes_nothing_and_the_next_one_works(failed, shop, tmp_path):
    workspace, _ = failed
    assert contents(workspace / "reports") == contents(shop / "reports")
    again = copied(workspace, tmp_path / "again")
    small_shop.shutil.rmtree(again / "data" / "acme" / "notebooks")
    assert command(again, "report", "acme").count("unchanged, kept") == len(TEMPLATES)
    assert not (again / "build" / "acme" / "failed").exists()


def test_no_secret_and_no_person_is_anywhere(failed, first_said):
    """Every byte under build/ and reports/, the staged tables as well, and what was said."""
    workspace, said = failed
    everything = {**contents(workspace / "build"), **contents(workspace / "reports")}
    assert any(name.startswith("acme/failed/") for name in everything)
    (staged,) = (workspace / "build" / "acme").glob("*.duckdb")
    with duckdb.connect(str(staged), read_only=True) as connection:
        for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall():
            everything[name] = connection.execute(f'from "{name}"').df().to_csv().encode()
    assert len(everything["orders"]) > 1000
    everything["said"] = (said + first_said).encode()
    for canary in (*SECRETS.values(), *small_shop.PERSON, "canary", "private.example",
                   "Bird-Byrne"):  # fmt: skip
        for name, content in everything.items():
            assert canary.lower().encode() not in content.lower(), (canary, name)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def descendants(pid: int) -> set[int]:
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found, fresh = set(), {pid}
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return found


def wait_for(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


@pytest.fixture
def family() -> Iterator[set[int]]:
    """Processes that a test expects to end; where they do not, they are ended after it."""
    members: set[int] = set()
    yield members
    for pid in filter(is_alive, members):
        os.kill(pid, signal.SIGKILL)


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


@needs_proc
def test_a_killed_run_leaves_the_report_and_no_process(copy, family):
    """kill -9 while sources are staged, while notebooks run, and while the report is written."""
    before = contents(copy / "reports")
    exports = copy / "data" / "acme" / "exports" / "orders.csv"
    text = exports.read_text(encoding="utf-8")

    exports.write_text(text.replace("shop", "till", 1), encoding="utf-8")
    process = start(copy, "report", "acme")
    wait_for(lambda: list((copy / "build" / "acme").glob(".scratch-*")))
    process.kill()
    process.wait()
    exports.write_text(text, encoding="utf-8")
    assert contents(copy / "reports") == before

    sleeping = own_notebook(copy, "05_sleeps", "import time; time.sleep(600)")
    process = start(copy, "report", "acme")
    work = "*.partial/work/sleeps/findings.json"
    runs_folder = copy / "reports" / "acme" / ".runs"
    wait_for(lambda: list(runs_folder.glob(work)))
    family |= descendants(process.pid)
    assert len(family) >= 2, "a kernel, and the process that it is a copy of"
    process.kill()
    process.wait()
    wait_for(lambda: not any(map(is_alive, family)), 15)
    sleeping.unlink()
    link = report_of(copy)
    published = {f"acme/.runs/{link.resolve().name}/{n}": c for n, c in contents(link).items()}
    assert published.items() <= before.items()
    assert len(contents(link)) == len(published)

    process = start(copy, "report", "acme")
    wait_for(lambda: list(runs_folder.glob("*.partial/internal")))
    process.kill()
    process.wait()
    assert contents(link) == {n.split("/", 3)[3]: c for n, c in published.items()}

    said = command(copy, "report", "acme")
    assert said.count("unchanged, kept") == len(TEMPLATES)
    assert [f for f in runs_folder.iterdir() if f != link.resolve()] == []
    assert results(link) == {
        n.split("internal/")[1].removeprefix("tables/"): c
        for n, c in published.items()
        if "/internal/tables/" in n or n.endswith("findings.json")
    }
    # raw rows that a killed staging left are gone with the next staging
    exports.write_text(text.replace("shop", "till", 1), encoding="utf-8")
    command(copy, "check", "acme")
    assert not list((copy / "build" / "acme").glob(".scratch-*"))


@needs_proc
def test_ctrl_c_stops_at_once_without_a_traceback(copy, family):
    own_notebook(copy, "05_sleeps", "import time; time.sleep(600)")
    before = contents(copy / "reports")
    process = start(copy, "report", "acme")
    runs_folder = copy / "reports" / "acme" / ".runs"
    wait_for(lambda: list(runs_folder.glob("*.partial/work/sleeps/findings.json")))
    family |= {process.pid, *descendants(process.pid)}
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.endswith("Stopped; the last report is as it was.\n")
    assert "Traceback" not in said
    assert contents(copy / "reports") == before
    assert not list(runs_folder.glob("*.partial"))
    wait_for(lambda: not any(map(is_alive, family)), 15)


# Side by side


def test_the_same_client_twice_at_once_one_waits(copy):
    before = results(report_of(copy))
    with FileLock(copy / "build" / "acme" / ".report.lock"):
        both = [start(copy, "report", "acme") for _ in range(2)]
        for process in both:
            heard = list(said_so_far(process, "waiting for it"))
            assert heard[-1] == "Another report of this client is being made; waiting for it.\n"
    for process in both:
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said
    assert results(report_of(copy)) == before


# What a run says, and what it must not say


def test_progress_in_plain_lines_without_a_terminal(first_said):
    lines = first_said.splitlines()
    assert lines[0].startswith("reading the sources: ")
    assert lines[1] == f"running: {', '.join(TEMPLATES[:-2])} (2 at a time)"
    done = [line for line in lines if line.startswith("[")]
    assert [line[:5] for line in done] == [
        f"[{k}/{len(TEMPLATES)}]" for k in range(1, len(TEMPLATES) + 1)
    ]
    assert done[-2].endswith("; left: 11_summary")
    assert done[-1].endswith(" s")
    assert all(" s" in line for line in done)
    assert lines[-3] == f"The report: reports/acme/{small_shop.AS_OF}/en/send/report.html"
    assert not any("\x1b" in line for line in lines)


def test_papermill_is_given_the_clients_name_only(shop):
    for file in (report_of(shop) / "internal" / "notebooks").glob("*.ipynb"):
        executed = small_shop.nbformat.read(file, as_version=4)
        assert executed.metadata.papermill.parameters == {"client": "acme"}
        injected = [c for c in executed.cells if "injected" in str(c.metadata.get("tags"))]
        assert [c.source for c in injected] == ['# Parameters\nclient = "acme"\n']

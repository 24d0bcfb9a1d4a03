"""What is published: its files and columns, and that the last report outlives every mishap."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import small_shop
from small_shop import NotRun, command, contents, copied, only_plan, report_of, results, used

from templates_lib import published
from templates_lib.cli import main
from templates_lib.report import publish

FINDING = ["id", "notebook", "headline", "text", "estimate", "low", "high", "n", "unit",
           "evidence", "strength", "effect_eur", "action"]  # fmt: skip
HEADERS = {
    "cohorts__retention": "cohort,age,cohort_size,active,retention,low,high,complete",
    "repeat_purchase__return_curve": "split,group,days,at_risk,returned,low,high",
    "data_health__reconciliation": "step,rows,orders,customers,net_sales",
    "interviews__call_plan": "stratum,wanted,available,selected,reason",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    return small_shop.published(tmp_path_factory.getbasetemp())[0]


@pytest.fixture
def copy(shop, tmp_path, monkeypatch) -> Path:
    return used(copied(shop, tmp_path / "copy"), monkeypatch)


def test_a_report_is_a_link_to_a_finished_folder(shop):
    link = report_of(shop)
    assert link.is_symlink()
    assert not link.readlink().is_absolute(), "a workspace can be moved"
    assert link.resolve().parent == shop / "reports" / "acme" / ".runs"
    assert [f.name for f in link.resolve().parent.iterdir()] == [link.resolve().name]
    assert {f.name for f in link.iterdir()} == {"send", "internal"}
    assert set(contents(link / "send")) == {"report.html", "slides.pptx", "tables.xlsx"}
    internal = contents(link / "internal")
    assert {name.partition("/")[0] for name in internal} == {
        "findings.json", "evidence.json", "manifest.json", "tables.json", "tables", "figures",
        "files", "notebooks",
    }  # fmt: skip
    notebooks = {name for name in internal if name.startswith("notebooks/")}
    templates = {f"notebooks/{f.name}" for f in Path("notebooks").glob("*.ipynb")}
    left_out = {"02_nps_drivers", "06_journey", "07_purchase_survey", "08_marketing"}
    assert notebooks == templates - {f"notebooks/{name}.ipynb" for name in left_out}
    assert {Path(name).suffix for name in internal if name.startswith("figures/")} == {
        ".svg", ".png", ".json",
    }  # fmt: skip
    files = {"files/interviews__guide.html", "files/interviews__template.xlsx"}
    assert {name for name in internal if name.startswith("files/")} == files
    tables = {Path(name).stem for name in internal if name.startswith("tables/")}
    assert tables == set(json.loads(internal["tables.json"]))
    assert all(content for content in internal.values()), "an empty file"


def test_findings_have_the_keys_of_the_design_in_their_order(shop):
    found = json.loads((report_of(shop) / "internal" / "findings.json").read_bytes())
    assert found
    for finding in found:
        assert list(finding) == FINDING
        assert finding["low"] <= finding["estimate"] <= finding["high"]
        assert finding["id"].startswith(finding["notebook"] + ".")
    assert len({finding["id"] for finding in found}) == len(found)


@pytest.mark.parametrize("name", HEADERS)
def test_columns_that_others_rely_on(shop, name):
    split = {"cohorts__retention": "first_channel,"}.get(name, "")
    text = (report_of(shop) / "internal" / "tables" / f"{name}.csv").read_text(encoding="utf-8")
    assert text.splitlines()[0] == split + HEADERS[name]
    assert len(text.splitlines()) > 1
    assert "\r" not in text


def test_without_a_split_the_columns_are_those_of_the_design(plain_retention):
    assert plain_retention == HEADERS["cohorts__retention"]


@pytest.fixture
def plain_retention(shop, copy) -> str:
    """The header of the retention table where cohorts are not split; no kernel is needed."""
    from templates_lib import cohorts
    from templates_lib.client import open_client

    one = open_client("acme", "cohorts", {"split_by": []})
    cells = cohorts.cells(
        one.first_orders, one.purchases, one.movements, as_of=one.as_of,
        period=one.settings.period, window_days=None, horizon=2, split_by=[],
    )  # fmt: skip
    return ",".join(cohorts.retention(cells).columns)


def test_the_manifest_says_what_the_report_was_made_of(shop):
    manifest = json.loads((report_of(shop) / "internal" / "manifest.json").read_bytes())
    assert manifest["client"] == "acme"
    assert manifest["as_of"] == small_shop.AS_OF
    assert manifest["parameters"]["cohorts"]["period"] == "quarter"
    assert manifest["files"][0]["rows"] == len(small_shop.orders())
    assert {"python", "duckdb", "pandas"} <= set(manifest["versions"])
    for one in manifest["notebooks"].values():
        assert set(one) == {"fingerprint", "results", "seconds"}
        assert one["seconds"] > 0


def test_every_number_of_a_table_is_plain(shop):
    for file in (report_of(shop) / "internal" / "tables").glob("*.csv"):
        rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8"))))
        assert len({len(row) for row in rows}) == 1, file.name
        for cell in (cell for row in rows[1:] for cell in row):
            assert not cell.startswith(("=", "+", "@")), (file.name, cell)
            if cell.startswith("-"):
                float(cell)
            assert cell.lower() not in ("nan", "inf", "<na>", "none", "nat"), (file.name, cell)


# Mishaps while publishing: the report that was there stays byte for byte


def fails_midway(monkeypatch, number: int) -> None:
    def full(*arguments, **options):
        raise OSError(number, os.strerror(number), "/somewhere/tables.xlsx")

    monkeypatch.setattr(publish, "workbook", full)


def test_a_full_disk_leaves_the_report_and_says_so(copy, monkeypatch, capsys):
    before = contents(copy / "reports")
    fails_midway(monkeypatch, errno.ENOSPC)
    assert main(["report", "acme"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("Stopped: No space left on device /somewhere/tables.xlsx")
    assert "Traceback" not in said
    assert contents(copy / "reports") == before
    assert not list((copy / "reports").rglob("*.partial"))


def test_a_full_file_system(copy):
    reports = copy / "reports"
    before = contents(reports)
    pages = sum(-(-len(content) // 4096) for content in before.values())
    size = 4096 * pages + 300_000  # too little for a second report
    aside = shutil.move(reports, copy / "aside")
    reports.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(reports)]
    if os.geteuid() or not shutil.which("mount") or subprocess.run(mount).returncode:
        pytest.skip("a small file system cannot be mounted here (needs root)")
    try:
        shutil.copytree(aside, reports, symlinks=True, dirs_exist_ok=True)
        said = command(copy, "report", "acme", code=1)
        assert "No space left on device" in said
        assert "Traceback" not in said
        assert contents(reports) == before
        assert not list(reports.rglob("*.partial"))
    finally:
        subprocess.run(["umount", str(reports)], check=True)


def test_a_link_is_swapped_and_the_folder_before_is_gone(copy):
    before = report_of(copy).resolve()
    assert main(["report", "acme"]) == 0
    after = report_of(copy).resolve()
    assert after != before
    assert not before.exists()
    assert [f.name for f in after.parent.iterdir()] == [after.name]


def test_where_links_are_not_allowed_a_file_names_the_folder(copy, monkeypatch, capsys):
    """As on a stick or a share, and on Windows: the file takes the link's place and is replaced."""

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", refused)
    before = results(report_of(copy))
    for _ in range(2):
        capsys.readouterr()
        assert main(["report", "acme"]) == 0
        place = report_of(copy)
        assert place.is_file() and not place.is_symlink()
        folder = (place.parent / place.read_text().strip()).resolve()
        assert [f.name for f in folder.parent.iterdir()] == [folder.name]
        assert results(folder) == before, "and what was made before is found there again"
        assert (folder / "send" / "report.html").as_uri() in capsys.readouterr().out
    planned = only_plan(monkeypatch, results_are_there=True)
    assert main(["report", "acme"]) == 0
    assert planned == [[]] * len(planned), "nothing to run again"


def test_a_file_that_was_killed_half_way_leaves_the_last_report(copy, monkeypatch):
    before = contents(report_of(copy))

    def killed(self: Path, target: Path) -> Path:
        if self.name == ".en.new":
            raise KeyboardInterrupt
        return rename(self, target)

    rename = Path.replace
    monkeypatch.setattr(published, "CAN_LINK", False)
    monkeypatch.setattr(Path, "replace", killed)
    assert main(["report", "acme"]) == 130
    monkeypatch.undo()
    used(copy, monkeypatch)
    assert contents(report_of(copy)) == before
    assert main(["report", "acme"]) == 0


def test_reports_of_other_days_and_languages_are_kept(copy):
    other = copy / "reports" / "acme" / "2024-12-31"
    old = copy / "reports" / "acme" / ".runs" / "0123abcd"
    (old / "send").mkdir(parents=True)
    other.mkdir()
    (other / "fi").symlink_to("../.runs/0123abcd", target_is_directory=True)
    stray = copy / "reports" / "acme" / ".runs" / "dead.partial"
    (stray / "work").mkdir(parents=True)
    assert main(["report", "acme"]) == 0
    assert (other / "fi" / "send").is_dir()
    assert not stray.exists()


def test_after_one_notebook_was_asked_for_nothing_runs_again(copy, monkeypatch):
    """What a later notebook rests on is the same in whatever order the earlier ones were made."""
    planned = only_plan(monkeypatch, results_are_there=True)
    assert main(["report", "acme", "NOTEBOOKS=cohorts"]) == 0
    assert ["04_cohorts"] in planned
    planned.clear()
    assert main(["report", "acme"]) == 0
    assert planned == [[]] * len(planned)


def test_results_that_were_changed_by_hand_are_made_again(copy, monkeypatch):
    """Only what is as it was made is kept: an edited table is no result of its notebook."""
    with_edit = report_of(copy) / "internal" / "tables" / "cohorts__average.csv"
    with_edit.write_text(with_edit.read_text().replace("orders", "sales"))
    planned = only_plan(monkeypatch)
    with pytest.raises(NotRun):
        main(["report", "acme"])
    assert planned == [["04_cohorts"]]


@pytest.mark.parametrize("lost", ["tables.json", "tables/cohorts__average.csv", "manifest.json"])
def test_a_report_that_has_lost_a_file_is_made_again(copy, monkeypatch, lost):
    (report_of(copy) / "internal" / lost).unlink()
    planned = only_plan(monkeypatch)
    with pytest.raises(NotRun):
        main(["report", "acme"])
    assert "04_cohorts" in planned[0]


def test_results_are_the_same_words_for_the_same_report(shop):
    assert results(report_of(shop))["findings.json"].endswith(b"]\n")

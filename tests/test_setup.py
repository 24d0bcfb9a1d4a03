"""What is set up and generated is current: locks, environment, workflow, generated files."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from templates_lib import definitions, demo
from templates_lib.cli import parser
from templates_lib.params import file
from templates_lib.sources import formats
from templates_lib.workspace import repository

ROOT = repository()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


OWN_LOCK = "spark"
LOCKS = ["requirements.lock", "bootstrap.lock", "benchmark.lock", f"{OWN_LOCK}.lock"]


def requirements(name: str) -> list[str]:
    """The requirements of a lock, each with its continued lines."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def direct() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"].items()
    own = [one for name, extra in extras if name != OWN_LOCK for one in extra]
    return [Requirement(name) for name in (*PROJECT["dependencies"], *own)]


def locked(name: str = "requirements.lock") -> dict[str, set[str]]:
    """The versions of each package in the lock; more than one where platforms differ."""
    found: dict[str, set[str]] = {}
    for line in requirements(name):
        one = Requirement(line.partition(" --hash")[0].strip())
        (pin,) = one.specifier
        assert pin.operator == "==", line[:80]
        found.setdefault(canonicalize_name(one.name), set()).add(pin.version)
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_a_hash_for_all_and_an_address_for_none(name):
    assert requirements(name)
    for line in requirements(name):
        assert re.match(r"[a-z0-9][a-z0-9._-]*(\[.*\])?==\S+ ", line), line[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line), line[:80]
        assert set(re.findall(r"--[a-z-]+", line)) == {"--hash"}, line[:80]
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text and "--find-links" not in text and " @ " not in text


def test_the_lock_meets_every_direct_dependency():
    versions = locked()
    for one in direct():
        assert all(one.specifier.contains(v) for v in versions[canonicalize_name(one.name)]), one


def test_sparks_own_lock_meets_its_extra():
    (one,) = map(Requirement, PROJECT["optional-dependencies"][OWN_LOCK])
    assert all(one.specifier.contains(v) for v in locked(f"{OWN_LOCK}.lock")[one.name])
    assert one.name not in locked()


def test_conda_has_the_pins_of_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    (pip,) = [part["pip"] for part in environment["dependencies"] if isinstance(part, dict)]
    pins = {canonicalize_name(Requirement(line).name): Requirement(line) for line in pip}
    assert set(pins) == {canonicalize_name(one.name) for one in direct()}
    for one in direct():
        pin = pins[canonicalize_name(one.name)]
        assert {f"=={v}" for v in locked()[canonicalize_name(one.name)]} == {str(pin.specifier)}
        assert pin.extras == one.extras
    assert f"python{PROJECT['requires-python']}" in environment["dependencies"]
    assert environment["name"] == PROJECT["name"]


@pytest.mark.parametrize(
    ("name", "generate"),
    [
        ("params/schema.json", file.schema),
        ("docs/parameters.md", file.reference),
        ("docs/definitions.md", definitions.reference),
        ("docs/sources.md", formats.reference),
        ("docs/demo.md", demo.reference),
    ],
)
def test_a_generated_file_is_current(name, generate):
    assert (ROOT / name).read_text(encoding="utf-8") == generate(), "run: make docs"


def make_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE))


def test_the_workflow_calls_what_exists():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    systems = {name: job["runs-on"] for name, job in workflow["jobs"].items()}
    assert systems == {"test": "ubuntu-latest", "without-make": "${{ matrix.system }}"}
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    called = [step["run"].split() for step in steps if "run" in step]
    assert called
    for words in called:
        match words:
            case ["make", target, *_]:
                assert target in make_targets(), words
            case ["python", "-m", "templates_lib", *rest]:
                parser().parse_args(rest)  # ends the test where a command or an option is unknown
            case ["python", "-m", "pytest", "-q", *files]:
                assert files and all((ROOT / file).is_file() for file in files)
            case ["python", "-m", "pip", "install", *_, last]:
                assert (ROOT / last).exists(), words
            case _:
                raise AssertionError(words)
    assert workflow["permissions"] == {"contents": "read"}
    for step in steps:
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])


DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def test_the_commands_of_the_documents_exist():
    """Those without make: the command, its options, and what they are given can be read."""
    pattern = re.compile(r"^\S*python -m templates_lib (.+?)(?:  +#.*)?$", re.MULTILINE)
    texts = [file.read_text(encoding="utf-8") for file in DOCUMENTS]
    called = [words.split() for text in texts for words in pattern.findall(text)]
    assert ["report", "acme", "--as-of", "2026-10-31", "--language", "fi"] in called
    for words in called:
        parser().parse_args(words)


def test_the_ci_script_calls_targets_that_exist():
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    called = re.findall(r"^ *make ([a-z-]+)", text, re.MULTILINE)
    assert called
    assert {word for line in called for word in line.split() if "=" not in word} <= make_targets()
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def git(*words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("needs git and a clone")
    return done.stdout.splitlines()


def test_only_what_belongs_to_no_client_is_in_git():
    files = git("ls-files")
    assert not [f for f in files if f.startswith(("data/", "build/", ".venv/"))]
    assert {f for f in files if f.startswith("reports/")} <= {"reports/README.md"}
    named = {f for f in files if f.startswith("params/")}
    shipped = ("cdnow", "completejourney", "demo", "lean")
    examples = {*(f"params/{name}.yml" for name in shipped), "params/schema.json",
                "params/demo.editorial.yml"}  # fmt: skip
    assert examples <= named <= examples | {"params/template.yml"}
    assert not [f for f in files if f.endswith((".duckdb", ".key", ".xlsx", ".parquet", ".pkl"))]


def test_a_clients_files_are_ignored():
    for path in ("params/acme.yml", "data/acme/exports/x.csv", "data/acme/private/pseudonym.key",
                 "build/acme/x.duckdb", "reports/acme/2026-01-01/en"):  # fmt: skip
        assert git("check-ignore", path) == [path]

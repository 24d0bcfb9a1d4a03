"""Runs the benchmarks, or those that are named: `python -m benchmarks orders --date 2026-11-22`."""

from __future__ import annotations

import argparse
import subprocess
import sys

from benchmarks.performance import ROOT, TITLES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=[], help=", ".join(TITLES))
    parser.add_argument("--date", help="of the run; with it docs/performance.md is written")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - TITLES.keys():
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    options = ["--date", chosen.date] if chosen.date else []
    for name in chosen.names or TITLES:
        print(f"\n{TITLES[name]}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", *options]
        subprocess.run(command, check=True, cwd=ROOT)


if __name__ == "__main__":
    main()

"""Ways to do the same, each in processes of its own and by turns, held to equal results."""

from __future__ import annotations

import argparse
import gc
import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.performance import ROOT

EQUAL = 1e-9  # relative difference of sums of money


def arguments(about: str) -> argparse.ArgumentParser:
    """What every benchmark understands."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--date", help="of the run; with it docs/performance.md is written")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    return parser


def timed(call: Callable[[], Any], *, is_warm: bool = True) -> tuple[Any, float]:
    """What a call gives, and its seconds; after a first call that does not count."""
    if is_warm:
        call()
        gc.collect()
    began = time.perf_counter()
    found = call()
    return found, time.perf_counter() - began


def hand_back(found: dict[str, Any]) -> None:
    """What a process found, with the most memory that it held, GB."""
    print(json.dumps(found | {"memory": most_held() / 1024**2}))


def most_held() -> int:
    """The most memory of this process, kB; on Linux not that of the one which started it, which
    its usage of resources begins with."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def in_turns(
    module: str, ways: Sequence[str], options: Sequence[str], *, turns: int, same: Sequence[str],
    once: Sequence[str] = (),
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """Every way as ``python -m benchmarks.<module> --way …``, in alternating order; the best of
    each.

    Parameters
    ----------
    same : the names of the results in which all ways that have them must agree
    once : ways that take long, and have the first turn only

    Raises
    ------
    SystemExit
        Where two ways do not agree.
    """
    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
    for turn in range(turns):
        for way in ways if turn % 2 == 0 else ways[::-1]:
            if turn and way in once:
                continue
            command = [sys.executable, "-m", f"benchmarks.{module}", "--way", way, *options]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
            runs[way].append(json.loads(done.stdout.splitlines()[-1]))
    best = {}
    for way, own in runs.items():
        best[way] = min(own, key=lambda run: run["seconds"])
        best[way]["memory"] = max(run["memory"] for run in own)
        for name in best[way].keys() & best[ways[0]].keys() & set(same):
            if not is_equal(best[way][name], best[ways[0]][name]):
                raise SystemExit(f"{module}: {way} gives another {name} than {ways[0]}")
    return best


def is_equal(one: Any, other: Any) -> bool:
    """Equal but for the last digits of floating-point numbers."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_equal(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_equal, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(one, other, rel_tol=EQUAL, abs_tol=EQUAL)
    return one == other


def told(name: str, run: dict[str, Any]) -> str:
    return f"{name}: {run['seconds']:.2f} s, at most {run['memory']:.1f} GB"

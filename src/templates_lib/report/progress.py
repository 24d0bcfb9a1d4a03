"""What a run shows: what is running, what is done, how long it took and what is left.

On a terminal a live line; elsewhere plain lines, one an event.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status


class Progress:
    """Tells how a run goes on."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._left: list[str] = []
        self._all = 0
        self._status: Status | None = None

    def say(self, text: str) -> None:
        self._console.print(text, markup=False)

    @contextmanager
    def task(self, name: str) -> Iterator[None]:
        """A step that is no notebook."""
        started = time.monotonic()
        self._show(name)
        try:
            yield
        finally:
            self.stop()
        self.say(f"{name}: {time.monotonic() - started:.1f} s")

    def start(self, names: Sequence[str]) -> None:
        self._left, self._all = list(names), len(names)

    def running(self, names: Sequence[str], processes: int) -> None:
        if not self._console.is_terminal:
            beside = f" ({processes} at a time)" if processes < len(names) else ""
            self.say(f"running: {', '.join(names)}{beside}")
        self._show_left()

    def kept(self, name: str) -> None:
        self._done(name, "unchanged, kept")

    def done(self, name: str, seconds: float, *, failed: bool) -> None:
        self._done(name, f"{'FAILED after ' if failed else ''}{seconds:.1f} s")

    def stop(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _done(self, name: str, how: str) -> None:
        self._left.remove(name)
        self.stop()
        text = f"[{self._all - len(self._left)}/{self._all}] {name}: {how}"
        if self._left and not self._console.is_terminal:
            text += f"; left: {', '.join(self._left)}"
        self.say(text)
        self._show_left()

    def _show_left(self) -> None:
        if self._left:
            self._show(f"left: {', '.join(self._left)}")

    def _show(self, text: str) -> None:
        if self._console.is_terminal:
            self.stop()
            self._status = self._console.status(text)
            self._status.start()

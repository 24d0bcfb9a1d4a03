"""A PostgreSQL server of the tests' own: made in a scratch folder, stopped whatever happens."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root
MOST_SECONDS = 30


def binaries() -> Path | None:
    """The folder that holds ``initdb`` and ``postgres``; None where there is no such server."""
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    folders = [*packaged, *([Path(found).parent] if found else [])]
    return next((f for f in folders if (f / "initdb").exists() and (f / "postgres").exists()), None)


@contextlib.contextmanager
def running(password: str) -> Iterator[str]:
    """A server on a free port of the loopback address, for as long as the block lasts.

    Gives its address, ``postgres://user:password@127.0.0.1:port/postgres``.
    """
    programs = binaries()
    assert programs is not None
    home = Path(tempfile.mkdtemp(prefix="postgres-"))
    how: dict[str, Any] = {"cwd": home, "env": {"LC_ALL": "C.UTF-8", "PATH": os.defpath}}
    if os.geteuid() == 0:
        them = pwd.getpwnam(UNPRIVILEGED)
        how |= {"user": them.pw_uid, "group": them.pw_gid, "extra_groups": []}
        os.chown(home, them.pw_uid, them.pw_gid)
    try:
        secret = home / "password"
        secret.write_text(password, encoding="utf-8")
        data = home / "data"
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "shop", "-A", "scram-sha-256", "--no-sync",
             f"--pwfile={secret}", "-E", "UTF8"],
            check=True, capture_output=True, **how,
        )  # fmt: skip
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        settings = {"listen_addresses": "127.0.0.1", "port": port, "fsync": "off",
                    "unix_socket_directories": "", "timezone": "America/New_York"}  # fmt: skip
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        log = home / "log"
        with log.open("wb") as out:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, *words], stdout=out, stderr=out, **how
            )
        address = f"postgres://shop:{password}@127.0.0.1:{port}/postgres"
        try:
            _wait_for(server, address, log)
            yield address
        finally:
            server.send_signal(signal.SIGINT)  # what PostgreSQL calls a fast shutdown
            try:
                server.wait(MOST_SECONDS)
            finally:
                server.kill()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _wait_for(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    end = time.monotonic() + MOST_SECONDS
    while True:
        try:
            psycopg.connect(address).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError(log.read_text(errors="replace")) from None
            time.sleep(0.1)

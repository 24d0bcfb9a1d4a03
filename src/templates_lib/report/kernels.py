"""The kernels of a run: copies of one process that has imported the libraries, where the system
makes such copies safely. To import them takes longer than many a notebook."""

from __future__ import annotations

import ast
import logging
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from uuid import uuid4

import nbformat
import papermill
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner
from nbclient.exceptions import DeadKernelError
from traitlets import Unicode
from traitlets.config import Config

from templates_lib.client import RUN_FOLDER

logging.getLogger("papermill").setLevel(logging.CRITICAL)  # the run says what failed
PROCESSES = get_context("forkserver" if sys.platform == "linux" else "spawn")


def import_once(notebooks: Iterable[str]) -> None:
    """Has the process of which kernels are copies import what notebooks import.

    Parameters
    ----------
    notebooks : their files; those of the repository, whose imports do nothing else
    """
    if sys.platform != "linux":  # elsewhere libraries of the system may not be copied
        return
    names = {"ipykernel.kernelapp": None}
    for file in notebooks:
        for cell in nbformat.read(file, as_version=4).cells:
            if cell.cell_type == "code":
                names |= dict.fromkeys(_imported(cell.source))
    PROCESSES.set_forkserver_preload([*names])


def _imported(source: str) -> Iterator[str]:
    """The modules of ``from a import b``; what is none of them is passed over."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def execute_notebook(path: str, output: str, client: str) -> tuple[float, str, str]:
    """Executes one notebook by Papermill with nothing but the client's name.

    Parameters
    ----------
    output : where its copy goes, in the folder of the run

    Returns
    -------
    Seconds, and for a failure the cell (its number in the copy and first line) and the message.
    """
    started = time.monotonic()
    cell, message = "", ""
    work = str(Path(output).parent)
    try:
        papermill.execute_notebook(
            path, output, parameters={"client": client}, kernel_name="python3", language="python",
            progress_bar=False, log_output=False, resources={"metadata": {"path": work}},
            shutdown_kernel="graceful", extra_arguments=["--log-level=CRITICAL"],
            kernel_manager_class=RunKernel,
            config=Config(RunKernel={"work": work, "transport_encryption": "auto"}),
        )  # fmt: skip
    except papermill.PapermillExecutionError as error:
        cell = f"[{error.exec_count}] “{error.source.strip().partition(chr(10))[0][:60]}”"
        message = f"{error.ename}: {error.evalue}"
    except DeadKernelError:
        message = "its kernel died (killed, or out of memory)"
    except Exception as error:  # any other end of a notebook is a failure of that notebook only
        message = f"{type(error).__name__}: {error}"
    return time.monotonic() - started, cell, message


class RunKernel(AsyncKernelManager):
    """Starts a notebook's kernel as a process of the run."""

    work = Unicode(help="The folder of the run.", config=True)

    async def start_kernel(self, **options: Any) -> None:
        self.provisioner = _OfThisRun(
            kernel_id=str(uuid4()), kernel_spec=self.kernel_spec, parent=self
        )
        own = {
            RUN_FOLDER: self.work,
            "MPLBACKEND": "agg",
            "IPYTHONDIR": str(Path(self.work, ".ipython")),  # no start-up files of the user's
        }
        await super().start_kernel(env=os.environ | own, **options)


class _OfThisRun(LocalProvisioner):
    """Jupyter's way to start a kernel, with a copy of a process in the place of a new program."""

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        arguments = cmd[cmd.index("-f") :]
        process = PROCESSES.Process(
            target=_serve, args=(arguments, str(options["cwd"]), dict(options["env"]))
        )
        process.start()
        self.process = _Started(process)
        self.pid = process.pid
        self.pgid = process.pid if hasattr(os, "setsid") else None  # see `_serve`
        return self.connection_info


class _Started:
    """A process of `multiprocessing`, handled as one of `subprocess`."""

    stdin = stdout = stderr = None

    def __init__(self, process: BaseProcess) -> None:
        self.pid = process.pid
        self.kill = process.kill
        self.terminate = process.terminate
        self._process = process

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.pid is not None and self.poll() is None:
            os.kill(self.pid, number)


def _serve(arguments: list[str], folder: str, environment: Mapping[str, str]) -> None:
    """What the process of a kernel does, from its beginning to its end."""
    if hasattr(os, "setsid"):
        os.setsid()  # Ctrl-C is for the run, which ends its kernels
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    threading.Thread(target=_end_with_run, daemon=True).start()
    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance(argv=arguments)


def _end_with_run() -> None:
    run = parent_process()
    if run is not None:
        run.join()
        os._exit(1)

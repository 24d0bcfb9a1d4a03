"""What a worker process of a run does. It imports little, so that it starts at once."""

from __future__ import annotations

import os
import signal
import threading
import time
from multiprocessing import parent_process
from pathlib import Path


def begin(variable: str, work: str) -> None:
    """What holds for the kernels of a worker; a worker ends with its run, kernels with it."""
    os.environ[variable] = work
    os.environ["MPLBACKEND"] = "agg"
    os.environ["IPYTHONDIR"] = str(Path(work, ".ipython"))  # no start-up files of the user's
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run, which ends its workers
    threading.Thread(target=_end_with_run, daemon=True).start()


def _end_with_run() -> None:
    run = parent_process()
    if run is not None:
        run.join()
        os._exit(1)


def execute_notebook(path: str, output: str, client: str) -> tuple[float, str, str]:
    """Executes one notebook by Papermill with nothing but the client's name.

    Returns
    -------
    Seconds, and for a failure the cell (its number in the copy and first line) and the message.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError
    from traitlets.config import Config

    started = time.monotonic()
    cell, message = "", ""
    try:
        papermill.execute_notebook(
            path, output, parameters={"client": client}, kernel_name="python3", language="python",
            progress_bar=False, log_output=False, cwd=str(Path(output).parent),
            shutdown_kernel="immediate", extra_arguments=["--log-level=ERROR"],
            config=Config(KernelManager={"transport_encryption": "auto"}),
        )  # fmt: skip
    except papermill.PapermillExecutionError as error:
        cell = f"[{error.exec_count}] “{error.source.strip().partition(chr(10))[0][:60]}”"
        message = f"{error.ename}: {error.evalue}"
    except DeadKernelError:
        message = "its kernel died (killed, or out of memory)"
    except Exception as error:  # any other end of a notebook is a failure of that notebook only
        message = f"{type(error).__name__}: {error}"
    return time.monotonic() - started, cell, message

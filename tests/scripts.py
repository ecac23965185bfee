"""Programs that tests run in a process of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time

__all__ = ["run_script"]


def run_script(body: str, interrupt: bool = False) -> tuple[int, str, float]:
    """Runs Python code; with `interrupt`, sends Ctrl-C after its first line of output.

    Returns:
        Exit code, output with errors, and seconds (from the interrupt, where there is one).
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(body)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    first = process.stdout.readline() if interrupt else ""
    begun = time.monotonic()
    if interrupt:
        process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    return process.returncode, first + out, time.monotonic() - begun

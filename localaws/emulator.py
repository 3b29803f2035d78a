"""Starting and ending the embedded AWS as a process of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from localaws import processes
from localaws.embedded import HOST, edition
from localaws.failures import PortInUse, StepFailed

CHECKOUT = Path(__file__).resolve().parent.parent
READY_WITHIN_SECONDS = 60
LOOK_AGAIN_SECONDS = 0.05

DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Uses no proxy: a proxy of the shell cannot reach the ports of this machine."""


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running embedded AWS. Its process group has the id of the process."""

    process: subprocess.Popen[bytes]
    port: int
    directory: Path
    log: Path
    """The output of the embedded AWS and of the functions' runtime."""

    @property
    def endpoint_url(self) -> str:
        """The URL of every AWS service."""
        return f"http://{HOST}:{self.port}"


def free_port() -> int:
    """A port that is free at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def start(port: int, directory: Path, log: Path, *, ends_with_us: bool) -> Emulator:
    """Start it and return when it answers.

    With `ends_with_us` it ends when this process ends, for whatever reason.
    Otherwise it runs until `processes.end_group`. Raises PortInUse or StepFailed.
    """
    _require_free(port)
    directory.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "localaws.embedded", "--port", str(port), "--directory", str(directory)]
    if ends_with_us:
        command.append("--while-stdin-is-open")
    with log.open("wb") as written:
        process = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            stdin=subprocess.PIPE if ends_with_us else subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    emulator = Emulator(process, port, directory, log)
    try:
        _wait_until_ready(emulator)
    except BaseException:
        end(emulator)
        raise
    return emulator


def end(emulator: Emulator) -> None:
    """End it and the functions it runs."""
    processes.end_group(emulator.process.pid)
    if emulator.process.stdin:
        emulator.process.stdin.close()
    emulator.process.wait()


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex((HOST, port)) == 0:
            raise PortInUse(port)


def _wait_until_ready(emulator: Emulator) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if emulator.process.poll() is not None:
            raise StepFailed("starting the embedded AWS", f"it ended with {emulator.process.returncode}", emulator.log)
        if answers(emulator.port, emulator.directory):
            return
        time.sleep(LOOK_AGAIN_SECONDS)
    raise StepFailed("starting the embedded AWS", f"no answer within {READY_WITHIN_SECONDS} seconds", emulator.log)


def answers(port: int, directory: Path) -> bool:
    """True if the embedded AWS of this directory answers on this port, and not another one."""
    try:
        with DIRECTLY.open(f"http://{HOST}:{port}/health", timeout=5) as answer:
            return bool(json.load(answer)["edition"] == edition(directory.resolve()))
    except (urllib.error.URLError, ConnectionError, TimeoutError, ValueError, KeyError):
        return False

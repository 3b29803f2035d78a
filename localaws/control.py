"""`make up`, `make down` and `make status`: one embedded AWS per clone, in the background."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from localaws import broker, emulator, mfa, processes
from localaws.accounts import members
from localaws.failures import AlreadyRunning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PLACE = emulator.CHECKOUT / ".local"
OWNER_ONLY = 0o700
WRITTEN = frozenset({"process.json", "env", "config", "credentials", "aws.log", mfa.FILE, mfa.SHOWN, members.FILE})


@dataclass(frozen=True, slots=True)
class Started:
    """The process that `up` started. The start time distinguishes it from a later one with the same id."""

    pid: int
    started: str
    port: int

    @property
    def alive(self) -> bool:
        """True if this process still runs."""
        process = processes.look(self.pid)
        return bool(process and process.started == self.started and not process.over)


def up(
    port: int,
    tell: Callable[[str], None],
    place: Path = PLACE,
    deploy: Callable[[int, Path, Path, Callable[[str], None]], broker.Broker] = broker.deploy,
) -> broker.Broker:
    """Start the embedded AWS and deploy the broker. If it runs already, deploy again.

    Raises PortInUse, AlreadyRunning (on another port) or StepFailed. After a
    failed start no process is left.
    """
    broker.require_runnable()
    running = _read(place)
    if running and running.alive:
        if running.port != port:
            raise AlreadyRunning(running.port)
        return deploy(port, place, _log(place), tell)
    _clear(place)
    place.mkdir(mode=OWNER_ONLY, exist_ok=True)
    with _started(port, place, tell):
        return deploy(port, place, _log(place), tell)


def down(tell: Callable[[str], None], place: Path = PLACE) -> None:
    """End the process that `up` started and its functions, and remove the files it wrote."""
    running = _read(place)
    if running and running.alive:
        tell(f"ending the embedded AWS on port {running.port}")
        processes.end_group(running.pid)
    else:
        tell("nothing is running")
    _clear(place)


def status(tell: Callable[[str], None], place: Path = PLACE) -> bool:
    """Print if the embedded AWS of this clone runs and answers."""
    running = _read(place)
    if not running or not running.alive:
        tell("down")
        return False
    answering = emulator.answers(running.port, place / "aws")
    tell(f"{'up' if answering else 'started but not answering'} on port {running.port}, process {running.pid}")
    return answering


@contextmanager
def _started(port: int, place: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Start it and record its process. End it when the block fails."""
    tell(f"starting the embedded AWS on port {port}")
    aws = emulator.start(port, place / "aws", _log(place), ends_with_us=False)
    try:
        process = processes.look(aws.process.pid)
        started = Started(aws.process.pid, process.started if process else "", port)
        _record(place).write_text(json.dumps(asdict(started)))
        yield
    except BaseException:
        emulator.end(aws)
        _clear(place, but=(_log(place).name,))
        raise


def _record(place: Path) -> Path:
    return place / "process.json"


def _log(place: Path) -> Path:
    return place / "aws.log"


def _read(place: Path) -> Started | None:
    try:
        return Started(**json.loads(_record(place).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _clear(place: Path, but: tuple[str, ...] = ()) -> None:
    for name in WRITTEN.difference(but):
        (place / name).unlink(missing_ok=True)
    for name in ("aws", "package"):
        shutil.rmtree(place / name, ignore_errors=True)
    if place.is_dir() and not any(place.iterdir()):
        place.rmdir()

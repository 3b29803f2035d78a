"""up, down and status start and end exactly one embedded AWS, whatever happens in between."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from localaws import control, emulator, processes
from localaws.broker import Broker
from localaws.failures import AlreadyRunning, PortInUse, StepFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# `up` leaves its child running on purpose: as a command it ends before the child does.
pytestmark = pytest.mark.filterwarnings("ignore:.*Popen.__del__:pytest.PytestUnraisableExceptionWarning")

DEADLINE_SECONDS = 120
CHECKOUT = Path(__file__).resolve().parents[3]


def deployed(port: int, place: Path, log: Path, tell: Callable[[str], None]) -> Broker:
    """Stands for the deployment, which the end-to-end tests do for real."""
    tell("deployed")
    (place / "credentials").write_text("secret")
    return Broker(
        f"http://127.0.0.1:{port}", "url", "us-east-1", place, MappingProxyType({}), place / "aws" / "aws.log"
    )


def broken(_port: int, _place: Path, log: Path, _tell: Callable[[str], None]) -> Broker:
    raise StepFailed("the create of the stack", "Table: too big", log)


def until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / ".local"
    control.down(lambda _: None, tmp_path / ".local")


def test_up_runs_in_the_background_until_down_and_leaves_nothing(place: Path) -> None:
    port, told = emulator.free_port(), list[str]()
    control.up(port, told.append, place, deployed)
    assert control.status(told.append, place)
    assert listening(port)
    control.down(told.append, place)
    assert told == [
        f"starting the embedded AWS on port {port}",
        "deployed",
        told[2],
        f"ending the embedded AWS on port {port}",
    ]
    assert told[2].startswith(f"up on port {port}, process ")
    assert not listening(port)
    assert not place.exists()
    assert not control.status(told.append, place)


def test_a_failed_deployment_leaves_nothing_running_but_the_log(place: Path) -> None:
    port = emulator.free_port()
    with pytest.raises(StepFailed, match=r"^the create of the stack failed: Table: too big \(log: .*aws.log\)$"):
        control.up(port, lambda _: None, place, broken)
    assert not listening(port)
    assert (place / "aws.log").exists()
    assert not control.status(lambda _: None, place)


def test_a_port_in_use_is_told_and_its_owner_left_alone(place: Path) -> None:
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", 0))
        owner.listen()
        port = owner.getsockname()[1]
        with pytest.raises(PortInUse, match=f"^port {port} is in use"):
            control.up(port, lambda _: None, place, deployed)
        assert listening(port)


def test_up_again_deploys_to_the_one_that_runs(place: Path) -> None:
    port, told = emulator.free_port(), list[str]()
    control.up(port, told.append, place, deployed)
    control.up(port, told.append, place, deployed)
    assert told.count("deployed") == 2
    assert told.count(f"starting the embedded AWS on port {port}") == 1
    with pytest.raises(AlreadyRunning, match="make down"):
        control.up(emulator.free_port(), told.append, place, deployed)


def test_down_does_not_touch_a_process_that_got_the_same_id_later(place: Path) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    place.mkdir()
    (place / "process.json").write_text(json.dumps({"pid": bystander.pid, "started": "1", "port": 1}))
    told = list[str]()
    control.down(told.append, place)
    assert told == ["nothing is running"]
    assert bystander.poll() is None
    bystander.communicate(b"\n", timeout=DEADLINE_SECONDS)


def test_down_leaves_files_it_did_not_write(place: Path) -> None:
    place.mkdir()
    (place / "notes").write_text("mine")
    control.down(lambda _: None, place)
    assert (place / "notes").read_text() == "mine"


def test_a_private_one_ends_even_when_its_starter_is_killed(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys; from localaws import emulator;"
        "place = pathlib.Path(sys.argv[1]);"
        "aws = emulator.start(emulator.free_port(), place, place / 'log', ends_with_us=True);"
        "print(aws.process.pid, flush=True); input()"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout
    leader = int(starter.stdout.readline())
    running = processes.look(leader)
    assert running
    assert not running.over
    os.kill(starter.pid, signal.SIGKILL)
    starter.communicate(timeout=DEADLINE_SECONDS)
    assert until(lambda: (found := processes.look(leader)) is None or found.over)


def test_an_emulator_that_cannot_start_is_told_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "tmp").write_text("a file where a directory should be")
    with pytest.raises(StepFailed, match=r"it ended with 1 \(log: .*aws.log\)"):
        emulator.start(emulator.free_port(), tmp_path, tmp_path / "aws.log", ends_with_us=True)


def test_a_proxy_of_the_shell_is_not_asked_for_this_machine(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys; from localaws import emulator;"
        "print(emulator.answers(int(sys.argv[1]), pathlib.Path(sys.argv[2])))"
    )
    running = emulator.start(emulator.free_port(), tmp_path, tmp_path / "aws.log", ends_with_us=True)
    kept = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(running.port), str(tmp_path)],
        cwd=CHECKOUT,
        env=kept | {"http_proxy": f"http://127.0.0.1:{emulator.free_port()}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_SECONDS,
    )
    emulator.end(running)
    assert done.stdout.strip() == "True", done.stderr


def test_everything_the_embedded_aws_writes_stays_in_its_directory(tmp_path: Path) -> None:
    running = emulator.start(emulator.free_port(), tmp_path, tmp_path / "aws.log", ends_with_us=True)
    opened = [link.readlink() for link in Path(f"/proc/{running.process.pid}/fd").iterdir() if link.is_symlink()]
    emulator.end(running)
    written = [path for path in opened if path.is_absolute() and path.parts[1] not in {"dev", "proc"}]
    assert written
    assert all(path.is_relative_to(tmp_path) for path in written)


@pytest.mark.parametrize("port", ["0", "-1", "65536", "99999"])
def test_a_port_that_cannot_be_is_told(port: str) -> None:
    command = [sys.executable, "-m", "localaws", "up", "--port", port]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS)
    said = f"error: port {port} is not possible: choose one from 1 to 65535 with PORT=\n"
    assert (done.returncode, done.stderr) == (1, said)

"""Private runs leave no directories, not even those whose process was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from localaws import runs

CHECKOUT = Path(__file__).resolve().parents[3]
HOLDS = (
    "import pathlib, sys; from localaws import runs\n"
    "with runs.directory(pathlib.Path(sys.argv[1])):\n"
    "    print('held', flush=True); input()\n"
)


def hold(place: Path) -> subprocess.Popen[str]:
    """Another process that owns the directory."""
    command = [sys.executable, "-c", HOLDS, str(place)]
    owner = subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert owner.stdout
    assert owner.stdout.readline() == "held\n"
    return owner


def test_a_directory_goes_with_its_block_even_when_that_fails(tmp_path: Path) -> None:
    def fail_in(place: Path) -> None:
        (place / "file").write_text("x")
        raise KeyError

    with pytest.raises(KeyError), runs.directory(tmp_path / "run") as place:
        fail_in(place)
    assert not place.exists()


def test_the_directory_of_a_killed_run_is_swept_and_that_of_a_live_one_stays(tmp_path: Path) -> None:
    killed, alive = hold(tmp_path / "killed"), hold(tmp_path / "alive")
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=60)
    runs.sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["alive"]
    alive.communicate("\n", timeout=60)
    assert list(tmp_path.iterdir()) == []

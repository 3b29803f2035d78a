"""The programs that tests start cannot hold a test run up."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys

import pytest

from tests.processes import KEYBOARD, Child, heed_the_keyboard
from tests.turns import SCHED_SETATTR, TURN_MILLISECONDS

SHOW = "import signal; print([signal.getsignal(n) is signal.SIG_IGN for n in (signal.SIGINT, signal.SIGQUIT)])"


@pytest.fixture
def _in_the_background():
    """As a non-interactive shell starts a program with `&`."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in KEYBOARD}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_in_the_background")
def test_a_program_started_by_tests_in_the_background_can_be_interrupted():
    heed_the_keyboard()
    shown = subprocess.run([sys.executable, "-c", SHOW], capture_output=True, text=True, check=True, timeout=60).stdout
    assert shown == "[False, False]\n"


def test_a_program_ends_when_its_test_fails():
    child = Child([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with pytest.raises(KeyError), child:
        raise KeyError
    assert child.returncode == -signal.SIGKILL


TURN = """
import ctypes
attributes = (ctypes.c_uint64 * 7)()
failed = ctypes.CDLL(None).syscall({number}, 0, attributes, 56, 0)
print(failed or attributes[3])
"""


@pytest.mark.skipif(
    platform.system() != "Linux"
    or platform.machine() not in SCHED_SETATTR
    or tuple(map(int, os.uname().release.split(".")[:2])) < (6, 12),
    reason="turns of an own length need Linux 6.12",
)
def test_a_program_started_by_tests_has_their_long_turns():
    reading = TURN.format(number=SCHED_SETATTR[platform.machine()] + 1)  # sched_getattr is the next system call
    shown = subprocess.run([sys.executable, "-c", reading], capture_output=True, text=True, check=True, timeout=60)
    assert int(shown.stdout) == TURN_MILLISECONDS * 1_000_000

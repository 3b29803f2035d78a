"""The programs that tests start cannot hold a test run up."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.processes import KEYBOARD, Child, heed_the_keyboard

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

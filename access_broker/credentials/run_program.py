"""Running a program with credentials in its environment and nowhere else."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from access_broker.credentials.identity_variables import identity_variables
from access_broker.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

FROM_THE_TERMINAL = tuple(
    number for name in ("SIGINT", "SIGQUIT") if (number := getattr(signal, name, None)) is not None
)
"""A terminal sends these to the program as well: passing them on would deliver them twice."""

PASSED_ON = tuple(
    number
    for name in ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGBREAK")
    if (number := getattr(signal, name, None)) is not None
)


class NotRunnable(Failure):
    """The program was found but could not be run (exit code as in POSIX shells)."""

    exit_code = 126


class NoSuchProgram(Failure):
    """There is no such program (exit code as in POSIX shells)."""

    exit_code = 127


def environment(
    inherited: Mapping[str, str], surroundings: Mapping[str, str], credentials: Mapping[str, str]
) -> dict[str, str]:
    """The program's variables: its parent's without those that lead an SDK to another identity.

    Removing AWS_PROFILE removes its region too: `surroundings` fills in what is missing then.
    """
    removed = identity_variables(inherited)
    kept = {name: value for name, value in inherited.items() if name not in removed}
    return {**surroundings, **kept, **credentials}


def become(command: Sequence[str], variables: Mapping[str, str]) -> NoReturn:
    """Turn into the program: signals and exit code are its own from here on. Windows has to stay beside it."""
    if sys.platform == "win32":
        sys.exit(attend(command, variables))
    sys.stdout.flush()
    sys.stderr.flush()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores these two, and a program inherits what is ignored
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    with _explained(command[0]):
        os.execvpe(command[0], list(command), dict(variables))  # noqa: S606  this is what exec is for


def attend(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run the program beside us and give its exit code, 128 + number where a signal ended it."""
    with _passing_signals_on() as begun:
        with _explained(command[0]):
            child = subprocess.Popen(list(command), env=dict(variables))
        begun(child)
        code = child.wait()
    return 128 - code if code < 0 else code


@contextlib.contextmanager
def _passing_signals_on() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Pass them on from before the program runs: it may be at work while we still wait for a turn on the CPU.

    Gives what to call with the program. Signals that we ignore stay ignored, here and in the program.
    """
    programs: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if number in FROM_THE_TERMINAL and _in_the_foreground():
            return
        for program in programs:
            program.send_signal(number)
        if not programs:
            early.append(number)

    def begun(program: subprocess.Popen[bytes]) -> None:
        programs.append(program)
        for number in early:
            program.send_signal(number)

    heeded = [one for one in (*FROM_THE_TERMINAL, *PASSED_ON) if signal.getsignal(one) is not signal.SIG_IGN]
    before = {number: signal.signal(number, pass_on) for number in heeded}
    try:
        yield begun
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_the_foreground() -> bool:
    """True if the terminal sends its signals to our process group now. Our input may come from elsewhere."""
    if sys.platform == "win32":
        return os.isatty(0)
    with contextlib.suppress(OSError), Path("/dev/tty").open("rb") as terminal:
        return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    return False  # no terminal, or not any more


@contextlib.contextmanager
def _explained(program: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise NoSuchProgram(f"There is no program {program} on the PATH.") from None
    except OSError as error:
        raise NotRunnable(f"{program} cannot be run: {error.strerror or error}.") from None

"""Somebody at a terminal of their own, before the deployed broker: a copy of their AWS config, a cache, a PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.processes import Child

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from localaws.broker import Broker

BROKER = str(Path(sys.executable).parent / "broker")
LIMIT_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Person:
    """One home directory. `environment` sees the embedded AWS and no other."""

    home: Path
    environment: dict[str, str]

    @property
    def aws_config(self) -> Path:
        return Path(self.environment["AWS_CONFIG_FILE"])

    def changed(self, changes: dict[str, str | None]) -> dict[str, str]:
        """The environment with `changes`; None removes a variable."""
        return {name: value for name, value in {**self.environment, **changes}.items() if value is not None}

    def run(self, command: Sequence[str], **changes: str | None) -> subprocess.CompletedProcess[str]:
        """Run any program as this person."""
        return subprocess.run(
            list(command),
            env=self.changed(changes),
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_SECONDS,
            stdin=subprocess.DEVNULL,
        )

    def broker(self, *arguments: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
        """Run `broker`."""
        return self.run([BROKER, *arguments], **changes)

    def spawn(self, command: Sequence[str], **changes: str | None) -> Child[str]:
        """Start any program as this person and do not wait."""
        return Child(
            list(command),
            env=self.changed(changes),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def spawn_on_a_terminal(self, command: Sequence[str], terminal: int) -> Child[str]:
        """The same with this terminal as its input and output."""
        return Child(
            list(command),
            env=self.environment,
            cwd=self.home,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            text=True,
        )


def at_a_terminal(broker: Broker, profile: str, home: Path) -> Person:
    """`profile` with files of their own: what a test writes, no other test sees."""
    environment = broker.environ(profile)
    folder = home / ".aws"
    folder.mkdir(parents=True)
    for variable, name in (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")):
        shutil.copy(environment[variable], folder / name)
        environment[variable] = str(folder / name)
    # NO_PROXY is for the demo behind a proxy; some tests put a proxy of theirs between.
    for name in [name for name in environment if name.startswith(("XDG_", "TF_")) or name.upper() == "NO_PROXY"]:
        del environment[name]
    return Person(home, {**environment, "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": ""})


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for a condition; the test fails when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def on_path(program: str) -> str | None:
    """Where a tool is, if this machine has it."""
    return shutil.which(program, path=os.environ.get("PATH"))

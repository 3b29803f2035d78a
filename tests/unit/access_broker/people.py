"""Somebody at a terminal, and what their commands leave."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from access_broker.main import main
from tests.processes import Child

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Done:
    """What a command left."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Person:
    """Somebody at a terminal: a home and an environment. `run` runs `broker` in here, `spawn` as a process."""

    home: Path
    environment: dict[str, str]

    @property
    def aws_config(self) -> Path:
        return Path(self.environment["AWS_CONFIG_FILE"])

    @property
    def cache(self) -> Path:
        return self.home / ".cache" / "access-broker"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "access_broker", *arguments]

    def changed(self, changes: dict[str, str | None]) -> dict[str, str]:
        return {name: value for name, value in {**self.environment, **changes}.items() if value is not None}

    def run(self, *arguments: str, **changes: str | None) -> Done:
        """Run the command line; `changes` set variables, None removes them."""
        out, err = io.StringIO(), io.StringIO()
        with (
            acting_as(["broker", *arguments], self.changed(changes), self.home),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        return Done(int(ended.value.code or 0), out.getvalue(), err.getvalue())

    def spawn(self, *arguments: str, **changes: str | None) -> Child[str]:
        """The same as a process of its own; the caller waits for it."""
        return Child(
            self.command(*arguments),
            env=self.changed(changes),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a terminal that runs the tests is not theirs
        )

    def finish(self, *arguments: str, **changes: str | None) -> Done:
        """Spawn and wait."""
        with self.spawn(*arguments, **changes) as process:
            out, err = process.communicate(timeout=60)
        return Done(process.returncode, out, err)


@contextlib.contextmanager
def acting_as(arguments: list[str], environment: dict[str, str], home: Path) -> Iterator[None]:
    """This very process as somebody else's, for a moment."""
    before, directory, given = dict(os.environ), Path.cwd(), sys.argv
    try:
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(home)
        sys.argv = arguments
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        os.chdir(directory)
        sys.argv = given

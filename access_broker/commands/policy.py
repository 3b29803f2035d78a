"""`broker policy`: the policy tool of the checkout that one stands in, run with that checkout's own Python.

The tool judges policies with the deployed code itself, so it belongs to a checkout and its versions, not to a client
that is installed somewhere else (docs/decisions/0040).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from access_broker.command_line.spec import Argument, Command
from access_broker.credentials.run_program import attend
from access_broker.failures import Misused

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection

PYTHONS = (Path(".venv/bin/python"), Path(".venv/Scripts/python.exe"))


def policy(connection: Connection, given: Given) -> int:
    """Run the policy tool with the words as they are."""
    checkout = _checkout(Path.cwd())
    words = [*given.texts("words"), *(["--json"] if connection.output.as_json else [])]
    paths = os.pathsep.join([str(checkout), *filter(None, [os.environ.get("PYTHONPATH")])])
    return attend([_python(checkout), "-m", "policytool", *words], {**os.environ, "PYTHONPATH": paths})


def _checkout(here: Path) -> Path:
    for folder in (here, *here.parents):
        if (folder / "policytool" / "__main__.py").is_file() and (folder / "chalicelib").is_dir():
            return folder
    raise Misused(
        "`broker policy` needs a checkout of the access-broker repository, whose policies it judges with the code that "
        "is deployed: change into one and run it there."
    )


def _python(checkout: Path) -> str:
    for python in PYTHONS:
        if (checkout / python).is_file():
            return str(checkout / python)
    try:
        import cedarpy  # type: ignore[import-not-found,unused-ignore]  # noqa: F401, PLC0415
    except ImportError:
        raise Misused(f"{checkout} has no .venv yet: run `make check` there once, then again this command.") from None
    return sys.executable


COMMANDS = {
    "policy": Command(
        policy,
        "Check and test the access policies, offline; in a checkout.",
        (Argument("WORDS", "check or test, and their options.", rest=True, optional=True),),
        examples=("broker policy check", "broker policy test --json"),
        passes_all=True,
    )
}

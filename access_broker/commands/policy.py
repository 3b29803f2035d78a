"""`broker policy`: the policy tool of the checkout that one stands in, run with that checkout's own Python.

The tool judges policies with the deployed code itself, so it belongs to a checkout and its versions, not to a client
that is installed somewhere else (docs/decisions/0040).
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from access_broker.command_line.options import SINCE
from access_broker.command_line.spec import Argument, Command, Option
from access_broker.credentials.run_program import attend
from access_broker.failures import Failure, Misused
from access_broker.output.times import since

if TYPE_CHECKING:
    from typing import TextIO

    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection

PYTHONS = (Path(".venv/bin/python"), Path(".venv/Scripts/python.exe"))


def policy(connection: Connection, given: Given) -> int:
    """Run the policy tool with the words as they are."""
    return attend(*_tool([*given.texts("words"), *(["--json"] if connection.output.as_json else [])]))


def replay(connection: Connection, given: Given) -> int:
    """Run the policy tool on the decisions of the audit log: from a file, or as the API answers them."""
    words = ["replay", "--policies", given.word("policies"), "--events", given.text("events") or "-"]
    words += [
        f"{option}={value}" for option in ("--base", "--fail-on") if (value := given.text(option[2:].replace("-", "_")))
    ]
    words += [*(["--markdown"] if given.flag("markdown") else []), *(["--json"] if connection.output.as_json else [])]
    command, variables = _tool(words)
    if given.text("events"):
        return attend(command, variables)
    return _fed(connection, given, command, variables)


def _fed(connection: Connection, given: Given, command: list[str], variables: dict[str, str]) -> int:
    """Write events to the tool's standard input while they come, so that none are kept."""
    import subprocess  # noqa: PLC0415  no other command of this module needs it

    events = connection.broker.items("events", "audit", since=given.text("since") or since("30d"))
    with connection.output.working("Reading the audit log") as say:
        child = subprocess.Popen(command, env=variables, stdin=subprocess.PIPE, text=True)
        with contextlib.suppress(BrokenPipeError), cast("TextIO", child.stdin) as pipe:  # it says itself why it ended
            for count, event in enumerate(events, 1):
                pipe.write(json.dumps(event) + "\n")
                if count % 500 == 0:
                    say(f"Reading the audit log: {count} events")
        return child.wait()


def answered(words: list[str], text: str) -> str:
    """The answer of the policy tool to `text` on its standard input; Failure if it gives none."""
    import subprocess  # noqa: PLC0415  as below

    command, variables = _tool(words)
    done = subprocess.run(command, env=variables, input=text, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Failure("The policy tool of this checkout failed; it says why above.")
    return done.stdout


def _tool(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """The command line and the variables of this checkout's policy tool."""
    checkout = _checkout(Path.cwd())
    paths = os.pathsep.join([str(checkout), *filter(None, [os.environ.get("PYTHONPATH")])])
    return [_python(checkout), "-m", "policytool", *words], {**os.environ, "PYTHONPATH": paths}


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
        "Check, test and replay the access policies; in a checkout.",
        (Argument("WORDS", "check or test, and their options.", rest=True, optional=True),),
        examples=("broker policy check", "broker policy test --json"),
        passes_all=True,
    ),
    "policy replay": Command(
        replay,
        "Decide last month's decisions again with the policies of this checkout, and say what changes for whom.",
        (
            SINCE,
            Option("--events", "A file of events instead of the broker: `broker audit --json`, or an export.", "FILE"),
            Option("--policies", "The policies to try. [policies]", "FOLDER", usual="policies"),
            Option("--base", "Compare with these policies, not with the outcome on record.", "FOLDER"),
            Option("--fail-on", "Exit 1 at such a change: refused, allowed, approval, reason, mfa, terms.", "KINDS"),
            Option("--markdown", "Print a comment for a pull request."),
        ),
        more="Without --since, 30 days. Decisions that cannot be made again are counted, never guessed.",
        examples=(
            "broker policy replay --since 30d --fail-on refused,allowed",
            "broker policy replay --events audit.jsonl --base ../main/policies --markdown",
        ),
    ),
}

"""A function driven from a tree: its first event in, a right answer out, in a process that sees nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from bench.first_events import FIRST
from bench.processes import SITE_PACKAGES, ChildFailed, ColdStart, cold_start

BARE_BOTO3 = "boto3"


class NoFirstEvent(Exception):
    """A function is new: it needs an entry in bench/first_events.py and its budgets in bench/budgets.json."""


def driven(tree: Path, handler: str, environment: dict[str, str], scratch: Path) -> ColdStart:
    """The handler's cold start; ChildFailed if its answer is not the one of a function that works."""
    if handler not in FIRST:
        raise NoFirstEvent(f"{handler} has no first event: write one into bench/first_events.py")
    event = scratch / f"{handler}.json"
    event.write_text(json.dumps(FIRST[handler].event))
    start = cold_start(str(tree), handler, event, environment)
    if not FIRST[handler].answered(start.answer):
        raise ChildFailed(f"{handler} answered {start.answer}")
    return start


def warm_bytecode() -> None:
    """Start boto3 once as any user does: an environment installed with --no-compile has no bytecode before that.

    Isolated (-I), since PYTHONDONTWRITEBYTECODE around us would leave the unit
    without bytecode: twice as slow, and every ratio half of what it is.
    """
    command = [sys.executable, "-I", "-c", "import boto3; boto3.client('sts', 'us-east-1')"]
    subprocess.run(command, check=True)
    if not Path(SITE_PACKAGES, "boto3", "__pycache__").is_dir():
        raise ChildFailed(f"boto3 in {SITE_PACKAGES} has no bytecode: it cannot be the unit")


def bare_boto3(environment: dict[str, str]) -> ColdStart:
    """The unit: a fresh process that makes boto3's STS client, with the bytecode of an earlier start."""
    return cold_start(SITE_PACKAGES, BARE_BOTO3, None, environment)

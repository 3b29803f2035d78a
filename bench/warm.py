"""Warm credentials against a bare AssumeRole: latency and CPU, with 0 and with 15 ms of AWS.

The product's own CPU, AWS calls aside, is a share of what a bare AssumeRole of
boto3 costs in the same rounds:

- `own_cpu_over_assume_role`, which has a bar: requests with all AWS calls
  answered at once, so that nothing of botocore runs. All else does, the second
  thread included. The unit is a bare AssumeRole without latency, which is where
  that is cheapest.
- `own_cpu_by_subtraction_0ms` and `_15ms`, which have none: whole requests,
  less the CPU of the same three calls with the same parameters made bare, one
  after the other, by the same clients in the same process. At 0 ms both calls
  of a request compute at the same moment and pay for taking the interpreter's
  lock from each other, which counts as ours; at 15 ms a process that wakes
  twice for two calls pays more than one that wakes once, which counts for us.
"""

from __future__ import annotations

import json
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.cold import API
from bench.driving import BARE_BOTO3
from bench.first_events import CREDENTIALS
from bench.noise import figure, interleaved, p99, ratio
from bench.processes import BARE, BENCH, SITE_PACKAGES, ChildFailed, canned_aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bench.noise import Figure
    from bench.trees import Trees

AWS_LATENCY_MS = 15
CALLS = {0.0: 200, 15.0: 50}
"""Calls in a row per round, by the latency in milliseconds: about as many seconds of CPU."""

CASES = ("aside", "handler", "own_assume_role", "own_put_item", "own_read")
"""Cases that the packaged handler's process repeats (bench/warm_child.py). The closest comparison comes first."""

Calls = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Child:
    """A process that repeats what it is told to."""

    process: subprocess.Popen[str]

    def calls(self, case: str, count: int) -> Calls:
        """CPU seconds per call and the seconds of each."""
        assert self.process.stdin and self.process.stdout  # noqa: S101, PT018  they are pipes
        print(case, count, file=self.process.stdin, flush=True)
        said = self.process.stdout.readline()
        if not said:
            raise ChildFailed(f"{case} ended the process with {self.process.wait()}")
        answer: Calls = json.loads(said)
        return answer


@contextmanager
def child(tree: str, handler: str, event: Path, environment: dict[str, str]) -> Iterator[Child]:
    """A bare interpreter that runs `warm_child.py` until we are done."""
    command = [*BARE, str(BENCH / "warm_child.py"), tree, handler, str(event)]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Child(process)


def measure(trees: Trees, scratch: Path, rounds: int) -> dict[str, Figure | float]:
    """Both latencies."""
    event = scratch / "credentials.json"
    event.write_text(json.dumps(CREDENTIALS))
    slow = _rounds(trees, event, AWS_LATENCY_MS, rounds)
    quick = _rounds(trees, event, 0, rounds)
    return _latency(slow) | _cpu(quick) | _by_subtraction(slow, "15ms") | _by_subtraction(quick, "0ms")


def _rounds(trees: Trees, event: Path, delay_ms: float, rounds: int) -> dict[str, list[Calls]]:
    with ExitStack() as stack:
        environment = stack.enter_context(canned_aws(delay_ms))
        product = stack.enter_context(child(str(trees.packed), API, event, environment))
        boto3 = stack.enter_context(child(SITE_PACKAGES, BARE_BOTO3, event, environment))
        count = CALLS[delay_ms]
        measures: dict[str, Callable[[], Calls]] = {"assume_role": lambda: boto3.calls("assume_role", count)}
        for case in CASES:
            measures[case] = lambda case=case: product.calls(case, count)  # type: ignore[misc]
        return interleaved(measures, rounds)


def _latency(rounds: dict[str, list[Calls]]) -> dict[str, Figure | float]:
    medians = {name: [figure(calls["seconds"]).value for calls in taken] for name, taken in rounds.items()}
    every = {name: [seconds for calls in taken for seconds in calls["seconds"]] for name, taken in rounds.items()}
    return {
        "warm_p50_over_assume_role_15ms": ratio(medians["handler"], medians["assume_role"]),
        "warm_p99_over_assume_role_p99_15ms": p99(every["handler"]) / p99(every["assume_role"]),
        "warm_p50_ms_15ms": figure(every["handler"]).value * 1000,
        "warm_p99_ms_15ms": p99(every["handler"]) * 1000,
        "assume_role_p50_ms_15ms": figure(every["assume_role"]).value * 1000,
    }


def _cpu(rounds: dict[str, list[Calls]]) -> dict[str, Figure | float]:
    cpu = _cpu_seconds(rounds)
    return {
        "own_cpu_over_assume_role": ratio(cpu["aside"], cpu["assume_role"]),
        "whole_cpu_over_assume_role": ratio(cpu["handler"], cpu["assume_role"]),
        "assume_role_cpu_ms": figure(cpu["assume_role"]).value * 1000,
        "put_item_cpu_over_assume_role": ratio(cpu["own_put_item"], cpu["assume_role"]),
    }


def _by_subtraction(rounds: dict[str, list[Calls]], latency: str) -> dict[str, Figure | float]:
    cpu = _cpu_seconds(rounds)
    calls = zip(cpu["handler"], cpu["own_assume_role"], cpu["own_put_item"], cpu["own_read"], strict=True)
    own = [whole - assume - put - read for whole, assume, put, read in calls]
    return {f"own_cpu_by_subtraction_{latency}": ratio(own, cpu["assume_role"])}


def _cpu_seconds(rounds: dict[str, list[Calls]]) -> dict[str, list[float]]:
    return {name: [calls["cpu"] for calls in taken] for name, taken in rounds.items()}

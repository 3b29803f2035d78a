"""The first credential of a caller in a warm container, against a bare AssumeRole; and the directory's own work.

People ask once an hour, so nearly every request is by a caller whom its
container has not seen lately: this is the usual request. AWS answers as it
does in one region: IAM after 60 ms, DynamoDB after 4, STS after 15.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING

from bench import simulation
from bench.cold import API
from bench.driving import BARE_BOTO3, driven
from bench.first_events import CREDENTIALS, FIRST
from bench.noise import figure, interleaved, ratio
from bench.processes import SITE_PACKAGES, ChildFailed, canned_aws
from bench.warm import child

if TYPE_CHECKING:
    from pathlib import Path

    from bench.noise import Figure
    from bench.trees import Trees
    from bench.warm import Calls

CALLS = 50
LATENCY = {"iam": 60.0, "dynamodb": 4.0, "sts": 15.0}
WITHOUT_IAM = {**LATENCY, "iam": 3_600_000.0, "directory_age": 300.0}
"""Every call to IAM hangs, and the directory is five minutes old: no run of it has ended since."""

CHANGES = 200
RUNS = 5
DIRECTORY = "chalicelib.directory.handlers.function.directory"
LARGEST = next(scale for scale in simulation.SCALES if scale.callers == 100_000)  # noqa: PLR2004  its name


def measure(trees: Trees, scratch: Path, rounds: int) -> dict[str, Figure | float]:
    """Latency and calls of first asks, with IAM and without; the directory of 5,000 users; and a simulated share."""
    event = scratch / "first_ask.json"
    event.write_text(json.dumps(CREDENTIALS))
    with ExitStack() as stack:
        environment = stack.enter_context(canned_aws(15, **LATENCY))
        product = stack.enter_context(child(str(trees.packed), API, event, environment))
        boto3 = stack.enter_context(child(SITE_PACKAGES, BARE_BOTO3, event, environment))
        no_iam = stack.enter_context(canned_aws(15, **WITHOUT_IAM))
        alone = stack.enter_context(child(str(trees.packed), API, event, no_iam))
        taken = interleaved(
            {
                "first_ask": lambda: product.calls("first_ask", CALLS),
                "without_iam": lambda: alone.calls("first_ask", CALLS),
                "assume_role": lambda: boto3.calls("assume_role", CALLS),
            },
            rounds,
        )
        run = driven(trees.packed, DIRECTORY, environment, scratch)
    changing = _directory_with_changes(trees, scratch)
    medians = {name: [figure(calls["seconds"]).value for calls in of] for name, of in taken.items()}
    return {
        "first_ask_p50_over_assume_role": ratio(medians["first_ask"], medians["assume_role"]),
        "first_ask_without_iam_over_usual": ratio(medians["without_iam"], medians["first_ask"]),
        "first_ask_p50_ms": figure(medians["first_ask"]).value * 1000,
        "iam_calls_per_credential": sum(calls["iam"] for calls in taken["first_ask"]) / (CALLS * rounds),
        "directory_iam_calls_per_minute_5000_users": run.answer["pages"],
        "directory_cold_run_cpu_seconds_5000_users": run.cpu_seconds,
        "directory_cold_run_peak_mb_5000_users": run.memory_kb / 1024,
        "directory_run_seconds_200_changes": max(changing["seconds"]),
        "directory_run_cpu_seconds_200_changes": changing["cpu"],
        "directory_run_peak_mb_200_changes": changing["peak_mb"],
        "refused_share_100000_callers": simulation.refused_share(LARGEST),
    }


def _directory_with_changes(trees: Trees, scratch: Path) -> Calls:
    """Runs of a warm directory function over 5,000 users with ten groups each, of whom 200 changed since the last."""
    event = scratch / "directory_tick.json"
    event.write_text(json.dumps(FIRST[DIRECTORY].event))
    with (
        canned_aws(15, **LATENCY, directory_changes=CHANGES) as environment,
        child(str(trees.packed), DIRECTORY, event, environment) as directory,
    ):
        taken = directory.calls("handler", RUNS)
    if taken["written"] != CHANGES:
        raise ChildFailed(f"the directory function wrote {taken['written']} rows")
    return taken

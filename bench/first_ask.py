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
from bench.first_events import CREDENTIALS
from bench.noise import figure, interleaved, ratio
from bench.processes import SITE_PACKAGES, canned_aws
from bench.warm import child

if TYPE_CHECKING:
    from pathlib import Path

    from bench.noise import Figure
    from bench.trees import Trees

CALLS = 50
LATENCY = {"iam": 60.0, "dynamodb": 4.0, "sts": 15.0}
DIRECTORY = "chalicelib.directory.handlers.function.directory"
LARGEST = next(scale for scale in simulation.SCALES if scale.callers == 100_000)  # noqa: PLR2004  its name


def measure(trees: Trees, scratch: Path, rounds: int) -> dict[str, Figure | float]:
    """Latency and calls of first asks; the directory of 5,000 users; and the share that 100,000 callers lose."""
    event = scratch / "first_ask.json"
    event.write_text(json.dumps(CREDENTIALS))
    with ExitStack() as stack:
        environment = stack.enter_context(canned_aws(15, **LATENCY))
        product = stack.enter_context(child(str(trees.packed), API, event, environment))
        boto3 = stack.enter_context(child(SITE_PACKAGES, BARE_BOTO3, event, environment))
        taken = interleaved(
            {
                "first_ask": lambda: product.calls("first_ask", CALLS),
                "assume_role": lambda: boto3.calls("assume_role", CALLS),
            },
            rounds,
        )
        run = driven(trees.packed, DIRECTORY, environment, scratch)
    medians = {name: [figure(calls["seconds"]).value for calls in of] for name, of in taken.items()}
    return {
        "first_ask_p50_over_assume_role": ratio(medians["first_ask"], medians["assume_role"]),
        "first_ask_p50_ms": figure(medians["first_ask"]).value * 1000,
        "iam_calls_per_credential": sum(calls["iam"] for calls in taken["first_ask"]) / (CALLS * rounds),
        "directory_iam_calls_per_minute_5000_users": run.answer["pages"],
        "directory_cold_run_cpu_seconds_5000_users": run.cpu_seconds,
        "directory_cold_run_peak_mb_5000_users": run.memory_kb / 1024,
        "refused_share_100000_callers": simulation.refused_share(LARGEST),
    }

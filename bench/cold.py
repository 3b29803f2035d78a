"""Cold starts of every function from the packaged tree, against boto3's bare STS client."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bench.driving import BARE_BOTO3, bare_boto3, driven, warm_bytecode
from bench.noise import figure, interleaved, ratio
from bench.processes import canned_aws

if TYPE_CHECKING:
    from pathlib import Path

    from bench.noise import Figure
    from bench.processes import ColdStart
    from bench.trees import Trees

API = "app.app"


def measure(trees: Trees, scratch: Path, rounds: int) -> dict[str, Figure | int]:
    """Each handler's first answer from the read-only package, the API's from warm bytecode, too."""
    warm_bytecode()
    with canned_aws(0) as environment:
        cases = {name: partial(driven, trees.packed, name, environment, scratch) for name in trees.handlers}
        cases["warm"] = partial(driven, trees.warm, API, environment, scratch)
        cases[BARE_BOTO3] = partial(bare_boto3, environment)
        return _told(interleaved(cases, rounds), trees.handlers)


def _told(starts: dict[str, list[ColdStart]], handlers: tuple[str, ...]) -> dict[str, Figure | int]:
    cpu = {name: [start.cpu_seconds for start in taken] for name, taken in starts.items()}
    memory = {name: [float(start.memory_kb) for start in taken] for name, taken in starts.items()}
    told: dict[str, Figure | int] = {
        "cold_cpu_over_boto3": ratio(cpu[API], cpu[BARE_BOTO3]),
        "cold_rss_over_boto3": ratio(memory[API], memory[BARE_BOTO3]),
        "readonly_package_over_warm_bytecode": ratio(cpu[API], cpu["warm"]),
        "boto3_cpu_ms": figure([seconds * 1000 for seconds in cpu[BARE_BOTO3]]),
        "boto3_rss_mb": figure([kilobytes / 1024 for kilobytes in memory[BARE_BOTO3]]),
        "boto3_modules": starts[BARE_BOTO3][0].modules,
    }
    for handler in handlers:
        short = short_name(handler)
        told[f"cold_modules_{short}"] = max(start.modules for start in starts[handler])
        if handler != API:
            told[f"cold_cpu_over_boto3_{short}"] = ratio(cpu[handler], cpu[BARE_BOTO3])
            told[f"cold_rss_over_boto3_{short}"] = ratio(memory[handler], memory[BARE_BOTO3])
    return told


def short_name(handler: str) -> str:
    """`app.app` is the API; the others are called as their function."""
    return "api_handler" if handler == API else handler.rpartition(".")[2]

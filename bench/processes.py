"""Fresh processes, measured by the kernel; and the canned AWS they talk to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parent.parent
BENCH = CHECKOUT / "bench"
SITE_PACKAGES = sysconfig.get_path("purelib")
"""Where the ordinary boto3 stands, with its bytecode: what ratios are told against."""

BARE = (str(Path(sys.executable).resolve()), "-I", "-S", "-B")
"""A bare interpreter: nothing from the environment or site-packages, no bytecode written (as on Lambda)."""


class ChildFailed(Exception):
    """A measured process did not do its work; the message ends with what it said."""


@dataclass(frozen=True, slots=True)
class ColdStart:
    """The time and memory of one process, from its first instruction to its exit."""

    cpu_seconds: float
    memory_kb: int
    modules: int
    answer: Any


def cold_start(tree: str, handler: str, event: Path | None, environment: dict[str, str]) -> ColdStart:
    """Run `first_request.py` in a fresh process."""
    command = [*BARE, str(BENCH / "first_request.py"), tree, handler, str(event or "")]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as child:
        assert child.stdout  # noqa: S101  it is a pipe
        printed = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise ChildFailed(f"{handler} from {tree}:\n{printed[-3000:]}")
    said = json.loads(printed.splitlines()[-1])
    return ColdStart(usage.ru_utime + usage.ru_stime, said["memory_kb"], said["modules"], said["answer"])


@contextmanager
def canned_aws(delay_ms: float, **of_service: float) -> Iterator[dict[str, str]]:
    """A canned AWS in its own process, some services slower than others; yields the environment for its clients."""
    command = [sys.executable, "-m", "bench.canned_aws", json.dumps({"": delay_ms, **of_service})]
    with subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin and server.stdout  # noqa: S101, PT018  they are pipes
        try:
            yield {**FUNCTION_ENVIRONMENT, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{int(server.stdout.readline())}"}
        finally:
            server.stdin.close()


FUNCTION_ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "ASIACANNEDCANNED0000",
    "AWS_SECRET_ACCESS_KEY": "s" * 40,
    "AWS_SESSION_TOKEN": "t" * 800,
    "AWS_EC2_METADATA_DISABLED": "true",
    "BROKER_DEPLOYMENT": "access-broker-bench",
    "BROKER_TABLE": "access-broker-bench",
    "BROKER_LEDGER_TABLE": "access-broker-bench-ledger",
    "BROKER_AUDIT_LOG_GROUP": "/access-broker-bench/audit",
    "BROKER_DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/dead",
    "BROKER_PROVISION_FUNCTION": "access-broker-bench-provision",
    "BROKER_CHAT_FUNCTION": "access-broker-bench-chat",
    "BROKER_NOTICES_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/notices.fifo",
    "BROKER_URGENT_NOTICES_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/urgent-notices.fifo",
    "BROKER_SLACK_CHANNEL": "C0ACCESS",
    "BROKER_CLEANUP_FUNCTION": "access-broker-bench-cleanup",
    "BROKER_EXPIRE_FUNCTION": "access-broker-bench-expire",
    "BROKER_ROLE_ARN": "arn:aws:iam::123456789012:role/access-broker/broker",
    "BROKER_BOUNDARY_ARN": "arn:aws:iam::123456789012:policy/access-broker/boundary",
    "BROKER_DIRECTORY_MAX_AGE": "900",
}
"""Environment variables that Lambda and .chalice/resources.json give a function."""

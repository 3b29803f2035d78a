"""`make restore`: python -m lambda_package.restoring --source prod --target drill --at 2026-11-28T12:00:00Z."""

from __future__ import annotations

import argparse
import secrets
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import BrokerError
from chalicelib.core.domain.ids import ENTROPY_BYTES, new_id
from lambda_package.failures import PackagingFailed
from lambda_package.restoring.drill import Restore, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def main(arguments: Sequence[str] | None = None, session: boto3.Session | None = None) -> int:
    """Restore and verify; 1 where it failed."""
    options = _options(arguments)
    try:
        _restore(options, session or boto3.Session())
    except (PackagingFailed, BrokerError) as failure:
        sys.stderr.write(f"the restore failed: {failure}\n")
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"AWS refused: {error}\n")
    else:
        return 0
    return 1


def _restore(options: argparse.Namespace, session: boto3.Session) -> None:
    identity = session.client("sts").get_caller_identity()
    name = identity["Arn"].rpartition("/")[2]
    restore = Restore(
        client=session.client,
        source=_stage(session.client("cloudformation"), options.source),
        target=_stage(session.client("cloudformation"), options.target),
        who=Caller("user", name, identity["Arn"], identity["Account"], identity["UserId"]),
        clock=lambda: datetime.now(UTC),
        new_id=lambda at: new_id(at, secrets.token_bytes(ENTROPY_BYTES)),
        say=lambda line: print(line, flush=True),  # noqa: T201
    )
    with _paused(session.client("lambda"), restore.target.name):
        done = restore.run(options.at)
    sys.stdout.write(
        f"{done.rows} rows and {done.lines} lines are in {options.target}; {done.too_old} older lines stay in the log "
        f"of {options.source}. The ledger's backup ended with event {done.ledger_ended}; event {done.anchored_at} "
        "anchors the chain anew, and the chain verifies.\n"
    )


@contextmanager
def _paused(functions: Any, stack: str) -> Iterator[None]:
    """The functions that write events do not run meanwhile: they would move the head of the chain."""
    names = [f"{stack}-{name}" for name in ("audit", "cleanup", "expire")]
    before = {name: functions.get_function_concurrency(FunctionName=name) for name in names}
    for name in names:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        yield
    finally:
        for name, told in before.items():
            if "ReservedConcurrentExecutions" in told:
                reserved = told["ReservedConcurrentExecutions"]
                functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
            else:
                functions.delete_function_concurrency(FunctionName=name)


def _stage(cloudformation: Any, stage: str) -> Stage:
    """The names that the stack's outputs tell."""
    stack = f"access-broker-{stage}"
    found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found}
    return Stage(stack, outputs["TableName"], outputs["LedgerName"], outputs["AuditLogGroup"])


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lambda_package.restoring", description=__doc__)
    parser.add_argument("--source", required=True, help="the stage whose backups are read")
    parser.add_argument("--target", required=True, help="a new, empty stage that make deploy made")
    parser.add_argument("--at", type=datetime.fromisoformat, help="the moment, RFC 3339; the latest one if not given")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

"""Warm calls in one process: `-I -S -B warm_child.py TREE HANDLER EVENT_FILE`, then `CASE COUNT` lines on stdin.

Each line is answered with the CPU seconds per call and the seconds of every
call. With `boto3` as the handler there is one case, a bare AssumeRole.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

TREE, HANDLER, EVENT_FILE = sys.argv[1:]
sys.path.insert(0, TREE)

import itertools  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402
import time  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

unseen = itertools.count(1)

ROLE_ARN = "arn:aws:iam::123456789012:role/access-broker/ec2-full"


def bare_cases() -> dict[str, Callable[[], Any]]:
    """The same with a script that assumes the role itself."""
    import boto3  # noqa: PLC0415

    sts = boto3.client("sts")
    return {"assume_role": lambda: sts.assume_role(RoleArn=ROLE_ARN, RoleSessionName="bench")}


def product_cases() -> dict[str, Callable[[], Any]]:
    """The handler; its two AWS calls made bare with its own clients; the handler with both answered at once."""
    module, _, name = HANDLER.rpartition(".")
    handler = getattr(__import__(module, fromlist=[name]), name)
    with open(EVENT_FILE, encoding="utf-8") as file:  # noqa: PTH123
        event = json.load(file)
    handler(event, None)
    from chalicelib.core.aws.clients import client  # noqa: PLC0415

    sts, dynamodb = client("sts"), client("dynamodb")
    assumed, put = recorded(sts, "assume_role"), recorded(dynamodb, "put_item")
    read = recorded(dynamodb, "transact_get_items")
    handler(event, None)
    bare = {"own_assume_role": assumed.repeat, "own_put_item": put.repeat, "own_read": read.repeat}
    return {
        "handler": lambda: handler(event, None),
        "first_ask": lambda: handler(by_another(event), None),
        **bare,
        "aside": lambda: aside(handler, event, assumed, put, read),
    }


def by_another(event: Any) -> Any:
    """The same event by a caller whom this process has not seen."""
    context = event["requestContext"]
    another = f"AIDA{next(unseen):016}"
    identity = {**context["identity"], "user": another, "caller": another}
    return {**event, "requestContext": {**context, "identity": identity}}


class recorded:  # noqa: N801  reads as a verb
    """A client method that remembers its last call, and can answer it again without calling."""

    def __init__(self, client: Any, method: str) -> None:
        self.canned = False
        self._call = getattr(client, method)
        setattr(client, method, self)

    def __call__(self, **parameters: Any) -> Any:
        """Call, or answer what the last call answered."""
        if not self.canned:
            self._parameters, self._answer = parameters, self._call(**parameters)
        return self._answer

    def repeat(self) -> None:
        """The last call once more, bare."""
        self._call(**self._parameters)


def aside(handler: Any, event: object, *calls: recorded) -> None:
    """One request with the AWS calls answered at once: the product's own work."""
    for call in calls:
        call.canned = True
    handler(event, None)
    for call in calls:
        call.canned = False


def to_iam() -> int:
    """The requests to IAM so far: botocore's endpoints have the service's prefix."""
    return sum(1 for one in requested if one == "iam")


def watch() -> list[str]:
    """The service of every request that botocore sends from now on."""
    from botocore.endpoint import Endpoint  # noqa: PLC0415

    sent: list[str] = []
    send = Endpoint.make_request

    def noted(self: Endpoint, *told: Any) -> Any:
        sent.append(self._endpoint_prefix)  # type: ignore[attr-defined]
        return send(self, *told)

    Endpoint.make_request = noted  # type: ignore[assignment,method-assign]
    return sent


def measured(call: Callable[[], Any], count: int) -> dict[str, Any]:
    """CPU per call, each call's wall time, and the calls to IAM."""
    seconds: list[float] = []
    answered: Any = None
    asked = to_iam()
    began = time.process_time()
    for _ in range(count):
        start = time.perf_counter()
        answered = call()
        seconds.append(time.perf_counter() - start)
    cpu = (time.process_time() - began) / count
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu": cpu, "seconds": seconds, "iam": to_iam() - asked, "peak_mb": peak_mb, "written": written(answered)}


def written(answered: Any) -> int | None:
    """The rows that a run of the directory function wrote; None for any other function."""
    return answered.get("written") if isinstance(answered, dict) else None


answers, sys.stdout = sys.stdout, open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  metrics go there
requested = watch()
cases = bare_cases() if HANDLER == "boto3" else product_cases()
for line in sys.stdin:
    case, count = line.split()
    print(json.dumps(measured(cases[case], int(count))), file=answers, flush=True)

"""GET /v1/roles with 10,000 roles of 1,000 accounts, through the door: signed HTTP, the packaged function, its table.

The client reads page after page, as `broker roles` does. CPU is that of the
function's own process; the clock also counts the embedded gateway and the
embedded DynamoDB, which share this machine. Run as `python -m bench.roles_listing`.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from access_broker.http.broker import Broker
from access_broker.http.signing import Signer
from access_broker.http.transport import Transport
from chalicelib.access.aws.catalogue import role_to_row
from chalicelib.access.aws.member_roles import account_to_row
from chalicelib.core.aws import rows
from chalicelib.core.domain.roles import DEPLOYMENT_TAG, MANAGED_TAG, Account, Role
from localaws import stack
from localaws.broker import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSPreparedRequest

    from access_broker.http.transport import Answer
    from localaws.broker import Broker as Deployed

ACCOUNTS, ROLES = 1_000, 10
BATCH = 25
TAGS = {
    MANAGED_TAG: "true",
    DEPLOYMENT_TAG: stack.NAME,
    "access-broker:audience": "engineers",
    "access-broker:visibility": "audience",
}
"""Engineers see these roles, others do not."""

TICKS = os.sysconf("SC_CLK_TCK")


def measure() -> dict[str, float]:
    """The list of all roles, that of a caller who may see none of them, and the command, for bench/results.json."""
    with running() as broker:
        fill(broker)
        everything, nothing = listed(broker, "alice"), listed(broker, "carol")
        command = commanded(broker)
    if len(everything.roles) < ACCOUNTS * ROLES or Counter(everything.roles).most_common(1)[0][1] > 1:
        raise RuntimeError(f"expected {ACCOUNTS * ROLES} roles, each once, found {len(everything.roles)}")
    if any(":" in role for role in nothing.roles):
        raise RuntimeError("a caller without groups saw a role of the engineers")
    return {**everything.figures("roles_10000"), **nothing.figures("roles_10000_unseen"), **command}


class CountingTransport(Transport):
    """The client's own, with the seconds and the bytes of each answer."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.seconds: list[float] = []
        self.sizes: list[int] = []

    def send(self, request: AWSPreparedRequest) -> Answer:
        """As the client's."""
        began = time.perf_counter()
        answer = super().send(request)
        self.seconds.append(time.perf_counter() - began)
        self.sizes.append(len(answer.body))
        return answer


@dataclass(frozen=True, slots=True)
class Listing:
    """All pages of one caller."""

    roles: list[str]
    cpu_seconds: float
    peak_megabytes: float
    transport: CountingTransport = field(repr=False)

    def figures(self, name: str) -> dict[str, float]:
        """Pages, CPU of the function, the slowest page and the largest answer."""
        return {
            f"{name}_pages": len(self.transport.sizes),
            f"{name}_cpu_s": round(self.cpu_seconds, 2),
            f"{name}_peak_mb": round(self.peak_megabytes),
            f"{name}_wall_s": round(sum(self.transport.seconds), 2),
            f"{name}_slowest_page_s": round(max(self.transport.seconds), 2),
            f"{name}_largest_page_bytes": max(self.transport.sizes),
        }


def listed(deployed: Deployed, profile: str) -> Listing:
    """Every page, as the client reads them. The function is warm: it has answered once."""
    url, credentials = deployed.broker_url, deployed.session_for(profile).get_credentials()
    assert credentials  # noqa: S101  the profile has them
    signer = Signer(deployed.region, credentials)
    Broker(url, signer, Transport(url)).get("whoami")
    transport = CountingTransport(url)
    before = cpu_seconds(deployed)
    roles = [role["name"] for role in Broker(url, signer, transport).items("roles", "roles")]
    return Listing(roles, cpu_seconds(deployed) - before, peak_megabytes(deployed), transport)


def cpu_seconds(deployed: Deployed) -> float:
    """CPU that the processes of the API function have used (proc(5))."""
    stats = ((process / "stat").read_text().rpartition(") ")[2].split() for process in _processes(deployed))
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / TICKS


def peak_megabytes(deployed: Deployed) -> float:
    """The largest memory that one of them had."""
    statuses = ((process / "status").read_text() for process in _processes(deployed))
    peaks = [int(status.partition("VmHWM:")[2].split()[0]) for status in statuses]
    return max(peaks) / 1024


def _processes(deployed: Deployed) -> list[Path]:
    """The functions of this embedded AWS alone: other ones on the machine have functions of the same name."""
    function = deployed.outputs["APIHandlerName"]
    marks = {f"AWS_LAMBDA_FUNCTION_NAME={function}".encode(), f"AWS_ENDPOINT_URL={deployed.endpoint_url}".encode()}
    found = [process for process in Path("/proc").glob("[0-9]*") if marks <= _environment(process)]
    if not found:
        raise RuntimeError(f"no process of {function}")
    return found


def _environment(process: Path) -> set[bytes]:
    try:
        return set((process / "environ").read_bytes().split(b"\0"))
    except OSError:
        return set()


def commanded(deployed: Deployed) -> dict[str, float]:
    """`broker roles --json` as a person runs it: the CPU of the command, its clock and what it prints."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ran = subprocess.run(["broker", "roles", "--json"], env=deployed.environ("alice"), capture_output=True, check=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if len(json.loads(ran.stdout)) < ACCOUNTS * ROLES:
        raise RuntimeError("the command did not print every role")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"broker_roles_10000_cpu_s": round(cpu, 2), "broker_roles_10000_wall_s": round(wall, 2)}


def fill(deployed: Deployed) -> None:
    """Write the accounts and their roles into the table, as the provision function would."""
    dynamodb = deployed.session_for("admin").client("dynamodb")
    batch: list[Any] = []
    for row in _rows():
        batch.append({"PutRequest": {"Item": rows.to_item(row)}})
        if len(batch) == BATCH:
            dynamodb.batch_write_item(RequestItems={stack.NAME: batch})
            batch = []


def _rows() -> Iterator[dict[str, Any]]:
    for number in range(ACCOUNTS):
        account = Account(
            str(100_000_000_000 + number), alias=f"team-{number}", name=f"Team {number}", ou_path="/Workloads/Prod",
            tags={"env": "prod", "team": f"team-{number}"}, state="joined",
        )  # fmt: skip
        yield account_to_row(account)
        for role in range(ROLES):
            arn = f"arn:aws:iam::{account.id}:role/access-broker/role-{role}"
            yield role_to_row(Role(f"{account.id}:role-{role}", arn, "Everything in EC2, nothing else", TAGS))


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))

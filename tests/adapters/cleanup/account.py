"""An account on moto for clean-up: functions call each other in process, time is what CLOCK_AHEAD says."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chalicelib.approvals.aws.grants_table import grant_to_row
from chalicelib.approvals.aws.requests_table import request_to_row
from chalicelib.approvals.domain.grants import Grant
from chalicelib.approvals.domain.requests import Request
from chalicelib.cleanup import wiring
from chalicelib.cleanup.aws import clients
from chalicelib.core.aws import functions
from chalicelib.core.aws.journal import TableJournal
from chalicelib.core.aws.rows import to_item
from chalicelib.core.domain import ids
from chalicelib.core.domain.events import AuditEvent, Origin
from chalicelib.core.domain.sessions import Session
from chalicelib.core.wiring import new_id
from chalicelib.sessions.aws.session_log import session_to_row
from tests.adapters.conftest import ACCOUNT, ENVIRONMENT, REGION
from tests.fakes.core import ALICE

if TYPE_CHECKING:
    from collections.abc import Mapping

BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/access-broker/boundary"
DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
TRUST = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}
)
OURS = {"access-broker:managed": "true", "access-broker:deployment": ENVIRONMENT["BROKER_DEPLOYMENT"]}
SCHEDULED = {
    "version": "0",
    "id": "1",
    "source": "aws.events",
    "detail-type": "Scheduled Event",
    "time": "2026-11-23T12:00:00Z",
    "account": ACCOUNT,
    "region": REGION,
    "resources": [],
    "detail": {},
}


class FunctionsInProcess:
    """Lambda's Invoke of the deployment's other functions: JSON in, JSON out, nothing else shared."""

    def __init__(self) -> None:
        self.invoked: list[tuple[str, Mapping[str, Any]]] = []
        self.fails: dict[str, Exception] = {}
        self.before: dict[str, Any] = {}

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803  boto3's names
        event = json.loads(Payload)
        action = str(event.get("action", FunctionName))
        self.invoked.append((FunctionName, event))
        if action in self.fails:
            raise self.fails[action]
        self.before.pop(action, lambda: None)()
        return {"Payload": io.BytesIO(json.dumps(self._answer(FunctionName, event)).encode())}

    def _answer(self, name: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
        from chalicelib.cleanup.handlers.function import cleanup  # noqa: PLC0415  needs the environment of the fixture
        from chalicelib.provisioning.handlers.function import provision  # noqa: PLC0415  the same

        if name == "broker-expire":
            return {"requests": 1, "grants": 2, "unreviewed": 0}
        function = {"broker-provision": provision, "broker-cleanup": cleanup}[name]
        answer: Mapping[str, Any] = function(event, None)
        return answer


class CleanupAccount:
    """Roles, rows and runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.iam = boto3.client("iam", REGION)
        self.dynamodb = boto3.client("dynamodb", REGION)
        self.functions = FunctionsInProcess()
        self._environ = monkeypatch

    def make(
        self, name: str, path: str = "/access-broker/", tags: Mapping[str, str] = OURS, boundary: str = BOUNDARY
    ) -> str:
        """A role past the broker; answers its unique id."""
        parameters: dict[str, Any] = {"PermissionsBoundary": boundary} if boundary else {}
        tag_list: Any = [{"Key": key, "Value": value} for key, value in tags.items()]
        role = self.iam.create_role(
            RoleName=name, Path=path, AssumeRolePolicyDocument=TRUST, Tags=tag_list, **parameters
        )["Role"]
        return role["RoleId"]

    def use(self, name: str) -> None:
        """Assume it and call AWS: moto fills RoleLastUsed."""
        arn = self.iam.get_role(RoleName=name)["Role"]["Arn"]
        keys = boto3.client("sts", REGION).assume_role(RoleArn=arn, RoleSessionName="use")["Credentials"]
        boto3.client(
            "sqs",
            REGION,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        ).list_queues()

    def clock(self, days: float = 0, **settings: str) -> None:
        """Clean-up's clock is so many days ahead; settings as in its environment."""
        self._environ.setenv("BROKER_CLEANUP_CLOCK_AHEAD", f"{int(days * 86400)}s")
        for name, value in settings.items():
            self._environ.setenv(f"BROKER_CLEANUP_{name}", value)
        for value in vars(wiring).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()

    def now(self) -> datetime:
        return wiring.run_clock()

    def run(self, **detail: Any) -> dict[str, Any]:
        """The function, as the schedule invokes it."""
        from chalicelib.cleanup.handlers.function import cleanup  # noqa: PLC0415  needs the environment of the fixture

        answer: dict[str, Any] = cleanup({**SCHEDULED, "detail": detail}, None)
        return answer

    def put(self, row: Mapping[str, Any]) -> None:
        self.dynamodb.put_item(TableName="broker", Item=to_item(row))

    def session(self, role: str, at: datetime, *, seconds: int = 3600, failed: bool = False) -> str:
        name = new_id(at)
        who = ("alice", "AIDA1", f"arn:aws:iam::{ACCOUNT}:user/alice", role, f"arn:{role}", f"alice-{name}", "alice")
        self.put(session_to_row(Session(name, *who, at, at + timedelta(seconds=seconds), failed=failed)))
        return name

    def grant(self, role: str, starts: datetime, until: datetime, ended: datetime | None = None) -> str:
        name = new_id(starts)
        row = grant_to_row(Grant(name, "alice", "AIDA1", role, 1, starts, until, ended_at=ended))
        self.put({**row, "ended_at": row["ended_at"]})
        return name

    def missed(self, role: str, at: datetime) -> None:
        """Somebody wanted the role and was told that it is quarantined."""
        event = AuditEvent(new_id(at), "refuse", at, Origin(ALICE), role=role, detail={"quarantined": True})
        TableJournal(self.dynamodb, "broker").record(event)

    def request(self, role: str, filed: datetime, answer_by: datetime) -> str:
        name = new_id(filed)
        who = ("alice", "AIDA1", f"arn:aws:iam::{ACCOUNT}:user/alice", role)
        self.put(request_to_row(Request(name, *who, 3600, 1, "rule", filed, answer_by)))
        return name


@pytest.fixture
def cleanup_account(account: None, monkeypatch: pytest.MonkeyPatch) -> CleanupAccount:
    """The account; clean-up may go all the way, every role within its budget."""
    iam = boto3.client("iam", REGION)
    iam.create_policy(PolicyName="boundary", Path="/access-broker/", PolicyDocument=json.dumps(DOCUMENT))
    iam.create_role(RoleName="api", AssumeRolePolicyDocument=json.dumps({**DOCUMENT, "Statement": []}))
    for name, value in {
        "BROKER_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/api",
        "BROKER_BOUNDARY_ARN": BOUNDARY,
        "BROKER_PROVISION_FUNCTION": "broker-provision",
        "BROKER_CLEANUP_FUNCTION": "broker-cleanup",
        "BROKER_EXPIRE_FUNCTION": "broker-expire",
        "BROKER_CLEANUP_UP_TO": "deleted",
        "BROKER_CLEANUP_BUDGET_PERCENT": "100",
    }.items():
        monkeypatch.setenv(name, value)
    made = CleanupAccount(monkeypatch)
    monkeypatch.setattr(clients, "lambda_for_a_run", lambda: made.functions)
    monkeypatch.setattr(functions, "lambda_for_a_caller", lambda: made.functions)
    return made


def today() -> datetime:
    return datetime.now(UTC)


def id_at(at: datetime) -> str:
    return ids.earliest(at)

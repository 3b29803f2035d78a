"""An account on moto's server for flows.py: tables, queue, secrets, people, roles, and a counterpart of Slack."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from moto.server import ThreadedMotoServer

from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REGION, ACCOUNT, DEPLOYMENT = "us-east-1", "123456789012", "access-broker-test"
SIGNING_SECRET = "slack-signing-secret-of-a-test"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": REGION}
STEP = Path(__file__).with_name("flow_step.py")
DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
SETTINGS = {
    "DEPLOYMENT": DEPLOYMENT,
    "TABLE": "broker",
    "LEDGER_TABLE": "ledger",
    "PROVISION_FUNCTION": "provision",
    "CHAT_FUNCTION": "chat",
    "CLEANUP_FUNCTION": "cleanup",
    "EXPIRE_FUNCTION": "expire",
    "ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/broker",
    "BOUNDARY_ARN": f"arn:aws:iam::{ACCOUNT}:policy/access-broker/boundary",
    "SLACK_CHANNEL": "C1",
    "CLEANUP_UP_TO": "deleted",
    "CLEANUP_BUDGET_PERCENT": "100",
}
"""What the template gives the functions, as BROKER_ variables."""

Told = dict[str, Any]
"""What a step prints: `called`, `loaded` and `answer`."""


class StepFailed(Exception):
    """A function did not answer as its flow needs; the message ends with what it said."""


class Account:
    """The account, and the code of one checkout that runs in it."""

    def __init__(self, checkout: Path, aws: str, slack: str) -> None:
        self.slack, self._checkout, self._aws = slack, checkout, aws
        settings = {f"BROKER_{name}": value for name, value in {**SETTINGS, "SLACK_API": slack}.items()}
        self._environment = {"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": aws, **KEYS, **settings}
        for resource, name in (("Table", "broker"), ("Ledger", "ledger")):
            self._create_table(resource, name)
        for name, value in (("slack-signing-secret", SIGNING_SECRET), ("slack-bot-token", "xoxb-test")):
            self.client("ssm").put_parameter(Name=f"/{DEPLOYMENT}/{name}", Value=value, Type="SecureString")
        made = self.client("sqs").create_queue(QueueName="notices.fifo", Attributes={"FifoQueue": "true"})
        self.queue = self._environment["BROKER_NOTICES_QUEUE_URL"] = made["QueueUrl"]
        urgent = self.client("sqs").create_queue(QueueName="urgent.fifo", Attributes={"FifoQueue": "true"})
        self._environment["BROKER_URGENT_NOTICES_QUEUE_URL"] = urgent["QueueUrl"]
        self.alice, self.bob = self._user("alice", "engineers"), self._user("bob", "approvers")

    def client(self, service: str) -> Any:
        """A client of the account's administrator."""
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        maker: Any = boto3
        return maker.client(service, REGION, endpoint_url=self._aws, **keys)

    def take(self, function: str, event: Mapping[str, Any], **more: str) -> Told:
        """One step in a fresh process; StepFailed with what it printed."""
        done = subprocess.run(
            [sys.executable, str(STEP)],
            cwd=self._checkout,
            env=self._environment | more,
            input=json.dumps({"function": function, "event": event}),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StepFailed(f"{function}\n{done.stderr}")
        told: Told = json.loads(done.stdout.splitlines()[-1])
        return told

    def role(self, name: str, audience: str) -> None:
        """A role from a template."""
        tags = {"access-broker:audience": audience}
        template = {"name": name, "description": name, "inline_policy": DOCUMENT, "tags": tags}
        told = self.take("provision", {"action": "apply_role", "template": template})
        if not told["answer"]["ok"]:
            raise StepFailed(f"provision\n{told['answer']}")

    def _user(self, name: str, group: str) -> dict[str, str]:
        iam = self.client("iam")
        tags = [{"Key": "access-broker:slack", "Value": f"T1/U{name.upper()}"}]
        user = iam.create_user(UserName=name, Tags=tags)["User"]
        iam.create_group(GroupName=group)
        iam.add_user_to_group(GroupName=group, UserName=name)
        return {"userArn": user["Arn"], "user": user["UserId"], "caller": user["UserId"], "sourceIp": "203.0.113.9"}

    def _create_table(self, resource: str, name: str) -> None:
        template = json.loads((self._checkout / ".chalice" / "resources.json").read_text())
        properties = template["Resources"][resource]["Properties"]
        wanted = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
        given = {key: properties[key] for key in wanted if key in properties}
        self.client("dynamodb").create_table(TableName=name, **given)


class Slack(BaseHTTPRequestHandler):
    """Slack's Web API, which takes everything."""

    def do_POST(self) -> None:
        """Say yes."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"ok": True, "ts": "1.0", "channel": "C1"}).encode())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  its name in http.server
        """Say nothing on the terminal."""


@contextmanager
def account_of(checkout: Path) -> Iterator[Account]:
    """A new account, for the code of that checkout."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    aws = ThreadedMotoServer(port=0, verbose=False)
    aws.start()
    host, port = aws.get_host_and_port()
    try:
        with serving(ThreadingHTTPServer(("127.0.0.1", 0), Slack)) as slack:
            yield Account(checkout, f"http://{host}:{port}", f"http://127.0.0.1:{slack.server_port}/api/")
    finally:
        aws.stop()

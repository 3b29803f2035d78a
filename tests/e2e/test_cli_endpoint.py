"""`broker serve` before the deployed broker: the AWS CLI and boto3 work, across the ends of sessions too."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import sys
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.cli_person import BROKER, Person, at_a_terminal, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localaws.broker import Broker

LOOP = """
import boto3, pathlib, time
session = boto3.Session()
ec2, sts = session.client("ec2"), session.client("sts")
calls, keys, names = 0, set(), set()
while not pathlib.Path("stop").exists():
    ec2.describe_instances()
    calls += 1
    if (key := ec2._request_signer._credentials.access_key) not in keys:
        keys.add(key)
        names.add(sts.get_caller_identity()["Arn"].rpartition("/")[2])
    pathlib.Path("draft").write_text(f"{calls} {len(keys)}")
    pathlib.Path("draft").replace("progress")
    time.sleep(0.1)
print(*names)
"""


@pytest.fixture
def alice(broker: Broker, tmp_path: Path) -> Person:
    return at_a_terminal(broker, "alice", tmp_path / "alice")


@contextlib.contextmanager
def serving(person: Person, **changes: str | None) -> Iterator[dict[str, str | None]]:
    """`broker serve`; yields the environment of a program that was given its two lines, and nothing of alice's own."""
    process = person.spawn([BROKER, "serve", "ec2-full"], **changes)
    try:
        assert process.stdout is not None
        exports = (line for line in iter(process.stdout.readline, "") if line.startswith("export "))
        given = dict(next(exports).strip().removeprefix("export ").split("=", 1) for _ in range(2))
        yield {**given, "AWS_PROFILE": None, "AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_the_aws_cli_works_with_the_endpoint(alice: Person) -> None:
    with serving(alice) as given:
        allowed = alice.run(["aws", "ec2", "describe-instances"], **given)
        refused = alice.run(["aws", "iam", "list-users"], **given)
    assert allowed.returncode == 0, allowed.stderr
    assert "AccessDenied" in refused.stderr


def test_without_the_token_the_endpoint_gives_nothing(alice: Person) -> None:
    with serving(alice) as given:
        refused = alice.run(["aws", "ec2", "describe-instances"], **{**given, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "x"})
        address = urlsplit(str(given["AWS_CONTAINER_CREDENTIALS_FULL_URI"])).netloc
        with contextlib.closing(http.client.HTTPConnection(address, timeout=20)) as connection:
            connection.request("GET", "/")
            answer = connection.getresponse()
            status, body = answer.status, answer.read()
    assert refused.returncode != 0
    assert status == 403
    assert b"SecretAccessKey" not in body


def test_a_program_across_the_ends_of_sessions_never_sees_a_failure(alice: Person) -> None:
    """Every session claims to end in five minutes and three seconds.

    Each one that was replaced is revoked, so that it really is no good any more.
    """
    others = {session["id"] for session in active(alice)}
    with shortening() as proxy, serving(alice, HTTP_PROXY=proxy) as given:
        program = alice.spawn([sys.executable, "-c", LOOP], **given)
        revoked: set[str] = set()
        until(lambda: revoke_replaced(alice, others, revoked) >= 2, 120)
        calls, _ = progress(alice)
        until(lambda: progress(alice)[0] > calls + 5 and progress(alice)[1] >= 3)
        (alice.home / "stop").touch()
        out, err = program.communicate(timeout=60)
    assert program.returncode == 0, err
    used = {name.removeprefix("alice-") for name in out.split()}
    assert len(used) >= 3
    assert used & revoked


def progress(person: Person) -> tuple[int, int]:
    """How many calls the program has made, and with how many keys."""
    calls, keys = (person.home / "progress").read_text().split()
    return int(calls), int(keys)


def active(person: Person) -> list[dict[str, Any]]:
    """Their latest sessions, the newest first."""
    found = person.broker("sessions", "--state", "active", "--role", "ec2-full", "--json").stdout
    sessions: list[dict[str, Any]] = json.loads(found)
    return sessions


def revoke_replaced(person: Person, others: set[str], revoked: set[str]) -> int:
    """Revoke every session since `others` but the two latest: the one in use and the one that is coming."""
    own = [session["id"] for session in active(person) if session["id"] not in others]
    for session in own[2:]:
        if session not in revoked and person.broker("revoke", session).returncode == 0:
            revoked.add(session)
    return len(revoked)


@contextlib.contextmanager
def shortening() -> Iterator[str]:
    """An HTTP proxy before the broker that brings every Expiration forward; yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shortening)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Shortening(BaseHTTPRequestHandler):
    """Passes requests on as they are, so that signatures hold."""

    def do_POST(self) -> None:
        where = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with contextlib.closing(http.client.HTTPConnection(where.netloc, timeout=60)) as onward:
            onward.request(self.command, where.path, body, dict(self.headers))
            answer = onward.getresponse()
            content = self._shortened(answer.read())
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.getheader("Content-Type", ""))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def _shortened(self, content: bytes) -> bytes:
        ends = (datetime.now(UTC) + timedelta(minutes=5, seconds=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return re.sub(rb'("Expiration": ?")[^"]+', rb"\g<1>" + ends.encode(), content)

    def log_message(self, *_: Any) -> None:
        """Quiet."""

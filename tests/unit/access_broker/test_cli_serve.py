"""`broker serve`: credentials over loopback for whoever has the token, renewed before they end."""

import contextlib
import http.client
import itertools
import json
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from botocore.credentials import ContainerProvider

from access_broker.credentials.endpoint import Endpoint, renewing
from access_broker.credentials.role_credentials import NEVER_USED_LATER, RENEWED_EARLY, RoleCredentials
from access_broker.failures import Unavailable
from access_broker.output.times import rfc3339


@contextlib.contextmanager
def serving(person, *flags, **changes):
    """`broker serve --json` as a process; yields the variables it prints."""
    process = person.spawn("serve", "ec2-full", "--json", *flags, **changes)
    try:
        assert process.stdout is not None
        lines = itertools.takewhile(lambda line: line != "}\n", iter(process.stdout.readline, ""))
        yield json.loads("".join([*lines, "}"]))
    finally:
        process.terminate()
        process.communicate(timeout=20)


def ask(variables: dict[str, str], path: str = "/", **headers: str) -> tuple[int, dict[str, str]]:
    where = urlsplit(variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"]).netloc
    connection = http.client.HTTPConnection(where, timeout=20)
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def test_an_sdk_with_the_two_variables_has_the_role(alice):
    script = "import botocore.session as s; c = s.Session().get_credentials(); print(c.method, c.access_key)"
    with serving(alice) as variables:
        environment = {**alice.environment, **variables, "AWS_CONFIG_FILE": "/nowhere"}
        del environment["AWS_PROFILE"], environment["AWS_SHARED_CREDENTIALS_FILE"]
        environment["HOME"] = "/nowhere"
        command = [sys.executable, "-c", script]
        shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert shown == "container-role ASIA0001\n"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "wrong"}, {"Authorization": "é"}])
def test_without_the_token_nothing_is_given(alice, headers):
    with serving(alice) as variables:
        status, document = ask(variables, **headers)
    assert status == 403
    assert "AccessKeyId" not in document


def test_a_rebound_host_name_is_refused_even_with_the_token(alice):
    with serving(alice) as variables:
        token = variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        status, _ = ask(variables, Authorization=token, Host="evil.example")
        good, _ = ask(variables, Authorization=token)
    assert (status, good) == (403, 200)


def test_only_the_root_path_answers(alice):
    with serving(alice) as variables:
        status, _ = ask(variables, "/other", Authorization=variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
    assert status == 404


def test_it_listens_on_loopback_only(alice):
    with serving(alice) as variables:
        assert urlsplit(variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"]).hostname == "127.0.0.1"


def test_each_run_has_another_token(alice):
    with serving(alice) as first, serving(alice) as second:
        assert first["AWS_CONTAINER_AUTHORIZATION_TOKEN"] != second["AWS_CONTAINER_AUTHORIZATION_TOKEN"]


def test_a_program_that_runs_across_ends_of_sessions_never_sees_a_failure(alice, contract):
    contract.session_lasts = timedelta(minutes=5, seconds=2)  # so that each is renewed after two seconds
    seen: list[str] = []
    with serving(alice) as variables:
        token = variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        deadline = time.monotonic() + 120
        while len(set(seen)) < 3 and time.monotonic() < deadline:
            status, document = ask(variables, Authorization=token)
            assert status == 200
            seen.append(document["AccessKeyId"])
    assert len(set(seen)) >= 3


def test_it_renews_by_itself_without_being_asked(alice, contract):
    contract.session_lasts = timedelta(minutes=5, seconds=3)
    with serving(alice):
        deadline = time.monotonic() + 120
        while len(contract.sessions) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.05)


class Hanging:
    """A broker that takes a request and does not answer before `let_go`."""

    def __init__(self) -> None:
        self.asked, self.let_go = threading.Event(), threading.Event()

    def take(self) -> RoleCredentials:
        self.asked.set()
        self.let_go.wait(120)
        raise Unavailable("no answer")


@contextlib.contextmanager
def hanging(left: timedelta) -> Iterator[tuple[Hanging, dict[str, str]]]:
    """An endpoint whose credentials, an hour's, last for `left`, and whose broker hangs."""
    now, broker = datetime.now(UTC), Hanging()
    current = RoleCredentials("r", "s", "ASIA0001", "secret", "token", rfc3339(now + left), now - timedelta(minutes=44))
    with renewing(Endpoint(broker.take, current)) as endpoint:
        try:
            yield broker, endpoint.variables()
        finally:
            broker.let_go.set()


def test_while_the_broker_hangs_an_sdk_gets_the_present_ones_within_its_two_seconds():
    with hanging(RENEWED_EARLY + timedelta(seconds=2)) as (broker, variables):
        assert broker.asked.wait(60)  # the background waits for the broker now; it looks every 30 s at the least
        found = ContainerProvider(environ=variables).load()
    assert found.access_key == "ASIA0001"


def test_the_present_ones_are_not_handed_out_in_their_last_five_minutes():
    with hanging(NEVER_USED_LATER) as (broker, variables):
        broker.let_go.set()
        status, document = ask(variables, Authorization=variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
    assert (status, document["message"]) == (503, "no answer")


def test_a_program_that_leaves_before_its_answer_leaves_no_traceback(capfd):
    before = set(threading.enumerate())
    with hanging(NEVER_USED_LATER) as (broker, variables):
        address = urlsplit(variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
        with socket.create_connection((address.hostname, address.port)) as client:
            token = variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
            client.sendall(f"GET / HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: {token}\r\n\r\n".encode())
            assert broker.asked.wait(20)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # hang up at once
        answering = [thread for thread in set(threading.enumerate()) - before if "request" in thread.name]
        broker.let_go.set()
        for thread in answering:
            thread.join(20)
    assert answering
    assert capfd.readouterr().err == ""


def test_when_there_are_none_any_more_the_answer_says_why(alice, contract):
    contract.session_lasts = timedelta(minutes=5)
    with serving(alice) as variables:
        contract.add_role("ec2-full", access="approval")
        status, document = ask(variables, Authorization=variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
    assert status == 503
    assert "approval" in document["message"]


def test_after_a_revocation_it_serves_new_ones_on_demand(alice):
    alice.run("creds", "ec2-full")
    with serving(alice, "--fresh") as variables:
        _, document = ask(variables, Authorization=variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
    assert document["AccessKeyId"] == "ASIA0002"


def test_a_port_in_use_is_a_sentence(alice, server):
    port = str(urlsplit(server.url).port)
    done = alice.run("serve", "ec2-full", "--port", port)
    assert (done.returncode, port in done.stderr) == (2, True)


def test_the_printed_lines_set_both_variables_and_unset_what_comes_before_them(alice):
    process = alice.spawn("serve", "ec2-full")
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    found: list[str] = []
    unset: list[str] = []
    while len(found) < 2:
        line = next(lines)
        (found if line.startswith("export ") else unset).append(line)
    process.terminate()
    process.communicate(timeout=20)
    assert found[0].startswith("export AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:")
    assert found[1].startswith("export AWS_CONTAINER_AUTHORIZATION_TOKEN=")
    assert {"unset AWS_PROFILE\n", "unset AWS_ACCESS_KEY_ID\n"} <= set(unset)  # SDKs take those first

"""Every client has the role in every way that `broker` offers, while the person's own identity is everywhere."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import pytest

from tests.e2e.cli_clients import CLIENTS, arn_in
from tests.e2e.cli_person import BROKER, Person, at_a_terminal

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from botocore.credentials import ReadOnlyCredentials

    from localaws.broker import Broker
    from tests.e2e.cli_clients import Run

ROLE = re.compile(r"arn:aws:sts::\d{12}:assumed-role/ec2-full/alice-\w+")


def keys_of(broker: Broker, profile: str) -> ReadOnlyCredentials:
    credentials = broker.session_for(profile).get_credentials()
    assert credentials is not None
    return credentials.get_frozen_credentials()


@pytest.fixture
def alice(broker: Broker, tmp_path: Path) -> Person:
    """Alice, with an administrator's keys under [default]: a program that takes these shows it."""
    person = at_a_terminal(broker, "alice", tmp_path / "alice")
    admin = keys_of(broker, "admin")
    credentials = person.home / ".aws" / "credentials"
    lines = f"aws_access_key_id = {admin.access_key}\naws_secret_access_key = {admin.secret_key}\n"
    credentials.write_text(f"{credentials.read_text()}\n[default]\n{lines}")
    return person


@pytest.fixture
def traps(broker: Broker) -> dict[str, str | None]:
    """The administrator's keys in the environment as well, under every name; a profile; a container and a machine."""
    admin = keys_of(broker, "admin")
    nowhere = "http://127.0.0.1:9/"
    return {
        "AWS_PROFILE": "admin",
        "AWS_ACCESS_KEY_ID": admin.access_key,
        "AWS_SECRET_ACCESS_KEY": admin.secret_key,
        "AWS_ACCESS_KEY": admin.access_key,
        "AWS_SECRET_KEY": admin.secret_key,
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/nowhere",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": nowhere,
        "AWS_EC2_METADATA_DISABLED": "false",
    }


@contextlib.contextmanager
def by_exec(alice: Person, traps: dict[str, str | None], *flags: str) -> Iterator[Run]:
    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return alice.broker("exec", "ec2-full", "--profile", "alice", *flags, "--", *command, **traps)

    yield run


@contextlib.contextmanager
def by_exec_refresh(alice: Person, traps: dict[str, str | None]) -> Iterator[Run]:
    with by_exec(alice, traps, "--refresh") as run:
        yield run


@contextlib.contextmanager
def by_serve(alice: Person, traps: dict[str, str | None]) -> Iterator[Run]:
    """In a shell that has read what `serve` printed."""
    process = alice.spawn([BROKER, "serve", "ec2-full", "--profile", "alice"], **traps)
    assert process.stdout is not None
    lines = []
    for line in iter(process.stdout.readline, ""):
        lines.append(line)
        if "AWS_EC2_METADATA_DISABLED" in line:
            break
    script = "".join(lines) + 'exec "$@"'

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return alice.run(["sh", "-c", script, "sh", *command], **traps)

    try:
        yield run
    finally:
        process.terminate()
        process.communicate(timeout=20)


@contextlib.contextmanager
def by_configure(alice: Person, _traps: dict[str, str | None]) -> Iterator[Run]:
    """By a profile whose `broker` is in a folder with a space and a quote.

    Keys in the environment would win over any profile: `configure` refuses there, so only [default] is set.
    """
    folder = alice.home / "Program Files" / "it's here"
    folder.mkdir(parents=True)
    (folder / "broker").symlink_to(BROKER)
    done = alice.run([str(folder / "broker"), "configure", "ec2-full"])
    assert done.returncode == 0, done.stderr

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return alice.run(command, AWS_PROFILE="broker-ec2-full")

    yield run


WAYS = [by_exec, by_exec_refresh, by_serve, by_configure]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("client", CLIENTS)
def test_the_client_has_the_role(
    alice: Person,
    traps: dict[str, str | None],
    client: str,
    way: Callable[[Person, dict[str, str | None]], contextlib.AbstractContextManager[Run]],
) -> None:
    with way(alice, traps) as run:
        seen = arn_in(CLIENTS[client](run, alice))
    assert ROLE.fullmatch(seen), seen


def test_configure_refuses_while_keys_in_the_environment_would_win(alice: Person, traps: dict[str, str | None]) -> None:
    before = alice.aws_config.read_bytes()
    done = alice.broker("configure", "ec2-full", "--profile", "alice", **traps)
    assert (done.returncode, alice.aws_config.read_bytes()) == (2, before)
    assert "AWS_ACCESS_KEY_ID" in done.stderr


@pytest.mark.parametrize("client", ["AWS CLI 1", "boto3", "SDK for JavaScript 3", "SDK for Go 2"])
def test_a_container_on_the_hosts_network_has_the_role_by_the_recipe(alice: Person, client: str) -> None:
    """docs/cli.md, "Containers": the file of variables is all that the container gets; it has no home of alice's."""
    with by_serve_to_file(alice) as variables:
        keep = {"PATH": alice.environment["PATH"], "HOME": "/nowhere", "AWS_REGION": "us-east-1"}
        inside = {**keep, "AWS_ENDPOINT_URL": alice.environment["AWS_ENDPOINT_URL"], **variables}

        def run(*command: str) -> subprocess.CompletedProcess[str]:
            everything = dict.fromkeys(alice.environment, None)
            return alice.run(command, **{**everything, **inside})

        seen = arn_in(CLIENTS[client](run, alice))
    assert ROLE.fullmatch(seen), seen


CURL = (
    'curl --silent --fail-with-body --aws-sigv4 "aws:amz:$AWS_REGION:sts" '
    '--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" --header "x-amz-security-token: $AWS_SESSION_TOKEN" '
    '"$AWS_ENDPOINT_URL/?Action=GetCallerIdentity&Version=2011-06-15"'
)


def test_curl_has_the_role_with_the_keys_that_exec_gives(alice: Person, traps: dict[str, str | None]) -> None:
    with by_exec(alice, traps) as run:
        seen = arn_in(run("sh", "-c", CURL).stdout)
    assert ROLE.fullmatch(seen), seen


@contextlib.contextmanager
def by_serve_to_file(alice: Person) -> Iterator[dict[str, str]]:
    """`broker serve --format dotenv`, as `docker run --env-file` reads it."""
    process = alice.spawn([BROKER, "serve", "ec2-full", "--format", "dotenv"])
    assert process.stdout is not None
    lines = []
    for line in iter(process.stdout.readline, ""):
        lines.append(line.strip())
        if line.startswith("AWS_EC2_METADATA_DISABLED"):
            break
    try:
        yield dict(line.split("=", 1) for line in lines)
    finally:
        process.terminate()
        process.communicate(timeout=20)

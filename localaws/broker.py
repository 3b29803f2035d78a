"""A broker deployed on an embedded AWS. `make up`, the demo and the end-to-end tests use it."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from localaws import aging, emulator, mfa, packaging, people, profiles, roles, runs, shell, sign_in, slack, stack
from localaws.accounts import members, organization
from localaws.accounts import template as accounts_template
from localaws.embedded import HOST, REGION
from localaws.failures import LocalAwsError, StepFailed
from policytool import spoke

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import boto3

    from localaws.accounts.members import Member

ROOT_KEY = "test"
PROVISION_FUNCTION = f"{stack.NAME}-provision"
SPOKE_STACK = f"{stack.NAME}-spoke"


@dataclass(frozen=True, slots=True)
class Broker:
    """A deployed broker: its URLs, and sessions of its people."""

    endpoint_url: str
    broker_url: str
    region: str
    directory: Path
    """Holds env, config and credentials."""
    outputs: Mapping[str, str]
    """The stack's outputs by name."""
    log: Path
    members: tuple[Member, ...] = ()
    """The member accounts of the organisation; this broker's account is its management account."""

    @property
    def slack(self) -> slack.Slack:
        """The counterpart of Slack that this broker is connected to."""
        return slack.of(self.directory / "aws")

    def session_for(self, profile: str) -> boto3.Session:
        """The session of admin, alice, bob or carol."""
        return profiles.session(self.directory, profile)

    def mfa_code(self, profile: str) -> str:
        """The code that this person's MFA device shows now. Waits for the next one if it was shown before."""
        return mfa.code(self.directory, profile)

    def age(self, access_key_id: str | None, seconds: int) -> None:
        """Let so many seconds go by for the session of this access key."""
        aging.age(self.endpoint_url, access_key_id, seconds)

    def environ(self, profile: str | None = None) -> dict[str, str]:
        """The environment of a program that may reach this AWS only. The tools of this Python come first."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        shell.reach_loopback(kept)
        exports = profiles.variables(
            self.directory, endpoint_url=self.endpoint_url, broker_url=self.broker_url, region=self.region
        )
        path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
        return kept | exports | {"PATH": path} | ({"AWS_PROFILE": profile} if profile else {})


@contextmanager
def running(
    port: int | None = None,
    directory: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
    spokes: int = 0,
    *,
    members_call: bool = False,
) -> Iterator[Broker]:
    """A private deployed broker on a free port, in a directory of its own that is removed afterwards.

    With `members_call` its API is open to role sessions of the `spokes`.
    It ends with the block. It also ends with this process, for whatever reason.
    When the block fails, its log stays in .build/logs.
    """
    require_runnable()
    with _own(directory) as (place, log):
        tell("starting the embedded AWS")
        aws = emulator.start(port or emulator.free_port(), place / "aws", log, ends_with_us=True)
        try:
            yield deploy(aws.port, place, log, tell, spokes, members_call=members_call)
        finally:
            emulator.end(aws)


def deploy(
    port: int,
    directory: Path,
    log: Path,
    tell: Callable[[str], None],
    spokes: int = 0,
    *,
    members_call: bool = False,
) -> Broker:
    """Package and deploy the broker on the embedded AWS of `port`. Create people, roles and member accounts."""
    endpoint_url = f"http://{HOST}:{port}"
    root = _root(endpoint_url)
    tell("packaging the broker as for AWS")
    package = packaging.package(directory / "package")
    tell("deploying its CloudFormation stack")
    chat = slack.of(directory / "aws")
    local = {"SignInEndpoint": sign_in.url_of(directory / "aws"), **chat.parameters}
    if spokes:
        local["OrganizationId"] = organization.identifier(root)
        local["CallersOrganization"] = local["OrganizationId"] if members_call else ""
    outputs = stack.deploy(root, package, local, dict.fromkeys(("Chat", "Notify"), chat.variables), log=log)
    broker_url = endpoint_url + outputs.pop("Path")
    _connect(chat, root("ssm"), broker_url)
    if not (directory / "credentials").exists():
        tell("creating admin, alice, bob and carol")
        keys = people.create(root("iam"))
        mfa.write(directory, {one.name: mfa.enable(root("iam"), one.name) for one in keys})
        tell("making the roles of policies/roles")
        roles.apply_all(root("lambda"), PROVISION_FUNCTION, log)
        profiles.write(directory, keys, endpoint_url=endpoint_url, broker_url=broker_url, region=REGION)
    joined = _members(root, endpoint_url, directory, spokes, tell)
    if joined:
        tell("joining the member accounts")
        join(root, joined, endpoint_url, outputs, log)
    return Broker(endpoint_url, broker_url, REGION, directory, MappingProxyType(outputs), log, joined)


def _members(
    root: Callable[[Any], Any], endpoint_url: str, directory: Path, spokes: int, tell: Callable[[str], None]
) -> tuple[Member, ...]:
    """The member accounts; those that are missing are made, and their roots get profiles."""
    if spokes:
        tell("making member accounts")
        made = organization.ensure(root, endpoint_url, spokes)
        members.write(directory, made)
        keys = [people.Keys(member.profile, member.id, members.ROOT_SECRET) for member in made]
        profiles.add(directory, keys, endpoint_url=endpoint_url, region=REGION)
    return members.read(directory)


def join(
    root: Callable[[Any], Any], joined: Iterable[Member], endpoint_url: str, outputs: Mapping[str, str], log: Path
) -> None:
    """Deploy the member template into each account, and have the broker read the registry."""
    parameters = spoke.parameters(stack.NAME, outputs["ProvisionRoleArn"], REGION)
    for member in joined:
        accounts_template.deploy(member, endpoint_url, SPOKE_STACK, spoke.template(), parameters, log=log)
    done = roles.order(root("lambda"), PROVISION_FUNCTION, {"action": "sync_accounts"})
    states = done.get("result", {}).get("accounts", {})
    if outside := [member.alias for member in joined if states.get(member.id) != "joined"]:
        raise StepFailed(f"joining {', '.join(outside)}", json.dumps(done), log)


def require_runnable() -> None:
    """Raise LocalAwsError on a machine that cannot run the binaries of a Lambda package."""
    if not packaging.runs_here():
        raise LocalAwsError(
            "the embedded AWS runs the functions as packaged for Lambda, which needs Linux on x86_64 or arm64"
        )


def _connect(chat: slack.Slack, ssm: Any, broker_url: str) -> None:
    """Set up the app: the broker gets the secrets, and the workspace gets the URL of the broker."""
    for name, value in chat.shared.items():
        ssm.put_parameter(Name=f"/{stack.NAME}/{name}", Value=value, Type="SecureString", Overwrite=True)
    chat.do("state", app_url=broker_url)


def _root(endpoint_url: str) -> Callable[[Any], Any]:
    """Makes clients of the account's root. The endpoint is fixed, so that no client can reach the real AWS."""
    session = profiles.session_with(ROOT_KEY, ROOT_KEY, region=REGION)
    return partial(session.client, endpoint_url=endpoint_url)


@contextmanager
def _own(directory: Path | None) -> Iterator[tuple[Path, Path]]:
    """A directory that is always removed, and a log that is removed after success."""
    runs.sweep()
    with runs.directory(directory) as place:
        log = runs.log(place)
        yield place, log
        log.unlink(missing_ok=True)

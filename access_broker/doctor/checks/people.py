"""Users that the broker made: their devices, and those who only sign in (docs/ways-in.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from access_broker.doctor.model import Finding, NotHere, check, failed, none_of, ok, warning

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPIC = "MFA"
LOGIN = frozenset({"signin:authorizeoauth2access", "signin:createoauth2token"})
"""The actions of `aws login`, in lower case."""

FIRST_WITH_LOGIN = (2, 32)
VERSION = re.compile(r"aws-cli/(\d+)\.(\d+)")
NO_SUCH_USER = "no user of the broker signs in by aws login"


@dataclass(frozen=True, slots=True)
class SignInUser:
    """A user who only signs in: the actions that reach them in lower case, and their access keys."""

    actions: frozenset[str] = LOGIN
    keys: int = 0


@dataclass(frozen=True, slots=True)
class People:
    """The users of this deployment; `looked` of `total` were looked at."""

    without_device: tuple[str, ...] = ()
    looked: int = 0
    total: int = 0
    sign_in: Mapping[str, SignInUser] = field(default_factory=dict)
    unmarked: tuple[str, ...] = ()
    """Users under our path that no deployment made."""


@dataclass(frozen=True, slots=True)
class Logins:
    """The AWS CLI on this computer, and the sign-ins by `aws login` that CloudTrail has, by their error ("" is none).

    `users` may only sign in.
    """

    users: int = 0
    cli: str = ""
    embedded: bool = False
    errors: tuple[str, ...] = ()


@check(
    "people-have-devices",
    topic=TOPIC,
    fact="people",
    asks="every user that the broker made has an MFA device",
    why="without a device, a stolen key or password is enough, and the thief could enrol a device of their own",
    do="have each of them run broker mfa enroll (docs/own-keys.md); delete users of people who left",
)
def people_have_devices(people: People) -> Finding:
    """ListVirtualMFADevices, ListMFADevices."""
    rest = f", {people.total - people.looked} not looked at" if people.total > people.looked else ""
    missing = len(people.without_device)
    trouble = f"{missing} of {people.looked} have no device{rest}"
    return warning(none_of(people.without_device, trouble, f"{people.looked} users{rest}"))


@check(
    "path-is-the-brokers",
    topic=TOPIC,
    fact="people",
    asks="every user under /access-broker/ was made by a broker",
    why="if a user there has no deployment's tag, each stage's provision function may make keys (decision 0031)",
    do="move them: aws iam update-user --user-name NAME --new-path /",
)
def path_is_the_brokers(people: People) -> Finding:
    """Users under our path without the tag access-broker:deployment."""
    return warning(none_of(people.unmarked, "made by hand", "no others"))


@check(
    "sign-in-only-users",
    topic=TOPIC,
    fact="people",
    asks="users who only sign in may call what aws login calls, and nothing else",
    why="any other action is a standing permission, an access key never expires, and without these two actions they "
    "cannot sign in",
    do="take the other policies, groups and keys away: broker users show NAME shows what reaches the user",
)
def sign_in_only_users(people: People) -> Finding:
    """The actions of every policy that reaches them."""
    if not people.sign_in:
        raise NotHere(NO_SUCH_USER)
    wrong = [f"{name} ({trouble})" for name, one in people.sign_in.items() if (trouble := _trouble(one))]
    return none_of(wrong, "not sign-in only", f"{len(people.sign_in)} users")


def _trouble(user: SignInUser) -> str:
    more, missing = sorted(user.actions - LOGIN), sorted(LOGIN - user.actions)
    found = [f"also {action}" for action in more] + [f"not {action}" for action in missing]
    return ", ".join(found + ([f"{user.keys} access keys"] if user.keys else []))


@check(
    "aws-cli-has-login",
    topic=TOPIC,
    fact="logins",
    asks="the AWS CLI on this computer has aws login",
    why="users who only sign in get their credentials from it; it is in version 2.32 and later",
    do="install a newer AWS CLI; the check sees this computer only, so tell the users too",
)
def aws_cli_has_login(logins: Logins) -> Finding:
    """`aws --version`."""
    if not logins.users:
        raise NotHere(NO_SUCH_USER)
    found = VERSION.match(logins.cli)
    if not found:
        raise NotHere("there is no AWS CLI on this computer")
    new = (int(found[1]), int(found[2])) >= FIRST_WITH_LOGIN
    return ok(found[0]) if new else warning(failed(f"{found[0]} is older than 2.32"))


@check(
    "aws-login-works",
    topic=TOPIC,
    fact="logins",
    asks="AWS gives credentials to users who only sign in",
    why="it was not tried on AWS whether the two actions are enough for aws login",
    do="read the events CreateOAuth2Token in CloudTrail; docs/ways-in.md says what was not tried",
)
def aws_login_works(logins: Logins) -> Finding:
    """CreateOAuth2Token in CloudTrail's event history."""
    if not logins.users:
        raise NotHere(NO_SUCH_USER)
    if logins.embedded:
        raise NotHere("not checkable here: the embedded AWS has no aws login; look at docs/ways-in.md")
    if not logins.errors:
        raise NotHere("no sign-in lately: run aws login and then broker whoami as such a user, look at docs/ways-in.md")
    worked = logins.errors.count("")
    if not worked:
        return none_of(set(logins.errors), "refused", "")
    return ok(f"{worked} sign-ins; GET /mfa/v1/whoami as such a user shows if they carry MFA")

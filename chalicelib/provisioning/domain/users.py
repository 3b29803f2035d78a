"""Zero-permission users: what is asked, what IAM holds, and the proof that nothing is granted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.callers import OWN_KEYS, USER_NAME
from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.core.domain.policy_documents import as_list, grants, statements
from chalicelib.core.domain.roles import CONSOLES, DEPLOYMENT_TAG, MANAGED_TAG
from chalicelib.provisioning.domain.templates import RESERVED_TAGS, TAG_KEY, TAG_VALUE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


UNFINISHED_TAG = "access-broker:unfinished"
"""On a user from CreateUser until its record is written: no secret of such a user ever left."""

MOST_TAGS = 50
"""Tags of a user (IAM quotas)."""

SIGN_IN_TAG, SIGN_IN_ONLY = "access-broker:sign-in", "only"
"""On a user without an access key, who gets credentials by `aws login`. The provisioner may attach the policy of such
users (`SignInOnly` of the template) to users with this tag, and make no key for them."""

SIGN_IN_ACTIONS = frozenset({"signin:authorizeoauth2access", "signin:createoauth2token"})
"""The actions of `aws login` (AWS managed policy SignInLocalDevelopmentAccess), in lower case."""

OWN_TAGS = frozenset({*RESERVED_TAGS, UNFINISHED_TAG, SIGN_IN_TAG})

SYMBOLS = "!@#$%^&*()_+-=[]{}"
"""Of what IAM counts as symbols ("Setting an account password policy"), those that need no shell quoting twice."""

CLASSES = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789", SYMBOLS)

PASSWORD_LENGTH = 24
"""Ours, unless the account's policy wants more: far past guessing, and typed once."""


@dataclass(frozen=True, slots=True)
class UserAsk:
    """The request of PUT /v1/users/{name}.

    `groups_may_grant` admits groups that carry permissions. `sign_in` makes a
    user with a password and no key, who may only sign in. `token` tells the
    repetition of a call whose answer was lost from a new one.
    """

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    console_access: bool = False
    access_key: bool = False
    groups_may_grant: bool = False
    sign_in: bool = False
    token: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """A user as IAM answers it. `unique_id` is the AIDA… id: a namesake made later has another."""

    name: str
    arn: str
    path: str
    unique_id: str
    tags: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    console_access: bool = False
    access_keys: tuple[str, ...] = ()

    @property
    def signs_in_only(self) -> bool:
        """True if the user was made without a key, to sign in."""
        return self.tags.get(SIGN_IN_TAG) == SIGN_IN_ONLY

    def is_of(self, deployment: str) -> bool:
        """True if this deployment made it."""
        return self.tags.get(MANAGED_TAG) == "true" and self.tags.get(DEPLOYMENT_TAG) == deployment


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A new access key on its way to the one who asked: never stored, never logged."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HandedOut:
    """Which secrets a call made: nothing in it is secret. A repetition of the call replaces these and no others."""

    password: bool = False
    access_key_id: str = ""

    def taken_from(self, user: User) -> User:
        """The user without them."""
        keys = tuple(key for key in user.access_keys if key != self.access_key_id)
        return replace(user, console_access=user.console_access and not self.password, access_keys=keys)


@dataclass(frozen=True, slots=True)
class GivenPolicy:
    """A policy in effect for a user: `via` says how it reaches them."""

    via: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """A group as IAM answers it, with the policies that reach its members."""

    name: str
    path: str
    policies: tuple[GivenPolicy, ...] = ()


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """The account's rules; the defaults are IAM's where an account has none."""

    min_length: int = 8
    users_may_change: bool = False


def check_user(ask: UserAsk) -> None:
    """InvalidRequest with every field that IAM would not take."""
    fields: dict[str, str] = {}
    if not USER_NAME.fullmatch(ask.name):
        fields["name"] = "1 to 64 of letters, digits and _+=,.@-"
    for key, value in ask.tags.items():
        if key.lower().startswith("aws:") or key.lower() in OWN_TAGS:
            fields[f"tags.{key}"] = "reserved: set by AWS or by the broker"
        elif key.lower().startswith(OWN_KEYS) and not key.islower():
            fields[f"tags.{key}"] = f"in lower case: IAM would put it in the place of {key.lower()}"
        elif not TAG_KEY.fullmatch(key) or not TAG_VALUE.fullmatch(value):
            fields[f"tags.{key}"] = "key 1 to 128, value up to 256 of letters, digits, spaces and _.:/=+-@"
    if ask.sign_in and ask.access_key:
        fields["access_key"] = "not together with sign_in: such a user has no key"
    if len({key.lower() for key in ask.tags}) < len(ask.tags):
        fields["tags"] = "two keys differ in case only; IAM treats them as one"
    if fields:
        raise InvalidRequest(f"The user {ask.name} does not fit; see fields.", fields)


def check_tags_in_all(tags: Mapping[str, str]) -> None:
    """InvalidRequest where IAM would not take the user's tags together with the broker's own."""
    keys = {*tags, UNFINISHED_TAG}
    if len(keys) > MOST_TAGS:
        most = MOST_TAGS - sum(key.startswith(OWN_KEYS) for key in keys)
        raise InvalidRequest("The user would have too many tags.", {"tags": f"at most {most} beside the broker's own"})


def granting(policies: Iterable[GivenPolicy]) -> tuple[str, ...]:
    """How permissions reach the user."""
    return tuple(policy.via for policy in policies if grants(policy.document))


def only_signs_in(document: Mapping[str, Any]) -> bool:
    """True if the policy allows nothing but what `aws login` calls."""
    allowed = [one for one in statements(document) if one.get("Effect") != "Deny"]
    actions = [{str(action).lower() for action in as_list(one.get("Action"))} for one in allowed]
    return all(found and found <= SIGN_IN_ACTIONS for found in actions)


def lasting_tags(user: User) -> dict[str, str]:
    """The user's tags without the one that marks a creation under way."""
    return {key: value for key, value in user.tags.items() if key != UNFINISHED_TAG}


def kept_tags(user: User, ask: UserAsk) -> dict[str, str]:
    """The tags that a PUT leaves on the user without being asked: a suspended user stays suspended."""
    left = {key: value for key, value in lasting_tags(user).items() if key != SIGN_IN_TAG}
    return {key: value for key, value in left.items() if key.startswith(OWN_KEYS) and key not in ask.tags}


def told(user: User) -> dict[str, Any]:
    """The user as an audit event shows them: nothing in it is secret, and nothing in it changes by itself."""
    return {
        "arn": user.arn,
        "unique_id": user.unique_id,
        "tags": lasting_tags(user),
        "groups": list(user.groups),
        "console_access": user.console_access,
        "access_keys": list(user.access_keys),
    }


def password(policy: PasswordPolicy, draw: Callable[[int], int]) -> str:
    """A password with every class of character. `draw(n)` gives an unguessable number below n."""
    length = max(policy.min_length, PASSWORD_LENGTH)
    every = "".join(CLASSES)
    drawn = [kind[draw(len(kind))] for kind in CLASSES]
    drawn += [every[draw(len(every))] for _ in range(length - len(drawn))]
    for last in range(length - 1, 0, -1):
        other = draw(last + 1)
        drawn[last], drawn[other] = drawn[other], drawn[last]
    return "".join(drawn)


def sign_in_url(alias: str, account: str, partition: str) -> str:
    """The page where IAM users of the account sign in (IAM user guide, "How IAM users sign in")."""
    return f"https://{alias or account}.{CONSOLES[partition][0]}/console"

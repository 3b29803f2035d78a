"""The people of the embedded account: an administrator, and three users without permissions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localaws.slack import handle

if TYPE_CHECKING:
    from collections.abc import Iterable

ADMINISTRATOR_ACCESS = "arn:aws:iam::aws:policy/AdministratorAccess"


@dataclass(frozen=True, slots=True)
class Person:
    """An IAM user to create; groups carry no policies."""

    name: str
    groups: tuple[str, ...] = ()
    managed_policies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Keys:
    """A user's long-term access key."""

    name: str
    access_key_id: str
    secret_access_key: str = field(repr=False)


IN_REACH = frozenset({"engineers"})
"""Groups under the broker's path, which the provision function may fill; those that decide are not among them."""

PEOPLE = (
    Person("admin", groups=("broker-administrators",), managed_policies=(ADMINISTRATOR_ACCESS,)),
    Person("alice", groups=("engineers",)),
    Person("bob", groups=("approvers",)),
    Person("carol"),
)


def create(iam: Any, people: Iterable[Person] = PEOPLE) -> list[Keys]:
    """Create users, groups and memberships. Answer the keys of each user, in the order of `people`."""
    people = tuple(people)
    for group in sorted({group for person in people for group in person.groups}):
        iam.create_group(GroupName=group, Path="/access-broker/" if group in IN_REACH else "/")
    return [_create(iam, person) for person in people]


def _create(iam: Any, person: Person) -> Keys:
    linked = {"Key": "access-broker:slack", "Value": handle(person.name)}
    iam.create_user(UserName=person.name, Tags=[linked])
    for group in person.groups:
        iam.add_user_to_group(GroupName=group, UserName=person.name)
    for policy in person.managed_policies:
        iam.attach_user_policy(UserName=person.name, PolicyArn=policy)
    key = iam.create_access_key(UserName=person.name)["AccessKey"]
    return Keys(person.name, key["AccessKeyId"], key["SecretAccessKey"])

"""A member account, and clients of its root."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from localaws import profiles
from localaws.embedded import REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

FILE = "accounts.json"
ROOT_SECRET = "test"  # noqa: S105  ministack's own: the key id of an account's root is the account's number
OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class Member:
    """An account of the organisation that is not the hub."""

    id: str
    alias: str
    """The account's name in the organisation, and its alias in IAM."""
    ou_path: str
    """The names of its organizational units from the root on: `/Workloads/Prod`."""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def profile(self) -> str:
        """The profile of the account's root in `.local/config`."""
        return f"{self.alias}-root"

    def root(self, endpoint_url: str) -> Callable[..., Any]:
        """Makes clients of the account's root."""
        return partial(profiles.session_with(self.id, ROOT_SECRET, region=REGION).client, endpoint_url=endpoint_url)


def write(directory: Path, members: Iterable[Member]) -> None:
    """Keep the members by alias: id, alias, ou_path and tags."""
    path = directory / FILE
    path.touch(mode=OWNER_ONLY)
    path.write_text(json.dumps({member.alias: asdict(member) for member in members}, indent=2) + "\n")


def read(directory: Path) -> tuple[Member, ...]:
    """The members that `write` kept; none when there are none."""
    try:
        found = json.loads((directory / FILE).read_text())
    except FileNotFoundError:
        return ()
    return tuple(Member(**member) for member in found.values())

"""Users and roles by name, in the directory and in IAM: each may lag or be away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import AwsUnavailable, Refused

if TYPE_CHECKING:
    from chalicelib.access.domain.facts import Facts
    from chalicelib.access.services.principals import Principals
    from chalicelib.directory.services.browse_callers import Directory


@dataclass(frozen=True, slots=True)
class KnownInBoth:
    """The callers in the directory or in IAM. A suspension must find new users, and must not wait for IAM."""

    directory: Directory
    iam: Principals

    def named(self, name: str) -> list[Facts]:
        """All of that name; AwsUnavailable where the directory has none and IAM is away."""
        found = list(self.directory.by_name(name))
        for caller in (Caller("user", name, "", "", ""), Caller("role", f"{name}/", "", "", "")):
            try:
                found.append(self.iam.facts(caller))
            except Refused:
                continue
            except AwsUnavailable:
                if not found:
                    raise
        return found

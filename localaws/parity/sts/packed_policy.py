"""Session policies and tags are packed together, and the packed form has a limit of its own.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html ("PackedPolicySize", "PackedPolicyTooLarge")

AWS says neither how it packs nor what the limit is. This is an estimate from
what people report: tags of about 300 characters take three quarters of it.
A test may rely on the error and on a growing percentage, not on the figure.
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

CHARACTERS_OF_TAGS = 400
PACKED_BYTES_OF_POLICIES = 750
BETWEEN_KEY_AND_VALUE = 2


class Packed(NamedTuple):
    """The used part of the limit in percent, by session policies and by session tags."""

    policies: int
    tags: int

    @property
    def size(self) -> int:
        """PackedPolicySize."""
        return self.policies + self.tags

    @property
    def problem(self) -> str | None:
        """The message of AWS when it is over the limit; else None."""
        if self.size <= 100:  # noqa: PLR2004  percent
            return None
        if not self.policies:
            return f"Packed size of session tags consumes {self.size}% of allotted space."
        return f"Packed policy consumes {self.size}% of allotted space, please use smaller policy."


def packed(policy: str, policy_arns: list[str], tags: dict[str, str]) -> Packed:
    """The size of what one session carries."""
    policies = "".join([policy, *policy_arns])
    characters = sum(len(key) + len(value) + BETWEEN_KEY_AND_VALUE for key, value in tags.items())
    return Packed(
        policies=_percent(len(zlib.compress(policies.encode(), 9)), PACKED_BYTES_OF_POLICIES) if policies else 0,
        tags=_percent(characters, CHARACTERS_OF_TAGS),
    )


def _percent(part: int, whole: int) -> int:
    return -(-part * 100 // whole)

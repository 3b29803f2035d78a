"""The variables that lead an AWS SDK to one identity or another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

IDENTITY_VARIABLES = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_CREDENTIAL_FILE",
    "AWS_ACCOUNT_ID",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)
"""All of them. AWS_ACCESS_KEY and AWS_SECRET_KEY are those of the SDKs for Java and Go; some SDKs prefer AWS_PROFILE to
keys in the environment."""

BEARER_TOKEN = "AWS_BEARER_TOKEN_"  # noqa: S105  the beginning of a variable's name
"""AWS_BEARER_TOKEN_BEDROCK and its like: SDKs send such a token instead of a signature by the role's keys."""

OUTRANKING_KEYS = ("AWS_SECURITY_TOKEN",)
"""The SDKs read these before AWS_SESSION_TOKEN. AWS_PROFILE stays: without the keys it leads back to the person."""


def identity_variables(environ: Mapping[str, str]) -> list[str]:
    """The names to unset before a program may run as a role."""
    return [*IDENTITY_VARIABLES, *sorted(name for name in environ if name.startswith(BEARER_TOKEN))]

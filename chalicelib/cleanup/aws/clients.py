"""Clients of clean-up. No caller waits for it, so it retries for longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import botocore.config

from chalicelib.core.aws.clients import with_settings

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient

UNHURRIED = botocore.config.Config(
    connect_timeout=5,
    read_timeout=60,
    # Waits double from at most 1 to at most 20 seconds, with jitter: a minute or so in all.
    retries={"mode": "standard", "total_max_attempts": 8},
)

WHILE_A_RUN_WAITS = botocore.config.Config(
    connect_timeout=5,
    read_timeout=310,  # the provision function ends after 300 seconds
    retries={"total_max_attempts": 1},  # the order may be under way; the mark remembers it
)


def unhurried_iam() -> IAMClient:
    """An IAM client that backs off for long when AWS throttles."""
    client: IAMClient = with_settings("iam", UNHURRIED)
    return client


def lambda_for_a_run() -> LambdaClient:
    """A Lambda client that waits as long as the provision function may work."""
    client: LambdaClient = with_settings("lambda", WHILE_A_RUN_WAITS)
    return client

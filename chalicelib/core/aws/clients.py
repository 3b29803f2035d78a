"""AWS clients: one per service and container, made when first used."""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, overload

import botocore.config
import botocore.session
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from chalicelib.core.domain.errors import AwsUnavailable, RefusedByAws, TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_cloudtrail import CloudTrailClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

    from chalicelib.core.domain.errors import BrokerError

logging.getLogger("botocore").setLevel(logging.INFO)  # at DEBUG it logs answers whole: AssumeRole's credentials too

SETTINGS = botocore.config.Config(
    connect_timeout=2,
    read_timeout=7,
    retries={"mode": "standard", "total_max_attempts": 3},
    # A client per service is shared by the threads of one request.
    max_pool_connections=16,
    # AWS checks the same, and answers with a code of its own; here it would cost a tenth of every call (bench/).
    parameter_validation=False,
    # CloudTrail shows it. botocore's own is put together anew for every call, at another tenth.
    user_agent="access-broker",
)
"""For functions with a waiting caller. A service that takes the connection and hangs is given up after 24 s at most:
three 7 s timeouts plus 1 s and 2 s of back-off. API Gateway still waits then (29 s), and so does Lambda (30 s)."""

ISSUING = SETTINGS.merge(botocore.config.Config(read_timeout=3))
"""Given up after 12 s of that. An ask for credentials may have to wait for STS in vain and then mark its row: 24 s for
both. They answer in milliseconds."""

WITH_FACTS_TO_SPARE = SETTINGS.merge(
    botocore.config.Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
)
"""For IAM where old facts will do: given up after about 5 s a call."""

SETTINGS_OF = {"sts": ISSUING, "dynamodb": ISSUING}

BUSY = frozenset(
    {
        "InternalFailure", "InternalServerError", "RequestTimeout", "ServiceFailure", "ServiceUnavailable",
        "TransactionInProgressException",
    },
)  # fmt: skip
"""Error codes that say "try again later" (botocore retries them first)."""

THROTTLED = frozenset(
    {
        "LimitExceededException", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "SlowDown",
        "Throttling", "ThrottlingException", "TooManyRequestsException",
    },
)  # fmt: skip
"""Error codes that ask for fewer calls."""


DENIED_BY = re.compile(
    r"with an explicit deny in an? ((?:[a-z]+[ -]){1,3}policy)|because no ((?:[a-z]+[ -]){1,3}policy) allows"
)
"""The kind of policy in a refusal (IAM user guide, "Troubleshoot access denied error messages")."""


class UnreadableAnswer(BotoCoreError):
    """AWS answered, in a form that botocore does not understand."""

    fmt = "The answer could not be read."


class _Reading:
    """A client whose every failure is a ClientError or a BotoCoreError; botocore's parser has an error of its own."""

    def _make_api_call(self, operation: str, parameters: dict[str, Any]) -> Any:
        try:
            return super()._make_api_call(operation, parameters)  # type: ignore[misc]
        except ResponseParserError:
            # It quotes the answer, which may hold credentials.
            raise UnreadableAnswer from None


def _add_reading(**creating: Any) -> None:
    creating["base_classes"].insert(0, _Reading)


@cache
def _session() -> botocore.session.Session:
    session = botocore.session.get_session()
    session.register("creating-client-class", _add_reading)
    return session


@overload
def client(service: Literal["cloudtrail"], region: str | None = None) -> CloudTrailClient: ...


@overload
def client(service: Literal["dynamodb"], region: str | None = None) -> DynamoDBClient: ...


@overload
def client(service: Literal["iam"], region: str | None = None) -> IAMClient: ...


@overload
def client(service: Literal["lambda"], region: str | None = None) -> LambdaClient: ...


@overload
def client(service: Literal["logs"], region: str | None = None) -> CloudWatchLogsClient: ...


@overload
def client(service: Literal["organizations"], region: str | None = None) -> Any: ...


@overload
def client(service: Literal["sqs"], region: str | None = None) -> SQSClient: ...


@overload
def client(service: Literal["ssm"], region: str | None = None) -> SSMClient: ...


@overload
def client(service: Literal["sts"], region: str | None = None) -> STSClient: ...


def client(service: str, region: str | None = None) -> Any:
    """The container's client for `service`; credentials, endpoint and (unless told) region from the environment."""
    return made(service, region)


@cache
def made(service: str, region: str | None) -> Any:
    """A client, made once; typed by `client`."""
    return _session().create_client(service, region, config=SETTINGS_OF.get(service, SETTINGS))


def client_with(service: str, given: Mapping[str, Any], region: str | None = None) -> Any:
    """A client that signs with the credentials that STS answered."""
    keys = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    return _session().create_client(service, region, config=SETTINGS_OF.get(service, SETTINGS), **keys)


def with_settings(service: str, settings: botocore.config.Config) -> Any:
    """A client of other settings than SETTINGS: for work that waits longer, or not as long."""
    return _session().create_client(service, config=settings)


@cache
def hasty_iam() -> IAMClient:
    """IAM for requests that can do without its answer."""
    client: IAMClient = with_settings("iam", WITH_FACTS_TO_SPARE)
    return client


def error_code(error: Exception) -> str:
    """AWS's own error code, or the name of botocore's exception."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def translated(error: ClientError | BotoCoreError, doing: str) -> BrokerError:
    """Our error for AWS's: its code is kept, its message (ARNs, accounts) is not."""
    code = error_code(error)
    if isinstance(error, ParamValidationError):
        return RefusedByAws(f"AWS takes no value of that form while {doing} ({code}).", code)
    if code in THROTTLED:
        return TooManyRequests(f"AWS asks for fewer calls while {doing} ({code}). Try again in a moment.")
    if isinstance(error, BotoCoreError) or code in BUSY:
        return AwsUnavailable(f"AWS did not answer while {doing} ({code}). Try again in a moment.")
    named = DENIED_BY.search(str(error))
    kind = (named[1] or named[2]) if named else ""
    return RefusedByAws(f"AWS refused {doing} ({code}{', by a ' + kind if kind else ''}).", code, kind)

"""Configuration of one function, read once from its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


SLACK_API = "https://slack.com/api/"
"""No template says otherwise; localaws puts its counterpart in here."""

SLACK_ANSWERS = "https://hooks.slack.com/"


class ConfigurationError(Exception):
    """A variable is missing or malformed; the message names it."""


@dataclass(frozen=True, slots=True)
class Config:
    """Names of the things this deployment made. No secrets among them.

    `deployment` is `<app>-<stage>` and enters every external id: changing it
    cuts the broker off from its roles until they are applied again.
    """

    deployment: str
    table: str
    ledger_table: str
    audit_log_group: str
    audit_retention_days: str
    activity_regions: str
    dead_letter_queue_url: str
    provision_function: str
    chat_function: str
    cleanup_function: str
    expire_function: str
    broker_role_arn: str
    boundary_arn: str
    guard_arns: tuple[str, ...]
    sign_in_endpoint: str
    session_end_page: str
    slack_api: str
    slack_channel: str
    notices_queue_url: str
    urgent_notices_queue_url: str
    webhook_url: str
    webhook_loopback: bool
    directory_max_age_seconds: int
    callers_organization: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Config:
        """Read `BROKER_*`; ConfigurationError names the first one that is missing.

        A function is given only what it uses; what it is not given is empty,
        and `require` names it when it is needed.
        """
        return cls(
            deployment=_required(environ, "BROKER_DEPLOYMENT"),
            table=_required(environ, "BROKER_TABLE"),
            ledger_table=environ.get("BROKER_LEDGER_TABLE", ""),
            audit_log_group=environ.get("BROKER_AUDIT_LOG_GROUP", ""),
            audit_retention_days=environ.get("BROKER_AUDIT_RETENTION_DAYS", ""),
            activity_regions=environ.get("BROKER_ACTIVITY_REGIONS", ""),
            dead_letter_queue_url=environ.get("BROKER_DEAD_LETTER_QUEUE_URL", ""),
            provision_function=environ.get("BROKER_PROVISION_FUNCTION", ""),
            chat_function=environ.get("BROKER_CHAT_FUNCTION", ""),
            cleanup_function=environ.get("BROKER_CLEANUP_FUNCTION", ""),
            expire_function=environ.get("BROKER_EXPIRE_FUNCTION", ""),
            broker_role_arn=environ.get("BROKER_ROLE_ARN", ""),
            boundary_arn=environ.get("BROKER_BOUNDARY_ARN", ""),
            guard_arns=tuple(filter(None, environ.get("BROKER_GUARD_ARNS", "").split(","))),
            session_end_page=environ.get("BROKER_SESSION_END_PAGE", ""),
            sign_in_endpoint=environ.get("BROKER_SIGN_IN_ENDPOINT", ""),
            slack_channel=environ.get("BROKER_SLACK_CHANNEL", ""),
            notices_queue_url=environ.get("BROKER_NOTICES_QUEUE_URL", ""),
            urgent_notices_queue_url=environ.get("BROKER_URGENT_NOTICES_QUEUE_URL", ""),
            webhook_url=environ.get("BROKER_WEBHOOK_URL", ""),
            # Set by localaws, by no template.
            webhook_loopback=environ.get("BROKER_WEBHOOK_LOOPBACK") == "yes",
            slack_api=environ.get("BROKER_SLACK_API", SLACK_API),
            directory_max_age_seconds=_seconds(environ, "BROKER_DIRECTORY_MAX_AGE"),
            callers_organization=environ.get("BROKER_CALLERS_ORGANIZATION", ""),
        )

    @property
    def slack_answers(self) -> str:
        """The beginning of an address for answers; the counterpart takes answers where it takes calls."""
        return SLACK_ANSWERS if self.slack_api == SLACK_API else self.slack_api

    def require(self, name: str) -> str:
        """The value of a field this function cannot work without; ConfigurationError names its variable."""
        value = str(getattr(self, name))
        if not value:
            raise ConfigurationError(f"BROKER_{name.upper().removeprefix('BROKER_')} is not set for this function")
        return value


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise ConfigurationError(f"{name} is not set; .chalice/resources.json sets it for every function")
    return value


def _seconds(environ: Mapping[str, str], name: str) -> int:
    """Whole seconds; none where the function is not given any."""
    value = environ.get(name, "") or "0"
    if not value.isascii() or not value.isdecimal():
        raise ConfigurationError(f"{name} takes whole seconds, such as 900, not {value!r}")
    return int(value)

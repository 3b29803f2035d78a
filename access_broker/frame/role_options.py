"""What a command asks a role for, and the options that say it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from access_broker.failures import Misused
from access_broker.output.printer import Output
from access_broker.output.times import instant, rfc3339, seconds, span

MAX_SESSION_SECONDS = 3600
"""AWS lets a role assume a role for an hour; longer access is several sessions under one grant."""


@dataclass(frozen=True, slots=True)
class RoleAsk:
    """What to ask for. `seconds` is how long the access is wanted, over as many sessions as it takes."""

    role: str
    seconds: int | None = None
    reason: str | None = None
    policy: Mapping[str, Any] | None = None
    policy_arns: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    break_glass: bool = False

    def body(self) -> dict[str, Any]:
        """POST /v1/credentials."""
        return {
            "role": self.role,
            "duration_seconds": min(self.seconds, MAX_SESSION_SECONDS) if self.seconds else None,
            "reason": self.reason,
            "policy": self.policy,
            "policy_arns": list(self.policy_arns) or None,
            "tags": dict(self.tags) or None,
            "break_glass": self.break_glass or None,
        }

    def remark_if_cut(self, output: Output) -> None:
        """A word to who asked for longer than one session lasts, where nothing renews it."""
        if self.seconds and self.seconds > MAX_SESSION_SECONDS:
            output.notice(
                f"A session lasts an hour at most, not {span(self.seconds)}: run the command again when it ends "
                "(`broker exec --refresh`, `serve` and profiles of `configure` renew by themselves)."
            )


def duration(text: str) -> int:
    """Typer's reading of a duration option."""
    try:
        return seconds(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


Role = Annotated[str, typer.Argument(help="A role's name, as `broker roles` shows it.")]
For = Annotated[
    int | None, typer.Option("--for", parser=duration, metavar="TIME", help="How long it is needed: 30m, 8h. [1h]")
]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; it is kept in the audit log.")]
Policy = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE", help="A session policy (JSON): it can only narrow the role.")
]
PolicyArns = Annotated[
    list[str] | None, typer.Option("--policy-arn", metavar="ARN", help="A managed policy that narrows the role.")
]
Tags = Annotated[list[str] | None, typer.Option("--tag", metavar="KEY=VALUE", help="A session tag.")]


def ask_for(
    *,
    role: Role,
    duration: For = None,
    reason: Reason = None,
    policy: Policy = None,
    policy_arn: PolicyArns = None,
    tag: Tags = None,
) -> RoleAsk:
    """The options of every command that takes a role."""
    return RoleAsk(
        role=role,
        seconds=duration,
        reason=reason,
        policy=_document(policy) if policy else None,
        policy_arns=tuple(policy_arn or ()),
        tags=pairs(tag or (), "--tag"),
    )


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """`KEY=VALUE` options as a mapping; Misused names the one that is none."""
    for text in texts:
        if "=" not in text:
            raise Misused(f"{option} {text!r} is not KEY=VALUE.")
    return dict(text.split("=", 1) for text in texts)


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misused(f"{path} is not a JSON document that can be read ({error}).") from error
    if not isinstance(document, dict):
        raise Misused(f"{path} is not an IAM policy document: it has to be an object with Statement.")
    return document


Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="From then on: 24h, or an RFC 3339 time.")]


def since_when(text: str | None) -> str | None:
    """A `--since` as the API takes it."""
    if text is None:
        return None
    try:
        return rfc3339(instant(text, datetime.now(UTC)))
    except ValueError as error:
        raise Misused(f"--since {text!r} is neither a duration (24h) nor a time (2026-01-31T09:00:00Z).") from error

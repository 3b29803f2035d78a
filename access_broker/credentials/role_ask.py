"""The access that a command asks for: a role, for how long, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from access_broker.failures import Misused
from access_broker.output.times import span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from access_broker.command_line.spec import Given
    from access_broker.output.printer import Output

MIN_SESSION_SECONDS = 900
MAX_SESSION_SECONDS = 3600
"""AWS lets a role assume a role for 15 minutes to an hour; longer access is several sessions under one grant."""


@dataclass(frozen=True, slots=True)
class RoleAsk:
    """`seconds` is how long the access is wanted, over as many sessions as it takes."""

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
        """Tell a caller who asked for longer than one session lasts, where nothing renews it."""
        if self.seconds and self.seconds > MAX_SESSION_SECONDS:
            output.notice(
                f"A session lasts an hour at most, not {span(self.seconds)}: run the command again when it ends "
                "(`broker exec --refresh`, `serve` and profiles of `configure` renew by themselves)."
            )


def ask_of(given: Given) -> RoleAsk:
    """The ask of a command that takes ROLE and the options ASKING."""
    policy = given.value("policy")
    return RoleAsk(
        role=given.word("role"),
        seconds=session_seconds(given.number("for")),
        reason=given.text("reason"),
        policy=_document(policy) if policy else None,
        policy_arns=tuple(given.texts("policy_arn")),
        tags=pairs(given.texts("tag"), "--tag"),
        break_glass=given.flag("break_glass"),
    )


def session_seconds(asked: int | None) -> int | None:
    """The `--for` of a session; Misused where AWS has none so short."""
    if asked is not None and asked < MIN_SESSION_SECONDS:
        raise Misused(f"--for {span(asked)} is too short: a session lasts 15 minutes at least, for example --for 30m.")
    return asked


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """`KEY=VALUE` options as a mapping; Misused names the one that is none."""
    for text in texts:
        if "=" not in text:
            raise Misused(f"{option} {text!r} is not KEY=VALUE, for example {option} team=blue.")
    return dict(text.split("=", 1) for text in texts)


def _document(path: Path) -> Mapping[str, Any]:
    import json  # noqa: PLC0415  few asks have a policy

    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misused(f"{path} is not a JSON document that can be read ({error}).") from error
    if not isinstance(document, dict):
        raise Misused(f"{path} is not an IAM policy document: it has to be an object with Statement.")
    return document

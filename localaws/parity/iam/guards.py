"""Guards stand before an operation of IAM and refuse it before anything is stored."""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ministack.services import iam

from localaws.parity.wrap import around_each


class Refusal(NamedTuple):
    """An error of IAM."""

    status: int
    code: str
    message: str


Guard = Callable[[dict[str, Any]], Refusal | None]


def put(guards: Mapping[Guard, tuple[str, ...]]) -> None:
    """Put each guard before its operations."""
    for guard, operations in guards.items():
        around_each(
            iam._IAM_HANDLERS, operations, lambda original, params, guard=guard: guarded(original, params, guard=guard)
        )


def guarded(original: Callable[..., Any], params: dict[str, Any], *, guard: Guard) -> Any:
    """The operation, unless its guard refuses."""
    refusal = guard(params)
    return iam._error(*refusal, ns="iam") if refusal else original(params)

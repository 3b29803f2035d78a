"""A request that names several resources is allowed when each of them is.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

ministack asks for one ARN of a request. A rule of this folder answers `Arns`
when there are more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator

from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Arns(str):
    """The first ARN of a request, which remembers the others."""

    __slots__ = ("others",)
    others: list[str]


def arns(found: Iterable[str]) -> str:
    """All ARNs of a request; "*" when it names none."""
    first, *others = list(found) or ["*"]
    several = Arns(first)
    several.others = others
    return several


def enforce(original: Callable[..., Any], *caller_and_action: str, resource_arn: str = "*", **more: Any) -> Any:
    """The first refusal, or None when every resource is allowed."""
    for arn in (resource_arn, *getattr(resource_arn, "others", ())):
        refused = original(*caller_and_action, resource_arn=arn, **more)
        if refused is not None:
            return refused
    return None


def install() -> None:
    """Ask once for each resource."""
    around(iam_evaluator, "enforce", enforce)

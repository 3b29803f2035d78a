"""Policy variables such as `${aws:username}` in resources and condition values.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator

from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = re.compile(r"\$\{(?P<key>[^},]+)(?:,\s*'(?P<default>[^']*)')?\}")
NEVER = "\0"
"""Replaces a variable that has no value. No ARN and no request contains it, so it matches nothing."""


def first_match(original: Callable[..., Any], context: Any, statements: list[Any], effect: str) -> Any:
    """The first statement that applies, its resources filled in for this caller."""
    return original(context, [_filled(statement, context) for statement in statements], effect)


def conditions_met(original: Callable[..., bool], conditions: dict[str, Any], context: Any) -> bool:
    """True if every condition holds after its values are filled in for this caller."""
    return original({operator: _filled_keys(keys, context) for operator, keys in (conditions or {}).items()}, context)


def _filled(statement: Any, context: Any) -> Any:
    texts = [*statement.resources, *statement.not_resources]
    if not any("${" in text for text in texts):
        return statement
    return replace(
        statement,
        resources=[_fill(text, context) for text in statement.resources],
        not_resources=[_fill(text, context) for text in statement.not_resources],
    )


def _filled_keys(keys: Any, context: Any) -> Any:
    if not isinstance(keys, dict):
        return keys
    return {key: _filled_values(values, context) for key, values in keys.items()}


def _filled_values(values: Any, context: Any) -> Any:
    if isinstance(values, list):
        return [_filled_values(value, context) for value in values]
    return _fill(values, context) if isinstance(values, str) else values


def _fill(text: str, context: Any) -> str:
    return VARIABLE.sub(lambda found: _value(found, context), text) if "${" in text else text


def _value(found: re.Match[str], context: Any) -> str:
    value = iam_evaluator._resolve_condition_key(found["key"], context)
    if isinstance(value, str):
        return value
    return NEVER if found["default"] is None else found["default"]


def install() -> None:
    """Fill variables in before ministack compares."""
    around(iam_evaluator, "_first_match", first_match)
    around(iam_evaluator, "_conditions_met", conditions_met)

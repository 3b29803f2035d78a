"""The parameters of a request, in whichever protocol of AWS it came."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.core import iam_actions

if TYPE_CHECKING:
    from localaws.parity.wrap import ArnQuestion


def operation(question: ArnQuestion) -> str:
    """The name of the operation, without its service."""
    found = iam_actions.extract_iam_action(*question[:5], question.params) or ""
    return str(found).rpartition(":")[2]


def parameters(body: bytes, form: dict[str, Any]) -> dict[str, Any]:
    """The parameters by name. `form` is the query string with a form below it; lists in it are `Name.member.1`."""
    if body[:1] == b"{":
        return _mapping(body)
    single = {name: values[0] if isinstance(values, list) else values for name, values in form.items()}
    lists: dict[str, list[str]] = {}
    for name, value in single.items():
        head, member, _ = name.partition(".member.")
        if member:
            lists.setdefault(head, []).append(value)
    return single | lists


def texts(value: Any) -> list[str]:
    """One text or several, as a list."""
    return [str(one) for one in (value if isinstance(value, list) else [value]) if one]


def _mapping(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

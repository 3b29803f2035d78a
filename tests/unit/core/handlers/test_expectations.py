"""Fields that do not fit: the field, what is allowed, and an example; never a type of Python or a pattern."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest

from chalicelib.approvals.handlers.bodies import RequestBody
from chalicelib.contract.openapi.document import operations
from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.core.handlers.bodies import converted
from chalicelib.core.handlers.expectations import in_words
from chalicelib.explain.handlers.explain import ExplainBody
from chalicelib.provisioning.handlers.bodies import TemplateBody, UserBody
from tests.wording import names

BODIES = [operation.body for operation in operations() if operation.body]


def patterns(node: Any) -> list[str]:
    """Every pattern in a schema."""
    if isinstance(node, dict):
        own = [node["pattern"]] if isinstance(node.get("pattern"), str) else []
        return [*own, *(one for child in node.values() for one in patterns(child))]
    return [one for child in node for one in patterns(child)] if isinstance(node, list) else []


@pytest.mark.parametrize("kind", BODIES, ids=[body.__name__ for body in BODIES])
def test_every_pattern_of_a_body_has_words(kind: type) -> None:
    for pattern in patterns(msgspec.json.schema(kind)):
        words = in_words(f"Expected `str` matching regex {pattern!r}", "x", kind)
        assert not re.search(r"regex|another form|[\[\\^$]", words), (pattern, words)


WRONG = [
    (RequestBody, {"role": "a/b"}, "role", ("1", "64", "letters")),
    (RequestBody, {"role": "a", "duration_seconds": 300}, "duration_seconds", ("at least 1800 seconds", "30m")),
    (RequestBody, {"role": "a", "duration_seconds": 2592001}, "duration_seconds", ("at most 2592000 seconds", "30d")),
    (RequestBody, {"role": "a", "duration_seconds": "1h"}, "duration_seconds", ("a whole number, not text",)),
    (RequestBody, {"role": "a", "reason": "x" * 1001}, "reason", ("at most 1000 characters",)),
    (RequestBody, {"role": "a", "not_before": "soon"}, "not_before", ("2026-01-31T09:00:00Z",)),
    (UserBody, {"groups": ["a/b"]}, "groups[0]", ("128",)),
    (UserBody, {"groups": "a"}, "groups", ("a list, not text",)),
    (UserBody, {"console_access": "yes"}, "console_access", ("true or false",)),
    (TemplateBody, {"tier": "x"}, "tier", ("workload", "operator", "deployer")),
    (ExplainBody, {"role": "a", "operation": "RunInstances"}, "operation", ("ec2:RunInstances",)),
]


@pytest.mark.parametrize(("kind", "document", "field", "said"), WRONG)
def test_a_field_that_does_not_fit_is_told_in_words(
    kind: type, document: dict[str, Any], field: str, said: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidRequest, match=re.escape(field)) as refused:
        converted(json.loads(json.dumps(document)), kind)
    assert names(refused.value.fields[field], *said), refused.value.fields
    assert "Expected" not in refused.value.fields[field]

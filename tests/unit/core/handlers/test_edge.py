"""The edge of the HTTP API: what a body may cost before anybody knows what it says."""

import time

import pytest

from chalicelib.core.handlers.edge import MAX_BODY_BYTES, MAX_LEVELS, _levels

DEEP = b"{" * (MAX_LEVELS + 1)
MANY_TIMES = 50
"""A body at which the time grows with its square costs a thousand times what another of its size does."""


def cpu_seconds(raw: bytes) -> float:
    """The least of three: what else the machine does only adds."""
    took = []
    for _ in range(3):
        begun = time.process_time()
        _levels(raw)
        took.append(time.process_time() - begun)
    return min(took)


@pytest.mark.parametrize("tail", [b'"' + rb"\"" * MAX_BODY_BYTES, b'"' * MAX_BODY_BYTES, rb"\\" * MAX_BODY_BYTES])
@pytest.mark.parametrize("size", [MAX_BODY_BYTES - 1, MAX_BODY_BYTES])
def test_no_body_costs_more_than_its_length(tail: bytes, size: int) -> None:
    plain = DEEP + b'"' + b"a{" * (MAX_BODY_BYTES // 2 - len(DEEP) - 1) + b'"'
    assert cpu_seconds((DEEP + tail)[:size]) < MANY_TIMES * cpu_seconds(plain)


@pytest.mark.parametrize(
    ("raw", "levels"),
    [
        (DEEP + b"}" * len(DEEP), MAX_LEVELS + 1),
        (b'{"a": "' + b"{" * 40 + b'"}', 1),
        (rb'{"a": "\"' + b"{" * 40 + b'"}', 1),
        (rb'{"a": "\\"' + b"{" * 40, 41),
        (b"[" + b"{}," * 40 + b"{}]", 2),
    ],
)
def test_levels_count_objects_and_lists_and_nothing_in_strings(raw: bytes, levels: int) -> None:
    assert _levels(raw) == levels

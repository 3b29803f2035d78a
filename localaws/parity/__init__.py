"""Mends ministack where it differs from AWS, so that a policy test means the same in both places.

One module per difference; each names the AWS document it follows and has its
test in tests/unit/localaws. ministack has no plug-in points for these, so the
modules replace functions of it; the version is pinned in requirements-dev.txt.
"""

from __future__ import annotations

from localaws.parity import (
    empty_values,
    function_runtime,
    iam_arns,
    iam_refusals,
    leading_keys,
    log_arns,
    policy_variables,
    principals,
    recording,
    request_keys,
    role_details,
    role_sessions,
    stream_failures,
    trust,
    wildcards,
)
from localaws.parity.gateway import checks, paths, root_signatures


def install() -> None:
    """Put every rule in place. Call once, after ministack's environment is set and before it serves."""
    for rule in (
        trust,
        principals,
        policy_variables,
        request_keys,
        role_sessions,
        iam_arns,
        iam_refusals,
        role_details,
        leading_keys,
        log_arns,
        empty_values,
        recording,
        function_runtime,
        stream_failures,
        wildcards,
        root_signatures,
        checks,
        paths,
    ):
        rule.install()

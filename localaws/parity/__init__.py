"""Corrects ministack where it differs from AWS, so that a test of a policy is valid for both.

One module per difference; each names the AWS document it follows and has its
test in tests/unit/localaws. ministack has no plug-in points for these, so the
modules replace functions of it; the version is pinned in requirements-dev.txt.
"""

from __future__ import annotations

from localaws.parity.gateway import checks, other_accounts, paths, root_signatures
from localaws.parity.iam import (
    access_keys,
    arns,
    characters,
    empty_values,
    last_accessed,
    names,
    own_user,
    query_protocol,
    refusals,
    request_keys,
    role_details,
    tags,
)
from localaws.parity.mfa import condition_keys, devices, proof, session_limits, sessions
from localaws.parity.policies import (
    cloudwatch_requests,
    leading_keys,
    log_arns,
    organization,
    parameter_arns,
    partiql,
    principals,
    several_resources,
    stream_arns,
    variables,
    wildcards,
)
from localaws.parity.runtime import (
    alarm_states,
    embedded_metrics,
    event_bus_policy,
    functions,
    recording,
    redrive_permission,
    role_boundaries,
    stream_failures,
)
from localaws.parity.sts import expired_sessions, role_sessions, trust

RULES = (
    trust,
    principals,
    variables,
    request_keys,
    role_sessions,
    expired_sessions,
    arns,
    refusals,
    characters,
    names,
    tags,
    role_details,
    last_accessed,
    leading_keys,
    log_arns,
    parameter_arns,
    cloudwatch_requests,
    stream_arns,
    several_resources,
    partiql,
    empty_values,
    recording,
    functions,
    stream_failures,
    organization,
    event_bus_policy,
    redrive_permission,
    role_boundaries,
    alarm_states,
    embedded_metrics,
    wildcards,
    access_keys,
    devices,
    proof,
    condition_keys,
    sessions,
    session_limits,
    own_user,
    query_protocol,
    root_signatures,
    checks,
    paths,
    other_accounts,
)
"""In this order: a later rule wraps an earlier one of the same function."""


def install() -> None:
    """Put every rule in place. Call once, after ministack's environment is set and before it serves."""
    for rule in RULES:
        rule.install()

"""The checks, one module per subject: importing this package registers them all."""

from access_broker.doctor.checks import (
    accounts,
    alarms,
    api,
    canary,
    canary_traces,
    code,
    edge,
    mfa,
    others,
    people,
    permissions,
    questions,
    quotas,
    roles,
    stores,
    trail,
    watching,
)

MODULES = (
    edge,
    api,
    canary,
    canary_traces,
    trail,
    alarms,
    watching,
    stores,
    code,
    permissions,
    roles,
    accounts,
    others,
    mfa,
    people,
    quotas,
    questions,
)
"""In the order in which they are examined: the canary leaves the events that the later ones look for."""

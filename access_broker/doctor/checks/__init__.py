"""The checks, one module per topic: importing this package registers them all."""

from access_broker.doctor.checks import (
    api,
    canary,
    code,
    others,
    permissions,
    questions,
    quotas,
    stores,
    trail,
    watching,
)

TOPICS = tuple(
    module.TOPIC for module in (api, canary, trail, watching, stores, code, permissions, others, quotas, questions)
)
"""In the order in which they are examined: the canary leaves the events that the later ones look for."""

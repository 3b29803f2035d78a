"""Every fact by the name that checks ask for, gathered once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from access_broker.doctor.aws import (
    accounts,
    canary,
    code,
    edge,
    mfa_rules,
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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from access_broker.doctor.aws.deployment import Deployment

GATHERERS: Mapping[str, Callable[[Deployment], Any]] = {
    "edge": edge.edge,
    "rest_api": edge.rest_api,
    "canary": canary.canary,
    "chain": trail.chain,
    "trail_rule": trail.trail_rule,
    "trails": trail.trails,
    "alarms": watching.alarms,
    "dead_letters": watching.dead_letters,
    "schedules": watching.schedules,
    "tables": stores.tables,
    "log_groups": stores.log_groups,
    "stack_protection": stores.stack_protection,
    "functions": code.functions,
    "event_sources": code.event_sources,
    "invokers": code.invokers,
    "function_roles": permissions.function_roles,
    "managed_policies": permissions.managed_policies,
    "tier_documents": permissions.tier_documents,
    "brokered_roles": roles.brokered_roles,
    "members": accounts.members,
    "reviewed": permissions.reviewed,
    "others": others.others,
    "mfa_rules": mfa_rules.mfa_rules,
    "people": people.people,
    "logins": people.logins,
    "iam_quotas": quotas.iam_quotas,
    "policies_per_role": quotas.policies_per_role,
    "lambda_concurrency": quotas.lambda_concurrency,
    "api_names": questions.api_names,
    "index_queries": questions.index_queries,
    "filled": questions.filled,
    "read_rate": questions.read_rate,
    "switch_role_regions": questions.switch_role_regions,
    "cold_starts": questions.cold_starts,
}

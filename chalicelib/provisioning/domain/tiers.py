"""Boundary tiers: what a template of each tier may name, and which escalation paths a tier opens by design.

policies/tiers.json says what a tier opens beyond `workload`, with a reason for
each action; the boundaries and guards are made from it (policytool/tiers.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.roles import TIERS
from chalicelib.provisioning.domain.action_classes import CHANGES_PERMISSIONS, denied_everywhere, load_classes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.domain.roles import Tier
    from chalicelib.provisioning.domain.action_classes import ActionClasses
    from chalicelib.provisioning.domain.escalation import EscalationPaths, Path

IDENTITY = ("iam:", "sts:", "organizations:", "account:", "sso:", "sso-directory:", "identitystore:")


@dataclass(frozen=True, slots=True)
class TierRules:
    """One tier. `opens` has the actions it opens, in lower case, with the reason for each."""

    classes: ActionClasses
    opens: Mapping[str, str] = field(default_factory=dict)

    def check(self, paths: EscalationPaths, documents: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
        """Warnings; UnsafeTemplate if the policies open a path or name an action that this tier closes."""
        return paths.check(documents, self.by_design) + self.classes.check(documents)

    def by_design(self, path: Path) -> str:
        """Why this tier opens the path; empty if it does not."""
        reasons = [self.opens[action] for action in path.actions if action in self.opens]
        return f"opened by the tier: {reasons[0]}" if reasons and all(map(self._is_open, path.actions)) else ""

    def _is_open(self, action: str) -> bool:
        ordinary = not action.startswith(IDENTITY) and not self.classes.refusal(action)
        return action in self.opens or ordinary


BOUNDARIES: Mapping[Tier, str] = {
    "workload": "boundary",
    "operator": "boundaries/operator",
    "deployer": "boundaries/deployer",
}
"""The file of each tier's boundary in policies, without its ending."""


def load_tiers(tiers: str, authorization: str, reviewed: str, *boundaries: str) -> Mapping[Tier, TierRules]:
    """The rules of every tier, from the texts of policies/tiers.json, the two lists of actions and the BOUNDARIES."""
    classes, opened = load_classes(authorization, reviewed), json.loads(tiers)
    bounded = (denied_everywhere(json.loads(one), classes.known) for one in boundaries)
    return {
        tier: _rules(replace(classes, bounded=denied), opened.get(tier))
        for tier, denied in zip(TIERS, bounded, strict=True)
    }


def _rules(classes: ActionClasses, opened: Mapping[str, Any] | None) -> TierRules:
    if opened is None:
        return TierRules(classes)
    opens: dict[str, str] = {**opened["opens"], **opened.get("opens_on_roles_of_workloads", {})}
    permissions = bool(opened.get("opens_changes_of_permissions"))

    def left(actions: Mapping[str, str]) -> dict[str, str]:
        return {
            action: reason
            for action, reason in actions.items()
            if action not in opens and not (permissions and reason == CHANGES_PERMISSIONS)
        }

    narrowed = replace(
        classes,
        guarded=left(classes.guarded),
        on_instances=left(classes.on_instances),
        unless_for_an_aws_service={} if permissions else classes.unless_for_an_aws_service,
    )
    return TierRules(narrowed, {action.lower(): reason for action, reason in opens.items()})

"""Makes policies/guards: two policies on every brokered role that deny what wildcards in a template open.

permissions.json denies actions that change permissions, other-roles.json those
that act as another role. Each must fit into the 6,144 characters of a managed
policy, so actions are folded into patterns at the words of their names
(`Put*Policy`); a pattern covers no known action that is not to be denied. Run
`python -m policytool.guard` after a renewal of service-authorization.json or a
review of reviewed-actions.json.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.iam_patterns import matches
from chalicelib.provisioning.domain.action_classes import CHANGES_PERMISSIONS, load_classes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chalicelib.provisioning.domain.action_classes import ActionClasses

POLICIES = Path(__file__).parent.parent / "policies"
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+|[^A-Za-z0-9]")


def main() -> None:
    """Write the files."""
    for name, document in guards().items():
        (POLICIES / "guards" / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n")


def guards() -> dict[str, dict[str, Any]]:
    """The policy documents of the tier workload by file name, from the two lists less what the boundary denies."""
    classes = _classes()
    changing = {action for action in classes.guarded if classes.guarded[action] == CHANGES_PERMISSIONS}
    return {
        "permissions": document(
            _deny("NoChangeOfPermissions", folded(_less_the_boundary(changing), classes.known.values())),
            _deny(
                "NoGrantOfAKeyUnlessForAnAwsService",
                sorted(classes.unless_for_an_aws_service),
                {"Bool": {"kms:GrantIsForAWSResource": "false"}},
            ),
        ),
        "other-roles": other_roles(set()),
    }


def other_roles(opened: set[str]) -> dict[str, Any]:
    """The policy that denies what acts as another role, but for what a tier opens."""
    classes = _classes()
    acting = _less_the_boundary(_acting(classes) - opened)
    statements = [
        _deny("NothingThatActsAsAnotherRole", folded(acting, classes.known.values())),
        on_instances_with_a_role(opened),
    ]
    return document(*(statement for statement in statements if statement["Action"]))


def closing_other_roles(denied: Iterable[str], services: set[str]) -> list[str]:
    """These denied actions and all that act as another role, as patterns; these services whole."""
    classes = _classes()
    left = {*denied, *_less_the_boundary(_acting(classes))}
    named = [action for action in left if action.partition(":")[0] not in services]
    return sorted([*(f"{service}:*" for service in services), *folded(named, classes.known.values())])


def on_instances_with_a_role(opened: set[str]) -> dict[str, Any]:
    """The statement that denies changes of instances which have a role."""
    actions = sorted(set(_classes().on_instances) - opened)
    return _deny("NothingOnAnInstanceThatHasARole", actions, {"Null": {"ec2:InstanceProfile": "false"}})


def _acting(classes: ActionClasses) -> set[str]:
    return {one for one, reason in classes.guarded.items() if reason != CHANGES_PERMISSIONS}


def _classes() -> ActionClasses:
    authorization = (POLICIES / "service-authorization.json").read_text()
    return load_classes(authorization, (POLICIES / "reviewed-actions.json").read_text())


def folded(actions: Iterable[str], known: Iterable[str]) -> list[str]:
    """Patterns that cover these actions and no other known one, as few characters as words allow."""
    wanted, others = _by_service(actions), _by_service(known)
    return [
        f"{service}:{pattern}"
        for service in sorted(wanted)
        for pattern in sorted(_cover(service, wanted[service], others[service] - wanted[service]))
    ]


def _cover(service: str, wanted: set[str], others: set[str]) -> Iterator[str]:
    """Greedy: the pattern with the fewest characters for each action it covers, until all are covered."""
    covering = {pattern: {name for name in wanted if matches(pattern, name)} for pattern in _patterns(wanted)}
    usable = {pattern: names for pattern, names in covering.items() if not _any_match(pattern, others)}
    left = set(wanted)
    while left:
        cost = {
            pattern: (len(service) + len(pattern) + 4) / len(names & left)
            for pattern, names in usable.items()
            if names & left
        }
        best = min(cost, key=lambda pattern: (cost[pattern], -len(pattern), pattern))
        left -= usable[best]
        yield best


def _any_match(pattern: str, names: set[str]) -> bool:
    return any(matches(pattern, name) for name in names)


def _patterns(names: set[str]) -> set[str]:
    """Each name, and each `Begin*End` of whole words of it."""
    found = set(names)
    for name in names:
        words = WORD.findall(name)
        for begin in range(len(words) + 1):
            for end in range(begin, len(words) + 1):
                if 0 < begin + len(words) - end < len(words):
                    found.add("".join(words[:begin]) + "*" + "".join(words[end:]))
    return found


def _by_service(actions: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for action in actions:
        service, _, name = action.partition(":")
        found[service].add(name)
    return found


def _less_the_boundary(actions: Iterable[str]) -> list[str]:
    boundary = json.loads((POLICIES / "boundary.json").read_text())
    patterns = [
        pattern
        for statement in boundary["Statement"]
        if statement["Effect"] == "Deny" and statement["Resource"] == "*" and "Condition" not in statement
        for pattern in statement["Action"]
    ]
    return [action for action in actions if not any(matches(pattern, action) for pattern in patterns)]


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _deny(sid: str, actions: list[str], condition: dict[str, Any] | None = None) -> dict[str, Any]:
    statement = {"Sid": sid, "Effect": "Deny", "Action": actions, "Resource": "*"}
    return {**statement, "Condition": condition} if condition else statement


if __name__ == "__main__":
    main()

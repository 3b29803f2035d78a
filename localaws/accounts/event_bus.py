"""EventBridge for the events of AWS services: rules match, targets receive, and an event may go on to another account.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html

On the embedded AWS such events do not flow: PutEvents refuses sources that
begin with `aws.` (as on AWS), and no event crosses an account.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

BUS = ":event-bus/"
FUNCTION = ":function:"
PUT_EVENTS = "events:PutEvents"
WITH_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
"""The state of a rule that also receives read-only management events, AssumeRole among them."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that reached a function."""

    account: str
    """Of the function."""
    function: str
    answer: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Buses:
    """The default event buses of some accounts."""

    clients: Mapping[str, Callable[..., Any]]
    """Makes clients of an account, by the account's number."""
    organization: str
    """The organisation that these accounts belong to."""

    def deliver(self, event: dict[str, Any], account: str) -> list[Delivery]:
        """Give the event to the bus of an account; answers where it arrived.

        Raises RuntimeError when a function fails.
        """
        return [delivery for target in self._targets(event, account) for delivery in self._hand_over(event, target)]

    def _targets(self, event: dict[str, Any], account: str) -> Iterator[dict[str, str]]:
        events = self.clients[account]("events")
        for rule in events.list_rules()["Rules"]:
            if not rule.get("EventPattern") or not _hears(rule["State"], event):
                continue
            if events.test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(event))["Result"]:
                yield from events.list_targets_by_rule(Rule=rule["Name"])["Targets"]

    def _hand_over(self, event: dict[str, Any], target: dict[str, str]) -> list[Delivery]:
        arn = target["Arn"]
        account = arn.split(":")[4]
        if FUNCTION in arn:
            return [self._invoke(event, account, arn)]
        if BUS in arn and self._may_send(target) and self._admits(account, event):
            return self.deliver(event, account)
        return []

    def _may_send(self, target: dict[str, str]) -> bool:
        """True if the role of the target is allowed to put events on the bus."""
        role = target.get("RoleArn", "")
        iam = self.clients[role.split(":")[4]]("iam") if role else None
        asked = {"PolicySourceArn": role, "ActionNames": [PUT_EVENTS], "ResourceArns": [target["Arn"]]}
        results = iam.simulate_principal_policy(**asked)["EvaluationResults"] if iam else []
        return any(result["EvalDecision"] == "allowed" for result in results)

    def _invoke(self, event: dict[str, Any], account: str, target: str) -> Delivery:
        answer = self.clients[account]("lambda").invoke(FunctionName=target, Payload=json.dumps(event).encode())
        document = json.loads(answer["Payload"].read() or b"null") or {}
        if "FunctionError" in answer:
            raise RuntimeError(f"{target} failed: {document.get('errorType')}")
        return Delivery(account, target, document)

    def _admits(self, account: str, event: dict[str, Any]) -> bool:
        """True if the bus of an account has a policy that lets the sender put this event."""
        if account == event["account"]:
            return True
        if account not in self.clients:
            return False
        policy = json.loads(self.clients[account]("events").describe_event_bus().get("Policy") or "{}")
        return any(self._lets_in(statement, event) for statement in policy.get("Statement", []))

    def _lets_in(self, statement: dict[str, Any], event: dict[str, Any]) -> bool:
        if statement["Effect"] != "Allow" or PUT_EVENTS not in _listed(statement["Action"]):
            return False
        principal = statement["Principal"]
        named = _listed(principal.get("AWS", []) if isinstance(principal, dict) else principal)
        if "Condition" in statement:
            return "*" in named and self._meets(dict(statement["Condition"]), event)
        sender = event["account"]
        return bool({"*", sender, f"arn:aws:iam::{sender}:root"} & set(named))

    def _meets(self, condition: dict[str, Any], event: dict[str, Any]) -> bool:
        """The organisation, and the sources where the policy names some. Any other condition is not met."""
        sources = condition.pop("ForAllValues:StringEquals", {"events:source": event["source"]})
        organization = {"StringEquals": {"aws:PrincipalOrgID": self.organization}}
        return condition == organization and event["source"] in _listed(sources.get("events:source"))


def _hears(state: str, event: dict[str, Any]) -> bool:
    return state == WITH_READS or (state == "ENABLED" and not event["detail"].get("readOnly"))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]

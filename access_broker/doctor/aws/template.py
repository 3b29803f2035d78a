"""The stack's template with its intrinsic functions filled in, as CloudFormation did."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from access_broker.doctor.model import CannotLook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NO_VALUE = object()
"""`{"Ref": "AWS::NoValue"}`: the property is left out."""

ARNS = {
    "AWS::DynamoDB::Table": "arn:{partition}:dynamodb:{region}:{account}:table/{id}",
    "AWS::Lambda::Function": "arn:{partition}:lambda:{region}:{account}:function:{id}",
    "AWS::Logs::LogGroup": "arn:{partition}:logs:{region}:{account}:log-group:{id}:*",
    "AWS::IAM::Role": "arn:{partition}:iam::{account}:role/{id}",
    "AWS::SQS::Queue": "arn:{partition}:sqs:{region}:{account}:{name}",
}
"""Fn::GetAtt Arn, by type; `name` is the last part of a physical id that is an address."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of the stack."""

    logical: str
    kind: str
    physical: str


@dataclass(frozen=True, slots=True)
class Template:
    """The processed template, what it made, and the stack's own values (AWS::Region, parameters)."""

    body: Mapping[str, Any]
    resources: Mapping[str, Resource]
    values: Mapping[str, str]
    attributes: Mapping[tuple[str, str], str]
    """Attributes that no rule yields: a table's StreamArn."""

    def of_type(self, kind: str) -> list[Resource]:
        """The stack's resources of this type."""
        return [one for one in self.resources.values() if one.kind == kind]

    def properties(self, logical: str) -> dict[str, Any]:
        """A resource's properties, resolved."""
        declared = self.body["Resources"].get(logical, {}).get("Properties", {})
        resolved: dict[str, Any] = self.resolved(declared)
        return resolved

    def resolved(self, value: Any) -> Any:
        """The value with every intrinsic function filled in."""
        if isinstance(value, list):
            return [one for one in map(self.resolved, value) if one is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), *_ = value.items()
            if fill := self._intrinsic(name):
                return fill(argument)
        filled = {key: self.resolved(one) for key, one in value.items()}
        return {key: one for key, one in filled.items() if one is not NO_VALUE}

    def _intrinsic(self, name: str) -> Callable[[Any], Any] | None:
        return {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::If": self._if,
        }.get(name)

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.values:
            return self.values[name]
        if name in self.resources:
            return self.resources[name].physical
        raise CannotLook(f"the template refers to {name}, which the stack does not have")

    def _get_att(self, argument: Any) -> Any:
        logical, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        if (logical, attribute) in self.attributes:
            return self.attributes[logical, attribute]
        resource = self.resources.get(logical)
        if resource and attribute == "QueueName":
            return resource.physical.rsplit("/", 1)[-1]
        if not resource or attribute != "Arn" or resource.kind not in ARNS:
            raise CannotLook(f"the template asks for {logical}.{attribute}, which the doctor cannot work out")
        return self._arn(resource)

    def _arn(self, resource: Resource) -> str:
        account = {name: self.values[f"AWS::{key}"] for name, key in PLACES.items()}
        name = resource.physical.rsplit("/", 1)[-1]
        return ARNS[resource.kind].format(id=resource.physical, name=name, **account)

    def _sub(self, argument: Any) -> str:
        text, given = (argument, {}) if isinstance(argument, str) else argument
        values = {name: str(self.resolved(value)) for name, value in given.items()}
        return re.sub(r"\$\{([^!}]+)\}", lambda found: values.get(found[1]) or str(self._named(found[1])), text)

    def _named(self, name: str) -> Any:
        return self._get_att(name) if "." in name and not name.startswith("AWS::") else self._ref(name)

    def _join(self, argument: Any) -> str:
        glue, parts = argument
        return str(glue).join(str(self.resolved(part)) for part in parts)

    def _if(self, argument: Any) -> Any:
        condition, then, otherwise = argument
        return self.resolved(then if self._holds({"Condition": condition}) else otherwise)

    def _holds(self, condition: Any) -> bool:
        (name, argument), *_ = condition.items()
        match name:
            case "Condition":
                return self._holds(self.body["Conditions"][argument])
            case "Fn::Equals":
                return bool(self.resolved(argument[0]) == self.resolved(argument[1]))
            case "Fn::Not":
                return not self._holds(argument[0])
            case "Fn::And":
                return all(map(self._holds, argument))
            case "Fn::Or":
                return any(map(self._holds, argument))
        raise CannotLook(f"the template's condition {name} is unknown to the doctor")


PLACES = {"partition": "Partition", "region": "Region", "account": "AccountId"}

"""The resources of the packaged stack as CloudFormation would make them: conditions decided, names and ARNs known."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT, REGION, STACK = "123456789012", "us-east-1", "access-broker-dev"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}
HERE = f"{REGION}:{ACCOUNT}"
API = f"arn:aws:apigateway:{REGION}::/restapis/a1b2c3"
DOMAIN = f"arn:aws:apigateway:{REGION}::/domainnames/broker.example.com"
TAGS = f"arn:aws:apigateway:{REGION}::/tags/arn"
PARTS_OF_THE_API = (f"{API}/resources", f"{API}/resources/r1", f"{API}/gatewayresponses/DEFAULT_4XX")
"""In place of deployments and stages, which the evaluator does not know; the policy has one pattern for all."""

ARNS = {
    "AWS::ApiGateway::Account": (f"arn:aws:apigateway:{REGION}::/account",),
    "AWS::ApiGateway::BasePathMapping": (f"{DOMAIN}/basepathmappings", f"{DOMAIN}/basepathmappings/access"),
    "AWS::ApiGateway::Deployment": PARTS_OF_THE_API,
    "AWS::ApiGateway::DomainName": (DOMAIN.rpartition("/")[0], DOMAIN, TAGS),
    "AWS::ApiGateway::RestApi": (API.removesuffix("/a1b2c3"), API, f"{API}/gatewayresponses/DEFAULT_4XX"),
    "AWS::ApiGateway::Stage": (*PARTS_OF_THE_API, TAGS),
    "AWS::CloudWatch::Alarm": (f"arn:aws:cloudwatch:{HERE}:alarm:{{name}}",),
    "AWS::CloudWatch::Dashboard": (f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{{name}}",),
    "AWS::CodeDeploy::Application": (f"arn:aws:codedeploy:{HERE}:application:{{name}}",),
    "AWS::CodeDeploy::DeploymentGroup": (
        f"arn:aws:codedeploy:{HERE}:deploymentgroup:{STACK}-ServerlessDeploymentApplication-1A2B3C4D5E6F/{{name}}",
        f"arn:aws:codedeploy:{HERE}:application:{STACK}-ServerlessDeploymentApplication-1A2B3C4D5E6F",
        f"arn:aws:codedeploy:{HERE}:deploymentconfig:CodeDeployDefault.LambdaCanary10Percent5Minutes",
    ),
    "AWS::DynamoDB::Table": (f"arn:aws:dynamodb:{HERE}:table/{{name}}",),
    "AWS::Events::EventBusPolicy": (f"arn:aws:events:{HERE}:event-bus/default",),
    "AWS::Events::Rule": (f"arn:aws:events:{HERE}:rule/{{name}}",),
    "AWS::IAM::ManagedPolicy": (f"arn:aws:iam::{ACCOUNT}:policy{{path}}{{name}}",),
    "AWS::IAM::Role": (f"arn:aws:iam::{ACCOUNT}:role{{path}}{{name}}",),
    "AWS::Lambda::Alias": (
        f"arn:aws:lambda:{HERE}:function:{{function}}",
        f"arn:aws:codedeploy:{HERE}:deploymentgroup:{STACK}-ServerlessDeploymentApplication-1A2B3C4D5E6F/group",
        f"arn:aws:codedeploy:{HERE}:deploymentconfig:CodeDeployDefault.LambdaCanary10Percent5Minutes",
        f"arn:aws:codedeploy:{HERE}:application:{STACK}-ServerlessDeploymentApplication-1A2B3C4D5E6F",
    ),
    "AWS::Lambda::EventInvokeConfig": (f"arn:aws:lambda:{HERE}:function:{{function}}",),
    "AWS::Lambda::EventSourceMapping": (f"arn:aws:lambda:{HERE}:event-source-mapping:0a1b",),
    "AWS::Lambda::Function": (f"arn:aws:lambda:{HERE}:function:{{name}}",),
    "AWS::Lambda::Permission": (f"arn:aws:lambda:{HERE}:function:{{function}}",),
    "AWS::Lambda::Version": (f"arn:aws:lambda:{HERE}:function:{{function}}",),
    "AWS::Logs::LogGroup": (f"arn:aws:logs:{HERE}:log-group:{{name}}",),
    "AWS::Logs::QueryDefinition": (),
    "AWS::SNS::Subscription": (f"arn:aws:sns:{HERE}:{STACK}-alarms",),
    "AWS::SNS::Topic": (f"arn:aws:sns:{HERE}:{{name}}",),
    "AWS::SQS::Queue": (f"arn:aws:sqs:{HERE}:{{name}}",),
    "AWS::WAFv2::WebACLAssociation": (f"{API}/stages/api", f"arn:aws:wafv2:{HERE}:regional/webacl/edge/0a1b"),
}
"""The ARNs that calls about a resource of this type name."""

NAMES = (
    "AlarmName",
    "DashboardName",
    "FunctionName",
    "LogGroupName",
    "ManagedPolicyName",
    "QueueName",
    "RoleName",
    "TableName",
    "TopicName",
)
RELATED = (
    "CloudWatchRoleArn",
    "CodeSigningConfigArn",
    "KMSMasterKeyId",
    "KmsKeyArn",
    "KmsKeyId",
    "KmsMasterKeyId",
    "Role",
    "S3Bucket",
    "ServiceRoleArn",
)
"""Properties that name another resource, which making this one needs."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource after the SAM transform, resolved."""

    logical: str
    kind: str
    properties: dict[str, Any]
    retained: bool
    arns: tuple[str, ...]
    others: dict[str, str] = field(default_factory=dict)
    """ARNs of other resources that making this one needs, by the property that names them."""


class Stack:
    """A transformed template with the values of its parameters."""

    def __init__(self, template: dict[str, Any], parameters: dict[str, Any]) -> None:
        defaults = {name: one.get("Default", "") for name, one in template["Parameters"].items()}
        self.values = defaults | parameters | PSEUDO
        self.template = template

    def resources(self) -> list[Resource]:
        """The resources that the stack makes with these values."""
        made = self.template["Resources"].items()
        return [self._resource(name, one) for name, one in made if self.holds(one.get("Condition"))]

    def holds(self, condition: str | None) -> bool:
        """True if the condition is; a resource without one is always made."""
        return condition is None or self.decide(self.template["Conditions"][condition])

    def decide(self, test: dict[str, Any]) -> bool:
        """True if the condition function is."""
        ((function, given),) = test.items()
        if function == "Condition":
            return self.holds(given)
        if function == "Fn::Equals":
            first, second = (str(self.resolve(one)) for one in given)
            return first == second
        if function == "Fn::Contains":
            return self.resolve(given[1]) in given[0]
        decided = [self.decide(one) for one in given]
        return {"Fn::Not": not decided[0], "Fn::And": all(decided), "Fn::Or": any(decided)}[function]

    def resolve(self, value: Any) -> Any:
        """The value with intrinsic functions replaced; None for AWS::NoValue."""
        if isinstance(value, list):
            return [one for one in map(self.resolve, value) if one is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and (name := next(iter(value))) in _FUNCTIONS:
            return _FUNCTIONS[name](self, value[name])
        resolved = {key: self.resolve(one) for key, one in value.items()}
        return {key: one for key, one in resolved.items() if one is not None}

    def ref(self, name: str) -> Any:
        """A parameter's value, the physical name of a resource, or the ARN of a managed policy."""
        if name == "AWS::NoValue":
            return None
        if name in self.values:
            return self.values[name]
        by_arn = self.template["Resources"][name]["Type"] == "AWS::IAM::ManagedPolicy"
        return self.attribute(name) if by_arn else self.name_of(name)

    def choose(self, given: list[Any]) -> Any:
        """Fn::If."""
        return self.resolve(given[1] if self.holds(given[0]) else given[2])

    def substitute(self, given: str | list[Any]) -> str:
        """Fn::Sub, with variables of its own or without."""
        text, own = (given, {}) if isinstance(given, str) else given
        values = {name: self.resolve(value) for name, value in own.items()}

        def filled(found: re.Match[str]) -> str:
            name = found[1].split(".")[0]
            return str(values[name] if name in values else self.ref(name))

        return re.sub(r"\$\{([^}!]+)\}", filled, text)

    def attribute(self, given: str | list[str]) -> str:
        """Fn::GetAtt: the ARN, whatever the attribute."""
        logical = given.split(".")[0] if isinstance(given, str) else given[0]
        made = self.template["Resources"][logical]
        return (*self._arns(logical, made["Type"], self.resolve_names(made)), logical)[0]

    def name_of(self, logical: str) -> str:
        """The name in the template, else one as CloudFormation makes it: stack, logical id, random letters."""
        named = self.resolve_names(self.template["Resources"][logical])
        return next((str(named[name]) for name in NAMES if name in named), f"{STACK}-{logical}-1A2B3C4D5E6F")

    def resolve_names(self, resource: dict[str, Any]) -> dict[str, Any]:
        """The properties that make up the ARN, resolved."""
        wanted = {"Path", *NAMES}
        return {name: self.resolve(one) for name, one in resource.get("Properties", {}).items() if name in wanted}

    def _arns(self, logical: str, kind: str, named: dict[str, Any]) -> tuple[str, ...]:
        name, path = self.name_of(logical), named.get("Path", "/")
        function = str(named.get("FunctionName", "")).split(":")[-1]
        return tuple(one.format(name=name, path=path, function=function) for one in ARNS[kind])

    def _resource(self, logical: str, made: dict[str, Any]) -> Resource:
        kind, properties = made["Type"], self.resolve(made.get("Properties", {}))
        arns = self._arns(logical, kind, self.resolve_names(made))
        return Resource(
            logical,
            kind,
            properties,
            made.get("DeletionPolicy") == "Retain",
            arns,
            {key: found for key in RELATED if (found := _within(properties, key))},
        )


def _within(value: Any, key: str) -> str | None:
    """The first text under this key, at any depth."""
    if isinstance(value, dict):
        if isinstance(value.get(key), str):
            return str(value[key])
        value = list(value.values())
    return next((found for one in value if (found := _within(one, key))), None) if isinstance(value, list) else None


_FUNCTIONS: dict[str, Callable[[Stack, Any], Any]] = {
    "Ref": Stack.ref,
    "Fn::If": Stack.choose,
    "Fn::Sub": Stack.substitute,
    "Fn::GetAtt": Stack.attribute,
    "Fn::Select": lambda stack, given: stack.resolve(given[1])[int(given[0])],
    "Fn::Split": lambda stack, given: str(stack.resolve(given[1])).split(given[0]),
    "Fn::Join": lambda stack, given: given[0].join(map(str, stack.resolve(given[1]))),
}

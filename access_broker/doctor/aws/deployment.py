"""One deployment as the doctor sees it: AWS clients, the stack with its template, and the broker's API."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from access_broker.doctor.aws.template import Resource, Template
from access_broker.doctor.model import CannotLook
from access_broker.failures import Misused
from access_broker.settings import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.session import Session

    from access_broker.http.broker import Broker

API_ID = re.compile(r"https?://(?:([a-z0-9]+)(?:-vpce-[0-9a-f]+)?\.execute-api\.|[^/]+/_aws/execute-api/([a-z0-9]+)/)")


@dataclass(eq=False)
class Deployment:
    """Nothing is asked before it is needed, and nothing twice."""

    url: str
    broker: Broker
    session: Session
    region: str
    stack_name: str | None = None
    canary_role: str | None = None
    package: str | None = None
    say: Callable[[str], None] = lambda _words: None

    @functools.cached_property
    def now(self) -> datetime:
        """When the doctor began."""
        return datetime.now(UTC)

    @functools.cache  # noqa: B019  one deployment a process
    def client(self, service: str, *, retries: int = 8, seconds: int = 30) -> Any:
        """A client of the caller's own session, which waits so long for an answer."""
        from botocore.config import Config  # noqa: PLC0415  imported by botocore anyway

        config = Config(
            retries={"total_max_attempts": retries, "mode": "standard"}, connect_timeout=5, read_timeout=seconds
        )
        return self.session.create_client(service, region_name=self.region, config=config)

    def pages(self, service: str, operation: str, member: str, **asked: Any) -> Iterator[Any]:
        """The members of every page of a listing."""
        for page in self.client(service).get_paginator(operation).paginate(**asked):
            yield from page.get(member, [])

    @functools.cached_property
    def embedded(self) -> bool:
        """True on the embedded AWS: its endpoints are on this computer."""
        return urlsplit(self.client("sts").meta.endpoint_url).hostname in LOOPBACK

    @property
    def loopback(self) -> bool:
        """True where the broker answers on this computer."""
        return urlsplit(self.url).hostname in LOOPBACK

    @functools.cached_property
    def identity(self) -> dict[str, str]:
        """The administrator's own Arn and Account."""
        answer: dict[str, str] = self.client("sts").get_caller_identity()
        return answer

    @functools.cached_property
    def name(self) -> str:
        """The stack's name: given, or that of the stack which owns the API."""
        if self.stack_name:
            return self.stack_name
        found = API_ID.match(self.url)
        if not found:
            raise Misused("The broker's address does not name its API: say which stack it is with --stack NAME.")
        return self._stack_of(found[1] or found[2])

    def _stack_of(self, api: str) -> str:
        listed = self.pages("cloudformation", "list_stacks", "StackSummaries")
        names = {one["StackName"] for one in listed if not one["StackStatus"].startswith("DELETE")}
        for name in sorted(names, key=lambda name: not name.startswith("access-broker")):
            if any(one.physical == api for one in self._resources(name)):
                return str(name)
        raise Misused(f"No stack of this account and region owns the API {api}: pass --stack NAME, or check --profile.")

    def _resources(self, stack: str) -> Iterator[Resource]:
        for one in self.pages("cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=stack):
            yield Resource(one["LogicalResourceId"], one["ResourceType"], one.get("PhysicalResourceId", ""))

    @functools.cached_property
    def stack(self) -> dict[str, Any]:
        """DescribeStacks."""
        found: dict[str, Any] = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        return found

    @property
    def age_seconds(self) -> float:
        """Since the stack was created or last changed."""
        changed: datetime = self.stack.get("LastUpdatedTime") or self.stack["CreationTime"]
        return (self.now - changed).total_seconds()

    @functools.cached_property
    def template(self) -> Template:
        """The processed template, resolved against what the stack has."""
        body = self.client("cloudformation").get_template(StackName=self.name, TemplateStage="Processed")[
            "TemplateBody"
        ]
        try:
            body = json.loads(body) if isinstance(body, str) else body
        except ValueError as error:
            raise CannotLook("CloudFormation gave the template in another form than JSON") from error
        resources = {one.logical: one for one in self._resources(self.name)}
        return Template(body, resources, self._values(), self._streams(resources))

    def _values(self) -> dict[str, str]:
        given = {one["ParameterKey"]: one.get("ParameterValue", "") for one in self.stack.get("Parameters", [])}
        partition = self.identity["Arn"].split(":")[1]
        suffix = {"aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu"}.get(partition, "amazonaws.com")
        return given | {
            "AWS::StackName": self.name,
            "AWS::StackId": self.stack["StackId"],
            "AWS::Region": self.region,
            "AWS::AccountId": self.identity["Account"],
            "AWS::Partition": partition,
            "AWS::URLSuffix": suffix,
        }

    def _streams(self, resources: dict[str, Resource]) -> dict[tuple[str, str], str]:
        tables = [one for one in resources.values() if one.kind == "AWS::DynamoDB::Table"]
        described = {one.logical: self.table(one.physical) for one in tables}
        return {
            (name, "StreamArn"): table["LatestStreamArn"]
            for name, table in described.items()
            if "LatestStreamArn" in table
        }

    @functools.cache  # noqa: B019  one deployment a process
    def table(self, name: str) -> dict[str, Any]:
        """DescribeTable."""
        described: dict[str, Any] = self.client("dynamodb").describe_table(TableName=name)["Table"]
        return described

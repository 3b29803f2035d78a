"""The functions as Lambda has them, and the package on this computer."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from access_broker.doctor.checks.code import EventSource, Function, Functions
from access_broker.doctor.checks.permissions import Invokers
from access_broker.failures import Misused

if TYPE_CHECKING:
    from access_broker.doctor.aws.deployment import Deployment

ZIP = "deployment.zip"


def functions(deployment: Deployment) -> Functions:
    """The template's functions by name."""
    names = [one.physical for one in deployment.template.of_type("AWS::Lambda::Function")]
    zip_file = package_file(deployment)
    code = _digest(zip_file) if zip_file else ""
    found = {name: _function(deployment, name) for name in names}
    return Functions(found, code, str(zip_file or ""), deployment.now.date())


def _function(deployment: Deployment, name: str) -> Function:
    client = deployment.client("lambda")
    try:
        found = client.get_function_configuration(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:
        return Function("", "", active=False)
    return Function(found["CodeSha256"], found["Runtime"], found.get("State", "Active") in {"Active", "Inactive"})


def package_file(deployment: Deployment) -> Path | None:
    """The zip of --package, else what `make package` or `make up` left in this checkout."""
    if deployment.package:
        return _given(Path(deployment.package) / ZIP)
    stage = deployment.name.removeprefix("access-broker-")
    usual = Path(".local/package") if deployment.embedded else Path(".build/package") / stage
    return usual / ZIP if (usual / ZIP).exists() else None


def _given(path: Path) -> Path:
    if not path.exists():
        raise Misused(f"There is no {path}: --package takes the folder that make package wrote.")
    return path


def _digest(path: Path) -> str:
    return base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()


def event_sources(deployment: Deployment) -> dict[str, EventSource]:
    """The template's event source mappings by logical id."""
    wanted = deployment.template.of_type("AWS::Lambda::EventSourceMapping")
    return {one.logical: _event_source(deployment, one.physical) for one in wanted}


def _event_source(deployment: Deployment, uuid: str) -> EventSource:
    client = deployment.client("lambda")
    try:
        found = client.get_event_source_mapping(UUID=uuid)
    except client.exceptions.ResourceNotFoundException:
        return EventSource("", "")
    return EventSource(found.get("State", ""), found.get("LastProcessingResult", ""))


def invokers(deployment: Deployment) -> Invokers:
    """Strangers in each function's resource policy."""
    names = [one.physical for one in deployment.template.of_type("AWS::Lambda::Function")]
    return Invokers({name: _strangers(deployment, name) for name in names})


def _strangers(deployment: Deployment, name: str) -> tuple[str, ...]:
    client = deployment.client("lambda")
    try:
        policy = json.loads(client.get_policy(FunctionName=name)["Policy"])
    except client.exceptions.ResourceNotFoundException:
        return ()
    return tuple(_named(one) for one in policy["Statement"] if not _of_ours(deployment, one))


def _of_ours(deployment: Deployment, statement: Any) -> bool:
    """The API or a rule of this account and region."""
    service = statement.get("Principal", {}).get("Service", "") if isinstance(statement.get("Principal"), dict) else ""
    sources = [value for block in statement.get("Condition", {}).values() for value in block.values()]
    place = f":{deployment.region}:{deployment.identity['Account']}:"
    trusted = service.startswith(("apigateway.", "events."))
    return trusted and any(place in str(source) for source in sources)


def _named(statement: Any) -> str:
    principal = statement.get("Principal")
    return str(next(iter(principal.values()))) if isinstance(principal, dict) else str(principal)

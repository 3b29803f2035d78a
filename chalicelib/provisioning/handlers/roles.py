"""PUT and DELETE /v1/roles/{name}, POST /v1/roles/{name}/restore: roles from reviewed templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.core.handlers.edge import ANY_TYPE, SIGNED, answer, answering, body
from chalicelib.core.handlers.queries import parameters
from chalicelib.provisioning import wiring
from chalicelib.provisioning.handlers.bodies import TemplateBody

if TYPE_CHECKING:
    from chalice.app import Request

blueprint = Blueprint(__name__)


@blueprint.route("/v1/roles/{name}", methods=["PUT"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def put_role(name: str) -> Response:
    """Apply a template; with `?dry_run=true` only say what would change. 201 for a new role."""
    request = blueprint.current_request
    who = authenticate(request, reads_query=True)
    template = body(request, TemplateBody)
    template.template(name)
    action = "plan_role" if _dry_run(request) else "apply_role"
    order = {"action": action, "name": name, "template": msgspec.to_builtins(template)}
    applied = wiring.authorization().about_role(order, who, template.tags)
    created = action == "apply_role" and any(change["attribute"] == "role" for change in applied["changes"])
    return answer(applied, 201 if created else 200)


@blueprint.route("/v1/roles/{name}", methods=["DELETE"], authorizer=SIGNED)
@answering(blueprint)
def delete_role(name: str) -> Response:
    """Delete; answers the export from which `restore` brings it back."""
    order = {"action": "delete_role", "name": name}
    return answer(wiring.authorization().about_role(order, authenticate(blueprint.current_request), None))


@blueprint.route("/v1/roles/{name}/restore", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def restore_role(name: str) -> Response:
    """Bring back a deleted or quarantined role; answers what cannot come back."""
    order = {"action": "restore_role", "name": name}
    return answer(wiring.authorization().about_role(order, authenticate(blueprint.current_request), None))


def _dry_run(request: Request) -> bool:
    query = parameters(request)
    wanted: str = query.pop("dry_run", "false")
    if query or wanted not in {"true", "false"}:
        raise InvalidRequest(
            "Unknown query parameter.", {next(iter(query), "dry_run"): "dry_run=true or dry_run=false"}
        )
    return wanted == "true"

"""GET /v1/catalogue: every role with what access rules look at. `broker report access` reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.core.handlers.edge import SIGNED, answer, answering
from chalicelib.core.handlers.paging import page_asked, paged
from chalicelib.insight import wiring

if TYPE_CHECKING:
    from chalicelib.core.domain.roles import Account, Role

blueprint = Blueprint(__name__)


@blueprint.route("/v1/catalogue", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def list_catalogue() -> Response:
    """One page of roles in order of their names, those that the caller may not take too."""
    request = blueprint.current_request
    who = authenticate(request, reads_query=True)
    limit, cursor = page_asked(request, who)
    page = wiring.catalogue_facts().page(limit, cursor or "", who)
    return answer(paged("roles", page, request, who, _document))


def _document(role: Role) -> dict[str, Any]:
    return {
        "name": role.name,
        "arn": role.arn,
        "tier": role.tier,
        "tags": role.tags,
        "max_session_seconds": role.max_session_seconds,
        "quarantined": role.quarantined,
        "home": _home(role.home) if role.home else None,
    }


def _home(account: Account) -> dict[str, Any]:
    return {"id": account.id, "alias": account.alias, "ou_path": account.ou_path, "tags": account.tags}

"""GET /v1/accounts: the accounts that the broker knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.accounts import wiring
from chalicelib.core.domain.times import rfc3339
from chalicelib.core.handlers.edge import SIGNED, answer, answering
from chalicelib.core.handlers.paging import page_asked, paged

if TYPE_CHECKING:
    from chalicelib.core.domain.roles import Account

blueprint = Blueprint(__name__)


@blueprint.route("/v1/accounts", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def list_accounts() -> Response:
    """One page of accounts in order of their ids."""
    request = blueprint.current_request
    who = authenticate(request, reads_query=True)
    limit, cursor = page_asked(request, who)
    page = wiring.account_browser().page(limit, cursor or "", who)
    return answer(paged("accounts", page, request, who, _document))


def _document(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "alias": account.alias,
        "name": account.name,
        "ou_path": account.ou_path,
        "tags": account.tags,
        "state": account.state,
        "reason": account.reason,
        "checked_at": rfc3339(account.checked_at) if account.checked_at else None,
    }

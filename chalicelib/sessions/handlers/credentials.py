"""POST /v1/credentials: the product's main job, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import on_a_guess, role_asked_for
from chalicelib.core.domain.times import rfc3339
from chalicelib.core.handlers.edge import ANY_TYPE, SIGNED, answer, answering, body
from chalicelib.core.wiring import clock
from chalicelib.sessions import wiring
from chalicelib.sessions.handlers.bodies import CredentialsBody
from chalicelib.sessions.handlers.views import session_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.sessions import Credentials, Session

blueprint = Blueprint(__name__)


@blueprint.route("/v1/credentials", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def take_credentials() -> Response:
    """Issue a role session and hand its credentials to the caller who signed."""
    request = blueprint.current_request

    def issue(who: Origin, confirm: Callable[[], object]) -> tuple[Session, Credentials]:
        return wiring.session_issuer().issue(body(request, CredentialsBody).ask(), who, confirm)

    session, credentials = on_a_guess(request, role_asked_for(request), issue)
    shown = {"session": session_document(session, clock()), "credentials": process_credentials(credentials)}
    return answer(shown, 201)


def process_credentials(credentials: Credentials) -> dict[str, Any]:
    """Exactly what `credential_process` prints (AWS SDKs and Tools Reference Guide)."""
    return {
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": rfc3339(credentials.expiration, "seconds"),
    }

"""POST /v1/console-links: sign in to the AWS console as a brokered role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import on_a_guess, role_asked_for
from chalicelib.core.domain.roles import console_home
from chalicelib.core.domain.times import rfc3339
from chalicelib.core.handlers.edge import ANY_TYPE, SIGNED, answer, answering, body
from chalicelib.core.wiring import clock
from chalicelib.sessions import wiring
from chalicelib.sessions.handlers.bodies import ConsoleLinkBody
from chalicelib.sessions.handlers.views import session_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.core.domain.events import Origin
    from chalicelib.sessions.services.console_links import ConsoleLink

blueprint = Blueprint(__name__)


@blueprint.route("/v1/console-links", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def open_console() -> Response:
    """Issue a console session; the URL in the answer is a secret for fifteen minutes."""
    request = blueprint.current_request

    def open_link(who: Origin, confirm: Callable[[], object]) -> ConsoleLink:
        wanted = body(request, ConsoleLinkBody)
        destination = wanted.destination or console_home(who.caller.arn)
        return wiring.console_links().open(wanted.ask(), destination, who, confirm)

    link = on_a_guess(request, role_asked_for(request), open_link)
    shown = {
        "session": session_document(link.session, clock()),
        "sign_in_url": link.sign_in_url,
        "sign_in_url_expires_at": rfc3339(link.sign_in_url_expires_at),
        "switch_role_url": link.switch_role_url,
    }
    return answer(shown, 201)

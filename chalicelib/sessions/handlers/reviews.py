"""Sign-off of break-glass sessions."""

from __future__ import annotations

import msgspec
from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.approvals.handlers.bodies import Comment  # noqa: TC001  msgspec reads the annotations
from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.core.domain.visible_text import visible_text
from chalicelib.core.handlers.edge import ANY_TYPE, SIGNED, answer, answering, body
from chalicelib.core.wiring import clock
from chalicelib.sessions import wiring
from chalicelib.sessions.handlers.views import later_session_document

blueprint = Blueprint(__name__)


class ReviewBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """POST /v1/sessions/{id}/review: the comment says what the reviewer found."""

    comment: Comment

    def visible_text(self) -> str:
        """The comment; InvalidRequest for an empty one."""
        comment = visible_text(self.comment)
        if not comment:
            raise InvalidRequest("A review says what was found.", {"comment": "at least one word"})
        return comment


@blueprint.route("/v1/sessions/{session_id}/review", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def review(session_id: str) -> Response:
    """Sign the session off, with the reviewer's comment."""
    request = blueprint.current_request
    who = authenticate(request)
    comment = body(request, ReviewBody).visible_text()
    return answer(later_session_document(wiring.break_glass_review().review(session_id, comment, who), clock()))

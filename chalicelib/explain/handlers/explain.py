"""POST /v1/explain: why, or why not, and what would open it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.core.handlers.edge import ANY_TYPE, SIGNED, answer, answering, body
from chalicelib.core.handlers.fields import PolicyArn, Reason, RoleName, TagKey, TagValue, check_session_policy
from chalicelib.explain import wiring
from chalicelib.explain.services.explain import ExplainAsk

blueprint = Blueprint(__name__)


class ExplainBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """POST /v1/explain. Limits of AWS are not checked here: explaining them is the point."""

    role: RoleName
    caller: Annotated[str, msgspec.Meta(pattern=r"^([0-9]{12}:)?[A-Za-z0-9_+=,.@/-]{0,129}$(?!\n)")] = ""
    action: Literal["TakeCredentials", "OpenConsole", "RequestAccess", "BreakGlass"] = "TakeCredentials"
    duration_seconds: Annotated[int, msgspec.Meta(ge=1, le=43200)] | None = None
    reason: Reason = ""
    operation: Annotated[str, msgspec.Meta(pattern=r"^([a-z0-9-]+:[A-Za-z0-9]+)?$(?!\n)")] = ""
    policy: dict[str, Any] | None = None
    policy_arns: tuple[PolicyArn, ...] = ()
    tags: dict[TagKey, TagValue] = {}
    mfa: bool = False

    def ask(self) -> ExplainAsk:
        """The ask for the service; InvalidRequest for a policy that is no document."""
        check_session_policy(self.policy)
        return ExplainAsk(**{name: getattr(self, name) for name in self.__struct_fields__})


@blueprint.route("/v1/explain", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def explain() -> Response:
    """Every layer's verdict for oneself, or for others with the right to."""
    request = blueprint.current_request
    who = authenticate(request)
    wanted = body(request, ExplainBody).ask()
    return answer(wiring.explainer().explain(wanted, who))

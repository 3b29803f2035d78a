"""The table of access: who one is, which roles there are, and taking them."""

from chalicelib.contract.answers import access as answers
from chalicelib.contract.openapi.operations import Operation
from chalicelib.contract.openapi.parameters import PAGE
from chalicelib.explain.handlers.explain import ExplainBody
from chalicelib.explain.services.browse_roles import RoleView
from chalicelib.explain.services.explain import Explanation
from chalicelib.sessions.handlers.bodies import ConsoleLinkBody, CredentialsBody

OPERATIONS = (
    Operation(
        id="showCaller",
        route="GET /v1/whoami",
        summary="Show the caller as the broker sees them.",
        answers={200: answers.Identity},
    ),
    Operation(
        id="listRoles",
        route="GET /v1/roles",
        summary="List the roles the caller may see, and on which terms each could be had.",
        query=PAGE,
        answers={200: answers.RolePage},
    ),
    Operation(
        id="showRole",
        route="GET /v1/roles/{name}",
        summary="Show one role.",
        answers={200: RoleView},
        errors=(404,),
    ),
    Operation(
        id="takeCredentials",
        route="POST /v1/credentials",
        summary="Take short-lived credentials of a role.",
        body=CredentialsBody,
        answers={201: answers.Issued},
        errors=(404, 409),
    ),
    Operation(
        id="openConsole",
        route="POST /v1/console-links",
        summary="Get a link that signs in to the AWS console as a role.",
        body=ConsoleLinkBody,
        answers={201: answers.ConsoleLink},
        errors=(404, 409),
    ),
    Operation(
        id="explain",
        route="POST /v1/explain",
        summary="Say, layer by layer, what decides about a role, and what would open it.",
        body=ExplainBody,
        answers={200: Explanation},
        errors=(404,),
    ),
)

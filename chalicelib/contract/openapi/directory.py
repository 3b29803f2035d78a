"""The table of the directory: callers, suspensions, and the catalogue that reports read."""

from typing import Literal

from chalicelib.contract.answers import directory as answers
from chalicelib.contract.openapi.operations import Operation
from chalicelib.contract.openapi.parameters import CallerName, paged
from chalicelib.directory.handlers import callers
from chalicelib.directory.handlers.suspensions import SuspensionBody

OPERATIONS = (
    Operation(
        id="listCallers",
        route="GET /v1/callers",
        summary="List the users and roles that the directory knows.",
        query=paged(callers.FILTERS, group=CallerName, suspended=Literal[callers.YES_OR_NO]),
        answers={200: answers.CallerPage},
    ),
    Operation(
        id="showKnownCaller",
        route="GET /v1/callers/{name}",
        summary="Show one user or role.",
        answers={200: answers.KnownCaller},
        errors=(404,),
    ),
    Operation(
        id="listCatalogue",
        route="GET /v1/catalogue",
        summary="List every role with what the access rules look at.",
        query=paged(()),
        answers={200: answers.CataloguePage},
    ),
    Operation(
        id="suspend",
        route="POST /v1/suspensions",
        summary="Suspend a caller from the next request on, end their sessions and cancel their requests.",
        body=SuspensionBody,
        answers={201: answers.Suspended},
        errors=(404,),
    ),
    Operation(
        id="listSuspensions",
        route="GET /v1/suspensions",
        summary="List the suspensions that stand.",
        answers={200: answers.SuspensionList},
    ),
    Operation(
        id="liftSuspension",
        route="DELETE /v1/suspensions/{suspension_id}",
        summary="Lift a suspension.",
        answers={200: answers.Suspension},
        errors=(404, 409),
    ),
)

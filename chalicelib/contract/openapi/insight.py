"""The table of insight: how roles were used."""

from chalicelib.contract.answers import insight as answers
from chalicelib.contract.openapi.operations import Operation
from chalicelib.contract.openapi.parameters import Cursor, filtered
from chalicelib.insight.handlers import usage

OPERATIONS = (
    Operation(
        id="showRoleUsage",
        route="GET /v1/roles/{name}/usage",
        summary="Show what sessions of a role called, and what the role allows beyond it.",
        query={"cursor": Cursor, **filtered(usage.FILTERS)},
        answers={200: answers.RoleUsage},
        errors=(404,),
    ),
)

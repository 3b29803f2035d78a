"""The table of accounts."""

from chalicelib.contract.answers import accounts as answers
from chalicelib.contract.openapi.operations import Operation
from chalicelib.contract.openapi.parameters import paged

OPERATIONS = (
    Operation(
        id="listAccounts",
        route="GET /v1/accounts",
        summary="List the accounts that the broker knows.",
        query=paged(()),
        answers={200: answers.AccountPage},
    ),
)

"""The table of routes without a signature."""

from typing import Any

from chalicelib.contract.answers.access import Health
from chalicelib.contract.openapi.operations import Operation

OPERATIONS = (
    Operation(
        id="showHealth",
        route="GET /health",
        summary="Tell whether the broker runs, and which policy set decides.",
        answers={200: Health},
        signed=False,
    ),
    Operation(
        id="describe",
        route="GET /openapi.json",
        summary="Answer this document.",
        answers={200: dict[str, Any]},
        signed=False,
    ),
)

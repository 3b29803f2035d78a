"""Imports that the rules in pyproject.toml forbid, one of every kind.

The order of the features and of the layers is written here a second time on purpose: a rule that is made weaker in
pyproject.toml does not make the test weaker.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FEATURE_ORDER = "A feature imports only the features below it"
LAYER_ORDER = "In a feature: handlers, wiring, services beside aws, domain"
CONTRACT_ORDER = "In the contract: handlers, OpenAPI, answer types"
PURE_DOMAIN = "Domain is pure: no other layer, no SDK, no environment"
SERVICES = "Services see protocols: no adapter, no wiring, no handler, no SDK"
ADAPTERS = "Adapters know no service, no wiring, no handler"
SDKS = "Only adapters import an SDK"
IMPORTERS_OF_ADAPTERS = "Only wiring and adapters import adapters"
DOCUMENTS = "The documents behind /openapi.json are not deployed: no deployed module imports them"
CLIENT = "The broker command and the deployed code share the HTTP contract, not code"
ALONE = "The broker command is installed without the tools of the checkout, and starts without a framework"
POLICY_TOOL = "The policy tool uses the pure domain and nothing else of the deployed code"
NO_TOOLS = "The deployed code imports no tool of ours"
TOOL_ORDER = "The tools: localaws, packaging beside the broker command, the policy tool"

FEATURES = (
    "contract", "chat", "cleanup", "audit", "explain", "provisioning", "sessions", "approvals", "access", "core",
)  # fmt: skip
IMPURE = (
    "boto3", "botocore", "slack_sdk", "chalice", "aws_lambda_powertools", "os", "random", "secrets", "time",
)  # fmt: skip
FILES = {"wiring", "wiring_notices", "config"}
"""Layers that are one file, not a folder."""


class Plant(NamedTuple):
    """One forbidden import and the contract that must name it."""

    contract: str
    importer: str
    imported: str

    def __str__(self) -> str:
        return f"{self.importer} -> {self.imported}"


def _new_modules(contract: str, importers: Iterable[str], imported: Iterable[str]) -> Iterator[Plant]:
    """A new module beside the others in each importing package, for each import."""
    found = [(importer, name) for importer in importers for name in imported]
    return (Plant(contract, f"{importer}.planted_{name.replace('.', '_')}", name) for importer, name in found)


def _lines(contract: str, importers: Iterable[str], imported: Iterable[str]) -> Iterator[Plant]:
    """A new line in each importing module, for each import."""
    return (Plant(contract, importer, name) for importer in importers for name in imported)


def _in(feature: str, *layers: str) -> list[str]:
    return [f"chalicelib.{feature}.{layer}" for layer in layers]


def _upward_features() -> Iterator[Plant]:
    for higher, lower in combinations(FEATURES, 2):
        yield from _new_modules(FEATURE_ORDER, _in(lower, "domain"), [f"chalicelib.{higher}"])


def _upward_layers(contract: str, feature: str, *rows: tuple[str, ...]) -> Iterator[Plant]:
    """Each layer imports each one above it, and the one beside it; `rows` go from the highest to the lowest."""
    pairs = [(low, high) for upper, lower in combinations(rows, 2) for low in lower for high in upper]
    beside = [(one, other) for row in rows for one in row for other in row if one != other]
    for importer, imported in [*pairs, *beside]:
        plant = _lines if importer in FILES else _new_modules
        yield from plant(contract, _in(feature, importer), _in(feature, imported))


PLANTS: tuple[Plant, ...] = (
    *_upward_features(),
    *(plant for name in FEATURES[1:] for plant in _upward_layers(LAYER_ORDER, name, ("handlers",), ("domain",))),
    *_upward_layers(LAYER_ORDER, "cleanup", ("handlers",), ("wiring",), ("config",), ("services", "aws"), ("domain",)),
    *_upward_layers(LAYER_ORDER, "chat", ("wiring_notices",), ("wiring",), ("services", "aws"), ("domain",)),
    *_upward_layers(CONTRACT_ORDER, "contract", ("handlers",), ("openapi",), ("answers",)),
    *_new_modules(PURE_DOMAIN, _in("approvals", "domain"), IMPURE),
    *_new_modules(
        PURE_DOMAIN, _in("approvals", "domain"), _in("core", "services", "aws", "wiring", "config", "handlers")
    ),
    *_new_modules(PURE_DOMAIN, _in("chat", "domain"), _in("chat", "wiring_notices")),
    *_new_modules(SERVICES, _in("approvals", "services"), IMPURE[:5]),
    *_new_modules(SERVICES, _in("approvals", "services"), _in("core", "aws", "wiring", "config", "handlers")),
    *_new_modules(SERVICES, _in("chat", "services"), _in("chat", "wiring_notices")),
    *_new_modules(ADAPTERS, _in("approvals", "aws"), _in("core", "services", "wiring", "config", "handlers")),
    *_new_modules(ADAPTERS, _in("chat", "aws"), _in("chat", "wiring_notices")),
    *_new_modules(SDKS, [*_in("cleanup", "handlers"), *_in("contract", "handlers", "openapi", "answers")], IMPURE[:3]),
    *_lines(SDKS, [*_in("cleanup", "wiring", "config"), *_in("chat", "wiring_notices")], IMPURE[:3]),
    *_new_modules(IMPORTERS_OF_ADAPTERS, _in("cleanup", "handlers"), _in("core", "aws")),
    *_new_modules(IMPORTERS_OF_ADAPTERS, _in("contract", "handlers", "openapi", "answers"), _in("core", "aws")),
    *_lines(IMPORTERS_OF_ADAPTERS, _in("cleanup", "config"), _in("core", "aws")),
    *_new_modules(DOCUMENTS, _in("contract", "handlers"), _in("contract", "openapi.document", "answers.access")),
    *_new_modules(DOCUMENTS, _in("access", "handlers"), _in("contract", "openapi.document", "answers.access")),
    *_new_modules(CLIENT, ["access_broker"], ["chalicelib.core.domain.ids", "chalicelib.contract.answers.access"]),
    *_new_modules(CLIENT, _in("core", "services"), ["access_broker.failures"]),
    *_new_modules(ALONE, ["access_broker"], ["policytool", "localaws", "lambda_package"]),
    *_new_modules(ALONE, ["access_broker"], ["boto3", "click", "msgspec", "pydantic", "rich", "typer"]),
    *_new_modules(POLICY_TOOL, ["policytool"], _in("access", "services", "aws", "wiring", "handlers")),
    *_new_modules(POLICY_TOOL, ["policytool"], [*_in("core", "config"), *_in("chat", "wiring_notices"), *IMPURE[:2]]),
    *_new_modules(NO_TOOLS, _in("core", "services"), ["localaws", "lambda_package", "policytool", "access_broker"]),
    *_new_modules(TOOL_ORDER, ["policytool"], ["lambda_package", "access_broker", "localaws"]),
    *_new_modules(TOOL_ORDER, ["lambda_package"], ["access_broker", "localaws"]),
    *_new_modules(TOOL_ORDER, ["access_broker"], ["lambda_package", "localaws"]),
)

ONCE_UNSEEN: tuple[Plant, ...] = (
    Plant(SDKS, "chalicelib.cleanup.wiring", "boto3"),
    Plant(PURE_DOMAIN, "chalicelib.core.domain.ids", "chalicelib.core.config"),
    Plant(PURE_DOMAIN, "chalicelib.core.domain.ids", "slack_sdk"),
    Plant(FEATURE_ORDER, "chalicelib.sessions.services.issue", "chalicelib.cleanup.config"),
    Plant(
        FEATURE_ORDER,
        "chalicelib.sessions.services.issue",
        "chalicelib.provisioning.services.quarantine",
    ),
    Plant(FEATURE_ORDER, "chalicelib.provisioning.services.apply", "chalicelib.cleanup.services.run"),
)
"""The rules before the features let these pass. They stand in the modules that were tried then."""

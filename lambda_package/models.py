"""botocore's data, cut down to what the code calls: one API version a service, its operations, their shapes.

botocore decodes a service's whole model when it makes a client; IAM's alone is
a megabyte of JSON. Every region of the kept partitions stays.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.loaders import Loader

from lambda_package.failures import PackagingFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from lambda_package.services import Used

    Document = dict[str, Any]

PARTITIONS = frozenset({"aws", "aws-cn", "aws-eusc", "aws-us-gov"})
OF_ALL_SERVICES = frozenset({"_retry.json", "sdk-default-configuration.json"})
UNREAD = frozenset({"documentation", "documentationUrl", "enum", "pattern"})
"""Members of a model that botocore does not read when it calls a service."""

HOLD_NAMES = frozenset({"members", "operations", "shapes"})
"""Objects whose keys are names: one of them may be called `documentation`."""


def trim(data: Path, used: Used) -> None:
    """Rewrite botocore's data directory for what is used; nothing waits, so no waiters are kept."""
    if used.calls("get_waiter"):
        raise PackagingFailed("a client's get_waiter is used, and lambda_package.models keeps no waiters yet")
    loader = Loader(extra_search_paths=[str(data)], include_default_search_paths=False)
    documents: dict[str, Document] = {}
    prefixes = set()
    for service in sorted(used.services):
        model = service_model(loader.load_service_model(service, "service-2"), used)
        prefixes.add(model["metadata"]["endpointPrefix"])
        documents |= _of_service(loader, service, model)
    documents["endpoints"] = endpoints(loader.load_data("endpoints"), frozenset(prefixes))
    documents["partitions"] = partitions(loader.load_data("partitions"))
    _replace(data, documents)


def service_model(model: Document, used: Used) -> Document:
    """The model with the operations that are called, the shapes these reach, and no documentation."""
    called = {name: told for name, told in model["operations"].items() if used.calls(xform_name(name))}
    operations = {name: _with_telling_errors(told, model["shapes"], used) for name, told in called.items()}
    shapes: Document = {}
    for operation in operations.values():
        for named in (operation.get("input"), operation.get("output"), *operation.get("errors", ())):
            if named:
                _reach(named["shape"], model["shapes"], shapes)
    ordered = {name: shape for name, shape in model["shapes"].items() if name in shapes}
    read: Document = _read({**model, "operations": operations, "shapes": ordered})
    return read


def _with_telling_errors(operation: Document, shapes: Mapping[str, Document], used: Used) -> Document:
    """The operation with those errors that code catches by name, or that carry more than a message.

    Of the others botocore makes a plain ClientError with the same code and message.
    """
    telling = [
        error
        for error in operation.get("errors", ())
        if error["shape"] in used.words or any(part.lower() != "message" for part in shapes[error["shape"]]["members"])
    ]
    return {**operation, "errors": telling}


def endpoints(document: Document, prefixes: frozenset[str]) -> Document:
    """The regions of the kept partitions, for the kept services."""
    partitions = [partition for partition in document["partitions"] if partition["partition"] in PARTITIONS]
    return {**document, "partitions": [_partition(partition, prefixes) for partition in partitions]}


def partitions(document: Document) -> Document:
    """The kept partitions, as the rules of endpoints know them."""
    return {**document, "partitions": [one for one in document["partitions"] if one["id"] in PARTITIONS]}


def _partition(partition: Document, prefixes: frozenset[str]) -> Document:
    services = {name: _service(told) for name, told in partition["services"].items() if name in prefixes}
    return {**partition, "services": services}


def _service(told: Document) -> Document:
    """Without the regions of which nothing is said: their address follows from their name, listed or not."""
    return {**told, "endpoints": {region: address for region, address in told["endpoints"].items() if address}}


def _of_service(loader: Loader, service: str, model: Document) -> dict[str, Document]:
    """A service's files, by their path without the ending."""
    place = f"{service}/{loader.determine_latest_version(service, 'service-2')}"
    paginators = loader.load_service_model(service, "paginators-1")["pagination"]
    return {
        f"{place}/service-2": model,
        f"{place}/endpoint-rule-set-1": loader.load_service_model(service, "endpoint-rule-set-1"),
        f"{place}/paginators-1": {
            "pagination": {name: told for name, told in paginators.items() if name in model["operations"]}
        },
    }


def _reach(name: str, every: Mapping[str, Document], reached: Document) -> None:
    """Add a shape and all that it is made of."""
    if name in reached:
        return
    shape = reached[name] = every[name]
    for part in _parts(shape):
        _reach(part["shape"], every, reached)


def _parts(shape: Document) -> Iterator[Document]:
    yield from shape.get("members", {}).values()
    for role in ("member", "key", "value"):
        if role in shape:
            yield shape[role]


def _read(value: Any, *, names: bool = False) -> Any:
    """The same without UNREAD members, unless the key is a name of a shape or member."""
    if isinstance(value, list):
        return [_read(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {key: _read(entry, names=key in HOLD_NAMES) for key, entry in value.items() if names or key not in UNREAD}


def _replace(data: Path, documents: Mapping[str, Document]) -> None:
    for entry in list(data.iterdir()):
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name not in OF_ALL_SERVICES:
            entry.unlink()
    for name, document in documents.items():
        path = data / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not compressed: the zip does that, and a cold start need not undo it.
        path.write_text(json.dumps(document, separators=(",", ":")))

"""Work of boto3 and moto that is the same for each client and call, done once. It was a tenth of these tests' time."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.client import ClientCreator
from botocore.loaders import create_loader
from moto.core import responses
from moto.core.utils import method_names_from_class

if TYPE_CHECKING:
    import pytest
    from botocore.model import ServiceModel

_loader = cache(create_loader)
"""Reads the service models, for every session that the code makes."""

_method_names = cache(method_names_from_class)
"""The names of the methods of a moto service. moto lists them for every call."""

_create_methods: Any = vars(ClientCreator)["_create_methods"]
_methods_of: dict[str, dict[str, Any]] = {}


def make_clients_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """For one test."""
    monkeypatch.setattr(botocore.session, "create_loader", _loader)
    monkeypatch.setattr(ClientCreator, "_create_methods", _methods)
    monkeypatch.setattr(responses, "method_names_from_class", _method_names)


def _methods(creator: ClientCreator, model: ServiceModel) -> dict[str, Any]:
    """A method for each operation of a service: the same ones for each new client."""
    if model.service_name not in _methods_of:
        _methods_of[model.service_name] = _create_methods(creator, model)
    return dict(_methods_of[model.service_name])

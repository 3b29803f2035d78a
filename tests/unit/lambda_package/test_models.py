"""Trimmed botocore data behaves like botocore's own for everything that is used."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import botocore
import botocore.session
import pytest
from botocore.loaders import Loader
from botocore.regions import EndpointResolver

from lambda_package import models
from lambda_package.failures import PackagingFailed
from lambda_package.services import Used, used_by

DATA = Path(botocore.BOTOCORE_ROOT) / "data"
Sessions = tuple[botocore.session.Session, botocore.session.Session]
ORDINARY = ("_retry.json", "partitions.json", "sdk-default-configuration.json", "endpoints.json")


@pytest.fixture(scope="module")
def used() -> Used:
    return used_by(Path("chalicelib"))


@pytest.fixture(scope="module")
def trimmed(used: Used, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of botocore for the services that the broker uses, trimmed as in the package."""
    data = tmp_path_factory.mktemp("botocore") / "data"
    data.mkdir()
    for name in ORDINARY:
        shutil.copyfile(DATA / name, data / name)
    for service in (*used.services, "s3"):
        shutil.copytree(DATA / service, data / service)
    models.trim(data, used)
    return data


def session(*data: Path) -> botocore.session.Session:
    made = botocore.session.Session()
    if data:
        loader = Loader(extra_search_paths=[str(path) for path in data], include_default_search_paths=False)
        made.register_component("data_loader", loader)
    made.set_credentials("AKIA", "secret")
    return made


@pytest.fixture(scope="module")
def sessions(trimmed: Path) -> Sessions:
    """One on botocore's own data and one on the trimmed; each reads a service once."""
    return session(), session(trimmed)


def test_only_what_is_used_stays(trimmed: Path, used: Used) -> None:
    assert {path.name for path in trimmed.iterdir() if path.is_dir()} == used.services


def test_every_operation_keeps_its_input_output_and_errors(trimmed: Path, used: Used) -> None:
    whole, cut = Loader(), Loader(extra_search_paths=[str(trimmed)], include_default_search_paths=False)
    for service in used.services:
        ours = cut.load_service_model(service, "service-2")
        theirs = whole.load_service_model(service, "service-2")
        assert ours["operations"]
        for name, shape in ours["shapes"].items():
            assert structure(shape) == structure(theirs["shapes"][name]), (service, name)


def test_errors_that_say_more_than_a_message_or_are_caught_by_name_stay(trimmed: Path) -> None:
    cut = Loader(extra_search_paths=[str(trimmed)], include_default_search_paths=False)
    shapes = {
        service: cut.load_service_model(service, "service-2")["shapes"] for service in ("dynamodb", "logs", "iam")
    }
    assert "CancellationReasons" in shapes["dynamodb"]["TransactionCanceledException"]["members"]
    assert "ResourceAlreadyExistsException" in shapes["logs"]
    assert "NoSuchEntityException" not in shapes["iam"]


def structure(shape: Any) -> Any:
    """A shape without what nothing reads."""
    if isinstance(shape, list):
        return [structure(entry) for entry in shape]
    if not isinstance(shape, dict):
        return shape
    return {
        key: structure(value) for key, value in shape.items() if key not in models.UNREAD or isinstance(value, dict)
    }


def test_addresses_are_the_same_in_every_region(trimmed: Path, used: Used) -> None:
    whole, cut = (
        EndpointResolver(loader.load_data("endpoints"))
        for loader in (Loader(), Loader(extra_search_paths=[str(trimmed)], include_default_search_paths=False))
    )
    for prefix in sorted(endpoint(service) for service in used.services):
        regions = [
            region
            for partition in sorted(models.PARTITIONS)
            for region in whole.get_available_endpoints(prefix, partition, allow_non_regional=True)
        ]
        assert regions
        for region in regions:
            assert cut.construct_endpoint(prefix, region) == whole.construct_endpoint(prefix, region)


def endpoint(service: str) -> str:
    return str(Loader().load_service_model(service, "service-2")["metadata"]["endpointPrefix"])


@pytest.mark.parametrize("region", ["eu-central-1", "cn-north-1", "eusc-de-east-1", "us-gov-west-1"])
def test_clients_are_made_with_the_same_url(sessions: Sessions, used: Used, region: str) -> None:
    for service in sorted(used.services):
        urls = {made.create_client(service, region).meta.endpoint_url for made in sessions}
        assert len(urls) == 1


def test_pages_are_turned_as_botocore_turns_them(trimmed: Path) -> None:
    client = session(trimmed).create_client("iam", "us-east-1")
    assert client.can_paginate("list_groups_for_user")
    assert not hasattr(client, "list_server_certificates")


def test_a_member_called_documentation_survives() -> None:
    model = {
        "metadata": {},
        "operations": {"Get": {"input": {"shape": "In"}, "documentation": "long"}},
        "shapes": {
            "In": {"type": "structure", "documentation": "long", "members": {"documentation": {"shape": "Text"}}},
            "Text": {"type": "string"},
            "Else": {"type": "string"},
        },
    }
    cut = models.service_model(model, Used(frozenset(), frozenset({"get"}), ()))
    assert cut["operations"] == {"Get": {"input": {"shape": "In"}, "errors": []}}
    assert cut["shapes"] == {
        "In": {"type": "structure", "members": {"documentation": {"shape": "Text"}}},
        "Text": {"type": "string"},
    }


def test_waiters_must_be_packaged_before_they_are_used(tmp_path: Path) -> None:
    with pytest.raises(PackagingFailed, match="get_waiter"):
        models.trim(tmp_path, Used(frozenset(), frozenset({"get_waiter"}), ()))

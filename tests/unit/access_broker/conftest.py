"""A broker on loopback and alice, who has a home directory of her own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.access_broker.contract_server import Contract, ContractServer
from tests.unit.access_broker.people import Person

CHECKOUT = Path(__file__).parents[3]
COVERED_ENVIRONMENT = (
    "AWS_",
    "BROKER_",
    "XDG_",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "PYTHONUNBUFFERED",
)


@pytest.fixture
def server():
    with ContractServer() as running:
        yield running


@pytest.fixture
def contract(server: ContractServer) -> Contract:
    server.contract.add_role("ec2-full")
    return server.contract


@pytest.fixture
def alice(tmp_path: Path, server: ContractServer, contract: Contract) -> Person:
    del contract
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "config").write_text("[profile alice]\nregion = us-east-1\n\n[profile bob]\nregion = us-east-1\n")
    (home / ".aws" / "credentials").write_text(
        "[alice]\naws_access_key_id = AKIAALICE\naws_secret_access_key = alice-secret\n"
        "[bob]\naws_access_key_id = AKIABOB\naws_secret_access_key = bob-secret\n"
        "[mistyped]\naws_access_key_id = AKIAALICE\naws_secret_access_key = not-alices\n"
        "[unknown]\naws_access_key_id = AKIANOBODY\naws_secret_access_key = nobodys\n"
    )
    inherited = {n: v for n, v in os.environ.items() if not n.upper().startswith(COVERED_ENVIRONMENT)}
    environment = {
        **inherited,
        "HOME": str(home),
        "PYTHONPATH": str(CHECKOUT),
        "AWS_CONFIG_FILE": str(home / ".aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws" / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PROFILE": "alice",
        "BROKER_URL": server.url,
        "TZ": "UTC",
    }
    return Person(home, environment)

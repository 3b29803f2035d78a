"""Requests through a custom domain: signed for API Gateway in the configured region, over the path as sent."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from botocore.credentials import Credentials
from botocore.session import Session

from access_broker.failures import Misused
from access_broker.http.signing import Signer, find_signer
from access_broker.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from botocore.awsrequest import AWSPreparedRequest

URL = "https://broker.example.com/access"
SECRET = "secret"


def signature(request: AWSPreparedRequest, region: str) -> str:
    """As API Gateway computes it (IAM User Guide, "Create a signed AWS API request")."""
    address, at = urlsplit(request.url), request.headers["X-Amz-Date"]
    at = at.decode() if isinstance(at, bytes) else at
    headers = f"host:{address.netloc}\nx-amz-date:{at}\n"
    canonical = "\n".join(["GET", address.path, "", headers, "host;x-amz-date", hashlib.sha256(b"").hexdigest()])
    scope = f"{at[:8]}/{region}/execute-api/aws4_request"
    wanted = "\n".join(["AWS4-HMAC-SHA256", at, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, wanted.encode(), "sha256").hexdigest()


@pytest.mark.parametrize("path", ["/v1/whoami", "/mfa/v1/whoami"])
def test_the_signature_covers_domain_and_base_path_and_names_api_gateway(path: str) -> None:
    signer = Signer("eu-west-1", Credentials("AKIDEXAMPLE", SECRET))
    request = signer.signed("GET", URL + path, {}, b"")
    said = str(request.headers["Authorization"])
    assert "/eu-west-1/execute-api/aws4_request" in said
    assert said.endswith(f"Signature={signature(request, 'eu-west-1')}")


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A person whose profile names a region."""
    (tmp_path / "config").write_text("[profile ann]\nregion = eu-north-1\n[profile ben]\n")
    (tmp_path / "credentials").write_text(
        "".join(f"[{name}]\naws_access_key_id = A\naws_secret_access_key = s\n" for name in ("ann", "ben"))
    )
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return Session(profile="ann")


def test_the_region_comes_from_the_option_or_the_variable_or_the_profile(session, monkeypatch) -> None:
    assert find_signer(session, Settings(URL, "ann")).region == "eu-north-1"
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert find_signer(session, Settings(URL, "ann")).region == "eu-central-1"
    assert find_signer(session, Settings(URL, "ann", "eu-west-1")).region == "eu-west-1"


@pytest.mark.usefixtures("session")
def test_without_a_region_anywhere_the_command_says_how_to_name_it() -> None:
    with pytest.raises(Misused, match="--region"):
        find_signer(Session(profile="ben"), Settings(URL, "ben"))

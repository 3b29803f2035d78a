"""Signed code: the signed object is what is deployed, and what is compared afterwards."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from lambda_package.deployment.bucket import Bucket
from lambda_package.failures import PackagingFailed

if TYPE_CHECKING:
    from pathlib import Path


class Versioned:
    """A bucket of S3 that keeps versions, or does not."""

    def __init__(self, version: str | None = "v1") -> None:
        self.version, self.meta = version, SimpleNamespace(endpoint_url="https://s3.cn-north-1.amazonaws.com.cn")

    def put_object(self, **_given: Any) -> dict[str, Any]:
        return {"VersionId": self.version} if self.version else {}

    def get_object(self, **_given: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(b"signed"), "VersionId": "v2"}


class Signer:
    """AWS Signer, whose jobs end as told."""

    def __init__(self, **ended: Any) -> None:
        self.ended = ended
        self.asked: dict[str, Any] = {}

    def start_signing_job(self, **given: Any) -> dict[str, Any]:
        self.asked = given
        return {"jobId": "job"}

    def describe_signing_job(self, **_given: Any) -> dict[str, Any]:
        return {"signedObject": {"s3": {"key": "prod/signed-job.zip"}}, **self.ended}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    file = tmp_path / "deployment.zip"
    file.write_bytes(b"unsigned")
    return file


def test_the_signed_version_is_deployed_and_takes_the_place_of_the_package(package: Path) -> None:
    bucket, signer = Bucket(Versioned(), "access-broker-b", "prod"), Signer(status="Succeeded")
    signed = bucket.signed(signer, bucket.put(package), "ours", package)
    assert signed.code() == {"Bucket": "access-broker-b", "Key": "prod/signed-job.zip", "Version": "v2"}
    assert signer.asked["source"]["s3"]["version"] == "v1"
    assert signer.asked["profileName"] == "ours"
    assert package.read_bytes() == b"signed"


def test_a_refused_signature_stops_the_deployment_with_the_reason(package: Path) -> None:
    bucket, signer = Bucket(Versioned(), "access-broker-b", "prod"), Signer(status="Failed", statusReason="revoked")
    with pytest.raises(PackagingFailed, match="revoked"):
        bucket.signed(signer, bucket.put(package), "ours", package)


def test_a_bucket_without_versions_cannot_be_signed_from(package: Path) -> None:
    bucket = Bucket(Versioned(None), "access-broker-b", "prod")
    with pytest.raises(PackagingFailed, match="versioning"):
        bucket.signed(Signer(status="Succeeded"), bucket.put(package), "ours", package)


def test_urls_are_of_the_partition_and_code_without_versions_is_named_by_its_hash(package: Path) -> None:
    stored = Bucket(Versioned(None), "access-broker-b", "prod").put(package)
    assert stored.url.startswith("https://s3.cn-north-1.amazonaws.com.cn/access-broker-b/prod/")
    assert "Version" not in stored.code()

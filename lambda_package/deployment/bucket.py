"""The S3 bucket between packaging and deploying: what lies in it becomes the broker's code."""

from __future__ import annotations

import hashlib
import time
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambda_package.failures import PackagingFailed

if TYPE_CHECKING:
    from pathlib import Path

SIGNING_TAKES_AT_MOST = 300
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object of the bucket; the version where the bucket keeps versions."""

    bucket: str
    key: str
    version: str | None
    url: str

    def code(self) -> dict[str, str]:
        """As SAM's CodeUri takes it. With a version, no other object can take its place."""
        named = {"Bucket": self.bucket, "Key": self.key}
        return {**named, "Version": self.version} if self.version else named


@dataclass(frozen=True, slots=True)
class Bucket:
    """The bucket, written to always: an object that is there already may be another's."""

    s3: Any
    name: str
    stage: str

    def put(self, file: Path) -> Stored:
        """Upload the file under its hash; S3 checks the hash."""
        return self._put(file.read_bytes(), file.suffix)

    def put_text(self, text: str) -> Stored:
        """Upload a template."""
        return self._put(text.encode(), ".json")

    def signed(self, signer: Any, code: Stored, profile: str, local: Path) -> Stored:
        """Have AWS Signer sign the code, and write the signed zip to `local`. Raises PackagingFailed."""
        if not code.version:
            raise PackagingFailed(f"AWS Signer needs versions: switch versioning on for the bucket {self.name}")
        started = signer.start_signing_job(
            source={"s3": {"bucketName": code.bucket, "key": code.key, "version": code.version}},
            destination={"s3": {"bucketName": self.name, "prefix": f"{self.stage}/signed-"}},
            profileName=profile,
        )
        done = _finished(signer, started["jobId"])
        key = done["signedObject"]["s3"]["key"]
        read = self.s3.get_object(Bucket=self.name, Key=key)
        local.write_bytes(read["Body"].read())
        return Stored(self.name, key, read.get("VersionId"), self._url(key))

    def _put(self, content: bytes, suffix: str) -> Stored:
        digest = hashlib.sha256(content)
        key = f"{self.stage}/{digest.hexdigest()}{suffix}"
        checksum = b64encode(digest.digest()).decode()
        answer = self.s3.put_object(Bucket=self.name, Key=key, Body=content, ChecksumSHA256=checksum)
        return Stored(self.name, key, answer.get("VersionId"), self._url(key))

    def _url(self, key: str) -> str:
        """In the partition of the credentials: the client knows its own endpoint."""
        return f"{self.s3.meta.endpoint_url}/{self.name}/{key}"


def pointed_at(template: dict[str, Any], code: Stored) -> dict[str, Any]:
    """The template, every function with this code."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = code.code()
    return template


def _finished(signer: Any, job: str) -> dict[str, Any]:
    end = time.monotonic() + SIGNING_TAKES_AT_MOST
    while time.monotonic() < end:
        told: dict[str, Any] = signer.describe_signing_job(jobId=job)
        if told["status"] == "Succeeded":
            return told
        if told["status"] == "Failed":
            raise PackagingFailed(f"AWS Signer refused to sign: {told.get('statusReason', 'no reason given')}")
        time.sleep(1)
    raise PackagingFailed(f"AWS Signer did not finish job {job} in {SIGNING_TAKES_AT_MOST} seconds")

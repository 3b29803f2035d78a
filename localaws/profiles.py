"""The files that point the AWS CLI, SDKs and the broker command at the embedded AWS."""

from __future__ import annotations

import configparser
import io
import os
import shlex
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.loaders import create_loader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from botocore.loaders import Loader

    from localaws.people import Keys

OWNER_ONLY = 0o600

NO_PROFILE = {"profile": (None, None, None, None)}
"""Tells botocore that neither a file nor the environment names a profile."""


def write(directory: Path, keys: Iterable[Keys], *, endpoint_url: str, broker_url: str, region: str) -> None:
    """Write env, config and credentials, readable by their owner only."""
    for name in ("config", "credentials"):
        _write(directory / name, "")
    add(directory, keys, endpoint_url=endpoint_url, region=region)
    exports = variables(directory, endpoint_url=endpoint_url, broker_url=broker_url, region=region)
    _write(directory / "env", "".join(f"export {name}={shlex.quote(value)}\n" for name, value in exports.items()))


def add(directory: Path, keys: Iterable[Keys], *, endpoint_url: str, region: str) -> None:
    """Add a profile for each of the keys to config and credentials."""
    settings = {"region": region, "endpoint_url": endpoint_url, "output": "json", "cli_pager": ""}
    for one in keys:
        secrets = {"aws_access_key_id": one.access_key_id, "aws_secret_access_key": one.secret_access_key}
        _set(directory / "config", f"profile {one.name}", settings)
        _set(directory / "credentials", one.name, secrets)


def variables(directory: Path, *, endpoint_url: str, broker_url: str, region: str) -> dict[str, str]:
    """The environment variables that `.local/env` exports."""
    return {
        "BROKER_URL": broker_url,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": str(directory / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(directory / "credentials"),
    }


def session(directory: Path, profile: str) -> boto3.Session:
    """A boto3 session of one profile. It ignores the AWS settings of the shell."""
    core = _Bound(profile=profile)
    core.set_config_variable("config_file", str(directory / "config"))
    core.set_config_variable("credentials_file", str(directory / "credentials"))
    settings = core.get_scoped_config()
    core.set_config_variable("region", settings["region"])
    core.endpoint_url = settings["endpoint_url"]
    core.register_component("data_loader", _loader())
    return boto3.Session(botocore_session=core)


def session_with(key: str, secret: str, token: str | None = None, *, region: str) -> boto3.Session:
    """A boto3 session of these keys. It ignores the AWS settings of the shell."""
    core = botocore.session.Session(session_vars=NO_PROFILE)
    core.set_config_variable("config_file", os.devnull)
    core.set_config_variable("credentials_file", os.devnull)
    core.register_component("data_loader", _loader())
    return boto3.Session(key, secret, token, region_name=region, botocore_session=core)


class _Bound(botocore.session.Session):
    """Its clients use one endpoint. AWS_ENDPOINT_URL of the shell would otherwise override the profile's."""

    endpoint_url: str

    def create_client(self, *given: Any, **named: Any) -> Any:
        bound = named.get("endpoint_url") or self.endpoint_url
        return super().create_client(*given, **{**named, "endpoint_url": bound})


@cache
def _loader() -> Loader:
    """Reads each service's model once for all sessions: EC2's alone takes a quarter of a second."""
    return create_loader()


def _set(path: Path, section: str, settings: Mapping[str, str]) -> None:
    parser = configparser.RawConfigParser()
    parser.read(path)
    parser.read_dict({section: settings})
    text = io.StringIO()
    parser.write(text)
    _write(path, text.getvalue())


def _write(path: Path, text: str) -> None:
    path.touch(mode=OWNER_ONLY)
    path.chmod(OWNER_ONLY)
    path.write_text(text)

"""SigV4 with whatever AWS credentials the standard chain finds (profile, environment, SSO, process, instance)."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import compat_shell_split
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    CredentialRetrievalError,
    LoginError,
    MissingDependencyException,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.session import Session

from access_broker.aws_files.diagnosis import fault
from access_broker.failures import Misused, NotSignedIn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.awsrequest import AWSPreparedRequest
    from botocore.credentials import Credentials

    from access_broker.settings import Settings

SERVICE = "execute-api"
RESOLVING = "BROKER_RESOLVING"
"""Set while our own credentials are looked up: a credential_process that leads back here finds it and stops."""

AWS_FILES = (("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))
OURS = "access-broker"
"""The folder of the config file that programs get (aws_files/settings_without_identity.py)."""

MISSING_CRT = (
    "This profile was made by `aws login`, which needs the package awscrt: install it beside broker with "
    '`pip install "access-broker[crt]"` (pipx: `pipx inject access-broker awscrt`).'
)

SIGN_IN_AGAIN = (SSOError, TokenRetrievalError, LoginError)
UNREADABLE = (BotoCoreError, ClientError, OSError, ValueError, RuntimeError)
"""The errors of credential providers: botocore's own, a missing program, unreadable output, a failed refresh."""


@dataclass(frozen=True, slots=True)
class Signer:
    """One caller's signature. Credentials that refresh are refreshed as they are used."""

    region: str
    credentials: Credentials = field(repr=False)
    profile: str | None = None

    def signed(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> AWSPreparedRequest:
        """The request with its Authorization header (AWS Signature Version 4)."""
        request = AWSRequest(method=method, url=url, headers=dict(headers), data=body)
        try:
            frozen = self.credentials.get_frozen_credentials()
        except UNREADABLE as error:
            raise _unusable(error, self.profile) from error
        SigV4Auth(frozen, SERVICE, self.region).add_auth(request)
        return request.prepare()


def find_signer(session: Session, settings: Settings) -> Signer:
    """The caller's credentials and region; NotSignedIn or Misused says what is missing."""
    credentials = _credentials(session, settings.profile)
    region = settings.signing_region(os.environ) or session.get_config_variable("region")
    if not region:
        raise Misused("No region to sign for: pass --region or set AWS_REGION to the one the broker runs in.")
    return Signer(region, credentials, settings.profile)


def aws_session(profile: str | None) -> Session:
    """The standard chain. Where AWS_PROFILE names a profile that `broker configure` wrote, the one behind it.

    Such a profile asks us for what we are about to ask for; who runs a tool
    under it means the tool, not the broker.
    """
    session = Session(profile=profile)
    try:
        process = str(session.get_scoped_config().get("credential_process", ""))
    except BotoCoreError as error:
        raise _unusable(error, profile) from error
    if profile is not None or not written_by_us(process):
        return session
    # A default that neither AWS_PROFILE nor a file overrides; unlike a profile that is passed, keys in variables do.
    unset: Any = {"profile": (None, [], _signing_profile(process), None)}
    return Session(session_vars=unset)


def _credentials(session: Session, profile: str | None) -> Credentials:
    if os.environ.get(RESOLVING):
        raise NotSignedIn(
            "This profile takes its credentials from broker itself: pass --profile with one that holds your own keys."
        )
    os.environ[RESOLVING] = "1"
    try:
        credentials = session.get_credentials()
    except UNREADABLE as error:
        raise _unusable(error, profile) from error
    finally:
        del os.environ[RESOLVING]
    if credentials is None:
        raise NotSignedIn(_nothing_found(profile))
    return credentials


def _nothing_found(profile: str | None) -> str:
    named = profile or os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE")
    if named:
        return f"No AWS credentials of your own in profile {named}: pass --profile with one that has some."
    return "No AWS credentials found: pass --profile, set AWS_PROFILE, or run `aws configure`."


def chosen_profile(session: Session, named: str | None) -> str | None:
    """The profile the caller's credentials come from; None where the environment or the machine has them."""
    if named or (os.environ.get("AWS_ACCESS_KEY_ID") and os.environ.get("AWS_SECRET_ACCESS_KEY")):
        return named
    profile: str | None = session.get_config_variable("profile")
    return profile or ("default" if "default" in session.available_profiles else None)


def written_by_us(credential_process: str) -> bool:
    """True if a profile's credential_process is a `broker creds` command line."""
    try:
        words = shlex.split(credential_process, posix=os.name != "nt")
    except ValueError:
        return False
    return "creds" in words and any("broker" in word for word in words[: words.index("creds")])


def _signing_profile(credential_process: str) -> str | None:
    """The --profile of a `broker creds` command line."""
    words = compat_shell_split(credential_process)
    return next((after for word, after in pairwise(words) if word == "--profile"), None)


def _unusable(error: Exception, profile: str | None) -> Misused | NotSignedIn:
    if isinstance(error, ProfileNotFound) and Path(os.environ.get("AWS_CONFIG_FILE", "")).parent.name == OURS:
        return NotSignedIn(f"{error}: what `broker exec` and `broker serve` start sees no profile of yours.")
    if isinstance(error, ProfileNotFound):
        return NotSignedIn(f"{error}: `aws configure list-profiles` shows the ones there are.")
    if isinstance(error, MissingDependencyException):
        return Misused(MISSING_CRT)
    if isinstance(error, ConfigParseError):
        return Misused(_fault() or f"{error}: mend that file.")
    return NotSignedIn(_sign_in_sentence(error, profile))


def _fault() -> str | None:
    """The fault of the config file or of the credentials file."""
    places = (os.environ.get(variable) or usual for variable, usual in AWS_FILES)
    return next((found for place in places if (found := fault(Path(place).expanduser()))), None)


def _sign_in_sentence(error: Exception, profile: str | None) -> str:
    if isinstance(error, SIGN_IN_AGAIN):
        login = "aws sso login" if isinstance(error, SSOError | TokenRetrievalError) else "aws login"
        return f"Your sign-in has ended: run `{login}{f' --profile {profile}' if profile else ''}` and try again."
    if isinstance(error, PartialCredentialsError):
        return f"Your AWS credentials are incomplete: {str(error).rstrip('.')}."
    if isinstance(error, CredentialRetrievalError):
        return f"The program that provides your AWS credentials failed: {' '.join(str(error).split())}"
    return f"Your AWS credentials cannot be read ({' '.join(str(error).split())}): sign in again."

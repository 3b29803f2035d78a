"""The second factor: a session of the caller that carries MFA, kept like other credentials.

AWS STS API reference, "GetSessionToken": it needs no permissions, and takes the code of the caller's own device.
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

from access_broker.credentials.role_credentials import RoleCredentials
from access_broker.failures import Failure, Misused, NotSignedIn, Refused, Unavailable
from access_broker.http.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.session import Session

    from access_broker.storage.vault import Vault

SESSION_SECONDS = 3600
"""As long as the gateway takes a proof, as shipped (policies/api-gateway.json)."""

CODE_VARIABLE = "AWS_MFA_CODE"

WRONG_CODE = (
    "AWS does not take this code: it is wrong, was used before, or the device's clock is off. "
    "Wait for the next code and try again."
)
UNKNOWN_DEVICE = (
    "AWS knows no device {0} of yours: check mfa_serial of your profile. If the device is lost, an administrator "
    "removes it (broker users reset-mfa NAME); then run broker mfa enroll."
)
WRONG_CLOCK = "AWS refuses the time of this computer's clock: set it by the network and try again."
NO_DEVICE = "No MFA device of yours is known. Enrol one: broker mfa enroll"
NO_CODE = (
    "MFA is needed: repeat the command with --mfa-code CODE (or AWS_MFA_CODE), the present code of {0}. If another "
    "program ran it (credential_process), repeat that program once with AWS_MFA_CODE=CODE."
)
TEMPORARY = (
    "MFA is needed, and your credentials are temporary ones without recent MFA: sign in with MFA again, "
    "or use a profile with your own access key."
)


@dataclass(slots=True)
class SecondFactor:
    """Finds or makes a signer with MFA. `ask` asks a person for a code; "" where no person is there."""

    session: Session
    signer: Signer
    vault: Callable[[], Vault]
    code: str | None = field(default=None, repr=False)
    ask: Callable[[str], str] = lambda _question: ""

    def at_hand(self) -> Signer | None:
        """A signer without a code: the kept session, or the caller's own credentials where those are temporary."""
        frozen = self.signer.credentials.get_frozen_credentials()
        if frozen.token:
            return self.signer
        kept = self.vault().get(self._key())
        return self._signing(kept) if kept and kept.lasts(datetime.now(UTC)) else None

    def fresh(self, devices: list[str]) -> Signer:
        """A signer with a new code; Failure where there is no device or no code, or AWS does not take it."""
        if self.signer.credentials.get_frozen_credentials().token:
            raise Refused(TEMPORARY)
        serial = str(self.session.get_scoped_config().get("mfa_serial") or next(iter(devices), ""))
        if not serial:
            raise Refused(NO_DEVICE)
        made = self._session_token(serial, self._code(serial))
        self.vault().put(self._key(), made)
        return self._signing(made)

    def _code(self, serial: str) -> str:
        given = self.code or os.environ.get(CODE_VARIABLE) or self.ask(f"MFA code of {serial}: ")
        code, self.code = given.strip(), None
        if not code:
            raise Refused(NO_CODE.format(serial))
        if not (code.isascii() and code.isdecimal() and len(code) == 6):  # noqa: PLR2004  digits of a code
            raise Misused("An MFA code has six digits, for example 123456.")
        return code

    def _session_token(self, serial: str, code: str) -> RoleCredentials:
        try:
            sts: Any = self.session.create_client(
                "sts",
                region_name=self.signer.region,
                aws_access_key_id=self.signer.credentials.access_key,
                aws_secret_access_key=self.signer.credentials.secret_key,
            )
            made = sts.get_session_token(SerialNumber=serial, TokenCode=code, DurationSeconds=SESSION_SECONDS)
        except ClientError as error:
            raise _explained(error, serial) from error
        except BotoCoreError as error:
            raise Unavailable(f"AWS STS cannot be reached ({error}): try again.") from error
        return _kept(made["Credentials"])

    def _signing(self, kept: RoleCredentials) -> Signer:
        credentials = Credentials(kept.access_key_id, kept.secret_access_key, kept.session_token)
        return Signer(self.signer.region, credentials, self.signer.profile)

    def _key(self) -> str:
        """The key in the vault: one for each access key."""
        return "mfa-" + hashlib.sha256(str(self.signer.credentials.access_key).encode()).hexdigest()[:24]


def ask_at_the_terminal(question: str) -> str:
    """Ask on stderr: stdout may be another program's."""
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline()


def _kept(given: dict[str, Any]) -> RoleCredentials:
    end = given["Expiration"].astimezone(UTC).isoformat().replace("+00:00", "Z")
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    return RoleCredentials("mfa", "", *keys, end, datetime.now(UTC))


def _explained(error: ClientError, serial: str) -> Failure:
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    if "one time pass code" in message and "invalid" in message:
        return Refused(WRONG_CODE)
    if "serial number" in message:
        return Refused(UNKNOWN_DEVICE.format(serial))
    if "Signature expired" in message or "not yet current" in message or code == "RequestExpired":
        return NotSignedIn(WRONG_CLOCK)
    return Refused(f"AWS gives no session with MFA ({code}): {message}")

"""The canary's credentials: getting and using them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.credentials import Credentials

from access_broker.failures import Refused, Unavailable
from access_broker.http.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Callable

    from access_broker.doctor.aws.deployment import Deployment

SETTLING_SECONDS = 30.0
"""A new role may not be assumable at once: IAM is eventually consistent."""

LOOK_EVERY = 0.5


def client_of(deployment: Deployment, service: str, keys: Any) -> Any:
    """A client that signs with them."""
    return deployment.session.create_client(
        service,
        region_name=deployment.region,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        config=Config(connect_timeout=5, read_timeout=10),
    )


def knock(deployment: Deployment, keys: Any) -> int:
    """The status of GET /v1/whoami as the canary: a caller without any permission."""
    credentials = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    signer = Signer(deployment.broker.signer.region, credentials)
    request = signer.signed("GET", f"{deployment.url}/v1/whoami", {"Accept": "application/json"}, b"")
    return deployment.broker.transport.send(request).status


def settled(ask: Callable[[], Any]) -> Any:
    """Ask again while IAM tells of a role that is seconds old."""
    until = time.monotonic() + SETTLING_SECONDS
    while True:
        try:
            return ask()
        except (Refused, Unavailable) as failure:
            aws_said = isinstance(failure, Unavailable) or "(AWS:" in failure.sentence
            if not aws_said or time.monotonic() > until:
                raise
        time.sleep(LOOK_EVERY)

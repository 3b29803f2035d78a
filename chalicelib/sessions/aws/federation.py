"""AWS's federation endpoint: credentials in, a console sign-in URL out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session

from chalicelib.core.domain.errors import AwsUnavailable, RefusedByAws

if TYPE_CHECKING:
    from chalicelib.core.domain.sessions import Credentials

OK = 200
TIMEOUT_SECONDS = 5


class FederationEndpoint:
    """getSigninToken by POST, then the login URL.

    IAM user guide, "Enable custom identity broker access to the AWS console".
    With credentials from role chaining SessionDuration must be left out.
    `issuer` is the page to which the console sends people whose session has
    ended; without one it is left out.
    """

    def __init__(self, endpoint: str, issuer: str = "") -> None:
        self._endpoint, self._issuer = endpoint, issuer
        self._http = URLLib3Session(timeout=TIMEOUT_SECONDS)

    def link(self, credentials: Credentials, destination: str) -> str:
        """The sign-in URL, a secret: valid for fifteen minutes, for any holder."""
        session = {
            "sessionId": credentials.access_key_id,
            "sessionKey": credentials.secret_access_key,
            "sessionToken": credentials.session_token,
        }
        token = self._token(urlencode({"Action": "getSigninToken", "Session": json.dumps(session)}))
        issuer = {"Issuer": self._issuer} if self._issuer else {}
        asked = {"Action": "login", **issuer, "Destination": destination, "SigninToken": token}
        return f"{self._endpoint}?{urlencode(asked)}"

    def _token(self, form: str) -> str:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        request = AWSRequest("POST", self._endpoint, headers, form).prepare()
        try:
            answer = self._http.send(request)
        except BotoCoreError:
            # botocore's message could quote the request, which holds the credentials.
            raise AwsUnavailable("AWS's sign-in endpoint did not answer. Try again in a moment.") from None
        if answer.status_code != OK:
            raise RefusedByAws("AWS's sign-in endpoint refused the session.", f"Signin{answer.status_code}")
        try:
            return str(json.loads(answer.content)["SigninToken"])
        except (ValueError, KeyError, TypeError):
            # Quoting the answer could quote a token.
            raise AwsUnavailable("AWS's sign-in endpoint gave no token. Try again in a moment.") from None

"""Slack, by its own SDK. The chat and notify functions import this; the webhook answers without it."""

from __future__ import annotations

import re
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import WebClient
from slack_sdk.webhook import WebhookClient

from chalicelib.chat.domain.notices import asked_to_wait
from chalicelib.chat.domain.postings import Place
from chalicelib.core.domain.errors import NotDelivered, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.chat.domain.messages import Message

TIMEOUT_SECONDS = 5
TAKEN = 200
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""Errors of chat.update for a message that was deleted or that can no longer be changed."""

WORD = re.compile(r"[a-z_]{1,64}", re.ASCII)
FAILURES = (SlackClientError, HTTPException, OSError)


class SlackAnswers:
    """Answers to a `response_url`: it lasts 30 minutes and takes five answers."""

    def __init__(self, allowed: str, make: Callable[..., WebhookClient] = WebhookClient) -> None:
        self._allowed, self._make = allowed, make

    def answer(self, response_url: str, text: str) -> None:
        """Answer the person who asked, visible to them only. Addresses that are not Slack's are refused."""
        if not response_url.startswith(self._allowed):
            raise Refused("The address to answer to is not Slack's.")
        try:
            answer = self._make(response_url, timeout=TIMEOUT_SECONDS).send(
                text=text, response_type="ephemeral", replace_original=False
            )
        except FAILURES as error:
            raise _not_delivered(error) from None
        if answer.status_code != TAKEN:
            raise NotDelivered(f"Slack did not take the answer ({answer.status_code}).")


class SlackBoard:
    """One channel, by chat.postMessage and chat.update. `token` is asked each time, so that it can be rotated."""

    def __init__(self, api: str, channel: str, token: Callable[[], str]) -> None:
        self._api, self._channel, self._token = api, channel, token

    @property
    def open(self) -> bool:
        """True if a channel is configured. A channel without a token is an error, not silence."""
        return bool(self._channel)

    def post(self, message: Message) -> Place:
        """A new message; answers where it stands."""
        answer = self._call("chat.postMessage", self._channel, message)
        return Place(str(answer["channel"]), str(answer["ts"]))

    def update(self, place: Place, message: Message) -> None:
        """Change a message where it stands; one that is gone stays gone."""
        try:
            self._call("chat.update", place.channel, message, ts=place.ts)
        except NotDelivered as failure:
            if failure.why not in GONE:
                raise

    def _call(self, method: str, channel: str, message: Message, **more: str) -> Any:
        token = self._token()
        if not token:
            raise NotDelivered("There is no token to post with: put slack-bot-token into Parameter Store.")
        words = {"channel": channel, "text": message.text, "blocks": list(message.blocks), "unfurl_links": False}
        client = WebClient(token, base_url=self._api, timeout=TIMEOUT_SECONDS)
        try:
            return client.api_call(method, json={**words, **more})
        except FAILURES as error:
            raise _not_delivered(error) from None  # the SDK's own may quote what was sent


def _not_delivered(error: Exception) -> NotDelivered:
    """The error with the code that Slack gave."""
    if not isinstance(error, SlackApiError):
        return NotDelivered(f"Slack did not answer ({type(error).__name__}).")
    said = str(error.response.get("error") or "")
    why = said if WORD.fullmatch(said) else str(error.response.status_code)
    wait = asked_to_wait(str(error.response.headers.get("Retry-After", "")))
    return NotDelivered(f"Slack did not take the message ({why}).", why, wait)

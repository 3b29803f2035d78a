"""Slack, by its own SDK. Only the chat function imports this: the webhook answers without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.webhook import WebhookClient

from chalicelib.domain.errors import AwsUnavailable, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT_SECONDS = 5
TAKEN = 200


class SlackAnswers:
    """Answers to a `response_url`: it lasts 30 minutes and takes five answers."""

    def __init__(self, allowed: tuple[str, ...], make: Callable[..., WebhookClient] = WebhookClient) -> None:
        self._allowed, self._make = allowed, make

    def answer(self, response_url: str, text: str) -> None:
        """Say it to the one who asked, alone. Only addresses of Slack's are called, whatever the form says."""
        if not response_url.startswith(self._allowed):
            raise Refused("The address to answer to is not Slack's.")
        try:
            answer = self._make(response_url, timeout=TIMEOUT_SECONDS).send(
                text=text, response_type="ephemeral", replace_original=False
            )
        except (SlackApiError, SlackClientError, OSError) as error:
            raise AwsUnavailable(f"Slack did not take the answer ({type(error).__name__}).") from error
        if answer.status_code != TAKEN:
            raise AwsUnavailable(f"Slack did not take the answer ({answer.status_code}).")

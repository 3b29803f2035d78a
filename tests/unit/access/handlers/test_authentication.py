"""Acting on a guess: nothing leaves unconfirmed, not even at the second attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.access.domain.facts import FactsChanged, Suspended
from chalicelib.access.handlers import authentication

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST: Any = object()


def test_the_second_attempt_is_confirmed_as_the_first_is(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = iter([FactsChanged("the role changed"), Suspended("since a moment ago")])

    def confirm() -> None:
        raise next(failures)

    def act(_who: object, confirm: Callable[[], object]) -> str:
        confirm()
        return "credentials"

    monkeypatch.setattr(authentication, "guess", lambda _request, _role: (object(), confirm))
    with pytest.raises(Suspended):
        authentication.on_a_guess(REQUEST, "ec2-full", act)
    assert next(failures, None) is None

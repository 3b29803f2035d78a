"""A session as the handlers render it has the contract's fields, in the contract's order."""

from datetime import UTC, datetime

import msgspec

from chalicelib.contract.answers import access, records
from chalicelib.sessions.handlers.views import later_session_document, session_document
from tests.fakes.sessions import session

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


def test_a_session_has_the_fields_of_the_contract() -> None:
    document = session_document(session(), NOW)
    assert tuple(document) == access.Session.__struct_fields__
    msgspec.convert(document, access.Session)


def test_a_session_that_is_shown_later_has_the_fields_of_the_contract() -> None:
    document = later_session_document(session(revoked_at=NOW), NOW)
    assert sorted(document) == sorted(records.SessionLater.__struct_fields__)
    msgspec.convert(document, records.SessionLater)

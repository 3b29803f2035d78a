"""Which users of ours somebody should look at."""

from __future__ import annotations

import pytest

from chalicelib.cleanup.domain.key_terms import KeyTerms
from chalicelib.cleanup.domain.terms import Terms
from chalicelib.cleanup.domain.users import KeyFacts, UserFacts, findings
from tests.fakes.staleness_table import NOW, ago
from tests.wording import names

TABLE = {
    "never signed in": (UserFacts("a", ago(30), has_password=True), ["never_signed_in"]),
    "never signed in, but new": (UserFacts("a", ago(29), has_password=True), []),
    "signed in once": (UserFacts("a", ago(300), has_password=True, signed_in_at=ago(299)), []),
    "cannot sign in": (UserFacts("a", ago(300)), []),
    "key never used": (UserFacts("a", ago(300), keys=(KeyFacts(1, ago(30)),)), ["key_unused"]),
    "key never used, but new": (UserFacts("a", ago(300), keys=(KeyFacts(1, ago(29)),)), []),
    "key not used for long": (UserFacts("a", ago(300), keys=(KeyFacts(1, ago(300), ago(90)),)), ["key_unused"]),
    "key used lately": (UserFacts("a", ago(300), keys=(KeyFacts(1, ago(89), ago(1)),)), []),
    "key used lately, but old": (UserFacts("a", ago(300), keys=(KeyFacts(1, ago(90), ago(1)),)), ["key_old"]),
    "key used lately, rotated": (UserFacts("a", ago(300), keys=(KeyFacts(1, ago(2), ago(1)),)), []),
    "key without MFA": (UserFacts("a", ago(30), keys=(KeyFacts(1, ago(2), ago(1)),), has_mfa=False), ["no_mfa"]),
    "password without MFA": (
        UserFacts("a", ago(30), has_password=True, signed_in_at=ago(1), has_mfa=False),
        ["no_mfa"],
    ),
    "without MFA, but new": (UserFacts("a", ago(29), has_password=True, signed_in_at=ago(1), has_mfa=False), []),
    "without MFA and without a way in": (UserFacts("a", ago(300), has_mfa=False), []),
    "everything at once": (
        UserFacts("a", ago(300), has_password=True, keys=(KeyFacts(1, ago(300)), KeyFacts(2, ago(300), ago(100)))),
        ["never_signed_in", "key_unused", "key_unused"],
    ),
}


@pytest.mark.parametrize("what", TABLE)
def test_a_user_is_named_for_each_thing_nobody_uses(what: str) -> None:
    user, codes = TABLE[what]
    assert [finding.code for finding in findings(user, Terms(), KeyTerms(), NOW)] == codes


def test_the_words_say_which_key_and_since_when() -> None:
    user = UserFacts("a", ago(300), keys=(KeyFacts(1, ago(300)), KeyFacts(2, ago(300), ago(100))))
    never, long_ago = findings(user, Terms(), KeyTerms(), NOW)
    assert names(never.why, "key 1", "2026-01-27")
    assert names(long_ago.why, "key 2", "2026-08-15")

"""Clean-up's settings: what may be said, and which variable is named when it cannot be read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.cleanup.config import CleanupConfig
from chalicelib.cleanup.domain.report import Budget
from chalicelib.core.config import ConfigurationError
from tests.wording import naming


def test_as_deployed_it_only_reports() -> None:
    config = CleanupConfig.from_env({})
    assert (config.terms.up_to, config.terms.stale_after.days, config.ahead) == ("reported", 90, timedelta())
    assert config.budget == Budget(20, 10)


def test_every_setting_is_read() -> None:
    config = CleanupConfig.from_env(
        {
            "BROKER_CLEANUP_UP_TO": "quarantined",
            "BROKER_CLEANUP_STALE_AFTER": "180d",
            "BROKER_CLEANUP_BUDGET_ROLES": "5",
            "BROKER_CLEANUP_BUDGET_PERCENT": "50",
            "BROKER_CLEANUP_CLOCK_AHEAD": "31d",
        }
    )
    assert (config.terms.up_to, config.terms.stale_after.days, config.ahead.days) == ("quarantined", 180, 31)
    assert config.budget == Budget(5, 50)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UP_TO", "alive"), ("UP_TO", "everything"), ("UP_TO", ""), ("STALE_AFTER", "0d"), ("STALE_AFTER", "401d"),
        ("STALE_AFTER", "90"), ("BUDGET_ROLES", "-1"), ("BUDGET_ROLES", "many"), ("BUDGET_PERCENT", "1.5"),
        ("CLOCK_AHEAD", "-1d"), ("CLOCK_AHEAD", "tomorrow"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=naming(f"BROKER_CLEANUP_{name}")):
        CleanupConfig.from_env({f"BROKER_CLEANUP_{name}": value})


@pytest.mark.parametrize(
    ("budget", "ours", "limit"),
    [(Budget(20, 10), 0, 1), (Budget(20, 10), 9, 1), (Budget(20, 10), 100, 10), (Budget(20, 10), 5000, 20),
     (Budget(0, 10), 100, 0), (Budget(20, 0), 100, 1)],
)  # fmt: skip
def test_the_smaller_of_both_numbers_counts(budget: Budget, ours: int, limit: int) -> None:
    assert budget.limit(ours) == limit

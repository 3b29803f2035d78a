"""The demo: the whole scenario on a private embedded AWS, with the answers of AWS shown."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from localaws.broker import running
from localaws.demo import accounts, audit, brokered, refused, tutorial, zero_access
from localaws.demo.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

SCENES: tuple[Callable[[Stage], None], ...] = (
    zero_access.alice_has_nothing,
    tutorial.a_user_and_a_role_that_trusts_them,
    tutorial.switching_role_and_back,
    brokered.alice_asks_the_broker,
    brokered.the_credentials_do_what_the_role_does_and_no_more,
    brokered.no_key_gets_round_the_broker,
    refused.the_broker_refuses_carol,
    refused.the_gateway_refuses_forgers,
    zero_access.alice_still_has_nothing,
    audit.every_issue_and_refusal_left_its_record,
    accounts.a_role_in_every_account,
    accounts.production_needs_another_person,
    accounts.her_session_in_prod_ends_and_the_one_in_dev_lives,
)


def play() -> int:
    """Play every scene. Raises SceneFailed at the first answer that is wrong."""
    began = time.monotonic()
    with running(tell=lambda line: print(f"-> {line}", flush=True), spokes=2) as broker:
        stage = Stage(broker)
        for scene in SCENES:
            scene(stage)
        stage.close()
    print(f"\nAll {len(SCENES)} scenes played in {time.monotonic() - began:.0f} s; nothing is left running.")
    return 0

"""For every suite: what a test starts can be interrupted, and a busy machine makes no test fail."""

from __future__ import annotations

import gc
import os

from hypothesis import Phase, settings

from tests.processes import heed_the_keyboard
from tests.turns import take_long_turns

heed_the_keyboard()
take_long_turns()
gc.disable()  # until all tests are collected: nearly everything that is made so far stays
settings.register_profile("suites", deadline=None)  # pytest-timeout limits a test; its examples are not timed
settings.register_profile(  # a verdict on a mutant is the same at every run
    "mutation", deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suites"))

GARBAGE_EVERY = 100_000
"""Objects that may be made before the collector looks, instead of 700."""


def pytest_collection_finish() -> None:
    """Keep the collector from walking through every module and collected test again and again: they stay anyway."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(GARBAGE_EVERY, 20, 20)

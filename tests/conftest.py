"""For every suite: what a test starts can be interrupted, and a busy machine makes no test fail."""

from __future__ import annotations

from hypothesis import settings

from tests.processes import heed_the_keyboard

heed_the_keyboard()
settings.register_profile("suites", deadline=None)  # pytest-timeout limits a test; its examples are not timed
settings.load_profile("suites")

"""For every suite: what a test starts can be interrupted."""

from __future__ import annotations

from tests.processes import heed_the_keyboard

heed_the_keyboard()

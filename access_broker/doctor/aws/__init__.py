"""Gathers the facts from AWS and from the broker's API; the only place of the doctor that knows an SDK."""

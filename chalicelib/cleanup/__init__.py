"""Stale roles: found, reported, quarantined, deleted."""

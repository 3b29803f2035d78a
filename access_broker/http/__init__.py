"""Signed HTTP to the broker."""

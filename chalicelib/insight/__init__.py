"""Replay of recorded decisions, reports, and suggestions from what was used."""

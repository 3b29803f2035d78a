"""Slack, notices and the outgoing webhook."""

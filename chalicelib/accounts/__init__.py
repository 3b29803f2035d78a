"""Accounts that the broker serves: the registry, and acting in a member account through its spoke role."""

"""Requests for access, decisions about them, and the grants they yield."""

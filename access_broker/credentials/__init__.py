"""Credentials of a role: obtained, kept current, handed to programs."""

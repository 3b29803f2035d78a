"""Printing: JSON, tables, times."""

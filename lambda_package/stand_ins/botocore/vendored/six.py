"""Stands in for six, which botocore.compat imports and nothing of botocore uses any more."""

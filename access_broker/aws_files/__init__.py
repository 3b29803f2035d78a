"""The AWS config and credentials files: one profile is written, settings are copied without any identity."""

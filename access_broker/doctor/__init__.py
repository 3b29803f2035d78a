"""`broker doctor`: tells an administrator whether a deployment works as it should (docs/doctor.md)."""

"""The directory: who the callers of the broker are, and which of them are suspended."""

"""The embedded AWS for laptop, demo and tests: never deployed."""

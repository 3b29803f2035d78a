"""The base of every feature: values, errors, events, clients, the HTTP edge. Imports no other feature."""

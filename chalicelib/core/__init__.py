"""What every feature stands on: values, errors, events, clients, the HTTP edge. Imports no other feature."""

"""Values and decisions of the directory."""

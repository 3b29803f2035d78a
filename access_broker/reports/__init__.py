"""Reports, as tables, CSV, JSON and one HTML file."""

"""The command line: which commands there are, reading words, help and completion."""

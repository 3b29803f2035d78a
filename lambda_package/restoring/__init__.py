"""`make restore`: tables, ledger and log of a stage, as of a moment, into a new stage; then the chain is verified."""

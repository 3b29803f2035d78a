"""`make deploy`: from the package to the stack of a real account, with a look at the changes in between."""

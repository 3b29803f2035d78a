"""The doors: parse an event, call one service, render the answer."""

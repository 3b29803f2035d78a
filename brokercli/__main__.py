"""`python -m brokercli` is `broker`."""

from brokercli.main import main

if __name__ == "__main__":
    main()

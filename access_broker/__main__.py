"""`python -m access_broker` is `broker`."""

from access_broker.main import main

if __name__ == "__main__":
    main()

"""`python -m earwitness` is the `earwitness` command."""

from earwitness.cli import main

if __name__ == "__main__":
    main()

"""Lets `python -m predvid` do what the `predvid` command does."""

from predvid.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

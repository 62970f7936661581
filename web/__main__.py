"""`python -m web` is the `pathways` command."""

from web.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())

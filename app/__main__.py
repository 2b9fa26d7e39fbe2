"""Where the command begins: ``bharatchef``, or ``python -m app``."""

from __future__ import annotations

from app.console import Exit


def main() -> None:
    """Run the command; Ctrl-C while it is still being loaded ends it without a traceback."""
    try:
        from app.cli import app
    except KeyboardInterrupt:
        raise SystemExit(int(Exit.INTERRUPTED)) from None
    app()


if __name__ == "__main__":
    main()

"""``python -m app`` is the command ``bharatchef``."""

from app.cli import main

main()

"""What can go wrong when a film is drawn; knows nothing of the rest of the project."""


class DrawingError(ValueError):
    """A script cannot be drawn; the message says what was expected, what came and what to change."""

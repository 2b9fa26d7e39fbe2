"""How soon the command answers, and how long the demo's evaluation takes."""

"""The package that sees what the hands do: SlowFast over sliding clips of the action proxy."""

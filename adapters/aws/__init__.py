"""The side of the ports that lives in AWS; each module is imported where it is used, never here."""

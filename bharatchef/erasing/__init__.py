"""Erasing a person: what is known of the person, what goes, the receipt; knows no store and no flow."""

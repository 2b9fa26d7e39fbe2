"""Detector outputs and people's labels become what happened when; knows no model, no disk and no network."""

"""Sees the flame in chunks of film; knows nothing of dishes, steps or the program that asks it."""

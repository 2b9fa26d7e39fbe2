"""Sees the finished plate: which dish it is like, and how like an expert's plates of it."""

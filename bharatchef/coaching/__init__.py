"""Deviations and reviewed tips into feedback; knows nothing of how either came about."""

from bharatchef.coaching.coach import coach, mistakes_that_matter
from bharatchef.coaching.follow_up import PreviousAttempt, previous_attempt

__all__ = ["PreviousAttempt", "coach", "mistakes_that_matter", "previous_attempt"]

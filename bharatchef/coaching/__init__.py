"""Deviations and reviewed tips into feedback; knows nothing of how either came about."""

from bharatchef.coaching.choosing import mistakes_that_matter
from bharatchef.coaching.coach import Coached, coach, coached
from bharatchef.coaching.follow_up import PreviousAttempt, previous_attempt

__all__ = ["Coached", "PreviousAttempt", "coach", "coached", "mistakes_that_matter", "previous_attempt"]

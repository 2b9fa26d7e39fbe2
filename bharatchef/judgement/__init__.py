"""What happened against what the dish asks for: matching, order, missing, timing, and the rest.

Knows nothing of films, models or scores: a performance comes in as segments and marks.
"""

from bharatchef.judgement.judge import expected_mistakes, judge, wrong_times
from bharatchef.judgement.thresholds import Thresholds, load_thresholds

__all__ = ["Thresholds", "expected_mistakes", "judge", "load_thresholds", "wrong_times"]

"""What happened against what the dish asks for: matching, order, missing, timing, and the rest.

Knows nothing of films, models or scores: a performance comes in as segments and marks.
"""

from bharatchef.judgement.judge import absent_steps, expected_mistakes, judge, wrong_times
from bharatchef.judgement.learning import OrderSuggestion, load_learning_weights, suggest_order, with_order
from bharatchef.judgement.thresholds import Thresholds, load_thresholds

__all__ = [
    "OrderSuggestion",
    "Thresholds",
    "absent_steps",
    "expected_mistakes",
    "judge",
    "load_learning_weights",
    "load_thresholds",
    "suggest_order",
    "with_order",
    "wrong_times",
]

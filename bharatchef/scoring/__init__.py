"""Judgements into points by a versioned rubric; knows nothing of how the judgement came about."""

from bharatchef.scoring.rubric import Rubric, load_rubric
from bharatchef.scoring.score import expected_loss, score

__all__ = ["Rubric", "expected_loss", "load_rubric", "score"]

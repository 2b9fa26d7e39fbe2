"""Whether a model that was trained anew takes the place of the one that answers: pure rules over figures."""

"""How well and how fast the models see, and what their hosts cost."""

"""A whole retraining on drawn films: a champion without one style, corrections of it, a decision."""

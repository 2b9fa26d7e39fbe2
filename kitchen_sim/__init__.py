"""Draws cooking films with known truth; imports nothing of the rest of the project.

``read_script`` or ``script_from_steps`` give a ``Script``, ``plant`` puts mistakes into it, and
``draw_film`` (in ``kitchen_sim.film``) draws it and writes what is true of it beside the film.
"""

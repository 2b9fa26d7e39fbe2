"""Turns one evaluation into what people read: a page, JSON, a card of text; it judges nothing itself.

It reads no file but its own template, and neither fetches pictures nor stores what it makes.
"""

from bharatchef.report.document import result_json
from bharatchef.report.page import render_html
from bharatchef.report.scorecard import scorecard_markdown, steps_table
from bharatchef.report.stills import stills_to_show

__all__ = ["render_html", "result_json", "scorecard_markdown", "steps_table", "stills_to_show"]

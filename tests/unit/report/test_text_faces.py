import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from report_samples import EVERY_KIND, with_parts
from samples import sample_result

from bharatchef.report import result_json, scorecard_markdown, steps_table
from bharatchef.report.schemas import schema_text, schemas, write_schemas
from bharatchef.results import EvaluationResult

COMMITTED = Path(__file__).resolve().parents[3] / "docs" / "schemas"


def check(name, text):
    Draft202012Validator(schemas()[name], format_checker=FormatChecker()).validate(json.loads(text))


@pytest.mark.parametrize("kind", sorted(EVERY_KIND))
def test_every_result_and_its_tables_follow_the_published_schemas(kind):
    result = EVERY_KIND[kind]()
    check("evaluation-result", result_json(result))
    check("dishes", result.dish.to_json())
    check("evaluations", result.evaluation.to_json())
    check("action-sequences", result.action_sequence.to_json())
    check("feedback", result.feedback.to_json())


def test_the_schema_refuses_a_result_with_a_part_missing_or_unknown():
    whole = json.loads(result_json(sample_result()))
    validator = Draft202012Validator(schemas()["evaluation-result"])
    assert not validator.is_valid({k: v for k, v in whole.items() if k != "scorecard"})
    assert not validator.is_valid({**whole, "mood": "good"})
    whole["scorecard"]["overall"] = 101
    assert not validator.is_valid(whole)


@pytest.mark.parametrize("kind", sorted(EVERY_KIND))
def test_the_json_reads_back_as_the_same_result(kind):
    result = EVERY_KIND[kind]()
    text = result_json(result)
    assert EvaluationResult.model_validate_json(text) == result
    assert json.loads(text)["schemaVersion"] == "1.0"
    assert text.endswith("}\n")


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_committed_schemas_are_the_generated_ones(name):
    committed = (COMMITTED / f"{name}.schema.json").read_text("utf-8")
    assert committed == schema_text(schemas()[name]), "run python -m bharatchef.report.schemas docs/schemas"


def test_all_schemas_are_written_where_they_are_wanted(tmp_path):
    written = write_schemas(tmp_path / "new")
    assert {path.name for path in written} == {f"{name}.schema.json" for name in schemas()}
    assert all((COMMITTED / path.name).read_bytes() == path.read_bytes() for path in written)


@pytest.mark.parametrize("name", sorted(schemas()))
def test_each_schema_is_one(name):
    Draft202012Validator.check_schema(schemas()[name])


def test_the_markdown_card_tells_score_level_categories_mistakes_and_cost():
    card = scorecard_markdown(sample_result())
    assert "**Overall 86.2 of 100** (between 74 and 92), 65 % assessed" in card
    assert "Level: **Demi-chef**, provisional" in card
    assert "| Step sequence | 80 | one step out of order |" in card
    assert "| Plating | not assessed | no plate was shown |" in card
    assert re.search(r"^1\. You poured in the eggs", card, re.M)
    assert "Cost: ₹0.00" in card


def test_a_name_cannot_break_the_markdown():
    result = sample_result()
    name = "<script>x</script> | a\n# b [c](javascript:d)"
    card = scorecard_markdown(with_parts(result, dish=result.dish.model_copy(update={"name": name})))
    first = card.splitlines()[0]
    assert first == r"# \<script\>x\</script\> \| a \# b \[c\]\(javascript:d\)"


def test_the_table_of_steps_has_a_row_a_step_and_one_for_what_was_done_besides():
    rows = steps_table(sample_result())
    assert [row["state"] for row in rows] == [
        "Done",
        "Too short",
        "Out of order",
        "Not seen",
        "Not a step of the dish",
    ]
    assert rows[1]["asked"] == "10 to 40 s, medium heat, after step 1"
    assert rows[1]["done"] == "0:45 to 0:50 (5 s)"
    assert "70 % sure" in rows[1]["differences"]

"""What docs/dishes.md teaches is true: its example is a sound dish, and it names every word of the form."""

import re
from pathlib import Path

from knowledge_base.authoring import DishFile
from knowledge_base.checking import check_bytes

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "dishes.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_example_is_a_sound_dish() -> None:
    checked = check_bytes(BLOCKS[0].encode(), Path("nimbu-pani.yaml"))
    assert checked.problems == ()
    assert checked.dish is not None
    assert [step.step_id for step in checked.dish.expected_steps][-1] == "serve"
    assert checked.dish.version == "1.0"


def test_the_example_of_repeated_steps_is_an_edge_of_the_form() -> None:
    edge = BLOCKS[1].split("- step:")[1].rstrip()
    rolling = "  - id: roll-paratha\n    action: roll\n    text: Roll.\n    how_often: 2\n"
    text = BLOCKS[0].replace("  - id: serve\n", f"{rolling}\n  - id: serve\n    how_often: 2\n")
    text = text.replace("      - step: stir\n", f"      - step:{edge}\n      - step: stir\n")
    checked = check_bytes(text.encode(), Path("nimbu-pani.yaml"))
    assert checked.problems == ()
    assert checked.dish is not None
    assert checked.dish.step("serve").must_come_after[0].times == (2, 2)


def test_the_table_names_every_word_that_may_be_written() -> None:
    rows = dict(re.findall(r"^\| (the dish|an? [a-z ]+?) \| (.*)\|$", PAGE, re.MULTILINE))
    lists = {"the dish": DishFile}
    for name, key in [("an ingredient", "ingredients"), ("a safety rule", "safety"), ("a step", "steps")]:
        lists[name] = DishFile.model_fields[key].annotation.__args__[0]
    step = lists["a step"]
    lists["a technique point"] = step.model_fields["technique"].annotation.__args__[0]
    lists["an edge"] = step.model_fields["must_come_after"].annotation.__args__[0]
    assert set(rows) == set(lists)
    for name, model in lists.items():
        must, may = rows[name].split("|")[:2]
        fields = model.model_fields.items()
        assert set(re.findall(r"`(\w+)`", must)) == {key for key, field in fields if field.is_required()}
        assert set(re.findall(r"`(\w+)`", may)) == {key for key, field in fields if not field.is_required()}

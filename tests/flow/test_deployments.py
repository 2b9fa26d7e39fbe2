"""The deployments of prefect.yaml: what they are, what each may be given, and what a wrong file is told."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

from bharatchef.errors import ConfigurationError
from flows.deploy_check import graph, main
from flows.deployments import PREFECT_FILE, Deployment, read_prefect_file
from flows.serve import served

GRAPH = Path(__file__).with_name("deployments.json")
SOUND = """
    name: bharatchef
    prefect-version: 3.8.8
    deployments:
      - name: one-local
        entrypoint: flows/evaluate_video.py:evaluate_video
        description: One.
"""


def written(path: Path, text: str) -> Path:
    path.write_text(dedent(text))
    return path


def test_the_deployments_are_these():
    kept = json.loads(GRAPH.read_text())
    assert graph(read_prefect_file()) == kept, (
        f"the deployments changed; if that was meant: python -m flows.deploy_check --graph >{GRAPH.name}"
    )


def test_the_file_is_sound_and_make_deploy_check_says_so(capsys):
    assert main([]) == 0
    count = len(read_prefect_file().deployments)
    assert count >= 6
    assert f"{count} deployments are sound" in capsys.readouterr().out


def test_schedules_are_in_the_time_of_india():
    schedules = [s for d in read_prefect_file().deployments for s in d.schedules]
    assert len(schedules) >= 3
    assert {schedule.timezone for schedule in schedules} == {"Asia/Kolkata"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("        cpu: 2048", "        cpus: 2048"), "job variable 'cpus' is not known"),
        (("  - flows.deployments.package_version:", "  - flows.deployments.no_such:"), "there is no step"),
        (('version: "{{ package.version }}"', "version: '1'"), "expected the version"),
        (("$BHARATCHEF_WORKER_IMAGE", "image.tag"), "nothing fills in {{ image.tag }}"),
        (('"30 3 * * *"', '"30 25 * * *"'), "expected a cron line"),
        (("name: evaluate-video\n", "name: evaluate-all-local\n"), "say different things"),
        (("    pull: *in-the-image\n\n  - name: build-know", "\n  - name: build-know"), "expected pull"),
        (("name: bharatchef-ecs", "name: bharatchef-eks"), "is none of"),
        (("flows/evaluate_video.py:evaluate_video", "flows/evaluate_video.py:evaluate"), "names no flow"),
        (("{package: yolov8}", "{pack: yolov8}"), "do not fit the flow"),
        (("tags: [evaluate, aws]", "parameters: {request: {dish: tea}}"), "do not fit the flow"),
    ],
)
def test_what_prefect_would_take_without_a_word_is_refused(tmp_path, capsys, change, said):
    text = PREFECT_FILE.read_text()
    assert change[0] in text
    path = tmp_path / "prefect.yaml"
    path.write_text(text.replace(*change, 1))
    assert main([str(path)]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("Asia/Kolkata", "Asia/Bombay2"), "time zone"),
        (("        slug: yolov8\n", ""), "expected a slug beside parameters"),
    ],
)
def test_a_schedule_that_is_none_is_refused(tmp_path, capsys, change, said):
    path = tmp_path / "prefect.yaml"
    path.write_text(PREFECT_FILE.read_text().replace(*change, 1))
    assert main([str(path)]) != 0
    assert said in capsys.readouterr().err


def test_every_deployment_runs_a_flow_whose_parameters_are_described():
    for deployment in read_prefect_file().deployments:
        schema = served(deployment)._parameter_openapi_schema
        described = [name for record in schema.definitions.values() for name in record["properties"]]
        assert described
        for record in schema.definitions.values():
            assert record["description"]
            assert all(field.get("description") for field in record["properties"].values()), record


def test_what_may_be_asked_of_an_evaluation_is_this():
    (deployment,) = (d for d in read_prefect_file().deployments if d.name == "evaluate-video-local")
    request = served(deployment)._parameter_openapi_schema.definitions["EvaluationRequest"]
    assert request["required"] == ["dish_id"]
    assert request["additionalProperties"] is False
    assert set(request["properties"]) == {
        "dish_id",
        "user_id",
        "film_key",
        "film_name",
        "film_version",
        "side_version",
        "side_key",
        "side_name",
        "segments_key",
        "segments_name",
        "segments_fps",
        "language",
        "rescore_of",
        "force",
    }


def test_all_that_a_local_deployment_says_reaches_prefect():
    made = served(
        Deployment(
            name="nightly-local",
            entrypoint="flows/evaluate_video.py:evaluate_video",
            description="Every night.",
            tags=["night"],
            version="7",
            schedules=[
                {
                    "cron": "0 2 * * *",
                    "timezone": "Asia/Kolkata",
                    "active": False,
                    "slug": "tea",
                    "parameters": {"request": {"dish_id": "masala-chai"}},
                }
            ],
            concurrency_limit={"limit": 2, "collision_strategy": "CANCEL_NEW"},
        )
    )
    assert (made.name, made.description, made.tags, made.version) == (
        "nightly-local",
        "Every night.",
        ["night"],
        "7",
    )
    assert made.concurrency_limit == 2
    assert made.concurrency_options.collision_strategy == "CANCEL_NEW"
    (schedule,) = made.schedules
    assert (schedule.schedule.cron, schedule.schedule.timezone, schedule.active) == (
        "0 2 * * *",
        "Asia/Kolkata",
        False,
    )
    assert (schedule.slug, schedule.parameters) == ("tea", {"request": {"dish_id": "masala-chai"}})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("description:", "descripton:"), "deployments.0.descripton is not known there"),
        (("prefect-version", "prefect-versoin"), "prefect_versoin"),
        (("description: One.", "concurrency_limit: {limt: 1}"), "limt is not known there"),
        (("description: One.", "description: One.\n        concurrency_limit: {limit: 0}"), "greater than"),
        (("name: one-local", "nam: one-local"), "nam"),
        ((SOUND, ""), "Expected name"),
        ((SOUND, "- a\n- b\n"), "Expected name"),
        (("name: bharatchef", "name: [bharatchef"), "is not YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(tmp_path, change, said):
    path = written(tmp_path / "prefect.yaml", SOUND.replace(*change))
    with pytest.raises(ConfigurationError) as raised:
        read_prefect_file(path)
    assert said in raised.value.message
    assert "prefect.yaml" in raised.value.message


def test_two_deployments_of_one_name_are_refused(tmp_path):
    again = SOUND + SOUND[SOUND.index("      - name") :]
    path = written(tmp_path / "prefect.yaml", again)
    with pytest.raises(ConfigurationError, match="two deployments are called one-local"):
        read_prefect_file(path)


@pytest.mark.parametrize("entrypoint", ["flows/nothing.py:evaluate_video", "flows/serve.py:nothing", ""])
def test_an_entrypoint_without_a_flow_is_named(entrypoint):
    deployment = Deployment(name="one-local", entrypoint=entrypoint, description="One.")
    with pytest.raises(ConfigurationError, match="names no flow"):
        deployment.flow()


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"nothing\.yaml"):
        read_prefect_file(tmp_path / "nothing.yaml")

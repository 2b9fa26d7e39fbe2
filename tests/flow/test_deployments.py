"""The deployments of prefect.yaml: what they are, what each may be given, and what a wrong file is told."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from bharatchef.errors import ConfigurationError
from flows.deployments import Deployment, read_prefect_file
from flows.serve import served

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
    found = read_prefect_file()
    assert found.name == "bharatchef"
    assert {
        deployment.name: (
            deployment.entrypoint,
            deployment.is_local,
            deployment.tags,
            deployment.concurrency_limit and deployment.concurrency_limit.model_dump(),
            deployment.parameters,
            deployment.schedules,
            deployment.enforce_parameter_schema,
        )
        for deployment in found.deployments
    } == {
        "evaluate-video-local": (
            "flows/evaluate_video.py:evaluate_video",
            True,
            ["evaluate"],
            {"limit": 1, "collision_strategy": "ENQUEUE"},
            {},
            [],
            True,
        ),
        "build-knowledge-base-local": (
            "flows/build_knowledge_base.py:build_knowledge_base",
            True,
            ["knowledge"],
            {"limit": 1, "collision_strategy": "ENQUEUE"},
            {},
            [],
            True,
        ),
    }


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
        "side_key",
        "side_name",
        "segments_key",
        "segments_name",
        "segments_fps",
        "language",
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
            schedules=[{"cron": "0 2 * * *", "timezone": "Asia/Kolkata", "active": False}],
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

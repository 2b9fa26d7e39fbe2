"""Homes with something of everything in them, and all that a home holds as one value."""

from __future__ import annotations

import json
from pathlib import Path

from samples import MOMENT, sample_evaluation, sample_result

from adapters import build_ports
from bharatchef.records import User
from bharatchef.settings import Settings, load_settings
from tasks.publishing import publish


def filled_home(home: Path, work: str = "w") -> Settings:
    """A home with a published evaluation, a user, a film, a dish and a model."""
    settings = load_settings(home=home)
    ports = build_ports(settings)
    ports.evaluations.put_user(User(user_id="asha", created_at=MOMENT))
    ports.objects.put_bytes("films/film.mp4", f"film of {work} ".encode() * 2_000, "video/mp4")
    claimed = ports.evaluations.claim(sample_evaluation(f"ev-{work}", work=work), "one", 60).evaluation
    publish(ports, sample_result(claimed).model_copy(update={"stills": ()}), f"<html>{work}</html>", "one")
    settings.dishes_dir.mkdir()
    (settings.dishes_dir / "own-dish.yaml").write_text(f"name: {work}\n")
    package = settings.models_dir / "actions"
    package.mkdir(parents=True)
    (package / "model.json").write_text(json.dumps({"name": work}))
    (package / "weights.onnx").write_bytes(f"weights of {work}".encode() * 1_000)
    return settings


def state(settings: Settings) -> dict[str, object]:
    """All that a home holds, as one value that can be compared."""
    ports = build_ports(settings)
    files = {
        path.relative_to(settings.home).as_posix(): path.read_bytes()
        for folder in (settings.dishes_dir, settings.models_dir)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    notices = settings.home / "notifications.jsonl"
    return {
        "objects": {key: ports.objects.get_bytes(key) for key in ports.objects.list_keys("")},
        "evaluations": ports.evaluations.find(""),
        "feedback": [ports.evaluations.feedback(e.evaluation_id) for e in ports.evaluations.find("")],
        "user": ports.evaluations.user("asha"),
        "notices": notices.read_bytes() if notices.exists() else b"",
        "files": files,
    }

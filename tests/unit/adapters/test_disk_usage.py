"""What the home takes up, by what it is for."""

from __future__ import annotations

import os
from pathlib import Path

from samples import sample_evaluation

from adapters import build_ports
from adapters.local.disk import disk_usage
from bharatchef.settings import load_settings


def test_an_empty_home_takes_nothing(tmp_path: Path) -> None:
    usage = disk_usage(load_settings(home=tmp_path / "none"))
    assert set(usage) == {"objects", "records", "dishes", "models", "prefect", "other"}
    assert sum(usage.values()) == 0
    assert not (tmp_path / "none").exists()


def test_each_part_is_counted_once_and_links_are_not_followed(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path / "home")
    ports = build_ports(settings)
    ports.objects.put_bytes("films/one.mp4", b"x" * 500_000, "video/mp4")
    ports.evaluations.claim(sample_evaluation(), "one", 60)
    settings.models_dir.mkdir()
    (settings.models_dir / "weights.bin").write_bytes(b"w" * 100_000)
    (settings.models_dir / "second-name.bin").hardlink_to(settings.models_dir / "weights.bin")
    (settings.models_dir / "outside").symlink_to(Path(os.__file__).parent)
    settings.prefect_home.mkdir()
    (settings.prefect_home / "prefect.db").write_bytes(b"p" * 30_000)
    usage = disk_usage(settings)
    assert 500_000 <= usage["objects"] < 520_000
    assert 100_000 <= usage["models"] < 110_000
    assert 30_000 <= usage["prefect"] < 40_000
    assert usage["records"] >= settings.database.stat().st_size
    assert usage["dishes"] == 0

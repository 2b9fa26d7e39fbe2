"""Films: H.264 with the right size, rate and rotation; truth and segments that agree with the script."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from kitchen_sim.errors import DrawingError
from kitchen_sim.film import draw_film, raw_frames, segments_path, truth_path
from kitchen_sim.planting import plant
from kitchen_sim.scene import Scene
from kitchen_sim.sheet import example_script
from kitchen_sim.truth import actions_per_second, frame_span, segments_of, truth_of


def test_a_film_is_h264_and_says_that_it_is_drawn(tmp_path: Path) -> None:
    script = example_script("stir", seed=4, width_px=192, height_px=108, fps=29.97)
    seen: list[tuple[int, int]] = []
    done = draw_film(script, tmp_path / "a.mp4", lambda k, n: seen.append((k, n)))
    assert seen[-1] == (script.frames, script.frames)
    assert len(seen) == script.frames
    with av.open(str(done.film)) as film:
        stream = film.streams.video[0]
        assert not film.streams.audio
        assert stream.codec_context.name == "h264"
        assert (stream.width, stream.height) == (192, 108)
        assert stream.average_rate == Fraction(30000, 1001)
        assert "drawn" in film.metadata["title"]
        assert "drawn" in film.metadata["comment"]
        times = [float(frame.time) for frame in film.decode(stream)]
    assert len(times) == script.frames
    assert times[-1] == pytest.approx((script.frames - 1) * 1001 / 30000, abs=1e-3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4", "a.segments.json", "a.truth.json"]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("size", [(192, 108), (108, 192)])
def test_a_turned_film_is_shown_upright(tmp_path: Path, chai, rotation: int, size: tuple[int, int]) -> None:
    script = chai(width_px=size[0], height_px=size[1], rotation_degrees=rotation, fps=2.0, bit_rate_mbit=1.0)
    done = draw_film(script, tmp_path / "turned.mov")
    with av.open(str(done.film)) as film:
        frame = next(film.decode(video=0))
        turn = round(frame.rotation) % 360
        coded = frame.to_ndarray(format="bgr24")
    assert turn == rotation
    shown = np.rot90(coded, turn // 90)
    assert shown.shape == (size[1], size[0], 3)
    drawn = next(iter(raw_frames(script)))
    assert np.abs(shown.astype(int) - drawn.astype(int)).mean() < 12


def test_ffmpeg_shows_a_turned_film_upright(tmp_path: Path, chai) -> None:
    """A second player agrees about which way the turn goes."""
    script = chai(rotation_degrees=90, fps=2.0, bit_rate_mbit=1.0)
    done = draw_film(script, tmp_path / "turned.mp4")
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        str(done.film),
        "-frames:v",
        "1",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "bgr24",
        "-",
    ]
    try:
        shown = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    except FileNotFoundError:
        pytest.skip("the ffmpeg command is not here")
    picture = np.frombuffer(shown, np.uint8).reshape(108, 192, 3)
    assert np.abs(picture.astype(int) - next(iter(raw_frames(script))).astype(int)).mean() < 12


def test_truth_agrees_with_the_script_to_the_frame(chai) -> None:
    script = chai(fps=24.0)
    truth = truth_of(Scene(script), "a.mp4", "0" * 64)
    assert truth["drawn"] is True
    assert truth["film"]["frames"] == script.frames
    for step, row in zip(script.steps, truth["steps"], strict=True):
        assert row["stepId"] == step.step_id
        inside = [k for k in range(script.frames) if script.step_at(k / script.fps) is step]
        assert (inside[0], inside[-1] + 1) == (row["startFrame"], row["endFrame"])
        assert inside == list(range(*frame_span(script, step.start_s, step.end_s)))
    assert len(truth["actionsPerSecond"]) == int(np.ceil(script.duration_s))
    for second, label in enumerate(truth["actionsPerSecond"][:-1]):
        middle = script.step_at(second + 0.5)
        whole = script.step_at(second) is script.step_at(second + 0.96) is middle
        if whole:
            assert label == ("background" if middle is None else middle.action)


def test_boxes_and_flames_of_the_truth_are_what_is_drawn(chai) -> None:
    script = chai(fps=10.0)
    scene = Scene(script)
    truth = truth_of(scene, "a.mp4", "0" * 64)
    for row in truth["boxes"]:
        x0, y0, x1, y1 = row["box"]
        assert 0 <= x0 < x1 <= 1
        assert 0 <= y0 < y1 <= 1
    labels = {row["label"] for row in truth["boxes"]}
    assert {"hand", "stove", "board", "saucepan", "cup", "flame", "strainer", "pestle"} <= labels
    lit = {row["timeSeconds"] for row in truth["flame"] if row["flame"] != "off"}
    assert lit == {row["timeSeconds"] for row in truth["boxes"] if row["label"] == "flame"}
    for row in truth["flame"]:
        assert (row["flame"], row["level"]) == scene.flame(row["timeSeconds"])


def test_what_a_box_holds_is_where_the_picture_changes(chai) -> None:
    """Where only the hands move between two moments, the change lies inside the boxes of what moved."""
    script = chai(width_px=320, height_px=180, camera="front", seed=12)
    scene = Scene(script)
    crush = next(s for s in script.steps if s.step_id == "crush")
    times = (crush.start_s + 1.6, crush.start_s + 1.8)
    changed = np.abs(np.subtract(*(scene.frame(t).astype(int) for t in times))).sum(-1) > 90
    inside = np.zeros_like(changed)
    for time_s in times:
        for box in scene.boxes(time_s):
            if box.label in ("hand", "pestle"):
                x0, y0, x1, y1 = box.box
                inside[
                    int(y0 * 180) : int(np.ceil(y1 * 180)) + 1, int(x0 * 320) : int(np.ceil(x1 * 320)) + 1
                ] = True
    assert changed[inside].sum() > 30


@pytest.mark.parametrize(
    ("kind", "step_id", "deviation"),
    [
        ("skipped", "tea", "missing"),
        ("swapped", "milk", "out_of_order"),
        ("repeated", "simmer", "repeated"),
        ("too_long", "strain", "too_long"),
        ("too_short", "simmer", "too_short"),
        ("heat_too_high", "simmer", "wrong_heat"),
        ("heat_too_low", "boil", "wrong_heat"),
        ("wrong_ingredient", "milk", "wrong_ingredient"),
        ("missing_ingredient", "spice", "wrong_ingredient"),
        ("poor_plating", "strain", "poor_plating"),
    ],
)
def test_planted_mistakes_are_named_in_the_truth(chai, kind, step_id: str, deviation: str) -> None:
    planted = Scene(plant(chai(), kind, step_id))
    truth = truth_of(planted, "a.mp4", "0" * 64)
    (mistake,) = truth["mistakes"]
    assert (mistake["kind"], mistake["stepId"], mistake["deviation"]) == (kind, step_id, deviation)
    if kind == "skipped":
        assert mistake["startTime"] is None
    else:
        segment = [s for s in truth["steps"] if s["startTime"] == mistake["startTime"]]
        assert [s["stepId"] for s in segment] == [step_id]
    before, after = segments_of(Scene(chai())), segments_of(planted)
    assert before != after


def test_segments_show_ingredients_heat_and_plate(chai) -> None:
    def used(script) -> set[str]:
        return {row["ingredient"] for row in segments_of(Scene(script))["ingredients"]}

    script = chai()
    assert used(script) == {"ginger", "cardamom", "water", "tea-leaves", "milk"}
    assert "tea-leaves" not in used(plant(script, "skipped", "tea"))
    assert {"buttermilk"} == used(plant(script, "wrong_ingredient", "milk")) - used(script)
    segments = segments_of(Scene(plant(plant(script, "heat_too_high", "simmer"), "poor_plating")))
    simmer = next(s for s in segments["segments"] if s["stepId"] == "simmer")
    (mark,) = [
        h
        for h in segments["heat"]
        if h["startTime"] <= simmer["startTime"] and h["endTime"] >= simmer["endTime"]
    ]
    assert mark["level"] == "high"
    assert segments["plate"]["likeness"] < segments_of(Scene(script))["plate"]["likeness"]
    assert segments["plate"]["remarks"]
    assert segments["source"] == {"kind": "drawn_truth", "name": "kitchen_sim"}
    for row in segments["ingredients"]:
        assert any(s["startTime"] <= row["timeSeconds"] <= s["endTime"] for s in segments["segments"])


def test_nothing_is_plated_where_nothing_was_served(chai) -> None:
    assert "plate" not in segments_of(Scene(plant(chai(), "skipped", "strain")))


def test_a_film_that_is_stopped_leaves_nothing(tmp_path: Path, chai) -> None:
    def stop(done: int, _frames: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_film(chai(), tmp_path / "a.mp4", stop)
    assert list(tmp_path.iterdir()) == []


def test_a_film_drawn_again_replaces_the_old_one_whole(tmp_path: Path, chai) -> None:
    film = tmp_path / "a.mp4"
    draw_film(chai(fps=2.0), film)
    first = truth_path(film).read_text()
    draw_film(plant(chai(fps=2.0), "skipped", "tea"), film)
    assert truth_path(film).read_text() != first
    assert json.loads(segments_path(film).read_text())["dish"] == "tea"


def test_other_endings_are_refused(tmp_path: Path, chai) -> None:
    with pytest.raises(DrawingError, match=r"\.mp4 or \.mov"):
        draw_film(chai(), tmp_path / "a.avi")


def test_the_command_draws_a_script(tmp_path: Path, chai) -> None:
    from kitchen_sim.script import script_text

    given, film = tmp_path / "s.yaml", tmp_path / "f" / "s.mp4"
    given.write_text(script_text(chai(fps=2.0)), encoding="utf-8")
    command = [sys.executable, "-m", "kitchen_sim", "draw"]
    done = subprocess.run([*command, given, film], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert truth_path(film).is_file()
    none = tmp_path / "none.yaml"
    bad = subprocess.run([*command, none, film], capture_output=True, text=True, timeout=60, check=False)
    assert bad.returncode == 4
    assert "none.yaml" in bad.stderr
    assert "Traceback" not in bad.stderr


def test_labels_a_second_go_by_most_frames(chai) -> None:
    script = chai(fps=10.0)
    labels = actions_per_second(script)
    step = script.steps[0]
    second = int(step.start_s)
    share = second + 1 - step.start_s
    assert labels[second] == (step.action if share >= 0.5 else "background")

"""Small films, segments and model packages for tests that run the whole flow."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from textwrap import dedent

import av
import numpy as np

from knowledge_base.library import DishLibrary


def write_film(path: Path, seconds: float, fps: int = 6, size: tuple[int, int] = (320, 240)) -> Path:
    """A film with a moving picture of some light and detail, ``seconds`` long."""
    width, height = size
    noise = np.random.default_rng(7).integers(60, 200, (height, width * 2, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "30"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(round(seconds * fps)):
            shift = number % 8
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(noise[:, shift : shift + width]), format="rgb24"
            )
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def correct_segments(dish_id: str, stretch: float = 1.2) -> list[dict[str, object]]:
    """A correct performance of a dish: every step in the file's order, a little over its shortest time."""
    rows, now = [], 0.0
    for step in DishLibrary().get(dish_id).expected_steps:
        for _ in range(step.required_count):
            length = step.duration.min_s * stretch if step.duration else 5.0
            rows.append({"stepId": step.step_id, "startTime": now, "endTime": now + length})
            now += length + 1
    return rows


def write_segments(path: Path, dish_id: str, rows: list[dict[str, object]], **more: object) -> Path:
    """A segments file in our own JSON."""
    path.write_text(
        json.dumps(
            {
                "format": "bharatchef-segments",
                "version": 1,
                "source": {"kind": "person", "name": "the instructor"},
                "dish": dish_id,
                "segments": rows,
                **more,
            }
        )
    )
    return path


def write_counting_package(models: Path, analyser: str, calls: Path, sleep_s: float = 0.0) -> Path:
    """A model package that answers from what it decodes, and notes each call in ``calls``, begun and done.

    Its "actions" are the brightness of the picture: whoever wants to know whether a piece was really
    looked at finds it in the answer.
    """
    folder = models / f"counting-{analyser}"
    folder.mkdir(parents=True)
    weights = json.dumps({"scale": 1.0, "for": analyser}).encode()
    (folder / "weights.json").write_bytes(weights)
    answer = {
        "actions": """
            {"format": "bharatchef-actions", "version": 1, "labels": ["background", "pour"],
             "times": times, "probabilities": [[1 - light, light] for light in lights]}""",
        "objects": """
            {"format": "bharatchef-objects", "version": 1, "labels": ["milk", "sugar"],
             "times": times, "detections": [
                {"time": t, "label": "milk", "confidence": light, "box": [0.1, 0.1, 0.5, 0.5]}
                for t, light in zip(times, lights)]}""",
        "heat": """
            {"format": "bharatchef-heat", "version": 1, "samples": [
                {"time": t, "flame": "blue", "level": light, "confidence": 0.9, "burningRisk": 0.0}
                for t, light in zip(times, lights)]}""",
    }[analyser]
    (folder / "inference.py").write_text(
        dedent(
            f"""
            import io, json, os, time
            import av

            def note(word, body):
                with open({str(calls)!r}, "a") as file:
                    file.write(json.dumps([{analyser!r}, word, len(body), hash(body), os.getpid()]) + "\\n")

            def model_fn(model_dir):
                return json.load(open(os.path.join(model_dir, "weights.json")))

            def input_fn(body, content_type):
                assert content_type == "video/mp4", content_type
                return body

            def predict_fn(body, model):
                note("asked", body)
                times, lights = [], []
                with av.open(io.BytesIO(body)) as container:
                    for frame in container.decode(video=0):
                        if not times or frame.time - times[-1] >= 1.0:
                            times.append(frame.time)
                            gray = frame.to_ndarray(format="gray")
                            lights.append(float(gray.mean()) / 255 * model["scale"])
                time.sleep({sleep_s})
                note("answered", body)
                return times, lights

            def output_fn(prediction, accept):
                times, lights = prediction
                return json.dumps({answer.strip()})
            """
        )
    )
    (folder / "model.json").write_text(
        json.dumps(
            {
                "analyser": analyser,
                "name": f"counting-{analyser}",
                "version": "1.0.0",
                "inference": "inference.py",
                "weights": "weights.json",
                "weights_sha256": hashlib.sha256(weights).hexdigest(),
                "trained_on": "nothing: it measures brightness",
                "engine": "Python",
            }
        )
    )
    return folder

"""Films that can be examples for others, drawn in a moment, and model packages that count their calls."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from textwrap import dedent

import av
import numpy as np


def write_expert_film(
    path: Path, seed: int, seconds: float = 24, fps: int = 15, size: tuple[int, int] = (342, 256)
) -> Path:
    """A still kitchen in which something moves; another ``seed`` is another film."""
    width, height = size
    choose = np.random.default_rng(seed)
    room = choose.integers(70, 190, (height // 8, width // 8 + 1, 3), dtype=np.uint8)
    room = np.kron(room, np.ones((8, 8, 1), np.uint8))[:height, :width]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "28"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(round(seconds * fps)):
            picture = room.copy()
            left = (number * 3) % (width - 40)
            picture[height // 2 : height // 2 + 30, left : left + 40] = (230, 230, 220)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_counting_plate(models: Path, calls: Path) -> Path:
    """A plate package that sees a plate in every picture, embeds films, and notes each call in ``calls``."""
    folder = models / "counting-plate"
    folder.mkdir(parents=True)
    weights = b"{}"
    (folder / "weights.json").write_bytes(weights)
    (folder / "inference.py").write_text(
        dedent(
            f"""
            import io, json
            import av

            def model_fn(model_dir):
                return None

            def input_fn(body, content_type):
                with open({str(calls)!r}, "a") as file:
                    file.write(json.dumps(["plate", "answered", len(body), hash(body), 0]) + "\\n")
                return body, content_type

            def predict_fn(asked, model):
                body, content_type = asked
                if content_type == "image/jpeg":
                    return None
                times, rows = [], []
                with av.open(io.BytesIO(body)) as container:
                    for frame in container.decode(video=0):
                        if not times or frame.time - times[-1] >= 1.0:
                            times.append(frame.time)
                            mean = frame.to_ndarray(format="rgb24").mean(axis=(0, 1))
                            rows.append([float(value) + 1.0 for value in mean])
                return times, rows

            def output_fn(found, accept):
                if found is None:
                    answer = {{"format": "bharatchef-plate", "version": 1, "plateSeen": 0.9, "dishes": []}}
                    return json.dumps(answer)
                return json.dumps({{"format": "bharatchef-embeddings", "version": 1, "model": "mean-colour",
                                    "times": found[0], "embeddings": found[1]}})
            """
        )
    )
    (folder / "model.json").write_text(
        json.dumps(
            {
                "analyser": "plate",
                "name": "counting-plate",
                "version": "1.0.0",
                "inference": "inference.py",
                "weights": "weights.json",
                "weights_sha256": hashlib.sha256(weights).hexdigest(),
                "trained_on": "nothing: it measures colour",
                "engine": "Python",
            }
        )
    )
    return folder

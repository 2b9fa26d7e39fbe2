"""Model packages that really compute, made for a test, and real films to ask them about."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import av
import numpy as np

# Tells bright seconds from dark ones: a model, if a small one. Its threshold is its weights.
BRIGHTNESS = """
import io, json
from pathlib import Path
import av, numpy as np

def model_fn(model_dir):
    text = Path(model_dir, "weights.json").read_text()
    Path(model_dir, "loads").open("a").write("x")
    return json.loads(text)["threshold"]

def input_fn(body, content_type):
    if content_type != "video/mp4":
        raise ValueError(f"expected video/mp4, got {content_type}")
    with av.open(io.BytesIO(body), format="mp4") as film:
        return [(float(f.time), float(f.to_ndarray(format="gray").mean())) for f in film.decode(video=0)]

def predict_fn(data, model):
    seconds = {}
    for time, value in data:
        seconds.setdefault(int(time), []).append(value)
    return [(s + 0.5, 0.95 if np.mean(v) > model else 0.05) for s, v in sorted(seconds.items())]

def output_fn(prediction, accept):
    assert accept == "application/json"
    return json.dumps({
        "format": "bharatchef-actions", "version": 1, "labels": ["background", "stir"],
        "times": [t for t, _ in prediction], "probabilities": [[1 - p, p] for _, p in prediction],
    }), accept
"""


def package(root: Path, name: str = "brightness", code: str = BRIGHTNESS, **manifest: Any) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    weights = json.dumps({"threshold": 100}).encode()
    (folder / "weights.json").write_bytes(weights)
    (folder / "inference.py").write_text(code)
    whole = {
        "analyser": "actions",
        "name": name,
        "version": "1.0",
        "inference": "inference.py",
        "weights": "weights.json",
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "trained_on": "nothing: a threshold set by hand",
        "engine": "numpy",
    }
    (folder / "model.json").write_text(json.dumps(whole | manifest))
    return folder


def film(*brightness: int, fps: int = 15, size: tuple[int, int] = (64, 48)) -> bytes:
    """A real H.264 film; each second has the grey value given."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for value in brightness:
            for _ in range(fps):
                picture = np.full((size[1], size[0], 3), value, dtype=np.uint8)
                out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    return buffer.getvalue()


def answering(line: str) -> str:
    """A package whose ``output_fn`` does ``line``."""
    head = "def model_fn(d): return 1\ndef input_fn(b, c): return b\ndef predict_fn(x, m): return x\n"
    return head + f"def output_fn(p, a):\n    {line}\n"

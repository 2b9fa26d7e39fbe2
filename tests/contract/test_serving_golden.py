"""The same requests get the same answers wherever a model package runs."""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hosting import hosted
from looking import analyse_actions
from model_folders import BRIGHTNESS, answering, film, package

from adapters.local.building import build_local_ports
from adapters.local.hosted import HostedModels
from adapters.local.models import LocalModels
from bharatchef.errors import EndpointError
from bharatchef.observed import ActionProbabilities, Analyser, Chunk, ModelIdentity, Unavailable
from bharatchef.ports import Models
from bharatchef.settings import load_settings
from model_packages.serving.mar import mar
from model_packages.serving.torchserve import TorchServe, missing, torchserve

# Where packages run; another way joins by its name here and a branch in ``models``.
SIDES = ("in process", "asgi host", "torchserve")
VIDEO = "video/mp4"


@dataclass(frozen=True)
class Golden:
    """A request to a package, and what comes of it: an answer, or a failure that may pass or not."""

    code: str
    body: bytes
    content_type: str
    answer: dict[str, Any] | None = None
    retryable: bool = False


def seconds(*stirring: float) -> dict[str, Any]:
    return {
        "format": "bharatchef-actions",
        "version": 1,
        "labels": ["background", "stir"],
        "times": [0.5 + s for s in range(len(stirring))],
        "probabilities": [[1 - p, p] for p in stirring],
    }


def failing(error: str, status: int = 0) -> str:
    return answering(f"e = {error}; e.status_code = {status}; raise e" if status else f"raise {error}")


# TorchServe takes seconds to start and holds one package: this one runs, for each body, the code that the
# body begins with, so that all golden requests are asked of one TorchServe with two workers.
ONE_FOR_ALL = """
import io, json, struct
from pathlib import Path

def model_fn(model_dir):
    return model_dir, {}

def input_fn(body, content_type):
    length, = struct.unpack("!i", body[:4])
    code, rest = body[4:4 + length].decode(), body[4 + length:]
    module = {}
    exec(code, module)
    return module, module["input_fn"](rest, content_type)

def predict_fn(data, model):
    module, read = data
    return module, module["predict_fn"](read, module["model_fn"](model[0]))

def output_fn(prediction, accept):
    module, predicted = prediction
    return module["output_fn"](predicted, accept)
"""


class Wrapped:
    """The models port for one package's code, asked of the TorchServe that runs any."""

    def __init__(self, code: str, behind: Models) -> None:
        self._code = code.encode()
        self._behind = behind

    def identify(self, analyser: Analyser) -> ModelIdentity | Unavailable:
        return self._behind.identify(analyser)

    def invoke(self, analyser: Analyser, body: bytes, content_type: str) -> Mapping[str, Any]:
        whole = struct.pack("!i", len(self._code)) + self._code + body
        return self._behind.invoke(analyser, whole, content_type)


GOLDEN = {
    "dark and bright": Golden(BRIGHTNESS, film(20, 220, 20), VIDEO, seconds(0.05, 0.95, 0.05)),
    "bright": Golden(BRIGHTNESS, film(220), VIDEO, seconds(0.95)),
    "a slow film": Golden(BRIGHTNESS, film(20, 30, 220, 210, fps=2), VIDEO, seconds(0.05, 0.05, 0.95, 0.95)),
    "no film": Golden(BRIGHTNESS, b"no film at all", VIDEO),
    "half a film": Golden(BRIGHTNESS, film(20)[:300], VIDEO),
    "a still where a film is wanted": Golden(BRIGHTNESS, b"\xff\xd8\xff", "image/jpeg"),
    "words beyond ASCII": Golden(answering('return \'{"said": "चाय"}\''), b"x", VIDEO, {"said": "चाय"}),
    "bytes and their type": Golden(
        answering("return b'{\"n\": 0.1}', a"), b"{}", "application/json", {"n": 0.1}
    ),
    "a failure": Golden(failing("KeyError('label')"), b"x", VIDEO),
    "one that says it is the client's": Golden(failing("RuntimeError('bad')", 422), b"x", VIDEO),
    "one that may pass": Golden(failing("RuntimeError('busy')", 429), b"x", VIDEO, retryable=True),
    "out of time": Golden(failing("TimeoutError('slow')"), b"x", VIDEO, retryable=True),
    "out of memory": Golden(failing("MemoryError()"), b"x", VIDEO, retryable=True),
    "a line that broke": Golden(failing("ConnectionResetError()"), b"x", VIDEO, retryable=True),
    "no JSON": Golden(answering("return 'hello'"), b"x", VIDEO),
    "no object": Golden(answering("return '[1]'"), b"x", VIDEO),
    "no number": Golden(answering("return '{\"x\": NaN}'"), b"x", VIDEO),
}


class Running:
    """Packages by their code, each started once a side."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self._root = root
        self._stack = stack
        self._models: dict[tuple[str, str], Models] = {}

    @functools.cached_property
    def torchserve(self) -> TorchServe:
        """One TorchServe with two workers, started when it is first wanted."""
        if missing():
            pytest.skip(f"TorchServe needs {missing()}")
        mar(package(self._root / "torchserve", code=ONE_FOR_ALL), self._root / "brightness.mar")
        return self._stack.enter_context(torchserve(self._root / "brightness.mar"))

    def models(self, side: str, code: str) -> Models:
        if (side, code) not in self._models:
            root = self._root / f"{side.replace(' ', '_')}-{len(self._models)}"
            folder = package(root, code=code)
            if side == "asgi host":
                url = self._stack.enter_context(hosted(folder)).url
                self._models[side, code] = HostedModels({"actions": url}, LocalModels(()))
            elif side == "torchserve":
                self._models[side, code] = Wrapped(
                    code, HostedModels({"actions": self.torchserve.url}, LocalModels(()))
                )
            else:
                self._models[side, code] = LocalModels((root,))
        return self._models[side, code]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with ExitStack() as stack:
        yield Running(tmp_path_factory.mktemp("golden"), stack)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", GOLDEN)
def test_a_golden_request_is_answered_alike(running: Running, side: str, name: str) -> None:
    golden = GOLDEN[name]
    models = running.models(side, golden.code)
    if golden.answer is not None:
        assert models.invoke(Analyser.ACTIONS, golden.body, golden.content_type) == golden.answer
        return
    with pytest.raises(EndpointError) as caught:
        models.invoke(Analyser.ACTIONS, golden.body, golden.content_type)
    assert caught.value.retryable is golden.retryable
    assert "brightness" in caught.value.message


def test_all_sides_name_the_same_model_and_see_the_same_in_a_film(running: Running) -> None:
    bodies = {"a": film(20, 20, 220), "b": film(220, 20)}
    chunks = [
        Chunk(key=k, start_s=s, end_s=e, frames=9, size_bytes=len(bodies[k]), sha256="a" * 64)
        for k, s, e in (("a", 0, 3), ("b", 3, 5))
    ]
    sides = [side for side in SIDES if side != "torchserve" or not missing()]
    asked = [running.models(side, BRIGHTNESS) for side in sides]
    who = [models.identify(Analyser.ACTIONS) for models in asked]
    assert isinstance(who[0], ModelIdentity)
    assert all(one == who[0] for one in who)
    seen = [analyse_actions(chunks, lambda c: bodies[c.key], models) for models in asked]
    assert isinstance(seen[0], ActionProbabilities)
    assert all(one == seen[0] for one in seen)


def test_the_settings_put_a_host_in_the_place_of_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(tmp_path / "home" / "models", "flame", answering("return '{\"here\": 1}'"), analyser="heat")
    with hosted(package(tmp_path / "elsewhere")) as host:
        monkeypatch.setenv("BHARATCHEF_MODEL_HOSTS", f'{{"actions": "{host.url}"}}')
        models = build_local_ports(load_settings(home=tmp_path / "home", built_in_models=False)).models
        assert models.invoke(Analyser.ACTIONS, film(220), VIDEO) == seconds(0.95)
        assert models.invoke(Analyser.HEAT, b"x", VIDEO) == {"here": 1}
        assert "No model with trained weights" in getattr(models.identify(Analyser.PLATE), "reason", "")

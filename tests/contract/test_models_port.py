"""The models port on this machine: real packages in a folder, asked with real film."""

import hashlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from looking import analyse_actions
from model_folders import BRIGHTNESS, answering, film, package

from adapters.local.models import LocalModels, built_in_folders, local_models
from bharatchef.errors import EndpointError
from bharatchef.observed import ActionProbabilities, Analyser, Chunk, ModelIdentity, Unavailable
from bharatchef.perception.analysers import Retry
from bharatchef.settings import Settings


def reason(models: LocalModels, analyser: Analyser = Analyser.ACTIONS) -> Unavailable:
    said = models.identify(analyser)
    assert isinstance(said, Unavailable)
    with pytest.raises(EndpointError) as caught:
        models.invoke(analyser, b"x", "video/mp4")
    assert (caught.value.message, caught.value.retryable) == (said.reason, False)
    return said


def failure(root: Path, code: str, **manifest: Any) -> EndpointError:
    package(root, code=code, **manifest)
    with pytest.raises(EndpointError) as caught:
        LocalModels((root,)).invoke(Analyser.ACTIONS, film(9), "video/mp4")
    return caught.value


def test_where_no_package_is_wanted_each_analyser_says_that_it_has_none(tmp_path: Path) -> None:
    models = local_models(Settings(home=tmp_path, built_in_models=False))
    for analyser in Analyser:
        said = reason(models, analyser)
        assert said.analyser is analyser
        assert said.reason.startswith("No model with trained weights that sees ")
        assert "bharatchef doctor" in said.remedy
        assert str(tmp_path) not in said.remedy, "a result may be shown to others"
        assert "--segments" in said.remedy
    assert not (tmp_path / "models").exists()


def test_packages_that_come_with_the_program_answer_unless_told_not_to(tmp_path: Path) -> None:
    (folder,) = built_in_folders()
    with_them = local_models(Settings(home=tmp_path))
    shipped = {path.parent for path in folder.glob("*/model.json")}
    assert {p.folder for p in with_them.packages()} == shipped
    assert [p.problem for p in with_them.packages() if p.problem] == []
    for analyser in {Analyser(p.manifest.analyser) for p in with_them.packages() if p.manifest}:
        assert isinstance(with_them.identify(analyser), ModelIdentity)
    package(tmp_path / "models", "own", version="0.1")
    for built_in_models in (True, False):
        said = local_models(Settings(home=tmp_path, built_in_models=built_in_models)).identify(
            Analyser.ACTIONS
        )
        assert isinstance(said, ModelIdentity)
        assert said.name == "own"


def test_a_package_answers_with_what_it_computed_from_a_real_film(tmp_path: Path) -> None:
    package(tmp_path)
    models = LocalModels((tmp_path,))
    identity = models.identify(Analyser.ACTIONS)
    assert isinstance(identity, ModelIdentity)
    assert (identity.name, identity.version, identity.engine) == ("brightness", "1.0", "numpy")
    assert identity.trained_on == "nothing: a threshold set by hand"
    answer = models.invoke(Analyser.ACTIONS, film(20, 220, 20), "video/mp4")
    assert answer["times"] == [0.5, 1.5, 2.5]
    assert [row[1] for row in answer["probabilities"]] == [0.05, 0.95, 0.05]
    assert isinstance(models.identify(Analyser.HEAT), Unavailable)


def test_chunks_of_a_film_go_through_the_port_onto_the_films_clock(tmp_path: Path) -> None:
    package(tmp_path)
    bodies = {"a": film(20, 20, 220), "b": film(220, 20)}
    chunks = [
        Chunk(key=k, start_s=s, end_s=e, frames=9, size_bytes=len(bodies[k]), sha256="a" * 64)
        for k, s, e in (("a", 0, 3), ("b", 3, 5))
    ]
    found = analyse_actions(chunks, lambda c: bodies[c.key], LocalModels((tmp_path,)))
    assert isinstance(found, ActionProbabilities)
    assert found.times_s == (0.5, 1.5, 2.5, 3.5, 4.5)
    assert [row[1] for row in found.probabilities] == [0.05, 0.05, 0.95, 0.95, 0.05]
    broken = analyse_actions(
        chunks,
        lambda c: b"no film" if c.key == "b" else bodies["a"],
        LocalModels((tmp_path,)),
        retry=Retry(()),
    )
    assert isinstance(broken, Unavailable)
    assert "gave no answer for 3 to 5 s of the film (piece 2 of 2)" in broken.reason


def test_the_model_is_loaded_once_however_many_threads_ask(tmp_path: Path) -> None:
    folder = package(tmp_path)
    models, body = LocalModels((tmp_path,)), film(20, 220)
    start = threading.Barrier(6)

    def ask(_: int) -> Any:
        start.wait()
        return models.invoke(Analyser.ACTIONS, body, "video/mp4")["probabilities"]

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))
    assert answers == [[[0.95, 0.05], [0.050000000000000044, 0.95]]] * 6
    assert (folder / "loads").read_text() == "x"


def test_two_packages_with_the_same_names_inside_do_not_meet(tmp_path: Path) -> None:
    for name, analyser, value in (("one", "actions", 1), ("two", "heat", 2)):
        code = answering("from .net import VALUE\n    return f'{{\"value\": {VALUE}}}'")
        (package(tmp_path, name, code, analyser=analyser) / "net.py").write_text(f"VALUE = {value}\n")
    models = LocalModels((tmp_path,))
    assert models.invoke(Analyser.ACTIONS, b"", "video/mp4") == {"value": 1}
    assert models.invoke(Analyser.HEAT, b"", "video/mp4") == {"value": 2}
    assert "inference" not in sys.modules
    assert "net" not in sys.modules


def test_weights_that_are_not_those_of_the_manifest_never_speak(tmp_path: Path) -> None:
    folder = package(tmp_path, code="open(__file__ + '.ran', 'w').close()\n" + BRIGHTNESS)
    (folder / "weights.json").write_text('{"threshold": 0}')
    said = reason(LocalModels((tmp_path,)))
    assert "are not those it was measured with: expected sha256 " in said.reason
    assert "got " + hashlib.sha256(b'{"threshold": 0}').hexdigest()[:12] in said.reason
    assert not (folder / "inference.py.ran").exists()


def test_weights_swapped_after_they_were_looked_at_never_speak_either(tmp_path: Path) -> None:
    folder = package(tmp_path)
    models = LocalModels((tmp_path,))
    assert isinstance(models.identify(Analyser.ACTIONS), ModelIdentity)
    (folder / "weights.json").write_text('{"threshold": 0}')
    with pytest.raises(EndpointError, match="are not those it was measured with"):
        models.invoke(Analyser.ACTIONS, film(20), "video/mp4")


def test_what_lacks_weights_or_leaves_its_folder_is_unavailable(tmp_path: Path) -> None:
    (package(tmp_path / "a") / "weights.json").unlink()
    assert "lacks 'weights.json'" in reason(LocalModels((tmp_path / "a",))).reason
    package(tmp_path / "b", inference="../../b/elsewhere.py")
    assert "lies outside its folder" in reason(LocalModels((tmp_path / "b",))).reason
    (tmp_path / "c" / "torn").mkdir(parents=True)
    (tmp_path / "c" / "torn" / "model.json").write_text('{"analyser": "act')
    assert "The model package torn is damaged: model.json: " in reason(LocalModels((tmp_path / "c",))).reason
    package(tmp_path / "d", weights_sha256="short")
    assert "damaged: weights_sha256: " in reason(LocalModels((tmp_path / "d",))).reason


def test_the_highest_version_answers_and_the_first_folder_goes_before(tmp_path: Path) -> None:
    mine, built_in = tmp_path / "mine", tmp_path / "built_in"
    for name, version in (("old", "1.9"), ("new", "1.10"), ("trial", "1.10rc1")):
        package(built_in, name, version=version)
    package(mine, "own", version="0.1")

    def who(*roots: Path) -> str:
        said = LocalModels(roots).identify(Analyser.ACTIONS)
        assert isinstance(said, ModelIdentity)
        return said.name

    assert who(built_in) == "new"
    assert who(mine, built_in) == "own"
    assert who(tmp_path / "nowhere", built_in) == "new"


@pytest.mark.parametrize(
    ("code", "words", "retryable"),
    [
        ("import no_such_library_at_all", "failed to load: ModuleNotFoundError", False),
        ("def model_fn(:", "failed to load: SyntaxError", False),
        ("x = 1", "lacks model_fn, input_fn, predict_fn, output_fn in 'inference.py'", False),
        (
            answering("return '{}'").replace("return 1", "raise OSError('torn weights')"),
            "failed to load: OSError: torn",
            False,
        ),
        (answering("raise KeyError('label')"), "failed to answer: KeyError: 'label'", False),
        (answering("raise TimeoutError('slow')"), "failed to answer: TimeoutError: slow", True),
        (answering("e = RuntimeError('busy'); e.status_code = 429; raise e"), "RuntimeError: busy", True),
        (answering("e = RuntimeError('bad'); e.status_code = 400; raise e"), "RuntimeError: bad", False),
        (answering("return 3"), "expected JSON text from output_fn, got int", False),
        (answering("return 'hello'"), "output_fn gave no JSON", False),
        (answering("return '[1]'"), "expected a JSON object from output_fn, got list", False),
        (answering("return '{\"x\": NaN}'"), "NaN is no JSON number", False),
    ],
)
def test_failing_code_in_a_package_is_told_in_words(
    tmp_path: Path, code: str, words: str, retryable: bool
) -> None:
    error = failure(tmp_path, code)
    assert words in error.message
    assert "brightness" in error.message
    assert error.retryable is retryable


def test_a_package_that_failed_to_load_is_tried_again(tmp_path: Path) -> None:
    folder = package(tmp_path, code="raise MemoryError('full')")
    models, before = LocalModels((tmp_path,)), set(sys.modules)
    with pytest.raises(EndpointError) as caught:
        models.invoke(Analyser.ACTIONS, b"", "video/mp4")
    assert caught.value.retryable
    assert set(sys.modules) - before == set()
    (folder / "inference.py").write_text(answering("return b'{\"now\": true}'"))
    assert models.invoke(Analyser.ACTIONS, b"", "video/mp4") == {"now": True}

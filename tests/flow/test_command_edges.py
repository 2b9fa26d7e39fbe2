"""The command where things are not as they should be: wrong files, taken ports, Ctrl-C, narrow screens."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flow_inputs import correct_segments, write_counting_package, write_film, write_segments
from running import ROOT, own_environment
from samples import sample_evaluation, sample_result

from adapters.local.building import build_local_ports
from app.prefect_server import check_port, free_port
from bharatchef.errors import ConfigurationError
from bharatchef.results import EvaluationResult
from bharatchef.settings import Settings
from tasks.publishing import publish

DISH = "masala-chai"


def said_by(tmp_path: Path, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command without any Prefect server."""
    return subprocess.run(
        [sys.executable, "-m", "app", *map(str, words)],
        env=own_environment(tmp_path, **environment),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def on_a_terminal(
    tmp_path: Path, *words: str | Path, keys: tuple[str, bytes] | None = None, **environment: str
) -> tuple[int, str]:
    """Exit status and all that a terminal showed; ``keys`` are pressed once its first word has appeared."""
    return run_on_a_terminal(["-m", "app", *map(str, words)], own_environment(tmp_path, **environment), keys)


def run_on_a_terminal(
    words: list[str], environment: dict[str, str], keys: tuple[str, bytes] | None
) -> tuple[int, str]:
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execve(sys.executable, [sys.executable, *words], {**environment, "TERM": "xterm"})
    shown, deadline = b"", time.monotonic() + 100
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                piece = os.read(terminal, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        if keys and keys[0].encode() in shown:
            os.write(terminal, keys[1])
            keys = None
    else:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    return status, shown.decode(errors="replace")


def kept(tmp_path: Path) -> list[str]:
    root = tmp_path / "bharatchef" / "objects"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize("words", [[], ["dishes"]])
def test_no_line_of_help_is_cut_off(tmp_path, words):
    shown = said_by(tmp_path, *words, "--help", COLUMNS="80").stdout
    commands = shown.partition("Commands:")[2]
    assert commands
    assert [line for line in commands.splitlines() if line.endswith("...")] == []


@pytest.mark.parametrize(
    "words", [["doctor"], ["history", "asha"], ["show", "x"], ["delete", "x", "--yes"], ["dishes", "list"]]
)
def test_looking_makes_no_home(tmp_path, words):
    said_by(tmp_path, *words)
    assert not (tmp_path / "bharatchef").exists()


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["history", "asha"], 5),
        (["doctor"], 0),
        (["evaluate", "--dish", DISH, "--segments", "{marks}"], 5),
        (["up", "--port", "{port}"], 5),
    ],
)
def test_a_home_that_is_a_file_is_said_to_be_one(tmp_path, words, status):
    marks = write_segments(tmp_path / "marks.json", DISH, correct_segments(DISH))
    (tmp_path / "bharatchef").write_text("not a folder")
    words = [word.format(marks=marks, port=free_port()) for word in words]
    done = said_by(tmp_path, *words)
    assert done.returncode == status, done.stderr
    assert "BHARATCHEF_HOME" in done.stderr + done.stdout
    assert "nobody foresaw" not in done.stderr
    assert (tmp_path / "bharatchef").read_text() == "not a folder"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{film}", "--segments", "{marks}", "--user", "a b"], "--user"),
        (["{film}", "--segments", "{marks}", "--user", ""], "--user"),
        (["{film}", "--segments", "{marks}", "--fps", "-3"], "--fps"),
        (["{film}", "--segments", "{marks}", "--out", "{marks}/there"], "--out"),
        (["{film}", "--segments", "{film}"], "Is it the film?"),
        (["{film}", "--segments", "/dev/zero"], "segments file"),
        (["{film}", "--segments", "{marks}", "--side", "{marks}"], "The side film 'marks.json'"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_stored(tmp_path, words, said):
    film = write_film(tmp_path / "film.mp4", 4)
    marks = write_segments(tmp_path / "marks.json", DISH, correct_segments(DISH))
    words = [word.format(film=film, marks=marks) for word in words]
    done = said_by(tmp_path, "evaluate", *words, "--dish", DISH)
    assert done.returncode == 4, done.stderr
    assert said in done.stderr
    assert done.stderr.startswith("Error:"), "where stderr is no terminal, nothing moves on it"
    assert done.stdout == ""
    assert kept(tmp_path) == []


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}/api", "nonsense"])
def test_a_prefect_server_that_does_not_answer_is_named(tmp_path, address):
    marks = write_segments(tmp_path / "marks.json", DISH, correct_segments(DISH))
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        address = address.format(port=mute.getsockname()[1])
        words = ("evaluate", "--dish", DISH, "--segments", marks)
        done = said_by(tmp_path, *words, PREFECT_API_URL=address)
        assert done.returncode == 3, done.stderr
        assert address in done.stderr
        assert "PREFECT_API_URL" in done.stderr
        assert kept(tmp_path) == []
        found = json.loads(said_by(tmp_path, "doctor", "--json", PREFECT_API_URL=address).stdout)
        (line,) = (line for line in found["Ports"] if line["what"] == "Prefect server")
        assert line["state"] == "missing"


def test_up_names_a_port_that_is_taken(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = said_by(tmp_path, "up", "--port", str(port))
        assert done.returncode == 3
        assert f"port {port} of this machine" in done.stderr
        assert "--port" in done.stderr
        with pytest.raises(ConfigurationError):
            check_port(port)
    check_port(port)


def published(tmp_path: Path, number: int, rubric: str) -> EvaluationResult:
    """A result of a past attempt in the home, scored by a version of the rubric."""
    ports = build_local_ports(Settings(home=tmp_path / "bharatchef"))
    begun = sample_evaluation(f"egg-bhurji-20261122-0000000{number}", minutes=number, work=str(number))
    result = sample_result(ports.evaluations.claim(begun, "one", 60).evaluation)
    evaluation = result.evaluation.model_copy(update={"rubric_version": rubric})
    result = result.model_copy(update={"evaluation": evaluation, "stills": ()})
    publish(ports, result, "<html></html>", "one")
    return result


@pytest.mark.parametrize("columns", ["60", "80", "120"])
def test_history_is_whole_on_every_screen_and_never_compares_rubrics(tmp_path, columns):
    results = [
        published(tmp_path, number, rubric) for number, rubric in enumerate(("1.0.0", "1.0.0", "2.0.0"))
    ]
    shown = said_by(tmp_path, "history", "asha", COLUMNS=columns).stdout
    for result in results:
        assert result.evaluation.evaluation_id in shown
    for category in ("step sequence", "timing", "technique", "heat", "visual", "plating"):
        assert category in shown
    assert "…" not in shown
    words = " ".join(shown.split())
    assert "over 2 attempts" in words
    assert "over 3 attempts" not in words
    assert "scored by different rubrics (1.0.0, 2.0.0); only scores of the same rubric" in words


@pytest.mark.parametrize("columns", ["60", "80", "120"])
def test_a_scorecard_is_whole_on_every_screen(tmp_path, columns):
    result = published(tmp_path, 1, "1.0.0")
    shown = said_by(tmp_path, "show", result.evaluation.evaluation_id, COLUMNS=columns)
    assert shown.returncode == 0, shown.stderr
    assert "…" not in shown.stdout
    assert max(len(line) for line in shown.stdout.splitlines() if not line.startswith("Report:")) <= int(
        columns
    )


def test_deleting_asks_and_says_what_to_answer(tmp_path):
    wanted = published(tmp_path, 1, "1.0.0").evaluation.evaluation_id
    before = kept(tmp_path)
    status, shown = on_a_terminal(tmp_path, "delete", wanted, keys=("undone.", b"n\n"))
    assert status == 0
    assert "[y/N]" in shown
    assert "Kept." in shown
    status, shown = on_a_terminal(tmp_path, "delete", wanted, keys=("undone.", b"\x03"))
    assert status == 130
    assert "Traceback" not in shown
    assert kept(tmp_path) == before
    status, shown = on_a_terminal(tmp_path, "delete", wanted, keys=("undone.", b"y\n"))
    assert status == 0
    assert kept(tmp_path) == []


def test_ctrl_c_while_prefect_starts_leaves_nothing_of_the_film(tmp_path):
    film = write_film(tmp_path / "film.mp4", 10)
    words = ("evaluate", film, "--dish", DISH)
    status, shown = on_a_terminal(tmp_path, *words, keys=("starting Prefect", b"\x03"))
    assert status == 130, shown
    assert "Stopped." in shown
    assert "Traceback" not in shown
    assert kept(tmp_path) == [], "without a record nobody could delete it"


def test_ctrl_c_while_a_film_is_drawn_leaves_nothing_of_it(tmp_path):
    film = tmp_path / "drawn" / "film.mp4"
    script = ROOT / "kitchen_sim" / "scripts" / "masala-chai-demo.yaml"
    status, shown = run_on_a_terminal(
        ["-m", "kitchen_sim", "draw", str(script), str(film)], own_environment(tmp_path), ("drawing", b"\x03")
    )
    assert status == 130, shown
    assert "stopped" in shown
    assert "Traceback" not in shown
    assert list(film.parent.iterdir()) == []
    into_a_file = subprocess.run(
        [sys.executable, "-m", "kitchen_sim", "demo", str(script)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert into_a_file.returncode == 5
    assert "Traceback" not in into_a_file.stderr


STOPPED_AT = """
import sys
from pathlib import Path
from app.console import spoken_errors
from app.evaluate import evaluate_film
from tasks.runtime import listening

def listen(stage, done, total):
    if stage == sys.argv[2] and done == total:
        if len(sys.argv) > 3:
            try:
                raise KeyboardInterrupt
            finally:
                raise ValueError("a clean-up that stumbled over the interrupt")
        raise KeyboardInterrupt

with spoken_errors(False), listening(listen):
    evaluate_film(film=None, dish_id="masala-chai", user_id="me", side=None, segments=Path(sys.argv[1]),
                  segments_fps=None, out_dir=None, force=False, as_json=True, debug=False)
"""


@pytest.mark.parametrize("words", [["claim"], ["judge"], ["judge", "stumbling"], ["coach"]])
def test_ctrl_c_between_stages_is_recorded_at_once(tmp_path, prefect_api, words):
    marks = write_segments(tmp_path / "marks.json", DISH, correct_segments(DISH))
    done = subprocess.run(
        [sys.executable, "-c", STOPPED_AT, str(marks), *words],
        env=own_environment(tmp_path, PREFECT_API_URL=prefect_api),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Stopped." in done.stderr, done.stderr
    assert "nobody foresaw" not in done.stderr
    (record,) = build_local_ports(Settings(home=tmp_path / "bharatchef")).evaluations.find("")
    assert record.status == "FAILED"
    assert "It was stopped before it was finished" in record.failure_reason


def test_a_film_may_have_any_name_and_a_terminal_shows_how_far_it_is(tmp_path, prefect_api):
    film = write_film(tmp_path / 'it\'s [b]"tea" [x] चाय.MP4', 40)
    out = tmp_path / "ou't [x] चाय"
    words = ("evaluate", film, "--dish", DISH, "--out", out)
    status, shown = on_a_terminal(tmp_path, *words, PREFECT_API_URL=prefect_api, COLUMNS="100")
    assert status == 0, shown
    assert "taking in it's" in shown
    for stage in ("starting Prefect", "prepare", "publish"):
        assert stage in shown
    result = EvaluationResult.model_validate_json((out / "result.json").read_text())
    assert result.film.file_name == film.name
    again = said_by(tmp_path, *words, PREFECT_API_URL=prefect_api)
    assert again.stderr == ""
    assert "evaluated before" in again.stdout


def until(look: Callable[[], object], limit_s: float = 60) -> None:
    deadline = time.monotonic() + limit_s
    while not look():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


def test_what_is_deleted_while_it_is_made_stays_deleted_and_a_second_one_is_told_to_wait(
    tmp_path, prefect_api
):
    calls = tmp_path / "calls"
    write_counting_package(tmp_path / "bharatchef" / "models", "actions", calls, sleep_s=12.0)
    film = write_film(tmp_path / "film.mp4", 130, fps=2, size=(160, 120))
    environment = {"PREFECT_API_URL": prefect_api, "BHARATCHEF_LEASE_S": "3"}
    first = subprocess.Popen(
        [sys.executable, "-m", "app", "evaluate", str(film), "--dish", DISH],
        env=own_environment(tmp_path, **environment),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(calls.exists)
        second = said_by(tmp_path, "evaluate", film, "--dish", DISH, "--json", **environment)
        assert second.returncode == 6, second.stderr
        assert "being evaluated right now" in second.stderr
        (record,) = build_local_ports(Settings(home=tmp_path / "bharatchef")).evaluations.find("")
        assert "PROCESSING" in said_by(tmp_path, "show", record.evaluation_id).stdout
        assert said_by(tmp_path, "delete", record.evaluation_id, "--yes").returncode == 0
        _, said = first.communicate(timeout=120)
    finally:
        first.kill()
        first.wait()
    assert first.returncode not in (0, 1), said
    assert "deleted" in said
    assert "Traceback" not in said
    # The note that its upload was confirmed names nobody.
    assert [key for key in kept(tmp_path) if not key.startswith(("media/", "notices/"))] == []

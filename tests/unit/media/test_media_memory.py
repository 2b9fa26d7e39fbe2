"""Memory does not grow with a film's length, and chunks of a long film fit and follow each other."""

from __future__ import annotations

import itertools
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media_films import FilmPlan, Store, clock_picture, draw_film, pictures, second_shown

from bharatchef.media.prepare import prepare
from bharatchef.media.probe import probe
from bharatchef.media.proxies import ChunkWriter, Encoding, Size

_MEASURE = """
import resource, sys
from pathlib import Path
from bharatchef.media.probe import probe
from bharatchef.media.prepare import prepare
class Sink:
    def put_bytes(self, key, data, content_type): pass
    def delete(self, key): pass
path = Path(sys.argv[1])
prepared = prepare(path, probe(path), Sink(), threads=1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, len(prepared.action_chunks))
"""


def _peak_bytes(path: Path) -> tuple[int, int]:
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path)], capture_output=True, text=True, check=True, timeout=120
    )
    peak, chunks = done.stdout.split()
    return int(peak), int(chunks)


def test_five_minutes_take_no_more_memory_than_one(tmp_path: Path) -> None:
    def draw(minutes: int) -> Path:
        plan = FilmPlan(
            f"{minutes}.mp4", width=160, height=120, fps=Fraction(5), seconds=Fraction(60 * minutes),
            options={"g": "100"},
        )  # fmt: skip
        return draw_film(tmp_path, plan)

    one, chunks_of_one = _peak_bytes(draw(1))
    five, chunks_of_five = _peak_bytes(draw(5))
    assert (chunks_of_one, chunks_of_five) == (1, 5)
    assert five - one < 20_000_000


def test_chunks_follow_each_other_on_the_film_s_own_clock(tmp_path: Path) -> None:
    plan = FilmPlan("long.mp4", fps=Fraction(12), seconds=Fraction(130), options={"g": "60"})
    path = draw_film(tmp_path, plan)
    store = Store()
    prepared = prepare(path, probe(path), store)
    assert [chunk.start_s for chunk in prepared.action_chunks] == [0, 60, 120]
    assert [chunk.end_s for chunk in prepared.action_chunks] == pytest.approx([60, 120, 130], abs=0.1)
    assert [chunk.start_s for chunk in prepared.object_chunks] == [0, 60, 120]
    for chunk in (*prepared.action_chunks, *prepared.object_chunks):
        for time, luma in pictures(store[chunk.key])[5::40]:
            film_time = chunk.start_s + float(time)
            spoken = {int(film_time - 0.08) % 10, int(film_time + 0.08) % 10}
            assert second_shown(luma) in spoken


def test_a_chunk_that_would_outgrow_an_endpoint_s_body_ends_early() -> None:
    store = Store()
    size, encoding = Size(320, 240), Encoding(Fraction(15), 4, 2000, 15, 6)
    writer = ChunkWriter(store, "", size, encoding, chunk_s=60, max_bytes=800_000)
    random = np.random.default_rng(3)
    for number in range(90):
        noisy = clock_picture(number / 15, 320, 240) // 2 + random.integers(
            0, 128, (240, 320, 3), dtype=np.uint8
        )
        frame = av.VideoFrame.from_ndarray(noisy, format="rgb24").reformat(format="yuv420p")
        writer.write(Fraction(number, 15), frame)
    writer.finish(Fraction(6))
    assert len(writer.chunks) > 2
    assert all(chunk.size_bytes < 800_000 for chunk in writer.chunks)
    assert sum(chunk.frames for chunk in writer.chunks) == 90
    for earlier, later in itertools.pairwise(writer.chunks):
        assert earlier.end_s == pytest.approx(later.start_s)
    assert writer.chunks[-1].end_s == 6
    for chunk in writer.chunks:
        assert pictures(store[chunk.key])[0][0] == 0

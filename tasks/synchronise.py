"""Stage 6, beside judging: the side camera's film on the front film's clock, by what moves in both."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from bharatchef.judgement import Thresholds
from bharatchef.judgement.cameras import CameraSync, synchronised
from bharatchef.media.motion import motion_energy
from bharatchef.observed import Prepared
from tasks.runtime import ports_here


@task(name="synchronise", cache_policy=NO_CACHE, persist_result=False)
def synchronise_cameras(front: Prepared, side: Prepared, thresholds: Thresholds) -> CameraSync:
    """When the side camera was started, by the front film's clock."""
    rate = thresholds.cameras.moments_per_s
    objects = ports_here().objects
    one, other = (
        motion_energy(
            ((chunk.start_s, objects.get_bytes(chunk.key)) for chunk in film.action_chunks),
            film.media.duration_s,
            rate,
        )
        for film in (front, side)
    )
    return synchronised(one, other, rate, thresholds.warping, thresholds.cameras)

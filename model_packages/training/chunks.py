"""Encodes drawn pictures as chunks of the object proxy, for training and measuring; draws nothing."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import cv2

from kitchen_sim.canvas import Picture

FPS = 2
# 640 px on the long side, crf 24, at most 420 kbit/s.
_OPTIONS = {"preset": "superfast", "crf": "24", "maxrate": "420k", "bufsize": "840k"}
_KEYFRAME_EVERY, _BT601 = 8, 6


def encoded(pictures: list[Picture], options: dict[str, str] | None = None) -> bytes:
    """BGR pictures as an object-proxy chunk, 2 a second, set as the program's proxies are.

    Args:
        pictures: all of one size.
        options: what the encoder is told in place of the proxy's own, to vary how much is lost.
    """
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS), options=dict(options or _OPTIONS))
        stream.width, stream.height = pictures[0].shape[1], pictures[0].shape[0]
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.gop_size = _KEYFRAME_EVERY
        context.max_b_frames = 0
        context.thread_count = 1
        context.colorspace = _BT601
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(
                cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), format="yuv420p"
            )
            frame.pts = number
            frame.time_base = Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()

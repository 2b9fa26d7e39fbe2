"""What an emulator of X-Ray was sent, each document held to what AWS publishes of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
from servers.on_aws import client

SCHEMA = json.loads(Path(__file__).with_name("xray_schema.json").read_text(encoding="utf-8"))
LARGEST_BYTES = 64 * 1024


def traces_at(url: str) -> list[dict[str, Any]]:
    """The segments that the emulator at ``url`` holds, checked."""
    xray = client("xray", url)
    now = datetime.now(UTC)
    told = xray.get_trace_summaries(StartTime=now - timedelta(days=1), EndTime=now + timedelta(minutes=1))
    ids = [summary["Id"] for summary in told["TraceSummaries"]]
    found = [xray.batch_get_traces(TraceIds=[one])["Traces"] for one in ids]
    documents = [part["Document"] for traces in found for trace in traces for part in trace["Segments"]]
    return [checked(document) for document in documents]


def checked(document: str) -> dict[str, Any]:
    """A document, as X-Ray takes it.

    Raises:
        jsonschema.ValidationError: X-Ray would not.
    """
    assert len(document.encode()) <= LARGEST_BYTES
    segment: dict[str, Any] = json.loads(document)
    jsonschema.validate(segment, SCHEMA)
    for part in segment.get("subsegments", []):
        assert segment["start_time"] <= part["start_time"] <= part["end_time"] <= segment["end_time"]
    ids = [segment["id"], *(part["id"] for part in segment.get("subsegments", []))]
    assert len(set(ids)) == len(ids)
    return segment

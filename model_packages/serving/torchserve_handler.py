"""What a TorchServe worker runs for a packed model package; a copy of this file lies in each .mar.

It answers as the ASGI host does: the same bytes, statuses and error bodies. It needs the library
``bharatchef`` where the worker runs. The package lies in a folder of its own inside the archive, so that
none of its names hides an installed library's.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model_packages.serving.package import JSON, Package, PackageError, read_package
from model_packages.serving.requests import (
    Refused,
    answered_by,
    asks_for_model,
    check_accept,
    content_type_of,
    error_body,
    named,
    refusal_of,
    with_weights_within,
)
from model_packages.serving.threads import set_loaded_libraries

PACKAGE = "package"
# Where a worker writes why its package cannot be used: TorchServe itself would only start it again.
REASON_VARIABLE = "BHARATCHEF_TORCHSERVE_REASON"
log = logging.getLogger("bharatchef.host")


class PackageHandler:
    """One package in one worker process; TorchServe makes it, and calls it for one request after another."""

    _package: Package

    def initialize(self, context: Any) -> None:
        """Load the package and warm it up.

        Raises:
            PackageError: it cannot be used.
        """
        package = read_package(Path(context.system_properties["model_dir"]) / PACKAGE)
        try:
            package.load()
            set_loaded_libraries(int(os.environ.get("BHARATCHEF_THREADS", "1")))
            package.warm_up()
        except PackageError as error:
            reason = os.environ.get(REASON_VARIABLE)
            if reason:
                words = {"message": error.message, "remedy": error.remedy}
                Path(reason).write_text(json.dumps(words), encoding="utf-8")
            raise
        self._package = package

    def handle(self, requests: list[Mapping[str, Any]], context: Any) -> list[bytes]:
        """The answers' bodies; statuses and headers go into ``context``."""
        return [self._answer(number, request, context) for number, request in enumerate(requests)]

    def _answer(self, number: int, request: Mapping[str, Any], context: Any) -> bytes:
        given = context.get_all_request_header(number)
        context.set_response_content_type(number, JSON)
        try:
            said, headers = self._said(request, given)
            for name, value in headers.items():
                context.set_response_header(number, name, value)
            return said
        except Refused as refused:
            context.set_response_status(refused.status, idx=number)
            for name, value in refused.headers.items():
                context.set_response_header(number, name, value)
            return json.dumps(error_body(refused), ensure_ascii=False).encode()

    def _said(self, request: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
        manifest = self._package.manifest
        assert manifest is not None
        headers = [(k.lower().encode(), v.encode()) for k, v in given.items() if isinstance(v, str)]
        scope = {"headers": headers}
        if asks_for_model(scope):
            body = json.dumps(named(manifest, True), ensure_ascii=False).encode()
            return body, answered_by(manifest)
        content_type = content_type_of(scope, manifest.content_types)
        check_accept(scope)
        body = bytes(request.get("body") or b"")
        if not body:
            raise Refused(400, "broken_body", "Expected a body, got an empty one.")
        try:
            raw = self._package.answer(body, content_type).raw
            return with_weights_within(scope, raw, manifest), answered_by(manifest)
        except PackageError as error:
            log.warning("%s", error.message)
            raise refusal_of(error) from None

"""A small real HTTP server that answers as OpenSearch does: indices, bulk, aliases, BM25 and exact kNN.

It refuses what is not of OpenSearch's published shape, checks signatures where it is given the secret, and
can be told to fail. It runs on a port of its own of this machine and is closed by whoever started it.
"""

from __future__ import annotations

import fnmatch
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from servers.opensearch_indices import Index, Refused, new_index
from servers.opensearch_queries import hits, matched


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        try:
            return json.loads(self.raw) if self.raw else None
        except ValueError as error:
            raise Refused(400, "json_parse_exception", "Unexpected character") from error


@dataclass
class Fault:
    """What goes wrong with the next ``times`` requests (of ``method``) whose path holds ``within``.

    ``status`` answers with an error, ``wait_s`` waits before it answers, ``cut`` breaks the answer off,
    ``page`` answers with no JSON; ``items`` refuses that many documents of a bulk request with ``status``.
    """

    within: str
    times: int = 1
    status: int = 0
    wait_s: float = 0.0
    cut: bool = False
    page: bool = False
    items: int = 0
    words: str = ""
    method: str = ""


@dataclass
class Small:
    """The state of one small OpenSearch.

    ``serverless`` refuses what a vector search collection refuses; ``heeds_must_exist`` is false for what was
    before version 3.
    """

    serverless: bool = False
    heeds_must_exist: bool = True
    visible_after_s: float = 0.2
    secret: Any = None
    region: str = "ap-south-1"
    indices: dict[str, Index] = field(default_factory=dict)
    aliases: dict[str, set[str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    before: Callable[[Asked], None] | None = None
    url: str = ""

    def fault(self, path: str, method: str = "") -> Fault | None:
        with self.lock:
            for one in self.faults:
                if one.times > 0 and one.within in path and one.method in ("", method):
                    one.times -= 1
                    return one
        return None

    def answer(self, asked: Asked) -> tuple[int, Any]:
        """Status and body for one request."""
        with self.lock:
            self.asked.append(asked)
            self._check_signature(asked)
            now = time.monotonic()
            for index in self.indices.values():
                if index.due <= now:
                    index.refresh()
            parts = [unquote(part) for part in asked.path.strip("/").split("/") if part]
            if not parts:
                version = {"number": "3.3.0", "distribution": "opensearch"}
                return 200, {"version": version, "tagline": "The OpenSearch Project: https://opensearch.org/"}
            return self._routed(asked, parts)

    def _routed(self, asked: Asked, parts: list[str]) -> tuple[int, Any]:
        if parts == ["_aliases"] and asked.method == "POST":
            return 200, self._switch(asked.body)
        if parts[0] == "_alias" and len(parts) == 2:
            return self._holders(asked, parts[1])
        if parts[-1] == "_bulk" and asked.method in ("POST", "PUT"):
            return 200, self._bulk(asked, parts[0] if len(parts) == 2 else "")
        if len(parts) == 1 and asked.method == "PUT":
            return 200, self._create(parts[0], asked.body)
        if len(parts) == 1 and asked.method == "DELETE":
            for name in [index.name for index in self._indices(parts[0], aliases=False)]:
                del self.indices[name]
                for holders in self.aliases.values():
                    holders.discard(name)
            return 200, {"acknowledged": True}
        if len(parts) == 1 and asked.method == "HEAD":
            return (200 if self._named(parts[0]) else 404), None
        if len(parts) == 1 and asked.method == "GET":
            return 200, {
                i.name: {"mappings": i.mappings, "settings": i.settings} for i in self._indices(parts[0])
            }
        if len(parts) == 2 and parts[1] == "_mapping":
            return self._mapping(asked, parts[0])
        if len(parts) == 2 and parts[1] == "_alias" and asked.method == "GET":
            return 200, {i.name: {"aliases": self._aliases_of(i.name)} for i in self._indices(parts[0])}
        if len(parts) == 2 and parts[1] in ("_search", "_count") and asked.method in ("GET", "POST"):
            return 200, self._found(parts[0], parts[1], asked.body)
        if (
            len(parts) == 2
            and parts[1] == "_refresh"
            and asked.method in ("GET", "POST")
            and not self.serverless
        ):
            for index in self._indices(parts[0]):
                index.refresh()
            return 200, {"_shards": {"total": 1, "successful": 1, "failed": 0}}
        raise Refused(
            400,
            "illegal_argument_exception",
            f"no handler found for uri [{asked.path}] and method [{asked.method}]",
        )

    def _create(self, name: str, body: Any) -> dict[str, Any]:
        if name in self.indices:
            raise Refused(400, "resource_already_exists_exception", f"index [{name}/x] already exists")
        if name in self.aliases:
            raise Refused(
                400, "invalid_index_name_exception", f"Invalid index name [{name}], already exists as alias"
            )
        self.indices[name] = new_index(name, body, self.serverless)
        return {"acknowledged": True, "shards_acknowledged": True, "index": name}

    def _mapping(self, asked: Asked, name: str) -> tuple[int, Any]:
        if asked.method == "PUT":
            body = asked.body or {}
            if set(body) - {"_meta", "properties", "dynamic"}:
                raise Refused(400, "mapper_parsing_exception", "unsupported mapping parameters")
            for index in self._indices(name):
                index.mappings = {**index.mappings, **body}
            return 200, {"acknowledged": True}
        return 200, {index.name: {"mappings": index.mappings} for index in self._indices(name)}

    def _found(self, name: str, what: str, body: Any) -> dict[str, Any]:
        # A search over several indices ranks each by itself here; the store never asks for that.
        shards = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}
        indices = self._indices(name)
        if what == "_count":
            query = (body or {}).get("query", {"match_all": {}})
            return {"count": sum(len(matched(index, query)) for index in indices), "_shards": shards}
        found, total = [], 0
        for index in indices:
            page, count = hits(index, body)
            found += page
            total += count
        return {
            "took": 1,
            "timed_out": False,
            "_shards": shards,
            "hits": {"total": {"value": total, "relation": "eq"}, "hits": found},
        }

    def _bulk(self, asked: Asked, target: str) -> dict[str, Any]:
        if self.serverless and "refresh" in asked.params:
            raise Refused(400, "illegal_argument_exception", "[refresh] is not supported")
        if not asked.raw.endswith(b"\n"):
            raise Refused(
                400, "illegal_argument_exception", "The bulk request must be terminated by a newline [\\n]"
            )
        lines = iter([line for line in asked.raw.decode().split("\n") if line])
        refused = self.fault("_bulk/items")
        items, touched = [], set()
        for number, line in enumerate(lines):
            action, meta = next(iter(json.loads(line).items()))
            if action not in ("index", "create", "delete"):
                raise Refused(
                    400, "illegal_argument_exception", f"Malformed action/metadata line, found [{action}]"
                )
            source = None if action == "delete" else json.loads(next(lines))
            try:
                if refused and number < refused.items:
                    raise Refused(refused.status, "opensearch_rejected_execution_exception", "queue is full")
                items.append({action: self._written(action, meta, source, target, touched)})
            except Refused as refusal:
                error = {"type": refusal.kind, "reason": refusal.reason}
                items.append({action: {"_id": meta.get("_id"), "status": refusal.status, "error": error}})
        for name in touched:
            index = self.indices[name]
            if asked.params.get("refresh") in ("true", "wait_for", ""):
                index.refresh()
            elif self.serverless:
                index.due = time.monotonic() + self.visible_after_s
        return {"took": 1, "errors": any("error" in one for i in items for one in i.values()), "items": items}

    def _written(
        self, action: str, meta: dict[str, Any], source: Any, target: str, touched: set[str]
    ) -> dict[str, Any]:
        if self.serverless and action != "delete" and "_id" in meta:
            reason = "Document ID is not supported in create/index operation request"
            raise Refused(400, "illegal_argument_exception", reason)
        name = meta.get("_index", target)
        if not self._named(name):
            # As OpenSearch does unless told otherwise: the index springs up, with a mapping of its own guess.
            self.indices[name] = new_index(name, {}, self.serverless)
        index = self._named(name)[0]
        touched.add(index.name)
        if action == "delete":
            gone = index.written.pop(meta["_id"], None)
            return {"_index": index.name, "_id": meta["_id"], "status": 404 if gone is None else 200}
        doc_id, new = index.write(meta.get("_id"), source)
        return {"_index": index.name, "_id": doc_id, "status": 201 if new else 200}

    def _switch(self, body: Any) -> dict[str, Any]:
        """All actions at once or none, as OpenSearch 3 does them."""
        after = {alias: set(holders) for alias, holders in self.aliases.items()}
        deleted: list[str] = []
        for action in body["actions"]:
            kind, one = next(iter(action.items()))
            names = [index.name for index in self._indices(one["index"], aliases=False)]
            if kind == "add":
                if one["alias"] in self.indices:
                    reason = f"Invalid alias name [{one['alias']}], an index exists with the same name"
                    raise Refused(400, "invalid_alias_name_exception", reason)
                after.setdefault(one["alias"], set()).update(names)
            elif kind == "remove":
                if (
                    self.heeds_must_exist
                    and one.get("must_exist")
                    and not after.get(one["alias"], set()) & set(names)
                ):
                    raise Refused(404, "aliases_not_found_exception", f"aliases [{one['alias']}] missing")
                after.get(one["alias"], set()).difference_update(names)
            elif kind == "remove_index":
                deleted += names
            else:
                raise Refused(400, "illegal_argument_exception", f"[aliases] unknown field [{kind}]")
        for name in deleted:
            del self.indices[name]
        self.aliases = {
            alias: holders - set(deleted) for alias, holders in after.items() if holders - set(deleted)
        }
        return {"acknowledged": True}

    def _holders(self, asked: Asked, alias: str) -> tuple[int, Any]:
        holders = self.aliases.get(alias)
        if asked.method == "HEAD":
            return (200 if holders else 404), None
        if not holders:
            return 404, {"error": f"alias [{alias}] missing", "status": 404}
        return 200, {name: {"aliases": {alias: {}}} for name in sorted(holders)}

    def _aliases_of(self, name: str) -> dict[str, Any]:
        return {alias: {} for alias, holders in self.aliases.items() if name in holders}

    def _named(self, name: str) -> list[Index]:
        if name in self.indices:
            return [self.indices[name]]
        return [self.indices[one] for one in sorted(self.aliases.get(name, ()))]

    def _indices(self, names: str, aliases: bool = True) -> list[Index]:
        found: list[Index] = []
        for name in names.split(","):
            if "*" in name:
                found += [self.indices[one] for one in sorted(fnmatch.filter(self.indices, name))]
                continue
            here = self._named(name) if aliases or name in self.indices else []
            if not here:
                raise Refused(404, "index_not_found_exception", f"no such index [{name}]")
            found += here
        return found

    def _check_signature(self, asked: Asked) -> None:
        if self.secret is None:
            return
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        given = asked.headers.get("authorization", "")
        service = "aoss" if self.serverless else "es"
        signed = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        again = AWSRequest(
            method=asked.method,
            url=f"{self.url}{asked.path}"
            + ("?" + "&".join(f"{k}={v}" for k, v in asked.params.items()) if asked.params else ""),
            data=asked.raw or None,
            headers={
                name: asked.headers[name] for name in signed if name in asked.headers and name != "host"
            },
        )
        signer = SigV4Auth(self.secret, service, self.region)
        again.context["timestamp"] = asked.headers.get("x-amz-date", "")
        canonical = signer.canonical_request(again)
        expected = signer.signature(signer.string_to_sign(again, canonical), again)
        scope = f"/{self.region}/{service}/aws4_request"
        if f"Signature={expected}" not in given or scope not in given:
            # AWS repeats the canonical request, the token within it; a client must not pass that on.
            words = f"The request signature we calculated does not match. Canonical: {canonical}"
            raise Refused(403, "security_exception", words)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    small: Small

    def _handle(self) -> None:
        where = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        params = dict(parse_qsl(where.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, where.path, params, headers, raw)
        if self.small.before is not None:
            self.small.before(asked)
        fault = self.small.fault(where.path, self.command)
        if fault is not None and fault.wait_s:
            time.sleep(fault.wait_s)
        if fault is not None and fault.status:
            error = {"type": "status_exception", "reason": fault.words or f"refused with {fault.status}"}
            status, body = fault.status, {"error": {**error, "root_cause": [error]}, "status": fault.status}
            with self.small.lock:
                self.small.asked.append(asked)
        else:
            try:
                status, body = self.small.answer(asked)
            except Refused as refusal:
                status, body = refusal.status, refusal.body
        data = b"" if body is None else json.dumps(body).encode()
        if fault is not None and fault.page:
            data = b"<html>a page of a proxy</html>"
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if fault is not None and fault.cut:
            data, self.close_connection = data[: len(data) // 2], True
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _handle

    def log_message(self, *_args: Any) -> None:
        """Nothing: a test's output is its own."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_args: Any) -> None:
        """A client that gave up on a slow answer is part of the tests."""


@contextmanager
def small_opensearch(
    certificate: Path | None = None, key: Path | None = None, **state: Any
) -> Iterator[Small]:
    """A small OpenSearch on a port of its own, closed at the end whatever came of the test."""
    small = Small(**state)
    handler = type("Handler", (_Handler,), {"small": small})
    server = _Server(("127.0.0.1", 0), handler)
    scheme = "http"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    small.url = f"{scheme}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield small
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""A Bedrock runtime on loopback for tests: Converse, Titan v2 and errors over real HTTP.

It holds requests to the shapes that botocore publishes, refuses what Bedrock is known to refuse, words a
brief out of the brief itself, embeds by hashing words, and does otherwise where a test says so.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import itertools
import json
import math
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

TITAN = "amazon.titan-embed-text-v2:0"
CHAT = {
    "in.anthropic.claude-haiku-4-5-20251001-v1:0": {"structured": False, "temperature": True},
    "in.anthropic.claude-sonnet-5": {"structured": True, "temperature": False},
    "global.anthropic.claude-haiku-5-5": {"structured": True, "temperature": False},
    "apac.amazon.nova-lite-v1:0": {"structured": False, "temperature": True},
}
STATUS = {
    "AccessDeniedException": 403,
    "ThrottlingException": 429,
    "ModelNotReadyException": 429,
    "ResourceNotFoundException": 404,
    "ModelTimeoutException": 408,
    "InternalServerException": 500,
    "ServiceUnavailableException": 503,
    "ValidationException": 400,
    "ModelErrorException": 424,
}
# What structured output refuses in a schema.
_REFUSED_KEYWORDS = {
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
    "minItems", "maxItems", "uniqueItems", "pattern", "minProperties", "maxProperties",
}  # fmt: skip


@dataclass(frozen=True)
class Refuses:
    """One of Bedrock's exceptions."""

    code: str = "ThrottlingException"
    message: str = "Too many requests, please wait before trying again."


@dataclass(frozen=True)
class Says:
    """An answer of this text (or these arguments of the tool), with this stop reason."""

    answer: str | dict[str, Any]
    stop: str | None = None


@dataclass(frozen=True)
class Words:
    """The brief's own wording after ``change``, ``delay_s`` later; ``trickle`` sends it byte by byte."""

    change: Callable[[dict[str, Any]], dict[str, Any]] = lambda wording: wording
    delay_s: float = 0.0
    trickle: bool = False


@dataclass(frozen=True)
class HangsUp:
    """The connection is closed without an answer."""


Behaviour = Refuses | Says | Words | HangsUp


@dataclass(frozen=True)
class Call:
    """One request as it came in, in the order of arrival."""

    model_id: str
    operation: str
    body: dict[str, Any]
    raw: bytes
    headers: dict[str, str]
    usage: dict[str, int] = field(default_factory=dict)

    @property
    def system(self) -> str:
        return "".join(block.get("text", "") for block in self.body.get("system", ()))

    @property
    def user(self) -> str:
        return "".join(block.get("text", "") for block in self.body["messages"][-1]["content"])

    @property
    def images(self) -> list[bytes]:
        blocks = self.body["messages"][-1]["content"]
        return [base64.b64decode(b["image"]["source"]["bytes"]) for b in blocks if "image" in b]

    @property
    def brief(self) -> dict[str, Any]:
        """The brief in the user's turn, as a reader of JSON sees it."""
        return dict(between(self.user, "brief"))

    @property
    def faults(self) -> list[dict[str, str]]:
        return list(between(self.user, "faults"))


@dataclass
class Bedrock:
    """The server: where it is, what it was asked, and what it does next.

    ``next`` holds behaviours for the calls of Converse to come, each used once; ``always`` those of a model
    that has none left. By default it words the brief.
    """

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    next: list[Behaviour] = field(default_factory=list)
    always: dict[str, Behaviour] = field(default_factory=dict)
    stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def models(self) -> list[str]:
        return [call.model_id for call in self.calls]

    def took(self, call: Call) -> Behaviour:
        with self._lock:
            self.calls.append(call)
            if call.operation != "converse":
                return self.always.get(call.model_id, Words())
            return self.next.pop(0) if self.next else self.always.get(call.model_id, Words())


@contextlib.contextmanager
def bedrock() -> Iterator[Bedrock]:
    """A server on a port of its own; it is stopped whatever comes of the test."""
    state = Bedrock()
    handler = type("Handler", (_Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def between(text: str, tag: str) -> Any:
    """The JSON between ``<tag>`` and ``</tag>``, each of which must stand there once."""
    found = re.findall(rf"<{tag}>\n(.*)\n</{tag}>", text, re.DOTALL)
    assert len(found) == 1, text[:400]
    assert text.count(f"<{tag}>") == text.count(f"</{tag}>") == 1, text[:400]
    return json.loads(found[0])


def worded(brief: dict[str, Any]) -> dict[str, Any]:
    """A wording that holds: the brief's own words, put together as a model is asked to."""
    strength = next(iter(brief["strengths"]), {"strength_id": "", "text": ""})
    return {
        "strength_id": strength["strength_id"],
        "encouragement": strength["text"],
        "mistakes": [
            {
                "deviation_id": deviation["deviation_id"],
                "tip_ids": deviation["tip_ids"][:1],
                "what": deviation["what"],
                "why": deviation["why"],
                "correction": deviation["correction"],
                "safety": deviation.get("safety", ""),
            }
            for deviation in brief["deviations"]
        ],
        "next_steps": brief["next_steps"],
    }


def embedding(text: str, dimension: int) -> list[float]:
    """A vector of length one: each word adds to the number and with the sign that its hash names."""
    vector = [0.0] * dimension
    for word in re.findall(r"\w+", text.lower()):
        digest = hashlib.sha256(word.encode()).digest()
        vector[int.from_bytes(digest[:4], "big") % dimension] += 1.0 if digest[4] & 1 else -1.0
    length = math.sqrt(sum(number * number for number in vector)) or 1.0
    return [number / length for number in vector]


class _RefusedError(Exception):
    def __init__(self, refusal: Refuses) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Bedrock

    def log_message(self, format: str, *args: object) -> None: ...

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            match = re.fullmatch(r"/model/([^/]+)/(converse|invoke)", self.path)
            if match is None:
                raise _refused("ResourceNotFoundException", f"no route {self.path}")
            model_id, operation = unquote(match[1]), match[2]
            body = json.loads(raw)
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Call(model_id, operation, body, raw, headers)
            behaviour = self.state.took(call)
            if "/bedrock/aws4_request" not in headers.get("authorization", ""):
                raise _refused("AccessDeniedException", "The request is not signed for bedrock.")
            if isinstance(behaviour, Refuses):
                raise _RefusedError(behaviour)
            if isinstance(behaviour, HangsUp):
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if operation == "invoke":
                self._invoke(model_id, body)
            else:
                self._converse(call, behaviour)
        except _RefusedError as error:
            self._send(
                STATUS[error.refusal.code],
                {"message": error.refusal.message},
                {"x-amzn-ErrorType": f"{error.refusal.code}:http://internal.amazon.com/coral/"},
            )
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _invoke(self, model_id: str, body: dict[str, Any]) -> None:
        if model_id != TITAN:
            raise _refused("ResourceNotFoundException", f"no model {model_id}")
        unknown = set(body) - {"inputText", "dimensions", "normalize", "embeddingTypes"}
        dimension = body.get("dimensions", 1024)
        if unknown or dimension not in (256, 512, 1024) or not body.get("inputText"):
            raise _refused("ValidationException", f"Malformed input request: {sorted(body)}")
        tokens = len(re.findall(r"\w+|[^\w\s]", body["inputText"]))
        self._send(
            200,
            {"embedding": embedding(body["inputText"], dimension), "inputTextTokenCount": tokens},
            {"X-Amzn-Bedrock-Input-Token-Count": str(tokens)},
        )

    def _converse(self, call: Call, behaviour: Says | Words) -> None:
        body = call.body
        check_converse(call.model_id, body)
        tool = body.get("toolConfig", {}).get("tools", [{}])[0].get("toolSpec", {}).get("name")
        stop = "tool_use" if tool else "end_turn"
        delay_s, trickle = 0.0, False
        if isinstance(behaviour, Says):
            answer: Any = behaviour.answer
            stop = behaviour.stop or (stop if isinstance(answer, dict) else "end_turn")
        else:
            answer = behaviour.change(worded(call.brief))
            delay_s, trickle = behaviour.delay_s, behaviour.trickle
        said = json.dumps(answer, ensure_ascii=False) if isinstance(answer, dict) else answer
        if isinstance(answer, dict) and tool:
            block: dict[str, Any] = {"toolUse": {"toolUseId": "tooluse_1", "name": tool, "input": answer}}
        else:
            block = {"text": said}
        call.usage.update(inputTokens=len(call.raw) // 4, outputTokens=len(said) // 4)
        self.state.stopped.wait(delay_s)
        self._send(
            200,
            {
                "output": {"message": {"role": "assistant", "content": [block]}},
                "stopReason": stop,
                "usage": {**call.usage, "totalTokens": sum(call.usage.values())},
                "metrics": {"latencyMs": 1},
            },
            trickle=trickle,
        )

    def _send(
        self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None, trickle: bool = False
    ) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {
            "content-type": "application/json",
            "content-length": str(len(data)),
            "x-amzn-requestid": "11111111-2222-3333-4444-555555555555",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if not trickle:
            self.wfile.write(data)
            return
        for byte in data:
            if self.state.stopped.is_set():
                break
            self.wfile.write(bytes([byte]))
            time.sleep(0.05)


def check_converse(model_id: str, body: dict[str, Any]) -> None:
    """Return where Bedrock would take the request; otherwise raise what it answers."""
    if model_id not in CHAT:
        raise _refused("ResourceNotFoundException", f"Could not resolve the model {model_id}.")
    _check_shape(_converse_shape(), body, "")
    messages = body["messages"]
    roles = [message["role"] for message in messages]
    if not roles or roles[0] != "user" or any(a == b for a, b in itertools.pairwise(roles)):
        raise _refused("ValidationException", f"Roles must alternate and begin with user, got {roles}.")
    for block in messages[-1]["content"]:
        if "image" in block and not base64.b64decode(block["image"]["source"]["bytes"]).startswith(
            b"\xff\xd8\xff"
        ):
            raise _refused("ValidationException", "The image is no JPEG.")
        if "text" in block and not block["text"].strip():
            raise _refused("ValidationException", "The text field in the ContentBlock is blank.")
    if "temperature" in body.get("inferenceConfig", {}) and not CHAT[model_id]["temperature"]:
        raise _refused("ValidationException", "`temperature` is deprecated for this model.")
    output = body.get("outputConfig", {}).get("textFormat")
    if output is not None:
        if not CHAT[model_id]["structured"]:
            raise _refused("ValidationException", "This model does not support structured output.")
        _check_schema(json.loads(output["structure"]["jsonSchema"]["schema"]))


def _check_schema(schema: Any) -> None:
    if isinstance(schema, list):
        for entry in schema:
            _check_schema(entry)
    elif isinstance(schema, dict):
        refused = _REFUSED_KEYWORDS & set(schema)
        if refused:
            raise _refused("ValidationException", f"Keywords {sorted(refused)} are not supported.")
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
            raise _refused("ValidationException", "additionalProperties must be false.")
        for value in schema.values():
            _check_schema(value)


@cache
def _converse_shape() -> Any:
    from botocore.session import get_session

    model = get_session().get_service_model("bedrock-runtime")
    return model.operation_model("Converse").input_shape


def _check_shape(shape: Any, value: Any, where: str) -> None:
    """Hold a JSON value to a shape of the service's published model; more than it names is refused too."""
    kinds: dict[str, Any] = {
        "structure": dict, "list": list, "map": dict, "string": str, "blob": str, "boolean": bool,
        "integer": int, "long": int, "float": (int, float), "double": (int, float),
    }  # fmt: skip
    kind = kinds.get(shape.type_name)
    if getattr(shape, "is_document_type", False):
        return
    if kind is not None and not isinstance(value, kind):
        raise _refused("ValidationException", f"#{where}: expected type {shape.type_name}")
    if shape.type_name == "structure":
        body = {
            name for name, member in shape.members.items() if member.serialization.get("location") is None
        }
        if set(value) - body:
            raise _refused("ValidationException", f"#{where}: extraneous key {sorted(set(value) - body)}")
        lacking = set(shape.required_members) & body - set(value)
        if lacking or (getattr(shape, "is_tagged_union", False) and len(value) != 1):
            raise _refused("ValidationException", f"#{where}: required key {sorted(lacking)} not found")
        for name, entry in value.items():
            _check_shape(shape.members[name], entry, f"{where}/{name}")
    elif shape.type_name == "list":
        for number, entry in enumerate(value):
            _check_shape(shape.member, entry, f"{where}/{number}")
    elif shape.type_name == "map":
        for name, entry in value.items():
            _check_shape(shape.value, entry, f"{where}/{name}")
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        raise _refused("ValidationException", f"#{where}: {value!r} is not of {shape.enum}")
    elif shape.type_name == "blob":
        try:
            base64.b64decode(value, validate=True)
        except (ValueError, binascii.Error):
            raise _refused("ValidationException", f"#{where}: no base64") from None


def _refused(code: str, message: str) -> _RefusedError:
    return _RefusedError(Refuses(code, message))

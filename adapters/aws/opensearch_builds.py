"""New indices of tips: filled beside the old one, counted, put in its place, rolled back; knows no query.

Readers know an alias. It is moved in one request, so they see the old tips whole or the new ones whole.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.aws.opensearch_calls import Calls, Refusal
from adapters.aws.opensearch_index import FORMAT, bulk_bodies
from bharatchef.errors import EndpointError, KnowledgeError

_log = logging.getLogger(__name__)
# A killed build leaves an index that is never filled; none takes this long.
ABANDONED_AFTER = timedelta(hours=1)
_ITEM_ATTEMPTS = 5
WHOLE = frozenset({"filled", "served"})
"""The states of an index that holds all it should: not yet under the alias, or once put there."""


class Builds:
    """The indices behind one alias.

    Args:
        visible_s: how long a serverless collection may take to show what was written, seconds; it shows
            nothing for up to a minute, and nothing can hurry it.
        now, pause: the time and the sleeping, so that a test can hold them.
    """

    def __init__(
        self,
        calls: Calls,
        alias: str,
        fill_deadline_s: float = 120.0,
        visible_s: float = 180.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._calls = calls
        self._alias = alias
        self._fill_deadline_s = fill_deadline_s
        self._visible_s = visible_s
        self._now = now
        self._pause = pause

    @property
    def _serverless(self) -> bool:
        return self._calls.cluster.service == "aoss"

    @property
    def _patience(self) -> dict[str, float]:
        """Writing many documents, and the graph of their vectors, takes longer than a search may."""
        return {"timeout_s": self._fill_deadline_s / 2, "deadline_s": self._fill_deadline_s}

    def holders(self) -> list[str]:
        """The indices that bear the alias: one, or none before the first build."""
        try:
            return sorted(self._calls.send("GET", f"/_alias/{self._alias}"))
        except Refusal as refusal:
            if refusal.status == 404:
                return []
            raise

    def stamps(self) -> dict[str, dict[str, Any]]:
        """What each index of this alias says of itself (its ``_meta``), by index."""
        try:
            mappings = self._calls.send("GET", f"/{self._alias}-*/_mapping")
        except Refusal as refusal:
            if refusal.status == 404:
                return {}
            raise
        found = {name: one.get("mappings", {}).get("_meta", {}) for name, one in mappings.items()}
        # Another alias may begin with this one's name.
        return {
            name: meta
            for name, meta in found.items()
            if meta.get("format") == FORMAT and meta.get("alias") == self._alias
        }

    def stamp(self, index: str) -> dict[str, Any]:
        """What one index says of itself; empty where it is none of ours."""
        mappings = self._calls.send("GET", f"/{index}/_mapping")
        meta = mappings.get(index, {}).get("mappings", {}).get("_meta", {})
        return dict(meta) if meta.get("format") == FORMAT else {}

    def replace(
        self,
        body_for: Callable[[Mapping[str, Any]], dict[str, Any]],
        documents: Sequence[Mapping[str, Any]],
        about: Mapping[str, Any],
        instead_of: Sequence[str] | None = None,
    ) -> str:
        """Make ``documents`` the whole content, at once; the name of the index that holds them.

        Args:
            body_for: the body of ``PUT /index`` for a ``_meta``.
            about: what the index says of itself; its ``sha256`` names the content. An index that was filled
                with the same content is used again.
            instead_of: the indices that bore the alias when the content was made from them; where others
                bear it by now, nothing is changed.

        Raises:
            KnowledgeError: OpenSearch did not take a document, or lost some.
            EndpointError: OpenSearch does not answer, or others build at the same time.
        """
        before = self.holders()
        if instead_of is not None and list(instead_of) != before:
            raise self._overtaken()
        stamps = self.stamps()
        same = [
            name
            for name, meta in stamps.items()
            if meta.get("state") in WHOLE and all(meta.get(key) == value for key, value in about.items())
        ]
        index = next((name for name in before if name in same), None) or (same[0] if same else None)
        if index is None:
            index = self._filled(body_for, documents, about)
            try:
                self._switch(index, before)
            except EndpointError:
                self._remove_unless_held(index)
                raise
        else:
            self._switch(index, before)
        self._mark(index, "served")
        self._prune({name for name in before if name != index})
        return index

    def roll_back(self) -> str:
        """Put the index before this one in its place again; its name.

        Raises:
            KnowledgeError: there is none.
        """
        before = self.holders()
        others = {
            name: meta
            for name, meta in self.stamps().items()
            if name not in before and meta.get("state") == "served"
        }
        if not others:
            raise KnowledgeError(
                f"Expected an earlier index of tips beside that of {self._alias}, there is none.",
                "Build the index from the tips of the version you want.",
            )
        index = max(others, key=lambda name: str(others[name].get("built_at", "")))
        self._switch(index, before)
        return index

    def _filled(
        self,
        body_for: Callable[[Mapping[str, Any]], dict[str, Any]],
        documents: Sequence[Mapping[str, Any]],
        about: Mapping[str, Any],
    ) -> str:
        build = secrets.token_hex(4)
        index = f"{self._alias}-{str(about['sha256'])[:12]}{build}"
        meta = {
            **about,
            "format": FORMAT,
            "alias": self._alias,
            "build": build,
            "built_at": self._now().isoformat(timespec="microseconds"),
            "state": "filling",
        }
        # Whether a creation was carried out is not known after a broken connection; the name is new, so
        # "already exists" on the second attempt would mean the first was.
        try:
            self._calls.send("PUT", f"/{index}", body_for(meta), **self._patience)
        except Refusal as refusal:
            if refusal.kind != "resource_already_exists_exception":
                raise
        try:
            self._fill(index, documents)
            self._count(index, len(documents))
            # An index that somebody removed meanwhile springs up again at the next document, with a
            # mapping of OpenSearch's own guess and without this mark.
            if self.stamp(index).get("build") != build:
                raise KnowledgeError(
                    f"The new index {index} was removed while it was filled.", "Build it again."
                )
            self._mark(index, "filled")
        except BaseException:
            self._remove(index)
            raise
        return index

    def _mark(self, index: str, state: str) -> None:
        stamp = self.stamp(index)
        if stamp.get("state") != state:
            self._calls.send("PUT", f"/{index}/_mapping", {"_meta": {**stamp, "state": state}})

    def _fill(self, index: str, documents: Sequence[Mapping[str, Any]]) -> None:
        for part, _ in bulk_bodies(index, documents, with_ids=not self._serverless):
            left: Sequence[Mapping[str, Any]] = part
            for attempt in range(1, _ITEM_ATTEMPTS + 1):
                left = self._sent(index, left)
                if not left:
                    break
                if attempt == _ITEM_ATTEMPTS:
                    raise EndpointError(
                        f"OpenSearch was too busy for {len(left)} of {len(documents)} tips.",
                        "Build the index again later.",
                        retryable=True,
                    )
                self._pause(min(2.0, 0.1 * 2**attempt))

    def _sent(self, index: str, part: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """What of ``part`` OpenSearch was too busy to take."""
        busy: list[Mapping[str, Any]] = []
        for documents, body in bulk_bodies(index, part, with_ids=not self._serverless):
            answer = self._calls.send(
                "POST",
                "/_bulk",
                body,
                # Without ids a repeated request would write its documents twice.
                repeatable=not self._serverless,
                **self._patience,
            )
            items = answer.get("items") if isinstance(answer, dict) else None
            if not isinstance(items, list) or len(items) != len(documents):
                raise EndpointError(
                    f"OpenSearch answered for {len(items or [])} of {len(documents)} tips.",
                    "Build the index again.",
                    retryable=True,
                )
            for document, item in zip(documents, items, strict=True):
                told = next(iter(item.values()))
                if told.get("status") in (429, 503):
                    busy.append(document)
                elif "error" in told or told.get("status", 500) >= 300:
                    reason = str((told.get("error") or {}).get("reason", "it gave no reason"))[:300]
                    raise KnowledgeError(
                        f"OpenSearch did not take tip {document['tip_id']}: {reason}.",
                        "Correct the tip, or the version of OpenSearch.",
                    )
        return busy

    def _count(self, index: str, expected: int) -> None:
        if not self._serverless:
            self._calls.send("POST", f"/{index}/_refresh", **self._patience)
        began = time.monotonic()
        while True:
            count = self._calls.send("GET", f"/{index}/_count").get("count")
            if count == expected:
                return
            late = time.monotonic() - began > self._visible_s
            if not self._serverless or late or count > expected:
                raise KnowledgeError(
                    f"Expected {expected} tips in the new index, OpenSearch counts {count}.",
                    "Build it again; the old index stays in use.",
                )
            self._pause(min(5.0, self._visible_s / 20))

    def _switch(self, index: str, before: Sequence[str]) -> None:
        """The alias on ``index`` alone, in one request."""
        add = {"add": {"index": index, "alias": self._alias}}
        for _ in range(3):
            removed = [
                {"remove": {"index": name, "alias": self._alias, "must_exist": True}}
                for name in before
                if name != index
            ]
            if not removed and index in before:
                return
            try:
                self._calls.send("POST", "/_aliases", {"actions": [*removed, add]})
            except Refusal as refusal:
                if refusal.status == 404:
                    # Another build was first; or this request was carried out and its answer lost on the way.
                    if self.holders() == [index]:
                        return
                    raise self._overtaken() from None
                if refusal.kind == "invalid_alias_name_exception":
                    raise KnowledgeError(
                        f"An index named {self._alias} stands where the alias of that name belongs.",
                        "Remove that index, or set BHARATCHEF_OPENSEARCH_INDEX to another name.",
                    ) from None
                raise
            # Before OpenSearch 3 `must_exist` is not heeded: two builds at once leave two indices under the
            # alias. Whoever sees both takes the other's away; who sees that it lost leaves it.
            before = self.holders()
            if index not in before:
                return
        raise self._overtaken()

    def _prune(self, previous: set[str]) -> None:
        """Remove all indices that were served but the alias's and one before it, and abandoned ones.

        What another build has filled and not yet put under the alias is not touched.
        """
        try:
            stamps, holders = self.stamps(), set(self.holders())
            served = {
                name: str(meta.get("built_at", ""))
                for name, meta in stamps.items()
                if meta.get("state") == "served" and name not in holders
            }
            keep = holders | (previous or set(sorted(served, key=lambda name: served[name])[-1:]))
            for name, meta in stamps.items():
                if name not in keep and (name in served or self._abandoned(meta)):
                    self._remove(name)
        except EndpointError as error:
            _log.warning("Old indices of tips were not removed: %s", error.message)

    def _abandoned(self, meta: Mapping[str, Any]) -> bool:
        try:
            return self._now() - datetime.fromisoformat(str(meta.get("built_at"))) > ABANDONED_AFTER
        except (ValueError, TypeError):
            return True

    def _remove(self, index: str) -> None:
        try:
            self._calls.send("DELETE", f"/{index}")
        except EndpointError as error:
            _log.warning("The index %s was not removed: %s", index, error.message)

    def _remove_unless_held(self, index: str) -> None:
        # Where it is not known whether the alias was moved, the index may be what readers see.
        try:
            if index not in self.holders():
                self._remove(index)
        except EndpointError as error:
            _log.warning("The index %s may be left behind: %s", index, error.message)

    def _overtaken(self) -> EndpointError:
        return EndpointError(
            f"Another build put its index under {self._alias} at the same time.",
            "Build again; no tip was lost.",
            retryable=True,
        )

"""The same loading as the flow's, as a job of AWS Glue: for a first load or a whole reload of many
evaluations.

Glue runs this file; the wheel of this program is on its path. It needs neither Prefect nor what looks at
films. What is set by ``BHARATCHEF_<NAME>`` elsewhere comes as ``--BHARATCHEF_<NAME> VALUE``, for Glue
passes no environment.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

PREFIX = "--BHARATCHEF_"
_PSEUDONYM_KEY = "--PSEUDONYM_KEY_SECRET"
_AFRESH = "--AFRESH"


def main(words: Sequence[str]) -> int:
    """Load what changed, and print what was done as one line of JSON.

    Args:
        words: ``--BHARATCHEF_<NAME> VALUE`` for settings; ``--PSEUDONYM_KEY_SECRET NAME`` for the secret
        with the
            key of pseudonyms; ``--AFRESH true`` to forget what was loaded. Glue's own words are passed over.

    Returns:
        0, or the exit status of what went wrong.
    """
    from bharatchef.errors import BharatChefError

    try:
        print(json.dumps(_load(_pairs(words))), flush=True)
    except BharatChefError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _load(given: dict[str, str]) -> dict[str, object]:
    from adapters.analytics.benchmarks import tell_closed_groups
    from adapters.analytics.loader import Loader
    from adapters.analytics.opening import open_source, open_store
    from adapters.aws.objects import S3Objects
    from adapters.aws.secrets import secret_text
    from adapters.local.clock import SystemClock
    from bharatchef.pseudonyms import pseudonym_key
    from bharatchef.settings import load_settings

    os.environ.update({"BHARATCHEF_PORTS": "aws", "BHARATCHEF_HOME": "/tmp/bharatchef"})
    os.environ.update({name[2:]: value for name, value in given.items() if name.startswith(PREFIX)})
    if _PSEUDONYM_KEY in given:
        os.environ["BHARATCHEF_PSEUDONYM_KEY"] = secret_text(load_settings(), given[_PSEUDONYM_KEY])
    settings, clock = load_settings(), SystemClock()
    objects = S3Objects(settings)
    store = open_store(settings)
    try:
        source = open_source(settings, objects, clock)
        if given.get(_AFRESH, "false").lower() == "true":
            store.rewind(source.name, None)
        loaded = Loader(store, objects, pseudonym_key(settings), clock.now).load(source)
        groups = tell_closed_groups(store, datetime.now(UTC))
    finally:
        store.engine.dispose()
    return {
        "changes": loaded.changes,
        "newer": loaded.newer,
        "withoutResult": loaded.without_result,
        "afresh": loaded.afresh,
        "groups": groups,
    }


def _pairs(words: Sequence[str]) -> dict[str, str]:
    """Each word that begins with ``--`` with the one after it; a word with no value has an empty one."""
    pairs: dict[str, str] = {}
    for number, word in enumerate(words):
        name, equals, value = word.partition("=")
        if not name.startswith("--"):
            continue
        following = words[number + 1] if number + 1 < len(words) else ""
        pairs[name] = value if equals else "" if following.startswith("--") else following
    return pairs


if __name__ == "__main__":
    status = main(sys.argv[1:])
    # Glue takes any SystemExit for a failure, an exit status of 0 too.
    if status:
        sys.exit(status)

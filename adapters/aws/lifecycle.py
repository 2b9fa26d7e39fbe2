"""Whether the bucket of trainees' films keeps them as the rules say; changes no rule."""

from __future__ import annotations

from typing import Any

from adapters.aws.clients import aws_client, error_code, telling_aws
from bharatchef.retention import FilmRule
from bharatchef.settings import Settings

PREFIX = "trainee/"


def film_rule_findings(settings: Settings, rule: FilmRule) -> list[str]:
    """What differs between the bucket's lifecycle rules and ``rule``, in words; nothing where they agree.

    Raises:
        StoreError: the rules may not be read.
    """
    wanted = f"{'archived' if rule.then == 'archive' else 'deleted'} after {rule.days} days"
    found = [_said(entry) for entry in _rules(settings) if _reaches_films(entry) and _said(entry)]
    if wanted in found:
        return [f"the bucket's lifecycle also says: films are {said}" for said in sorted({*found} - {wanted})]
    said = f"films are {' and '.join(found)}" if found else "nothing of films"
    return [
        f"the rules say that films are {wanted}, the bucket's lifecycle says {said}: set"
        " trainee_film_retention and trainee_film_days in Terraform, or BHARATCHEF_RETENTION, so that both"
        " say the same"
    ]


def _rules(settings: Settings) -> list[dict[str, Any]]:
    from botocore.exceptions import ClientError

    client = aws_client("s3", settings, read_s=10.0)
    with telling_aws("read the lifecycle rules of BHARATCHEF_TRAINEE_BUCKET"):
        try:
            answer = client.get_bucket_lifecycle_configuration(Bucket=settings.trainee_bucket)
        except ClientError as error:
            if error_code(error) == "NoSuchLifecycleConfiguration":
                return []
            raise
    return [entry for entry in answer.get("Rules", ()) if entry.get("Status") == "Enabled"]


def _reaches_films(entry: dict[str, Any]) -> bool:
    place = entry.get("Filter", {})
    prefix = place.get("Prefix", place.get("And", {}).get("Prefix", entry.get("Prefix", "")))
    return PREFIX.startswith(prefix)


def _said(entry: dict[str, Any]) -> str:
    said = [
        f"archived after {transition['Days']} days"
        for transition in entry.get("Transitions", ())
        if transition.get("StorageClass") in ("GLACIER", "DEEP_ARCHIVE") and "Days" in transition
    ]
    if "Days" in entry.get("Expiration", {}):
        said.append(f"deleted after {entry['Expiration']['Days']} days")
    return " and ".join(said)

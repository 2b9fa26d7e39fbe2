"""Makes the Prefect blocks that runs on AWS name by their slug: ``python -m flows.aws_blocks``.

They hold names and no credentials: a worker finds those in its role.
"""

from __future__ import annotations

import os

from bharatchef.errors import ConfigurationError
from bharatchef.settings import Settings, load_settings

RESULTS_BLOCK = "bharatchef-results"
RESULTS_SLUG = f"s3-bucket/{RESULTS_BLOCK}"
"""What ``PREFECT_DEFAULT_RESULT_STORAGE_BLOCK`` says in a worker's environment."""
RESULTS_FOLDER = "prefect-results"
"""Where the results of tasks lie in the bucket of results; a rule of the bucket's life ends them."""
SECRETS_VARIABLE = "BHARATCHEF_SECRETS"
"""Names of secrets by the names of their blocks: ``chat-key=bharatchef/production/chat-key,…``."""


def secret_names(text: str) -> dict[str, str]:
    """Secrets Manager's names by block, out of what the environment says.

    Raises:
        ConfigurationError: it is not written as ``block=name,block=name``.
    """
    found = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        block, equals, name = entry.partition("=")
        if not (block and equals and name):
            raise ConfigurationError(
                f"{SECRETS_VARIABLE} does not fit: expected block=name, got something else.",
                "Write it as chat-key=bharatchef/production/chat-key,other=…",
            )
        found[block] = name
    return found


def make_blocks(settings: Settings, secrets: dict[str, str]) -> list[str]:
    """Make the blocks on the server of ``PREFECT_API_URL``, or bring them up to date; their slugs.

    Raises:
        ConfigurationError: the bucket of results is not set, or prefect-aws is not installed.
    """
    if not settings.results_bucket:
        raise ConfigurationError("Expected BHARATCHEF_RESULTS_BUCKET, where results of tasks are kept.")
    try:
        from prefect_aws import AwsClientParameters, AwsCredentials, AwsSecret, S3Bucket
    except ImportError as error:
        raise ConfigurationError(
            "Expected prefect-aws, but it is not installed.",
            "Install the extra: pip install 'bharatchef[aws]'.",
        ) from error
    credentials = AwsCredentials(
        region_name=settings.aws_region,
        aws_client_parameters=AwsClientParameters(endpoint_url=settings.aws_url, config=_patience()),
    )
    S3Bucket(bucket_name=settings.results_bucket, bucket_folder=RESULTS_FOLDER, credentials=credentials).save(
        RESULTS_BLOCK, overwrite=True
    )
    made = [RESULTS_SLUG]
    for block, name in secrets.items():
        AwsSecret(aws_credentials=credentials, secret_name=name).save(block, overwrite=True)
        made.append(f"aws-secret/{block}")
    return made


def _patience() -> dict[str, object]:
    # Prefect cannot stop a thread that waits: the client itself must not wait for long.
    return {
        "connect_timeout": 3,
        "read_timeout": 30,
        "retries": {"total_max_attempts": 5, "mode": "standard"},
    }


def main() -> None:
    """Make them and name them."""
    made = make_blocks(load_settings(), secret_names(os.environ.get(SECRETS_VARIABLE, "")))
    print(f"made: {', '.join(made)}")


if __name__ == "__main__":
    main()

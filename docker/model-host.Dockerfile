# bharatchef-model-host: answers for the model package that lies in /opt/ml/model, where SageMaker puts it.
#     docker build -f docker/model-host.Dockerfile --build-arg MODEL_HOST=asgi|torchserve .
# Terraform's variable model_host chooses between the images. With a read-only root; /tmp is mounted.
ARG MODEL_HOST=asgi

FROM python:3.11-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PATH=/opt/bharatchef/bin:$PATH

FROM base AS build
ARG MODEL_HOST
WORKDIR /source
COPY . .
RUN docker/install.sh /source /opt/bharatchef "$MODEL_HOST"

FROM base AS runtime
RUN useradd --system --uid 10001 --no-create-home --home-dir /tmp bharatchef
ENV HOME=/tmp
VOLUME /tmp
EXPOSE 8080

FROM runtime AS host-asgi
COPY --from=build /opt/bharatchef /opt/bharatchef
USER 10001
ENTRYPOINT ["python", "-m", "model_packages.serving"]
CMD ["serve"]

# TorchServe is archived and gets no security fixes: only for endpoints with network isolation.
FROM runtime AS host-torchserve
# The newest fixes of the runtime are wanted, not one version of it.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends openjdk-17-jre-headless \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/bharatchef /opt/bharatchef
COPY docker/serve_torchserve.py /opt/serve_torchserve.py
USER 10001
ENTRYPOINT ["python", "/opt/serve_torchserve.py"]
CMD ["serve"]

# hadolint ignore=DL3006
FROM host-${MODEL_HOST} AS host

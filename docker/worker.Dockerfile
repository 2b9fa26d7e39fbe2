# bharatchef-worker and bharatchef-intake: docker build -f docker/worker.Dockerfile --target worker (or intake) .
# Both run with a read-only root; what they write goes under /tmp, which is mounted (tmpfs or the task's own disk).
FROM python:3.11-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PATH=/opt/bharatchef/bin:$PATH

FROM base AS build
WORKDIR /source
COPY . .

FROM build AS build-worker
RUN docker/install.sh /source /opt/bharatchef worker

FROM build AS build-intake
RUN docker/install.sh /source /opt/bharatchef intake

FROM base AS runtime
RUN useradd --system --uid 10001 --no-create-home --home-dir /tmp bharatchef
ENV HOME=/tmp \
    BHARATCHEF_HOME=/tmp/bharatchef \
    BHARATCHEF_PORTS=aws \
    NUMBA_CACHE_DIR=/tmp/numba \
    PREFECT_HOME=/tmp/prefect \
    PREFECT_SERVER_ANALYTICS_ENABLED=false \
    PREFECT_RESULTS_DEFAULT_SERIALIZER=json \
    DO_NOT_TRACK=1
WORKDIR /app
VOLUME /tmp

FROM runtime AS intake
COPY --from=build-intake /opt/bharatchef /opt/bharatchef
USER 10001
# SIGTERM lets it finish or give back the message in hand: within 10 s.
STOPSIGNAL SIGTERM
CMD ["bharatchef", "intake"]

FROM runtime AS worker
COPY --from=build-worker /opt/bharatchef /opt/bharatchef
# prefect.yaml names the flows by their files, from /app.
COPY prefect.yaml /app/
COPY flows /app/flows
USER 10001
# The ECS worker starts one container of this image for each run, with a command of its own.
CMD ["prefect", "worker", "start", "--pool", "bharatchef-ecs", "--type", "ecs", "--with-healthcheck"]

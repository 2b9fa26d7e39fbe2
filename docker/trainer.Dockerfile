# bharatchef-trainer: trains a model package as a SageMaker job: docker build -f docker/trainer.Dockerfile .
# SageMaker starts it with a command of its own, mounts /opt/ml for its user, and cuts it off from the network.
FROM python:3.11-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PATH=/opt/bharatchef/bin:$PATH

FROM base AS build
WORKDIR /source
COPY . .
RUN docker/install.sh /source /opt/bharatchef trainer

# SageMaker writes /opt/ml as root and starts its own scripts from there: this image keeps the user that it expects.
FROM base AS trainer
ENV HOME=/tmp \
    YOLO_AUTOINSTALL=false \
    YOLO_OFFLINE=true \
    YOLO_CONFIG_DIR=/tmp/yolo
COPY --from=build /opt/bharatchef /opt/bharatchef
CMD ["python", "-m", "model_packages.slowfast.train", "--help"]

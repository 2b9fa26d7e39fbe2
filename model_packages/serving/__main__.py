"""The command ``python -m model_packages.serving``: serves a package, or packs it for others that do."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from model_packages.serving.host import Host, Limits
from model_packages.serving.package import MANIFEST, PackageError, read_package
from model_packages.serving.threads import set_loaded_libraries, set_thread_variables, usable_cores

# Where SageMaker puts a model, and where it looks for the host, when it runs a container with `serve`.
_SAGEMAKER_FOLDER, _SAGEMAKER_PORT = "/opt/ml/model", 8080
_BUILT_IN = Path(__file__).resolve().parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when all went well, 3 where it cannot listen, 7 where the package cannot be used."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        if words[:1] == ["archive"]:
            return _archive(words[1:])
        if words[:1] == ["mar"]:
            return _mar(words[1:])
        if words[:1] == ["pack-all"]:
            return _pack_all(words[1:])
        if words[:1] == ["torchserve"]:
            return _torchserve(words[1:])
        return _serve(words)
    except PackageError as error:
        print(f"error: {error.message} {error.remedy}".rstrip(), file=sys.stderr)
        return 7


def _archive(words: list[str]) -> int:
    from model_packages.serving.archive import archive

    parser = argparse.ArgumentParser(
        prog="python -m model_packages.serving archive", description="Packs a package as model.tar.gz."
    )
    parser.add_argument("package_dir", type=Path)
    parser.add_argument("out", type=Path, metavar="OUT.tar.gz")
    given = parser.parse_args(words)
    print("\n".join(archive(given.package_dir, given.out)))
    return 0


def _mar(words: list[str]) -> int:
    from model_packages.serving.mar import mar

    parser = argparse.ArgumentParser(
        prog="python -m model_packages.serving mar", description="Packs a package for TorchServe."
    )
    parser.add_argument("package_dir", type=Path)
    parser.add_argument("out", type=Path, metavar="OUT.mar")
    given = parser.parse_args(words)
    print("\n".join(mar(given.package_dir, given.out)))
    return 0


def _pack_all(words: list[str]) -> int:
    from model_packages.serving.archive import archive
    from model_packages.serving.mar import mar

    parser = argparse.ArgumentParser(
        prog="python -m model_packages.serving pack-all",
        description="Packs every package with a model.json: OUT/NAME.mar, or OUT/NAME/model.tar.gz.",
    )
    parser.add_argument("form", choices=("mar", "archive"))
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--packages", type=Path, default=_BUILT_IN, help="where they lie (those built in)")
    given = parser.parse_args(words)
    folders = sorted(path.parent for path in given.packages.glob(f"*/{MANIFEST}"))
    for folder in folders:
        out = given.out / (f"{folder.name}.mar" if given.form == "mar" else f"{folder.name}/model.tar.gz")
        out.parent.mkdir(parents=True, exist_ok=True)
        (mar if given.form == "mar" else archive)(folder, out)
        print(f"{out}  {out.stat().st_size / 1e6:.2f} MB", flush=True)
    if not folders:
        print(f"no package with a {MANIFEST} in {given.packages}", file=sys.stderr)
    return 0


def _torchserve(words: list[str]) -> int:
    from model_packages.serving.torchserve import Limits, torchserve

    limits = Limits()
    count = _between(int, 1, 1000)
    parser = argparse.ArgumentParser(
        prog="python -m model_packages.serving torchserve",
        description="Serves an archive that `mar` packed with TorchServe, on this machine alone.",
    )
    parser.add_argument("mar", type=Path, metavar="PACKAGE.mar")
    parser.add_argument("--port", type=_between(int, 0, 65535), default=8080, help="0 takes a free one")
    parser.add_argument("--workers", type=count, default=limits.workers, help="processes (%(default)s)")
    parser.add_argument("--threads", type=count, default=limits.threads, help="in each (%(default)s)")
    given = parser.parse_args(words)
    chosen = Limits(workers=given.workers, threads=given.threads)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with torchserve(given.mar, given.port, chosen, stop.is_set) as running:
        print(f"{running.manifest.name} {running.manifest.version} on {running.url}\nready", flush=True)
        while not stop.wait(0.5):
            if running.ended:
                print("error: TorchServe ended by itself.", file=sys.stderr)
                return 1
    return 0


def _serve(words: list[str]) -> int:
    sagemaker = words[:1] == ["serve"]
    limits = Limits()
    parser = argparse.ArgumentParser(
        prog="python -m model_packages.serving",
        description="Serves a model package over HTTP. `serve` in place of the folder takes SageMaker's"
        f" places: SM_MODEL_DIR or {_SAGEMAKER_FOLDER}, all addresses, port {_SAGEMAKER_PORT}."
        " `archive PACKAGE_DIR OUT.tar.gz` packs a package for SageMaker, `mar PACKAGE_DIR OUT.mar` for"
        " TorchServe, `pack-all` does either for all packages, `torchserve PACKAGE.mar` serves one.",
    )
    if sagemaker:
        words = words[1:]
        folder = Path(os.environ.get("SM_MODEL_DIR", _SAGEMAKER_FOLDER))
        parser.set_defaults(package_dir=folder)
    else:
        parser.add_argument("package_dir", type=Path)
    parser.add_argument(
        "--host", default="0.0.0.0" if sagemaker else "127.0.0.1", help="address to listen on"
    )
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", _SAGEMAKER_PORT)) if sagemaker else _SAGEMAKER_PORT
    parser.add_argument("--port", type=_between(int, 0, 65535), default=port, help="0 takes a free one")
    count, seconds = _between(int, 1, 1_000_000_000), _between(float, 0.001, 86_400)
    parser.add_argument(
        "--threads", type=count, default=usable_cores(), help="threads of the numeric libraries (all cores)"
    )
    parser.add_argument(
        "--max-body-bytes", type=count, default=limits.max_body_bytes, help="largest body (%(default)s)"
    )
    parser.add_argument(
        "--deadline-s",
        type=seconds,
        default=limits.deadline_s,
        help="from first byte to answer (%(default)s)",
    )
    parser.add_argument(
        "--queue",
        type=_between(int, 0, 10_000),
        default=limits.queue,
        help="requests that may wait (%(default)s)",
    )
    parser.add_argument(
        "--stop-s", type=seconds, default=25.0, help="what a SIGTERM leaves requests to end (%(default)s)"
    )
    given = parser.parse_args(words)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    set_thread_variables(given.threads)
    host = Host(
        read_package(given.package_dir),
        Limits(given.max_body_bytes, given.deadline_s, given.queue),
        prepare=partial(set_loaded_libraries, given.threads),
    )
    # Imported only here: packing needs no server.
    from model_packages.serving.server import Address, serve

    return serve(host, Address(given.host, given.port), given.stop_s)


def _between(kind: type[int] | type[float], low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = kind(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"expected {low:g} to {high:g}, got {text}")
        return value

    return read


if __name__ == "__main__":
    sys.exit(main())

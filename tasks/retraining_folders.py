"""Lays what people corrected into the folders that a package's train.py reads, each package its own way."""

from __future__ import annotations

import shutil
from pathlib import Path

from adapters.local.training import CHECKPOINT
from bharatchef.ports import ObjectStore
from bharatchef.retraining.records import ModelVersion, RetrainingRecord, record_key
from tasks.retraining_heat import heated_folder
from tasks.retraining_labels import Gathered, labelled_folder
from tasks.retraining_pictures import CLASSES, class_names, pictured_folder
from tasks.retraining_plates import plated_folder


def laid_out(
    objects: ObjectStore, record: RetrainingRecord, champion: ModelVersion, gathered: Gathered, folder: Path
) -> Path | None:
    """Put films and labels where train.py reads them; the folder that it begins from, if there is one."""
    sides = (("labelled", gathered.training), ("test", gathered.test))
    lay = {"slowfast": labelled_folder, "flame": heated_folder, "resnet": plated_folder}.get(record.package)
    if lay is not None:
        for name, films in sides:
            lay(objects, films, gathered.groups, folder / name)
        return folder / "champion"
    kept = record_key(champion.package, champion.run_id).replace("record.json", "")
    known = f"{kept}{CLASSES}"
    before = (
        objects.get_bytes(known).decode().splitlines() if champion.run_id and objects.exists(known) else ()
    )
    classes = class_names((*gathered.training, *gathered.test), before)
    for name, films in sides:
        pictured_folder(objects, films, gathered.groups, folder / name, classes)
    # A package that answers cannot learn on: what it learned from is kept beside its record.
    if not champion.run_id or not objects.exists(f"{kept}{CHECKPOINT}"):
        return None
    start = folder / "start"
    start.mkdir(exist_ok=True)
    with objects.as_file(f"{kept}{CHECKPOINT}") as source:
        shutil.copyfile(source, start / CHECKPOINT)
    return start

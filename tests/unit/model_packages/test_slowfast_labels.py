"""Other people's labels for training, parted so that nothing of a person or kitchen leaks."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")
from model_packages.slowfast import label_files, labelled, pictures
from model_packages.slowfast.labelled import Labelled
from model_packages.training import parting

EPIC = (
    *(
        "narration_id",
        "participant_id",
        "video_id",
        "narration_timestamp",
        "start_timestamp",
        "stop_timestamp",
    ),
    *("start_frame", "stop_frame", "narration", "verb", "verb_class", "noun", "noun_class", "all_nouns"),
)


def film(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pictures.encoded([np.full((64, 96, 3), 9 * k, np.uint8) for k in range(20)], 5, 28))
    return path


def epic_rows(path: Path, *rows: tuple[str, str, str, str, str, int]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, EPIC)
        table.writeheader()
        for number, (person, video, start, stop, verb, verb_class) in enumerate(rows):
            table.writerow(
                dict.fromkeys(EPIC, "")
                | {"narration_id": f"{video}_{number}", "participant_id": person, "video_id": video}
                | {"start_timestamp": start, "stop_timestamp": stop, "verb": verb, "verb_class": verb_class}
            )
    return path


def test_epic_kitchens_rows_become_segments_of_the_films_that_are_there(tmp_path: Path) -> None:
    epic_rows(
        tmp_path / "EPIC_100_train.csv",
        ("P01", "P01_01", "00:00:00.50", "00:00:01.00", "cut", 7),
        ("P01", "P01_01", "00:00:01.00", "00:00:02.00", "stir-in", 10),
        ("P01", "P01_01", "00:00:02.00", "00:00:03.00", "put-down", 1),
        ("P02", "P02_03", "00:00:00.00", "00:00:01.00", "slice", 7),
        ("P30", "P30_09", "00:00:00.00", "00:00:01.00", "slice", 7),
    )
    (tmp_path / "EPIC_100_verb_classes.csv").write_text("id,key,instances,category\n0,take,[],retrieve\n")
    film(tmp_path / "P01" / "P01_01.MP4")
    film(tmp_path / "P02" / "P02_03.MP4")
    one, two = labelled.labelled_films(tmp_path)
    assert (one.person, one.film.name, two.whose) == ("EPIC P01", "P01_01.MP4", "EPIC P02")
    assert one.segments == ((0.5, 1.0, "chop"), (1.0, 2.0, "stir"), (2.0, 3.0, ""))
    assert two.segments == ((0.0, 1.0, "slice"),)
    learned = labelled.film_of(one, ("background", "chop", "stir"), (96, 64))
    assert [int(learned.labels[int(t * 7.5)]) for t in (0.2, 0.8, 1.5, 2.5, 3.5)] == [0, 1, 2, -1, 0]


@pytest.mark.parametrize(
    ("verb", "verb_class", "label"),
    [
        ("chop", 7, "chop"),
        ("cut-off", 7, "chop"),
        ("whisk", 10, "whisk"),
        ("cook", 45, "simmer"),
        ("carve", 7, ""),
        ("knead", 51, "knead"),
        ("massage", 51, "knead"),
        ("put", 1, ""),
    ],
)
def test_a_verb_is_the_label_of_its_class_that_it_names(verb: str, verb_class: int, label: str) -> None:
    assert label_files.epic_label(verb, verb_class) == label


def test_a_bad_row_of_epic_kitchens_is_named(tmp_path: Path) -> None:
    film(tmp_path / "P01_01.mp4")
    good = ("P01", "P01_01", "00:00:00.50", "00:00:01.00", "cut", 7)
    path = epic_rows(tmp_path / "EPIC_100_train.csv", good, ("P01", "P01_01", "00:00:03.00", "1.5", "cut", 7))
    with pytest.raises(
        ValueError, match=r"EPIC_100_train\.csv, line 3: expected a time as 00:01:02\.34, got '1\.5'"
    ):
        labelled.labelled_films(tmp_path)
    epic_rows(path, good, ("P09", *good[1:]))
    with pytest.raises(ValueError, match=r"line 3: expected one participant for each film, got 'P09'"):
        labelled.labelled_films(tmp_path)
    path.write_text(path.read_text().replace("stop_timestamp", "stop"))
    with pytest.raises(ValueError, match=r"columns of EPIC-KITCHENS-100 in .*: stop_timestamp missing"):
        labelled.labelled_films(tmp_path)
    epic_rows(path, ("P02", "P02_01", *good[2:]))
    with pytest.raises(ValueError, match=r"EPIC_100_train\.csv names 1 films, such as P02_01\.mp4"):
        labelled.labelled_films(tmp_path)


def captaincook4d(*steps: tuple[float, float, str]) -> dict[str, Any]:
    rows = [
        {"step_id": k, "start_time": a, "end_time": b, "description": words, "has_errors": False}
        for k, (a, b, words) in enumerate(steps)
    ]
    return {"recording_id": "1_7", "activity_id": 1, "person_id": 3, "environment": 8, "steps": rows}


def test_captaincook4d_is_read_as_published_and_as_one_file_a_recipe(tmp_path: Path) -> None:
    steps = (
        (0.5, 1.5, "Coat -Coat a cup with oil"),
        (-1.0, -1.0, "Pour-Pour one egg in"),
        (1.5, 3, "stir-stir it"),
    )
    published, recipe = tmp_path / "published", tmp_path / "recipe"
    film(published / "1_7_360p.mp4")
    film(recipe / "films" / "1_7.mp4")
    (published / "complete_step_annotations.json").write_text(json.dumps({"1_7": captaincook4d(*steps)}))
    plain = {
        "name": "A cup",
        "steps": {str(k): words for k, (_, _, words) in enumerate(steps)},
        "recordings": [
            {
                "id": "1_7",
                "person": 3,
                "environment": 8,
                "steps": [{"step": k, "start": a, "end": b} for k, (a, b, _) in enumerate(steps) if a >= 0],
            }
        ],
    }
    (recipe / "acup.json").write_text(json.dumps(plain))
    (one,), (two,) = labelled.labelled_films(published), labelled.labelled_films(recipe)
    assert one.segments == two.segments == ((0.5, 1.5, "coat"), (1.5, 3.0, "stir"))
    assert one.whose == two.whose == "CaptainCook4D 3, CaptainCook4D kitchen 8"
    assert labelled.label_of("coat", ("background", "knead")) == 1
    broken = {"1_7": captaincook4d((0.5, 1.5, "stir-stir"), (4.0, 2.0, "stir-stir"))}
    (published / "complete_step_annotations.json").write_text(json.dumps(broken))
    with pytest.raises(
        ValueError, match=r"annotations\.json, recording 1_7, step 2: .*an end after the start"
    ):
        labelled.labelled_films(published)


def region(label: str, **value: Any) -> dict[str, Any]:
    return {"type": "timelinelabels", "value": {"timelinelabels": [label], **value}}


def task(number: int, video: str, *regions: dict[str, Any], **data: Any) -> dict[str, Any]:
    annotations = [{"id": 1, "was_cancelled": False, "ground_truth": False, "result": list(regions)}]
    return {"id": number, "data": {"video": video, **data}, "annotations": annotations}


def test_label_studio_frames_and_seconds_are_read_for_many_films(tmp_path: Path) -> None:
    film(tmp_path / "asha" / "chai.mp4")
    film(tmp_path / "ravi" / "dal.mp4")
    frames = region("Stir", ranges=[{"start": 6, "end": 10}, {"start": 16, "end": 20}])
    followed = {"type": "videorectangle", "value": {"sequence": [], "labels": ["pan"], "start": 1}}
    export = [
        task(3, "/data/upload/1/ab12cd34-chai.mp4", frames, followed, fps=5, person="Asha", kitchen="flat"),
        task(4, "/data/local-files/?d=films/ravi/dal.mp4", region("chop", start=0.5, end=2.5)),
        task(5, "/data/upload/1/nothing.mp4"),
    ]
    path = tmp_path / "project-1.json"
    path.write_text(json.dumps(export))
    asha, ravi = labelled.labelled_films(tmp_path)
    assert asha.segments == ((1.0, 2.0, "Stir"), (3.0, 4.0, "Stir"))
    assert (asha.person, asha.kitchen, ravi.person, ravi.kitchen) == ("Asha", "flat", "ravi", "ravi")
    assert ravi.segments == ((0.5, 2.5, "chop"),)
    del export[0]["data"]["fps"]
    path.write_text(json.dumps(export))
    with pytest.raises(
        ValueError, match=r"project-1\.json, task 3, region 1: times are frame numbers; add \"fps\""
    ):
        labelled.labelled_films(tmp_path)
    export[0]["annotations"].append(export[0]["annotations"][0])
    path.write_text(json.dumps(export))
    with pytest.raises(ValueError, match=r"task 3, got 2; mark one as ground truth"):
        labelled.labelled_films(tmp_path)


def test_labels_of_one_film_in_two_files_are_refused(tmp_path: Path) -> None:
    film(tmp_path / "a" / "P01_01.mp4")
    epic_rows(tmp_path / "EPIC_100_train.csv", ("P01", "P01_01", "00:00:00.50", "00:00:01.00", "cut", 7))
    row = {"actionType": "stir", "startTime": 0, "endTime": 1}
    ours = {"format": "bharatchef-segments", "version": 1, "segments": [row]}
    (tmp_path / "a" / "P01_01.segments.json").write_text(json.dumps(ours))
    with pytest.raises(ValueError, match=r"P01_01\.mp4 in one file, got P01_01\.segments\.json and EPIC_100"):
        labelled.labelled_films(tmp_path)


def of(person: int, kitchen: int) -> Labelled:
    return Labelled(Path(f"{person}-{kitchen}.mp4"), (), f"person {person}", f"kitchen {kitchen}")


def test_people_who_share_kitchens_stay_together_or_their_films_are_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    films = [of(1, 1), of(2, 1), of(3, 2), of(4, 3), of(5, 4), of(5, 1)]
    parts = parting.split(films)
    assert sum(map(len, parts.values())) == 6
    assert (
        len({name for name, part in parts.items() if {"kitchen 1", "kitchen 4"} & {f.kitchen for f in part}})
        == 1
    )
    tied = [of(person, kitchen) for person in range(8) for kitchen in range(6)]
    parts = parting.split(tied, seed=4)
    assert parts == parting.split(tied, seed=4)
    assert min(map(len, parts.values())) >= 1
    assert "films are left out" in caplog.text
    with pytest.raises(ValueError, match=r"at least 3 people or kitchens .* got 2 people in 1 kitchens"):
        parting.split([of(1, 1), of(2, 1)])


@given(st.lists(st.builds(of, st.integers(0, 7), st.integers(0, 7)), max_size=40), st.integers(0, 99))
def test_no_person_and_no_kitchen_is_in_two_parts(films: list[Labelled], seed: int) -> None:
    try:
        parts = parting.split(films, seed)
    except ValueError:
        return
    for whose in ("person", "kitchen"):
        named = [{getattr(film, whose) for film in part} for part in parts.values()]
        assert sum(map(len, named)) == len(set.union(*named))
    assert all(parts.values())

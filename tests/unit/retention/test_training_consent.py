"""Only labels of people who agreed to training train models, whatever else the settings ask."""

from __future__ import annotations

from pathlib import Path

import pytest
from contract_sides import local
from people_samples import USER, seed
from samples import MOMENT

from bharatchef.consent import Consent, Purpose, record_consent
from bharatchef.review.labels import training_labels
from bharatchef.settings import load_settings
from tasks.retraining_labels import agreed_labels


@pytest.mark.parametrize("asked_for_evaluations", [False, True])
def test_labels_of_people_who_did_not_agree_are_not_trained_with(
    tmp_path: Path, asked_for_evaluations: bool
) -> None:
    side = local(tmp_path)
    settings = load_settings(
        home=tmp_path / "home", built_in_models=False, consent_required=asked_for_evaluations
    )
    person = seed(side.ports, settings).person
    objects = side.ports.objects
    assert {labels.person for labels in training_labels(objects)} == {person, "p-0000000000000001"}
    assert {labels.person for labels in agreed_labels(objects)} == {person}
    withdrawn = Consent(
        user_id=USER, person=person, purpose=Purpose.TRAINING, version="1", given=False, at=MOMENT
    )
    record_consent(objects, withdrawn)
    assert agreed_labels(objects) == []

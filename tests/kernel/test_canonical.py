"""One value, one set of bytes: against an independent implementation of RFC 8785, and what is no canonical JSON is refused."""

import hashlib

import pytest
import rfc8785
from hypothesis import given

from services.kernel import canonical
from services.kernel.form import Json, MalformedError
from tests.kernel.arbitrary import JSON, OBJECTS


@pytest.fixture(params=["orjson", "standard library"])
def _library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "orjson":
        monkeypatch.setattr(canonical, "orjson", None)


@given(JSON)
def test_the_bytes_are_those_of_rfc_8785(value: Json) -> None:
    assert canonical.encode(value) == rfc8785.dumps(value)


@given(JSON)
def test_both_libraries_write_the_same_bytes_and_read_the_same_objects(value: Json) -> None:
    with pytest.MonkeyPatch.context() as patch:
        quick = canonical.encode({"a": value})
        read = canonical.decode(quick)
        patch.setattr(canonical, "orjson", None)
        assert canonical.encode({"a": value}) == quick
        assert canonical.decode(quick) == read == {"a": value}


@given(OBJECTS)
def test_what_was_written_is_read_back(value: dict[str, Json]) -> None:
    assert canonical.decode(canonical.encode(value)) == value


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b'{"a":1}', "a bare number 1"),
        (b'{"a":-0}', "a bare number -0"),
        (b'{"a":1.5}', "a bare number 1.5"),
        (b'{"a":1e3}', "a bare number 1e3"),
        (b'{"a":NaN}', "a bare number NaN"),
        (b'{"a":Infinity}', "a bare number Infinity"),
        (b'{"a":null}', "a null"),
        (b'{"a":[null]}', "a null"),
        (b'{"a":"1","a":"1"}', "a name occurs twice in one object"),
        (b'{"b":{"a":"1","a":"2"}}', "a name occurs twice in one object"),
        (b'{"b":"1","a":"2"}', "not in canonical form"),
        (b'{"a": "1"}', "not in canonical form"),
        (b'{"a":"1"}\n', "not in canonical form"),
        (b'{"a":"\\u0041"}', "not in canonical form"),
        (b'{"a":"\\/"}', "not in canonical form"),
        (b'{"a":"\\ud800"}', "half a surrogate pair"),
        (b'{"a":"\xed\xa0\x80"}', "no JSON (UnicodeDecodeError)"),
        (b'\xef\xbb\xbf{"a":"1"}', "no JSON (JSONDecodeError)"),
        (b'{"a":"1"', "no JSON (JSONDecodeError)"),
        (b'["a"]', "no object"),
        (b'"a"', "no object"),
        (b"", "no JSON (JSONDecodeError)"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "no JSON (RecursionError)"),
        ('{"\U0001f600":"1","\uffee":"2"}'.encode(), "a name outside ASCII"),
    ],
)
@pytest.mark.usefixtures("_library")
def test_what_is_not_canonical_is_refused(data: bytes, fault: str) -> None:
    with pytest.raises(MalformedError) as caught:
        canonical.decode(data)
    assert caught.value.fault == fault


def test_a_leaf_is_no_document_name() -> None:
    assert canonical.leaf(b"") == hashlib.sha256(b"\x00").hexdigest()
    assert canonical.digest(b"") == hashlib.sha256(b"").hexdigest()

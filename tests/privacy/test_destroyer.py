"""The intake removes what its log had destroyed: while it runs, and before it serves anything after a start."""

from pathlib import Path

import pytest

from services.intake.custody import EraseSubject
from services.intake.model import PublishCall
from services.runtime.client import RejectedError
from services.runtime.documents import Documents
from services.standalone.registry import SPECS
from tests.privacy.deployment import patiently
from tests.runtime.serving import OFFICER, made, serving
from tests.strategies import CALL_ID, rules

PLANTED = b"Plan of Odette Voorbeeld"


def test_a_destroyed_document_goes_within_a_moment_and_a_restored_one_before_anything_is_served(tmp_path: Path) -> None:
    with serving(tmp_path, ("intake",)) as running:
        client = running.client(OFFICER)
        document, call_file = client.upload(PLANTED), client.upload(b"rules")
        client.execute(SPECS["intake"], "c-1", PublishCall(call_id=CALL_ID, rules=rules(), call_file=call_file))
        command = EraseSubject(call_id=CALL_ID, subject="person-1", ground="asked for it", documents=(document,))
        client.execute(SPECS["intake"], "c-2", command)
        kept = tmp_path / "documents" / document[:2] / document
        patiently(lambda: not kept.exists())
        with pytest.raises(RejectedError, match=f"INVALID_ARGUMENT: piece: document {document}: destroyed"):
            client.upload(PLANTED)
    for path in kept.parent.iterdir():  # an old copy takes its place, without the mark
        path.unlink()
    assert Documents(tmp_path / "documents").put(PLANTED) == document
    again = made(tmp_path, ("intake",))
    assert not kept.exists()
    again.host.start()
    again.close()

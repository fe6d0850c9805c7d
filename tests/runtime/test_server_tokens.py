"""Who may come in: nobody without a token that proves who acts."""

import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from grants.budget_ledger.v1 import budget_ledger_pb2, budget_ledger_pb2_grpc
from grants.document.v1 import document_pb2, document_pb2_grpc
from grants.log.v1 import log_pb2, log_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from services.kernel.people import Role
from services.runtime.tls import PLAIN
from services.runtime.wire import Codec
from tests.runtime.serving import ASSESSOR, AUDITOR, LEDGER, OFFICER, TREASURER, Serving, open_envelope, refusal, serving

CLAIMS: dict[str, Any] = {
    "sub": "t-1",
    "organisation": "agency",
    "roles": ["treasurer"],
    "iss": "urn:oproep:local-issuer",
    "aud": "oproep",
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Serving]:
    with serving(tmp_path_factory.mktemp("tokens")) as host:
        yield host


@pytest.fixture(scope="module")
def channel(running: Serving) -> Generator[grpc.Channel]:
    with PLAIN.channel(running.address) as opened:
        yield opened


def key(directory: Path) -> Any:
    return load_pem_private_key((directory / "issuer" / "issuer.pem").read_bytes(), None)


def signed(directory: Path, *, by: Any = None, algorithm: str = "EdDSA", without: str = "", **changes: Any) -> str:
    claims = {**CLAIMS, "exp": time.time() + 60, **changes}
    return jwt.encode({k: v for k, v in claims.items() if k != without}, by or key(directory), algorithm=algorithm)


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


def unsigned(directory: Path) -> str:
    return jwt.encode({**CLAIMS, "exp": time.time() + 60}, "", algorithm="none")


def altered(directory: Path) -> str:
    """Somebody else's claims under this signature."""
    first, second = signed(directory), signed(directory, sub="t-2")
    return ".".join([*second.split(".")[:2], first.split(".")[2]])


WRONG: dict[str, Callable[[Path], str]] = {
    "expired": lambda at: signed(at, exp=time.time() - 1),
    "another audience": lambda at: signed(at, aud="elsewhere"),
    "another issuer": lambda at: signed(at, iss="urn:other"),
    "no end": lambda at: signed(at, without="exp"),
    "no subject": lambda at: signed(at, without="sub"),
    "no audience": lambda at: signed(at, without="aud"),
    "no issuer": lambda at: signed(at, without="iss"),
    "no roles": lambda at: signed(at, without="roles"),
    "no organisation": lambda at: signed(at, without="organisation"),
    "roles in one word": lambda at: signed(at, roles="treasurer"),
    "a subject that is no id": lambda at: signed(at, sub="An Na"),
    "another key": lambda at: signed(at, by=Ed25519PrivateKey.generate()),
    "another kind of key": lambda at: signed(at, by=ec.generate_private_key(ec.SECP256R1()), algorithm="ES256"),
    "a shared secret": lambda at: signed(at, by="s" * 64, algorithm="HS256"),
    "no signature": unsigned,
    "an altered claim": altered,
    "no token at all": lambda _at: "x",
}


def test_roles_of_other_programs_give_no_right_here(running: Serving, channel: grpc.Channel) -> None:
    stub = budget_ledger_pb2_grpc.BudgetLedgerServiceStub(channel)
    metadata = bearer(signed(running.directory, roles=["king", "offline_access"]))
    request = Codec(LEDGER).request("c-1", open_envelope())
    assert refusal(lambda: stub.Execute(request, metadata=metadata, timeout=60))[0] == "PERMISSION_DENIED"


@pytest.mark.parametrize("name", WRONG)
def test_a_token_that_proves_nothing_lets_nobody_in(running: Serving, channel: grpc.Channel, name: str) -> None:
    stub = budget_ledger_pb2_grpc.BudgetLedgerServiceStub(channel)
    request = Codec(LEDGER).request("c-1", open_envelope())
    before = running.length("budget_ledger/0")
    metadata = bearer(WRONG[name](running.directory))
    code, words = refusal(lambda: stub.Execute(request, metadata=metadata, timeout=60))
    assert code == "UNAUTHENTICATED"
    assert words.startswith("authorization: ")
    assert running.length("budget_ledger/0") == before


@pytest.mark.parametrize(
    "metadata", [(), (("authorization", ""),), (("authorization", "Basic YTpi"),), (("authorization", "Bearer"),)]
)
def test_without_a_token_every_service_is_closed(channel: grpc.Channel, metadata: tuple[tuple[str, str], ...]) -> None:
    terms: dict[str, Any] = {"metadata": metadata, "timeout": 60}
    ledger, logs = budget_ledger_pb2_grpc.BudgetLedgerServiceStub(channel), log_pb2_grpc.LogServiceStub(channel)
    documents = document_pb2_grpc.DocumentServiceStub(channel)
    calls: list[Callable[[], Any]] = [
        lambda: ledger.Execute(budget_ledger_pb2.ExecuteRequest(), **terms),
        lambda: list(logs.ReadEntries(log_pb2.ReadEntriesRequest(log="intake/0"), **terms)),
        lambda: logs.ReadHeads(log_pb2.ReadHeadsRequest(), **terms),
        lambda: list(logs.ReadState(log_pb2.ReadStateRequest(log="intake/0"), **terms)),
        lambda: logs.ListDeadLetters(log_pb2.ListDeadLettersRequest(), **terms),
        lambda: logs.ReplayDeadLetters(log_pb2.ReplayDeadLettersRequest(log="intake/0"), **terms),
        lambda: documents.Put(iter([document_pb2.PutRequest(piece=b"x")]), **terms),
        lambda: list(documents.Get(document_pb2.GetRequest(document="a" * 64), **terms)),
    ]
    for call in calls:
        assert refusal(call) == ("UNAUTHENTICATED", "authorization: missing; allowed: Bearer and an access token")


def test_a_good_token_of_the_same_making_lets_in(running: Serving, channel: grpc.Channel) -> None:
    stub = budget_ledger_pb2_grpc.BudgetLedgerServiceStub(channel)
    request = Codec(LEDGER).request("good-1", open_envelope("good"))
    answer = Codec(LEDGER).answer(stub.Execute(request, metadata=bearer(signed(running.directory)), timeout=60))
    assert [event["type"] for event in answer.events] == ["EnvelopeOpened"]


@pytest.mark.parametrize("actor", [TREASURER, ASSESSOR])
def test_logs_are_read_by_those_who_look_after_them(running: Serving, channel: grpc.Channel, actor: Any) -> None:
    logs = log_pb2_grpc.LogServiceStub(channel)
    metadata = bearer(running.issuer.token(actor))
    needs = "needs one of: auditor, officer, operator, system"
    assert refusal(lambda: logs.ReadHeads(log_pb2.ReadHeadsRequest(), metadata=metadata, timeout=60)) == (
        "PERMISSION_DENIED",
        needs,
    )
    entries = log_pb2.ReadEntriesRequest(log="intake/0")
    assert refusal(lambda: list(logs.ReadEntries(entries, metadata=metadata, timeout=60))) == ("PERMISSION_DENIED", needs)


def test_documents_are_not_read_by_applicants(running: Serving, channel: grpc.Channel) -> None:
    name = running.client(TREASURER).upload(b"a plan")
    for actor in (AUDITOR, OFFICER, ASSESSOR):
        assert running.client(actor).download(name) == b"a plan"
    stub = document_pb2_grpc.DocumentServiceStub(channel)
    applicant = running.issuer.token(type(TREASURER)(id="clerk-1", organisation="0123456749", roles=(Role.APPLICANT,)))
    code, _ = refusal(lambda: list(stub.Get(document_pb2.GetRequest(document=name), metadata=bearer(applicant), timeout=60)))
    assert code == "PERMISSION_DENIED"


def test_health_is_open_and_tells_every_service(channel: grpc.Channel) -> None:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    for name in ("", "grants.budget_ledger.v1.BudgetLedgerService", "grants.log.v1.LogService"):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=60)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert refusal(lambda: stub.Check(health_pb2.HealthCheckRequest(service="other"), timeout=60))[0] == "NOT_FOUND"


def test_reflection_lists_the_services_that_run_here(channel: grpc.Channel) -> None:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = stub.ServerReflectionInfo(iter([request]), timeout=60)
    assert sorted(service.name for service in answer.list_services_response.service) == [
        "grants.budget_ledger.v1.BudgetLedgerService",
        "grants.document.v1.DocumentService",
        "grants.intake.v1.IntakeService",
        "grants.log.v1.LogService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    ]

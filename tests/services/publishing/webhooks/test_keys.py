"""Signatures: made as the specification says, verified by others' libraries."""

from base64 import b64decode
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.publishing.doors.webhooks.keys import Key, Scheme, headers, new_key
from services.runtime.clock import SystemClock

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
BODY = b'{"type":"grants.awards.v1.AwardGranted"}'


def signed(*keys: Key, now: datetime = NOW, body: bytes = BODY) -> dict[str, str]:
    return headers(keys, webhook_id="abc/7", now=now, body=body)


def verify_ed25519(public: str, told: dict[str, str], body: bytes = BODY) -> None:
    """As a receiver does: any of the signatures."""
    key = Ed25519PublicKey.from_public_bytes(b64decode(public.removeprefix("whpk_")))
    text = f"{told['webhook-id']}.{told['webhook-timestamp']}.".encode() + body
    failures: list[InvalidSignature] = []
    for signature in told["webhook-signature"].split():
        version, _, made = signature.partition(",")
        if version == "v1a":
            try:
                key.verify(b64decode(made), text)
            except InvalidSignature as error:
                failures.append(error)
            else:
                return
    raise failures[0] if failures else InvalidSignature


def test_the_example_of_the_specification() -> None:
    key = Key(secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    told = headers(
        [key],
        webhook_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        now=datetime.fromtimestamp(1614265330, UTC),
        body=b'{"test": 2432232314}',
    )
    assert told["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert told["webhook-timestamp"] == "1614265330"


def test_hmac_is_verified_by_the_library() -> None:
    key = new_key(Scheme.HMAC)
    told = signed(key, now=SystemClock().now())
    assert Webhook(key.for_receiver).verify(BODY, told) == {"type": "grants.awards.v1.AwardGranted"}
    with pytest.raises(WebhookVerificationError):
        Webhook(key.for_receiver).verify(BODY + b" ", told)
    with pytest.raises(WebhookVerificationError):
        Webhook(key.for_receiver).verify(BODY, {**told, "webhook-id": "abc/8"})
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(key.for_receiver).verify(BODY, signed(key))


def test_ed25519_is_verified_with_the_public_key_alone() -> None:
    key = new_key(Scheme.ED25519)
    assert key.secret.startswith("whsk_")
    assert key.for_receiver.startswith("whpk_")
    verify_ed25519(key.for_receiver, signed(key))
    with pytest.raises(InvalidSignature):
        verify_ed25519(key.for_receiver, signed(key), BODY + b" ")
    with pytest.raises(InvalidSignature):
        verify_ed25519(new_key(Scheme.ED25519).for_receiver, signed(key))


@pytest.mark.parametrize("scheme", Scheme)
def test_keys_are_of_the_size_that_the_specification_wants(scheme: Scheme) -> None:
    assert len(b64decode(new_key(scheme).for_receiver.partition("_")[2], validate=True)) == 32
    assert new_key(scheme) != new_key(scheme)


def test_two_keys_overlap_until_the_old_one_ends() -> None:
    new, old = new_key(Scheme.ED25519), Key(secret=new_key(Scheme.HMAC).secret, until=NOW + timedelta(hours=24))
    both = signed(new, old)["webhook-signature"].split()
    assert [signature.partition(",")[0] for signature in both] == ["v1a", "v1"]
    later = signed(new, old, now=NOW + timedelta(hours=24))["webhook-signature"].split()
    assert [signature.partition(",")[0] for signature in later] == ["v1a"]
    verify_ed25519(new.for_receiver, signed(new, old))

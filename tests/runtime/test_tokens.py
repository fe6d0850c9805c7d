"""Tokens: made by the local issuer, or by any OpenID Connect issuer that is named by its URL."""

import json
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from services.budget_ledger.model import OpenEnvelope
from services.runtime.client import RejectedError
from services.runtime.tokens import LocalIssuer, TokenError, Tokens
from tests.runtime.serving import LEDGER, OFFICER, TREASURER, open_envelope, serving


def test_the_local_issuer_proves_who_acts(tmp_path: Path) -> None:
    token = LocalIssuer(tmp_path / "issuer").token(OFFICER)
    assert Tokens(f"file:{tmp_path / 'issuer'}", "oproep").actor(f"Bearer {token}") == OFFICER
    assert Tokens(f"file:{tmp_path / 'issuer'}", "oproep").actor(f"bearer {token}") == OFFICER


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda _n: LocalIssuer(tmp_path).token(OFFICER), range(8)))
    check = Tokens(f"file:{tmp_path}", "oproep")
    assert [check.actor(f"Bearer {token}") for token in tokens] == [OFFICER] * 8
    assert [path.name for path in tmp_path.iterdir()] == ["issuer.pem"]
    assert (tmp_path / "issuer.pem").stat().st_mode & 0o777 == 0o600


def test_a_local_token_ends_and_is_for_one_audience(tmp_path: Path) -> None:
    issuer, check = LocalIssuer(tmp_path), Tokens(f"file:{tmp_path}", "oproep")
    for token in (issuer.token(OFFICER, hours=0), issuer.token(OFFICER, hours=-1), issuer.token(OFFICER, audience="other")):
        with pytest.raises(TokenError, match="authorization: "):
            check.actor(f"Bearer {token}")


class Issuer:
    """An OpenID Connect issuer on this machine: discovery, keys, and tokens."""

    def __init__(self) -> None:
        self._keys: dict[str, rsa.RSAPrivateKey] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                documents = {"/.well-known/openid-configuration": outer.discovery(), "/keys": outer.jwks()}
                body = json.dumps(documents.get(self.path, {})).encode()
                self.send_response(200 if self.path in documents else 404)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by the library
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.rotate("k1")
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def rotate(self, name: str) -> None:
        """Sign with a new key, and forget the others."""
        self._keys = {name: rsa.generate_private_key(public_exponent=65537, key_size=2048)}

    def discovery(self) -> dict[str, str]:
        return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}

    def jwks(self) -> dict[str, Any]:
        to_jwk = RSAAlgorithm.to_jwk
        keys = [{**to_jwk(key.public_key(), as_dict=True), "kid": name, "use": "sig"} for name, key in self._keys.items()]
        return {"keys": keys}

    def token(self, **changes: Any) -> str:
        ((name, key),) = self._keys.items()
        claims = {
            "sub": TREASURER.id,
            "organisation": TREASURER.organisation,
            "roles": list(TREASURER.roles),
            "iss": self.url,
            "aud": ["oproep", "account"],
            "exp": time.time() + 60,
            "scope": "openid",
        }
        return jwt.encode({**claims, **changes}, key, algorithm="RS256", headers={"kid": name})


@pytest.fixture
def issuer() -> Generator[Issuer]:
    running = Issuer()
    yield running
    running.close()


def test_an_issuer_is_found_by_its_url(issuer: Issuer) -> None:
    tokens = Tokens(issuer.url + "/", "oproep")
    assert tokens.actor(f"Bearer {issuer.token()}") == TREASURER
    tokens.actor(f"Bearer {issuer.token()}")
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]  # the keys are asked for once
    for token in (issuer.token(iss="http://elsewhere"), issuer.token(aud="account"), issuer.token(exp=time.time() - 1)):
        with pytest.raises(TokenError):
            tokens.actor(f"Bearer {token}")


def test_a_new_key_of_the_issuer_is_taken_up(issuer: Issuer) -> None:
    tokens = Tokens(issuer.url, "oproep")
    old = issuer.token()
    assert tokens.actor(f"Bearer {old}") == TREASURER
    found: Any = tokens
    found._keys._client.cooldown_duration = 0  # otherwise an unknown key is asked for again after a while only
    issuer.rotate("k2")
    assert tokens.actor(f"Bearer {issuer.token()}") == TREASURER
    other = Issuer()
    forged = other.token(iss=issuer.url)
    other.close()
    with pytest.raises(TokenError):
        tokens.actor(f"Bearer {forged}")


def test_while_the_issuer_is_away_nobody_new_comes_in(issuer: Issuer) -> None:
    tokens = Tokens(issuer.url, "oproep")
    token = issuer.token()
    issuer.close()
    with pytest.raises(TokenError, match="authorization: "):
        tokens.actor(f"Bearer {token}")


def test_a_server_takes_the_tokens_of_its_issuer_only(issuer: Issuer, tmp_path: Path) -> None:
    with serving(tmp_path, ["budget_ledger"], issuer=issuer.url) as running:
        command: OpenEnvelope = open_envelope()
        answer = running.client(token=issuer.token).execute(LEDGER, "open-1", command)
        assert [event["type"] for event in answer.events] == ["EnvelopeOpened"]
        with pytest.raises(RejectedError, match="UNAUTHENTICATED"):
            running.client(TREASURER).execute(LEDGER, "open-2", command)  # signed by the local issuer

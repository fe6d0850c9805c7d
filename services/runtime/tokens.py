"""Access tokens: signed statements of who acts, for whom and in which roles. Any OpenID Connect issuer will do.

A token's claims: `sub` (opaque id), `organisation`, `roles` (list), `iss`, `aud`, `exp`.
"""

import json
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, cast

import jwt

from services.kernel.form import MalformedError, from_json
from services.kernel.people import Actor, Role
from services.runtime.log_keys import private_key

_ALGORITHMS = ["EdDSA", "ES256", "RS256"]
_LOCAL = "urn:oproep:local-issuer"
_TIMEOUT_SECONDS = 10
_TRUST_SECONDS = 60
"""How long a proven token is taken for good, within its life, before its signature is checked again."""
_TRUSTED = 4_096


class TokenError(Exception):
    """A token that proves nothing: missing, expired, from another issuer or badly signed."""


class LocalIssuer:
    """Signs tokens with a key of its own, made on first use in `directory`; for a single machine and for tests."""

    def __init__(self, directory: Path) -> None:
        self._key = private_key(directory / "issuer.pem")

    def token(self, actor: Actor, *, audience: str = "oproep", hours: int = 8) -> str:
        """A token for `actor`."""
        claims = {
            "sub": actor.id,
            "organisation": actor.organisation,
            "roles": list(actor.roles),
            "iss": _LOCAL,
            "aud": audience,
            "exp": datetime.now(UTC) + timedelta(hours=hours),  # noqa: TID251 - real time: tokens expire whatever time is simulated
        }
        return jwt.encode(claims, self._key, algorithm="EdDSA")

    def key_for(self, token: str) -> Any:
        """The key that must have signed the token."""
        del token
        return self._key.public_key()

    issuer = _LOCAL


class _Keys(Protocol):
    issuer: str

    def key_for(self, token: str) -> Any: ...


class _RemoteKeys:
    """The keys of an OpenID Connect issuer, found by its discovery document and cached."""

    def __init__(self, url: str) -> None:
        with urllib.request.urlopen(f"{url.rstrip('/')}/.well-known/openid-configuration", timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - the setting allows http and https only
            configuration = json.load(answer)
        self.issuer: str = configuration["issuer"]
        self._client = jwt.PyJWKClient(configuration["jwks_uri"], cache_keys=True)

    def key_for(self, token: str) -> Any:
        return self._client.get_signing_key_from_jwt(token).key


class Tokens:
    """Checks tokens of one issuer for one audience. `now` gives seconds since 1970, for how long a proof is trusted."""

    def __init__(self, issuer: str, audience: str, now: Callable[[], float] = time.time) -> None:
        self._keys: _Keys = LocalIssuer(Path(issuer.removeprefix("file:"))) if issuer.startswith("file:") else _RemoteKeys(issuer)
        self._audience, self._now = audience, now
        self._proven: dict[str, tuple[Actor, float]] = {}

    def known(self, header: str | None) -> Actor | None:
        """The actor of a header that was proven a short while ago; never waits."""
        actor, until = self._proven.get(header or "", (None, 0.0))
        return actor if self._now() < until else None

    def actor(self, header: str | None) -> Actor:
        """The actor that an `authorization` header proves.

        Raises:
            TokenError: saying what is wrong with it.
        """
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenError("authorization: missing; allowed: Bearer and an access token")
        try:
            claims = jwt.decode(
                token,
                self._keys.key_for(token),
                algorithms=_ALGORITHMS,
                audience=self._audience,
                issuer=self._keys.issuer,
                options={"require": ["exp", "sub", "iss", "aud"]},
            )
            roles = claims.get("roles")
            if isinstance(roles, list):  # an issuer may know roles that mean nothing here
                roles = [role for role in cast("list[object]", roles) if role in set(Role)]
            actor = from_json(Actor, {"id": claims["sub"], "organisation": claims.get("organisation"), "roles": roles})
        except (jwt.PyJWTError, MalformedError, TypeError) as error:  # TypeError: signed by another kind of key than the issuer's
            raise TokenError(f"authorization: {error}; allowed: a valid access token with organisation and roles") from error
        if len(self._proven) >= _TRUSTED:
            self._proven.clear()
        self._proven[f"{scheme} {token}"] = (actor, min(claims["exp"], self._now() + _TRUST_SECONDS))
        return actor

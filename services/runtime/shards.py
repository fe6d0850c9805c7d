"""Which of a service's logs holds a key, and who acts for a service."""

from services.kernel.canonical import digest
from services.kernel.people import Actor, Role

EVERY = "*"
"""The shard key of a command that concerns every shard."""


def shard_of(key: str, shards: int) -> int:
    """The number of the log that holds a key: the same for ever, whoever asks."""
    return int(digest(key.encode())[:8], 16) % shards


def system_actor(service: str) -> Actor:
    """The actor of what a service does by itself."""
    return Actor(id=f"service:{service}", organisation="oproep", roles=(Role.SYSTEM,))

"""As much of `kafka-configs.sh` and `kafka-acls.sh` as `deploy/kafka/access.sh` uses; Kafka's own are in its image."""

import re
import sys
from contextlib import closing
from importlib import import_module
from typing import Any

admins: Any = import_module("kafka.admin")  # the type stubs that checkers carry are of an older version


def told(arguments: list[str]) -> dict[str, list[str]]:
    """Options with their values."""
    found: dict[str, list[str]] = {}
    name = ""
    for argument in arguments:
        if argument.startswith("--"):
            name = argument.removeprefix("--")
            found.setdefault(name, [])
        else:
            found[name].append(argument)
    return found


def configure(admin: Any, options: dict[str, list[str]]) -> None:
    (user,), (config,) = options["entity-name"], options["add-config"]
    assert options["entity-type"] == ["users"]
    if config.startswith("consumer_byte_rate="):
        return  # a quota; nothing here depends on it
    match = re.fullmatch(r"SCRAM-SHA-512=\[iterations=([0-9]+),password=(.+)\]", config)
    assert match
    said = admins.UserScramCredentialUpsertion(
        user, admins.ScramMechanism.SCRAM_SHA_512, password=match[2], iterations=int(match[1])
    )
    assert admin.alter_user_scram_credentials([said]) == {user: None}


def allow(admin: Any, options: dict[str, list[str]]) -> None:
    kind = admins.ResourceType.TOPIC if "topic" in options else admins.ResourceType.GROUP
    (name,) = options["topic" if "topic" in options else "group"]
    prefixed = options.get("resource-pattern-type") == ["prefixed"]
    resource = admins.ResourcePattern(
        kind, name, admins.ACLResourcePatternType.PREFIXED if prefixed else admins.ACLResourcePatternType.LITERAL
    )
    rules = [
        admins.ACL(principal, "*", admins.ACLOperation[operation.upper()], admins.ACLPermissionType.ALLOW, resource)
        for principal in options["allow-principal"]
        for operation in options["operation"]
    ]
    assert "add" in options
    assert not admin.create_acls(rules)["failed"]


if __name__ == "__main__":
    tool, *rest = sys.argv[1:]
    given = told(rest)
    with closing(admins.KafkaAdminClient(bootstrap_servers=given["bootstrap-server"])) as client:
        (configure if tool == "kafka-configs.sh" else allow)(client, given)

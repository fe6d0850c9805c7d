"""The public keys of a deployment's logs: what its auditors should have from somewhere else than from an export."""

from pathlib import Path

from services.cli import common
from services.runtime.log_keys import seeds
from services.standalone.registry import SPECS
from services.tlog.notes import SigningKey, origin


def keys(as_json: common.AsJson = False) -> None:
    """Print the public keys of all logs, one a line, as OPROEP_LOG_KEY has them. To be given where that key is; makes none."""
    current = common.settings()
    missing = [name for name in current.log_key.split(",") if not Path(name.removeprefix("file:")).is_file()]
    if missing:
        common.fail(f"OPROEP_LOG_KEY: {missing[0]} is not there; the services make it when they first start")
    try:
        secrets = seeds(current.log_key)
    except (OSError, ValueError) as error:
        common.fail(f"OPROEP_LOG_KEY: {error}")
    found = [
        str(SigningKey(origin(current.deployment, log), secret).verifier)
        for service in SPECS
        for log in common.logs(service)
        for secret in secrets
    ]
    if as_json:
        common.print_json(found)
        return
    for key in found:
        common.console.print(key, markup=False, soft_wrap=True)

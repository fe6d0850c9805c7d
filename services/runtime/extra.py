"""Libraries that only tables and reports need: imported when they are first used."""

import importlib
from typing import Any


class MissingExtraError(RuntimeError):
    """A library of the extra `audit` is not installed."""


def library(name: str) -> Any:
    """A module of the extra `audit`.

    Raises:
        MissingExtraError: saying how to get it.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        top = name.partition(".")[0]
        how = "pip install '.[audit]' in a copy of the source"
        raise MissingExtraError(f"{top} is not installed; it comes with the extra audit: {how}") from error

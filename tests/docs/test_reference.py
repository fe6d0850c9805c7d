"""The reference pages say what the code does."""

import pytest

from services.cli.reference import DIRECTORY, code_of, explanation, pages, refusal_words
from services.standalone.registry import SPECS


@pytest.mark.parametrize("page", ["events.md", "errors.md", "cli.md"])
def test_the_page_is_up_to_date(page: str) -> None:
    assert (DIRECTORY / page).read_text("utf-8") == pages()[page], "python -m services.cli.reference"


@pytest.mark.parametrize("service", SPECS)
def test_every_refusal_code_has_words(service: str) -> None:
    codes = list(code_of(SPECS[service]))
    assert all(explanation(service, code) for code in codes), "services/cli/refusals.toml"
    assert set(refusal_words().get(service, {})) <= {code.value for code in codes}, "words for a code that is gone"

"""`python -m services.bench`: the same as `oproep bench`."""

from services.cli.bench import app

app()

"""`python -m services.bench`: the same as `oproep bench`."""

from services.bench.command import app

app()

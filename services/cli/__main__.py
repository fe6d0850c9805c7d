"""`python -m services.cli`: the same as `oproep`."""

from services.cli.main import main

main()

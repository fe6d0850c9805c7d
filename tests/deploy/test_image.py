"""The image and the scripts around it: what they promise that can be seen without an engine."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from services.runtime.settings import Settings

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text("utf-8")
SERVICES = ("intake", "scoring", "awarding", "budget_ledger", "reporting", "notification", "publishing")


def test_the_image_is_pinned_small_and_nobody_s() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(bases) == 2
    assert all(re.fullmatch(r"python:3\.13\.\d+-slim-[a-z]+", base) for base in bases)
    assert "--require-hashes" in DOCKERFILE
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", DOCKERFILE, re.MULTILINE)
    assert re.findall(r"^ARG (\S+)", DOCKERFILE, re.MULTILINE) == ["SERVICE"]


def test_what_the_image_copies_is_let_in_and_exists() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copied = {path for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for path in line.split()}
    assert copied == allowed
    assert all((ROOT / path).exists() for path in copied)


def test_secrets_are_made_once_and_fit_the_settings(tmp_path: Path) -> None:
    script = tmp_path / "make-secrets"
    shutil.copy(ROOT / "deploy/make-secrets", script)
    (tmp_path / "secrets").mkdir()
    first = subprocess.run([script], check=True, capture_output=True, text=True).stdout
    kept = {file.name: file.read_bytes() for file in (tmp_path / "secrets").iterdir()}
    second = subprocess.run([script], check=True, capture_output=True, text=True).stdout
    assert first.replace("made", "kept") == second
    assert kept == {file.name: file.read_bytes() for file in (tmp_path / "secrets").iterdir()}
    assert len({*kept.values()}) == len(kept) == 2 + len(SERVICES)
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    for service in SERVICES:
        directory = tmp_path / service
        directory.mkdir()
        (directory / "oproep_store").write_bytes(kept[f"{service}_store"])
        options: dict[str, Any] = {"_secrets_dir": directory}
        assert re.fullmatch(f"postgresql://{service}:[0-9a-f]{{48}}@postgres:5432/{service}", Settings(**options).store)


def test_scripts_can_be_run() -> None:
    for script in ("deploy/make-secrets", "deploy/make-certificates", "deploy/postgres/databases.sh", ".ci/run"):
        assert os.access(ROOT / script, os.X_OK)
        subprocess.run(["bash", "-n", ROOT / script], check=True)

"""Figures out of measurements: quantiles, CPU seconds of a process, and what machine this is."""

import os
import platform
import sqlite3
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.runtime.clock import SystemClock

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Quantiles of a latency, in milliseconds."""

    p50: float
    p99: float
    p999: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Latency":
        """The quantiles of measured durations; the longest stands for those that too few measurements leave open."""
        if not seconds:
            return cls(p50=0.0, p99=0.0, p999=0.0)
        ordered = sorted(seconds)

        def at(part: float) -> float:
            return round(ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1000, 2)

        return cls(p50=at(0.5), p99=at(0.99), p999=at(0.999))


def cpu_seconds(process: int) -> float:
    """User and system time that a process, with its ended children, has used so far."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / _TICKS


def memory_mib(process: int) -> float:
    """Resident memory of a process, in MiB."""
    for line in Path(f"/proc/{process}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    raise RuntimeError(f"/proc/{process}/status names no VmRSS")


def machine(directory: Path) -> dict[str, Any]:
    """What the figures depend on."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "disk": _disk(directory),
        "commit": commit.stdout.strip() or "unknown",
        "day": SystemClock().now().date().isoformat(),
        "load_before": round(os.getloadavg()[0], 1),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _disk(directory: Path) -> str:
    """File system and device under a directory."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text("utf-8").splitlines()]
    where = directory.absolute()
    holding = [m for m in mounts if where.is_relative_to(m[1])]
    device, _, kind = max(holding, key=lambda m: len(m[1]))[:3]
    return f"{kind} on {device}"

"""Commands for Kafka's topics, which are data in `deploy/topics.toml`."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli import common
from services.kernel.ports import BusError
from services.runtime import topics
from services.runtime.kafka_access import KafkaAccess
from services.runtime.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Plan and make the topics of a Kafka cluster.")
File = Annotated[Path, typer.Option("--file", help="What is wanted.", exists=True, dir_okay=False)]
Replicas = Annotated[int | None, typer.Option(min=1, max=9, help="Instead of the file's, for a cluster of fewer brokers.")]


@app.command()
def plan(file: File = topics.SHIPPED, replicas: Replicas = None, as_json: common.AsJson = False) -> None:
    """Tell what `apply` would do. Exit code 1 if the cluster is not as wanted."""
    steps = _steps(common.settings(), file, replicas)
    _show(steps, as_json=as_json)
    if steps:
        raise typer.Exit(1)


@app.command()
def apply(file: File = topics.SHIPPED, replicas: Replicas = None, as_json: common.AsJson = False) -> None:
    """Make topics and their settings as wanted. Nothing is ever deleted, shrunk or repartitioned."""
    current = common.settings()
    steps = _steps(current, file, replicas)
    try:
        topics.Cluster(_brokers(current), KafkaAccess.of(current)).apply(steps)
    except BusError as error:
        common.fail(str(error))
    _show(steps, as_json=as_json)


def _brokers(current: Settings) -> str:
    if not current.bus.startswith("kafka://"):
        common.fail(f"OPROEP_BUS: {current.bus} has no topics to make; allowed: kafka://HOST:PORT,HOST:PORT", 2)
    return current.bus.removeprefix("kafka://")


def _steps(current: Settings, file: Path, replicas: int | None) -> list[topics.Step]:
    try:
        wanted = topics.wanted(file, shards=current.shards, replicas=replicas)
        return topics.Cluster(_brokers(current), KafkaAccess.of(current)).plan(wanted)
    except (BusError, topics.TopicsError) as error:
        common.fail(str(error))


def _show(steps: list[topics.Step], *, as_json: bool) -> None:
    told = [
        {"topic": step.topic.name, "step": "create", "partitions": step.topic.partitions, "replicas": step.topic.replicas}
        if isinstance(step, topics.Create)
        else {"topic": step.name, "step": "configure", "config": dict(step.config)}
        for step in steps
    ]
    if as_json:
        common.print_json(told)
        return
    for row in told:
        common.console.print(", ".join(f"{key}={value}" for key, value in row.items()), markup=False)
    if not told:
        common.console.print("all topics are as wanted")

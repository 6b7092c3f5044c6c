"""The Spark session that the environment names, or a quiet local one."""

from __future__ import annotations

import os
import re
import tempfile
from shutil import which
from typing import IO, Any

from features.errors import SourceError

CAUSE = re.compile(r"(?:Exception|Error): (\[[A-Z_.]+\].*)")
QUIET = {
    "spark.app.name": "amity",
    "spark.log.level": "ERROR",
    "spark.ui.showConsoleProgress": "false",
    "spark.ui.enabled": "false",
}
"""An own session opens no port for a web page and draws no bars; hand over a session to have them."""


def start() -> Any:
    """The `SparkSession` at hand: the active one, that of `SPARK_REMOTE`, or a new one of this process.

    A new one follows pyspark's own settings (`spark-defaults.conf`, `PYSPARK_SUBMIT_ARGS`), which without any
    means `local[*]`. Raises `SourceError` where Spark or Java is missing, or Spark doesn't start.
    """
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise SourceError("Spark is not installed: pip install 'amity[spark]'.") from error
    try:
        remote = "SPARK_REMOTE" in os.environ
        return SparkSession.builder.getOrCreate() if remote else SparkSession.getActiveSession() or _new()
    except PySparkException as error:
        raise SourceError(f"Spark can't be reached: {first_line(error)}.") from error


def first_line(error: Exception) -> str:
    """What Spark says of a failure: the innermost cause that Spark has a name for, else the first line."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    causes = [found[1] for line in lines if (found := CAUSE.search(line))]
    return (causes or lines)[-1 if causes else 0].rstrip(".!")


def _new() -> Any:
    """A session of this process. What its Java writes on the error stream is kept from the terminal."""
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    if not (which("java") or os.environ.get("JAVA_HOME")):
        raise SourceError("Spark needs Java 17: install it (Debian: openjdk-17-jre-headless).")
    conf = SparkConf(loadDefaults=False).setAll(list(QUIET.items()))
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        try:
            gateway = launch_gateway(conf, {"stderr": log})
            SparkContext(conf=SparkConf().setAll(list(QUIET.items())), gateway=gateway)
        except PySparkRuntimeError as error:
            raise SourceError(f"Spark doesn't start: {_last_line(log) or first_line(error)}.") from error
    return SparkSession.builder.getOrCreate()


def _last_line(log: IO[str]) -> str:
    log.seek(0)
    return ([line.strip().rstrip(".") for line in log if line.strip()] or [""])[-1]

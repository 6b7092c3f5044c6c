"""`amity serve`: checks what the service needs, then becomes BentoML's server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import DEVNULL

from configs import loading
from configs.folder import folder
from features.errors import ConfigError
from serving import database
from serving.champion import pointer
from serving.locks.locks import Locks
from serving.resources import Resources

ROOT = Path(__file__).parent.parent
SERVICE = "serving.service:Amity"
NEEDS_KEYS = "It asks everybody for a key (`amity keys list`)."
IS_OPEN = (
    "No key has been made yet, so it answers this machine only and asks for none; `amity keys make` locks it."
)


def serve(bundle: Path, host: str, port: int, follower: Sequence[str] = ()) -> None:
    """Serve until stopped; does not return, for the process becomes the server.

    `follower`: a command that writes which bundle is to answer (`serving.champion`) as long as this process
    lives; where there is none, the bundle stays.

    Raises ModelError where the bundle can't be loaded, ConfigError where the settings, the store, the host or
    the port can't be used.
    """
    address = _free(host, port)
    os.environ |= environment(bundle)
    store = Resources.open().store
    locked = Locks.over(store.engine).require_for(address)
    store.close()
    where = f"http://{_shown(address)}:{port}"
    sys.stdout.write(
        f"Amity answers on {where} in a few seconds; {where}/docs tells what. Ctrl+C stops it.\n"
        f"{NEEDS_KEYS if locked else IS_OPEN}\n"
    )
    sys.stdout.flush()
    if not follower:
        pointer().unlink(missing_ok=True)
    else:
        subprocess.Popen(follower, cwd=ROOT, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)  # noqa: S603
    os.execv(sys.executable, command(address, port))  # noqa: S606


def command(address: str, port: int) -> list[str]:
    """BentoML's server as a command line."""
    options = ["--host", address, "--port", str(port), "--working-dir", str(ROOT)]
    return [sys.executable, "-m", "bentoml", "serve", SERVICE, *options]


def environment(bundle: Path) -> dict[str, str]:
    """What the server needs to know; it works in another folder, so paths are absolute.

    BentoML writes under Amity's home only, says little, and tells nobody.
    """
    home = loading.home()
    temporary = home / "bentoml" / "tmp"
    try:
        temporary.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The home {home} can't be written to ({error}); set AMITY_HOME to a folder that can."
        ) from None
    return {
        "AMITY_BUNDLE": str(bundle.absolute()),
        "AMITY_HOME": str(home),
        "AMITY_CONFIGS": str(folder().absolute()),
        "AMITY_STORE_URL": database.address(None).render_as_string(hide_password=False),
        "BENTOML_HOME": str(home / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True",
        "BENTOML_QUIET": "true",
        "TMPDIR": str(temporary),
    }


def _free(host: str, port: int) -> str:
    """The host as an IP address, if the port can be listened on there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"Amity can't listen on {host}:{port}: {error}. "
            "Stop what listens there, or choose another --port."
        ) from None
    return str(address[0])


def _shown(address: str) -> str:
    return f"[{address}]" if ":" in address else address

"""A PostgreSQL server of one's own in a temporary folder, for a test; as another user where the tests run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pg8000.dbapi

GIVEN = "ACCLIMATE_TEST_POSTGRES"
"""Names an empty database that is used instead."""


def postgres_programs() -> bool:
    """Whether a server can be started here."""
    return shutil.which("initdb") is not None and shutil.which("postgres") is not None


@contextmanager
def postgres_url(folder: Path) -> Iterator[str]:
    """The URL of an empty database, with a password in it; the server is gone afterwards."""
    given = os.environ.get(GIVEN)
    if given:
        yield given
        return
    user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    place = _folder_of(user, folder)
    (place / "password").write_text("tiger-77")
    as_user = {"user": user} if os.geteuid() == 0 else {}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": place}
    init = ["initdb", "--no-sync", "-A", "md5", "-U", "scott", "--pwfile", str(place / "password"), str(place / "db")]
    subprocess.run(init, check=True, **quiet, **as_user)
    port = _free_port()
    command = ["postgres", "-D", str(place / "db"), "-p", str(port), "-h", "127.0.0.1", "-k", "", "-F"]
    server = subprocess.Popen(command, **quiet, **as_user)
    try:
        _wait_for(port, server)
        yield f"postgresql+pg8000://scott:tiger-77@127.0.0.1:{port}/postgres"
    finally:
        # Not SIGTERM: PostgreSQL would wait for connections that a failed test left open.
        server.send_signal(signal.SIGINT)
        server.wait(30)
        shutil.rmtree(place, ignore_errors=True)


def _folder_of(user: str, folder: Path) -> Path:
    """A folder that the server's user may enter: pytest's own ones are closed to others."""
    place = Path("/tmp") / f"acclimate-postgres-{os.getpid()}-{folder.name}"
    place.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(place, user)
    return place


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if server.poll() is not None:
            break
        with suppress(pg8000.dbapi.Error):
            pg8000.dbapi.connect("scott", "127.0.0.1", "postgres", port, "tiger-77").close()
            return
        time.sleep(0.05)
    raise RuntimeError("the PostgreSQL server of the test did not start")

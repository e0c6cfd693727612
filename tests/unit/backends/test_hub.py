"""A base by its hub name, from a server on this machine that answers as the hub does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from acclimate.backends.digests import model_digest
from acclimate.backends.tiny import write_tiny_model
from acclimate.core.atomic import file_digest

COMMIT = "0" * 39 + "1"
RESOLVE = """
import sys
from pathlib import Path
from acclimate.api import Project
settings = "project: tiny\\ntask: generation\\nbase: someone/tiny\\ningest: {sources: [{path: notes.jsonl}]}\\n"
for network in ("network: true", ""):
    Path(sys.argv[1], "acclimate.yaml").write_text(settings + network)
    print(Project.open(Path(sys.argv[1])).outside.base)
"""


class Hub(BaseHTTPRequestHandler):
    """What the hub tells of one model: its files, and each of them."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.folder = folder
        super().__init__(*arguments)

    def do_GET(self) -> None:
        file = self.folder / self.path.rpartition("/")[2]
        if "/resolve/" in self.path:
            headers = {"ETag": f'"{file_digest(file)}"', "X-Repo-Commit": COMMIT}
            self.answer(file.read_bytes(), headers)
        else:
            files = [
                {"type": "file", "path": path.name, "size": path.stat().st_size, "oid": file_digest(path)}
                for path in self.folder.iterdir()
            ]
            model = {"id": "someone/tiny", "sha": COMMIT, "siblings": [{"rfilename": one["path"]} for one in files]}
            self.answer(json.dumps(files if "/tree/" in self.path else model).encode(), {})

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def answer(self, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(200)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    write_tiny_model(tmp_path / "remote")
    (tmp_path / "remote/pytorch_model.bin").write_bytes(b"\x80\x04")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Hub, tmp_path / "remote"))
    Thread(target=server.serve_forever).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_hub_name_is_fetched_where_the_network_is_on_and_found_offline_afterwards(tmp_path: Path, hub: str) -> None:
    cache = tmp_path / "caches/acclimate"
    environment = {**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1"}
    environment["XDG_CACHE_HOME"] = str(tmp_path / "caches")
    command = [sys.executable, "-c", RESOLVE, str(tmp_path)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    fetched, offline = map(Path, ran.stdout.split())
    assert fetched == offline and fetched.is_relative_to(cache / "hub")
    assert model_digest(fetched, cache=cache) == model_digest(tmp_path / "remote", cache=cache)
    assert not list(cache.rglob("*.bin"))

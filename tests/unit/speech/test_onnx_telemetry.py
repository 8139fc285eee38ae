"""ONNX Runtime's telemetry gives a machine an identity and keeps what it will send once it is loaded; with us it does not."""

import os
import subprocess
import sys
from pathlib import Path


def test_loading_the_runtime_leaves_no_identity_and_nothing_to_send(tmp_path: Path) -> None:
    own = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / ".cache")}
    clean = {name: value for name, value in os.environ.items() if name not in {"ORT_DISABLE_TELEMETRY", "CI"}} | own
    subprocess.run([sys.executable, "-c", "import earwitness.speech.onnx"], env=clean, check=True, timeout=60)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

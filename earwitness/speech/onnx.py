"""How ONNX models are opened here: on the processor, with few threads that sleep while there is nothing to do."""

from pathlib import Path

import onnxruntime

from earwitness.domain.errors import EngineError

_FATAL = 4
"""Log nothing but fatal errors: a failure reaches the caller as an exception."""


def open_session(path: Path, *, threads: int) -> onnxruntime.InferenceSession:
    """Load a checked model file for use by `threads` threads. Raises EngineError if this machine cannot run it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = _FATAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise EngineError(f"This machine cannot run the model {path.name}: `earwitness doctor` may tell why.") from error

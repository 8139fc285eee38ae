"""Logs carry keys; personal values never reach them."""

import logging

import pytest

from earwitness.telemetry import log


def test_personal_values_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log(logging.getLogger("t"), "turn finished", transcript="my secret", outcome="done")
    assert "my secret" not in caplog.text
    assert "outcome=done" in caplog.text


def test_unlisted_keys_are_refused() -> None:
    with pytest.raises(KeyError):
        log(logging.getLogger("t"), "event", name="Anna")

"""Audio as it travels through the house: mono 16-bit PCM and its rate.

Owns the sample format and nothing else; decoding files and running models belong to `speech`.
"""

from dataclasses import dataclass

RATE_HZ = 16_000
SAMPLE_BYTES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Pcm:
    """Mono signed 16-bit little-endian samples at `rate_hz`."""

    data: bytes
    rate_hz: int = RATE_HZ

    def __post_init__(self) -> None:
        if len(self.data) % SAMPLE_BYTES:
            raise ValueError("PCM data must hold whole 16-bit samples")
        if self.rate_hz <= 0:
            raise ValueError("a sample rate must be positive")

    @property
    def sample_count(self) -> int:
        return len(self.data) // SAMPLE_BYTES

    @property
    def seconds(self) -> float:
        return self.sample_count / self.rate_hz

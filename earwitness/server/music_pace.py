"""How much music a satellite may be sent now: a bounded lead, a bounded amount on its way, and never faster than a clock allows.

Owns the bounds; what the device reports is believed only within what it was sent. Pure: time is an argument.
"""

from typing import Final

LEAD_SECONDS: Final = 5.0
"""Music that may wait at the device: longer than a lost link is kept, so a short loss is not heard."""
ON_ITS_WAY_SECONDS: Final = 1.0
"""Music that was sent and that the device has not reported: a reply waits on a slow network behind no more than this."""
FASTEST: Final = 1.5
"""After the first lead no device gets music faster than this times as fast as it plays, whatever it reports."""
LEAST_TRACK_SECONDS: Final = 0.25
"""Every track counts as at least so long, so that files without sound are not opened without end."""


class MusicPace:
    """One satellite's, from the moment it is begun."""

    def __init__(self, *, now: float) -> None:
        self._allowed = LEAD_SECONDS
        self._at = now
        self._starts: dict[int, float] = {}
        """How much had been sent before each track."""
        self._sent = 0.0
        self._played = 0.0
        self._received = 0.0

    @property
    def sent_seconds(self) -> float:
        return self._sent

    def begin(self, track_id: int) -> None:
        """A track begins with what is sent next."""
        self._starts[track_id] = self._sent
        self._allowed -= LEAST_TRACK_SECONDS

    def send(self, seconds: float) -> None:
        """So much was sent."""
        self._sent += seconds
        self._allowed -= seconds

    def report(self, track_id: int, *, played_seconds: float, waiting_seconds: float) -> None:
        """The device played so much of a track, and so much of all waits there. What it cannot know of is not believed."""
        start = self._starts.get(track_id)
        if start is None:
            return
        self._played = max(self._played, min(start + played_seconds, self._sent))
        self._received = max(self._received, min(self._played + waiting_seconds, self._sent))

    def room(self, *, now: float) -> float:
        """Seconds of music that may be sent now; none is 0."""
        self._allowed = min(LEAD_SECONDS, self._allowed + FASTEST * max(0.0, now - self._at))
        self._at = now
        lead = LEAD_SECONDS - (self._sent - self._played)
        on_its_way = ON_ITS_WAY_SECONDS - (self._sent - self._received)
        return max(0.0, min(lead, on_its_way, self._allowed))

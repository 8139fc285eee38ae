"""Do not disturb: where nobody is to be called or told things, and until when. No I/O."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """One wish not to be disturbed: in a room, at a satellite that stands in none, or in the whole house when neither is named.
    It holds until a moment (aware), or until it is taken back."""

    area: str | None = None
    """The room, compared without case."""
    device_id: str | None = None
    until: datetime | None = None

    @property
    def is_house(self) -> bool:
        return self.area is None and self.device_id is None

    def is_at(self, *, area: str | None, device_id: str | None) -> bool:
        """Whether it holds in that room or at that satellite. A page is in no room: only the whole house's holds there."""
        if self.is_house:
            return True
        if self.area is not None:
            return area is not None and area.casefold() == self.area.casefold()
        return device_id == self.device_id

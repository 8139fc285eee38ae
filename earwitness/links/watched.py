"""Who watches a home: what every home shares, whoever keeps it true. Used from one event loop."""

from collections.abc import Callable

from earwitness.domain.home import Device


class Watched:
    """The base of homes. Whoever changes a device calls `_tell`, whoever changes what there is or its names `_redescribed`."""

    def __init__(self) -> None:
        self._subscribers: dict[object, Callable[[Device], None]] = {}
        self._described: dict[object, Callable[[], None]] = {}

    def subscribe(self, callback: Callable[[Device], None]) -> Callable[[], None]:
        """Call `callback` with a device after each change of it; returns how to unsubscribe."""
        token = object()
        self._subscribers[token] = callback
        return lambda: self._subscribers.pop(token, None) and None

    def on_described(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` when there are other devices, names or rooms, or they can or cannot be reached; returns how to stop."""
        token = object()
        self._described[token] = callback
        return lambda: self._described.pop(token, None) and None

    def _tell(self, device: Device) -> None:
        for callback in tuple(self._subscribers.values()):
            callback(device)

    def _redescribed(self) -> None:
        for callback in tuple(self._described.values()):
            callback()

"""Small homes for the tests of understanding."""

from earwitness.domain.home import Area, Device, Home


def device(name: str, domain: str, area: str | None = None, *aliases: str, device_class: str = "", key: str = "") -> Device:
    identity = f"{domain}.{name.lower().replace(' ', '_')}{key}"
    return Device(device_id=identity, name=name, domain=domain, area=area, aliases=aliases, device_class=device_class)


SMALL = Home(
    name="small",
    is_simulated=True,
    areas=(
        Area(name="Kitchen", floor="First Floor"),
        Area(name="Living Room", aliases=("lounge",), floor="First Floor"),
        Area(name="Bedroom", floor="Second Floor"),
    ),
    devices=(
        device("Kitchen Light", "light", "Kitchen"),
        device("Kitchen Counter Light", "light", "Kitchen"),
        device("Bed Light", "light", "Bedroom", "bedside lamp"),
        device("Bed Light Strip", "light", "Bedroom"),
        device("Lamp", "light", "Bedroom", key="_1"),
        device("Lamp", "light", "Living Room", key="_2"),
        device("Plug 2", "switch", "Kitchen"),
        device("TV", "media_player", "Living Room"),
        device("Thermostat", "climate", "Living Room"),
        device("Front Door", "lock", "Living Room"),
        device("Blinds", "cover", "Bedroom", device_class="blind"),
        device("Movie Night", "scene", "Living Room"),
        device("Hallway Motion", "binary_sensor", device_class="motion"),
        device("Garden", "sensor", device_class="humidity"),
    ),
    lists=("shopping list", "to-do"),
)

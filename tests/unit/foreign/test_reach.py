"""Where unencrypted sound may travel, and how long we wait before we try again."""

import pytest

from earwitness.domain.errors import NetworkError
from earwitness.foreign.reach import Place, Trust, back_off_seconds, read_place, warnings


def test_this_machine_is_always_in_reach() -> None:
    assert Trust().check_peer("127.0.0.1") == "127.0.0.1"
    Trust().check_listening("127.0.0.1")
    Trust().check_listening("::1")
    Trust().check_listening("localhost")


def test_another_machine_is_out_of_reach_without_a_trusted_interface() -> None:
    with pytest.raises(NetworkError):
        Trust().check_peer("192.0.2.7")


def test_an_interface_has_the_addresses_that_the_kernel_says() -> None:
    assert "127.0.0.1" in Trust("lo").addresses()
    assert Trust("192.0.2.1").addresses() == {"192.0.2.1"}
    Trust("192.0.2.1").check_listening("192.0.2.1")


def test_an_interface_that_is_not_there_is_named() -> None:
    with pytest.raises(NetworkError, match="nosuch0"):
        Trust("nosuch0").addresses()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("kitchen.local", Place(host="kitchen.local", port=10700)),
        ("192.0.2.7:6053", Place(host="192.0.2.7", port=6053)),
        ("[::1]:1", Place(host="::1", port=1)),
        ("::1", Place(host="::1", port=10700)),
    ],
)
def test_places_are_read(text: str, place: Place) -> None:
    assert read_place(text, default_port=10700) == place


@pytest.mark.parametrize("text", ["", ":5", "host:", "host:0", "host:70000", "host:x", "a b", "host:²", "host:99999999999"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(NetworkError):
        read_place(text, default_port=10700)


def test_warnings_stay_as_long_as_sound_travels_unencrypted() -> None:
    assert warnings(has_services=True, services_host="127.0.0.1", interface=None) == ()
    assert warnings(has_services=False, services_host="192.0.2.1", interface=None) == ()
    found = warnings(has_services=True, services_host="192.0.2.1", interface="eth1")
    assert "192.0.2.1" in found[0]
    assert "eth1" in found[1]


def test_waiting_doubles_and_is_bounded() -> None:
    assert [back_off_seconds(failures, chance=1.0) for failures in (1, 2, 3, 7, 1000)] == [1.0, 2.0, 4.0, 60.0, 60.0]
    assert back_off_seconds(1, chance=0.0) == 0.5

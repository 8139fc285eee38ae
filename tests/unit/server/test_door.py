"""Who may knock: hosts, origins, fetch metadata and the same machine, as a table of what is and is not let in."""

import pytest

from earwitness.server import door


@pytest.mark.parametrize(
    ("host", "is_public", "expected"),
    [
        ("127.0.0.1:8765", False, True),
        ("localhost", False, True),
        ("LOCALHOST:8765", False, True),
        ("[::1]:8765", False, True),
        ("assistant.example:8765", False, True),
        ("assistant.example.", False, True),
        ("attacker.example:8765", False, False),
        ("127.0.0.1.attacker.example", False, False),
        ("192.0.2.7", False, False),
        ("192.0.2.7", True, True),
        ("[2001:db8::7]:443", True, True),
        ("attacker.example", True, False),
        ("", True, False),
        (None, True, False),
        ("127.0.0.1@attacker.example", False, False),
        ("attacker.example#@127.0.0.1", False, False),
        ("127.0.0.1:port", False, False),
        ("[::1", False, False),
        ("localhost/..", False, False),
    ],
)
def test_only_hosts_that_mean_us_are_answered(host: str | None, is_public: bool, expected: bool) -> None:
    assert door.admits_host(host, names={"assistant.example"}, is_public=is_public) is expected


@pytest.mark.parametrize(
    ("origin", "is_secure", "expected"),
    [
        (None, False, True),
        ("http://127.0.0.1:8765", False, True),
        ("https://127.0.0.1:8765", True, True),
        ("http://127.0.0.1:8765", True, False),
        ("http://127.0.0.1:9999", False, False),
        ("http://127.0.0.1", False, False),
        ("http://attacker.example", False, False),
        ("null", False, False),
        ("", False, False),
    ],
)
def test_only_our_own_page_may_send(origin: str | None, is_secure: bool, expected: bool) -> None:
    assert door.admits_origin(origin, host_header="127.0.0.1:8765", is_secure=is_secure) is expected


@pytest.mark.parametrize(
    ("site", "mode", "dest", "method", "expected"),
    [
        ("same-origin", "cors", "empty", "POST", True),
        ("none", "navigate", "document", "GET", True),
        ("cross-site", "navigate", "document", "GET", True),
        ("cross-site", "navigate", "document", "POST", False),
        ("cross-site", "navigate", "iframe", "GET", False),
        ("cross-site", "no-cors", "audio", "GET", False),
        ("same-site", "cors", "empty", "GET", False),
    ],
)
def test_another_site_may_link_here_and_nothing_else(site: str, mode: str, dest: str, method: str, expected: bool) -> None:
    headers = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest}
    assert door.admits_fetch(headers, method=method) is expected


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        ("127.0.0.1", {"host": "localhost:8765"}, True),
        ("::1", {"host": "[::1]:8765"}, True),
        ("127.0.0.1", {"host": "assistant.example"}, False),
        ("192.0.2.7", {"host": "localhost"}, False),
        ("", {"host": "localhost"}, False),
        (None, {"host": "localhost"}, False),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": "127.0.0.1"}, False),
        ("127.0.0.1", {}, False),
    ],
)
def test_the_same_machine_is_told_from_others(peer: str | None, headers: dict[str, str], expected: bool) -> None:
    assert door.is_same_machine(peer, headers) is expected

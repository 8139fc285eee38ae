"""Which addresses reach the same."""

import pytest

from earwitness.domain.contact import same_address


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("+49 30 1234567", "030 1234567", True),
        ("1234567", "+49 30 1234567", True),
        ("4567", "+49 30 1234567", False),
        ("+49 30 1234567", "+49 30 1234568", False),
        ("Anna@SIP.example", "sip:anna@sip.example", True),
        ("anna@sip.example", "anna@sip.other", False),
        ("", "", False),
        ("+43 170 1234567", "+49 170 1234567", False),
        ("0170 1234567", "+49 170 1234567", True),
        ("Bank", "bank", True),
        ("Bank", "", False),
        ("12345A", "12345", False),
    ],
)
def test_numbers_are_the_same_with_and_without_the_countrys_prefix(one: str, other: str, expected: bool) -> None:
    assert same_address(one, other) is expected

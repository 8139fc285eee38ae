"""Every kind of link that the house knows: it makes a form, and needs nothing of the house before it is made."""

from typing import Any

import pytest

from earwitness.build.link_kinds import link_kinds
from earwitness.links.link_forms import FieldKind, fields_of
from earwitness.links.link_kind import LinkKind

KINDS = link_kinds(object())  # type: ignore[arg-type]


def test_names_are_taken_once() -> None:
    assert len({kind.name for kind in KINDS}) == len({kind.title for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_makes_a_form_in_plain_words(kind: LinkKind[Any]) -> None:
    assert kind.about.endswith(".")
    for field in fields_of(kind.options):
        assert field.title, field.name
        assert (field.kind is FieldKind.CHOICE) == bool(field.choices)
        assert "password" not in field.name, "a secret is no option"
        assert "token" not in field.name, "a secret is no option"
    for secret in kind.secrets:
        assert secret.title

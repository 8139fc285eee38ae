"""Messages as what somebody has: counted, exported, and gone with consent and with the person."""

from pathlib import Path

from earwitness.domain.consent import Purpose, Way
from earwitness.domain.message import Message, MessageState
from tests.houses_kept import PASSPHRASE, KeptHouse, kept_house


def left(house: KeptHouse, person_id: str, number: int) -> None:
    """A message that somebody left for everybody."""
    made = Message(
        message_id=f"{number:032x}",
        person_id=person_id,
        is_incoming=False,
        link_id=None,
        address="",
        name="everybody",
        text="zanzibar marmalade",
        state=MessageState.DELIVERED,
        created_at=house.clock(),
        changed_at=house.clock(),
    )
    house.rights.belongings.messages.add(made)


def test_texts_follow_the_consent_for_the_history_and_go_with_the_person(tmp_path: Path) -> None:
    with kept_house(tmp_path) as house:
        house.people.add("Owner", passphrase=PASSPHRASE)
        anna = house.people.add("Anna", passphrase=PASSPHRASE).person_id
        box = house.rights.belongings.messages
        left(house, anna, 1)
        house.rights.decide(anna, Purpose.KEEP, is_given=True, way=Way.PAGE)
        left(house, anna, 2)
        assert {one.message_id[-1]: one.text for one in box.of(anna)} == {"1": None, "2": "zanzibar marmalade"}
        assert house.rights.asked_for(anna) == {"message": 2}
        house.rights.decide(anna, Purpose.KEEP, is_given=False, way=Way.PAGE)
        assert [one.text for one in box.of(anna)] == [None, None]
        house.rights.erase_person(anna)
        assert box.of(anna) == ()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"zanzibar" in path.read_bytes()]

"""Which names a recogniser expects of whose voice."""

from datetime import UTC, datetime

from earwitness.build.likely_names import GAPS, MOST_NAMES, Names, expected_names
from earwitness.domain.alert import Alert, AlertKind, AtMoment
from earwitness.domain.contact import Contact, Relation
from earwitness.domain.errors import StorageError
from earwitness.domain.music import Music, MusicKind

NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)
GRAN = Contact(
    contact_id="1",
    owner_id=None,
    name="Gertrud  Baum",
    aliases=("Trudi",),
    relations=(Relation(person_id="ann", word="gran"), Relation(person_id="bob", word="mum")),
    changed_at=NOW,
)


def names_for(person_id: str | None, *, music: list[Music] | None = None, alerts: list[Alert] | None = None) -> Names:
    return expected_names(person_id, contacts=lambda _: [GRAN], music=lambda: music or [], alerts=lambda: alerts or [])


def test_somebody_is_called_what_they_are_to_whoever_speaks() -> None:
    assert names_for("ann")["contact"] == ("Gertrud Baum", "Trudi", "my gran", "gran")
    assert names_for(None)["message_to"] == ("Gertrud Baum", "Trudi")


def test_alarms_and_timers_are_expected_where_each_is_named() -> None:
    def alert(kind: AlertKind, name: str) -> Alert:
        return Alert(alert_id=name, kind=kind, rule=AtMoment(at=NOW), created_at=NOW, name=name)

    found = names_for(
        None, alerts=[alert(AlertKind.ALARM, "school"), alert(AlertKind.TIMER, "pizza"), alert(AlertKind.TIMER, "")]
    )
    assert (found["alarm_which"], found["timer_name"]) == (("school",), ("pizza",))


def test_of_much_music_the_playlists_come_first() -> None:
    tracks = [Music(kind=MusicKind.TRACK, name=f"Track {number}") for number in range(MOST_NAMES + 5)]
    found = names_for(None, music=[*tracks, Music(kind=MusicKind.PLAYLIST, name="Sunday")])["search_query"]
    assert found[0] == "Sunday"
    assert len(found) == MOST_NAMES


def test_what_cannot_be_read_leaves_the_others() -> None:
    def closed(person_id: str | None) -> list[Contact]:
        raise StorageError("The vault is closed.")

    jazz = Music(kind=MusicKind.PLAYLIST, name="Jazz")
    found = expected_names(None, contacts=closed, music=lambda: [jazz], alerts=list)
    assert found["contact"] == ()
    assert found["search_query"] == ("Jazz",)
    assert found.keys() == set(GAPS)

"""Every link has been tried in every way that a link goes wrong: a table of which test does it, which reads the suite.

Where a cell names no test it says why there can be none. A test that is renamed or taken out fails here.
"""

import ast
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, cast

import pytest

from earwitness.build.link_kinds import link_kinds
from earwitness.config import Settings

TESTS: Final = Path(__file__).resolve().parents[1]
WAYS: Final = ("works", "wrong password", "down", "dies in the middle", "slow", "comes back", "hostile")


@dataclass(frozen=True)
class Never:
    """Why there is no such trial."""

    because: str


def at(file: str, test: str) -> str:
    return f"links/{file}.py::{test}"


NO_PASSWORD: Final = Never("there is none: it is a program or a folder of this machine")
TRIALS: Final[dict[str, tuple[str | Never, ...]]] = {
    "home_assistant": (
        at("test_home_assistant", "test_changes_are_told_only_as_they_were_observed"),
        at("test_home_assistant", "test_a_wrong_token_and_nobody_there_are_said"),
        at("test_home_assistant", "test_a_wrong_token_and_nobody_there_are_said"),
        at("test_home_assistant", "test_a_server_that_hangs_dies_and_comes_back"),
        at("test_home_assistant", "test_a_server_that_hangs_dies_and_comes_back"),
        at("test_home_assistant", "test_a_server_that_hangs_dies_and_comes_back"),
        "unit/links/test_home_assistant_strangers.py::test_it_says_what_is_no_message",
    ),
    "mqtt": (
        at("test_mqtt", "test_devices_of_all_makes_are_found_and_obey"),
        at("test_mqtt", "test_a_wrong_password_no_broker_and_a_certificate_of_others"),
        at("test_mqtt", "test_a_wrong_password_no_broker_and_a_certificate_of_others"),
        at("test_mqtt", "test_a_broker_that_hangs_and_dies_is_said_and_comes_back"),
        at("test_mqtt", "test_silent_stubborn_and_slow_devices_are_never_taken_for_done"),
        at("test_mqtt", "test_one_link_reconnects_by_itself_when_it_is_run_again"),
        at("test_mqtt", "test_hostile_messages_change_nothing"),
    ),
    "xmpp": (
        at("test_xmpp", "test_a_message_is_sent_comes_in_once_and_is_answered"),
        at("test_xmpp", "test_a_wrong_password_a_strange_certificate_and_nobody_there_are_told_apart"),
        at("test_xmpp", "test_a_wrong_password_a_strange_certificate_and_nobody_there_are_told_apart"),
        at("test_xmpp", "test_nobody_knows_when_the_server_dies_or_hangs_while_a_message_is_sent"),
        at("test_xmpp", "test_nobody_knows_when_the_server_dies_or_hangs_while_a_message_is_sent"),
        at("test_xmpp", "test_what_came_while_we_were_away_comes_once_after_a_reconnect"),
        at("test_xmpp", "test_a_hostile_server_is_left_with_a_clear_error"),
    ),
    "matrix": (
        at("test_matrix", "test_a_message_is_sent_once_answered_seen_and_comes_once_after_a_reconnect"),
        at("test_matrix", "test_a_wrong_password_and_nobody_there_are_told_apart"),
        at("test_matrix", "test_a_wrong_password_and_nobody_there_are_told_apart"),
        at("test_matrix", "test_nobody_knows_when_the_server_dies_while_a_message_is_sent"),
        at("test_matrix", "test_a_server_that_hangs_is_left_and_found_again"),
        at("test_matrix", "test_a_server_that_hangs_is_left_and_found_again"),
        at("test_matrix", "test_a_hostile_server_is_left_with_a_clear_error"),
    ),
    "sms": (
        at("test_sms", "test_a_message_is_sent_and_an_answer_comes_in_once"),
        NO_PASSWORD,
        at("test_sms", "test_a_gammu_that_is_not_there_is_said"),
        at("test_sms", "test_nobody_knows_while_gammu_is_away_and_it_is_told_once_it_is_back"),
        at("test_sms", "test_a_slow_gammu_leaves_it_unknown_and_it_is_told_once_it_was_sent"),
        at("test_sms", "test_nobody_knows_while_gammu_is_away_and_it_is_told_once_it_is_back"),
        at("test_sms", "test_strange_files_in_the_inbox_harm_nothing"),
    ),
    "sip_messages": (
        at("test_sip_messages", "test_a_message_is_sent_comes_in_once_and_is_answered"),
        at("test_sip_messages", "test_a_wrong_password_and_nobody_there_are_told_apart"),
        at("test_sip_messages", "test_a_wrong_password_and_nobody_there_are_told_apart"),
        at("test_sip_messages", "test_nobody_knows_when_the_server_hangs_or_dies_while_a_message_is_sent"),
        at("test_sip_messages", "test_a_message_is_confirmed_only_once_it_is_kept"),
        at("test_sip_messages", "test_nobody_knows_when_the_server_hangs_or_dies_while_a_message_is_sent"),
        at("test_sip_messages", "test_a_hostile_server_is_left_with_a_clear_error"),
    ),
    "apprise": (
        at("test_apprise", "test_a_message_is_taken_by_the_service"),
        at("test_apprise", "test_a_service_that_refuses_says_so"),
        at("test_apprise", "test_a_service_that_is_away_leaves_the_message_waiting"),
        at("test_apprise", "test_nobody_knows_when_the_service_dies_in_the_middle"),
        at("test_apprise", "test_a_service_that_is_slow_is_waited_for"),
        at("test_apprise", "test_a_service_that_comes_back_takes_the_next_message"),
        at("test_apprise", "test_nobody_knows_when_it_fails_hangs_or_floods"),
    ),
    "sip": (
        at("test_sip", "test_what_is_said_goes_out_and_comes_back"),
        at("test_sip", "test_a_wrong_password_is_told_and_nothing_is_called"),
        at("test_sip", "test_a_server_that_is_away_is_told_and_found_again"),
        at("test_sip", "test_a_call_goes_on_when_the_server_dies_in_its_midst"),
        at("test_sip", "test_a_server_that_hangs_is_told_within_two_seconds_of_a_call"),
        at("test_sip", "test_a_server_that_is_away_is_told_and_found_again"),
        at("test_sip", "test_packets_that_are_nonsense_change_nothing"),
    ),
    "mpd": (
        at("test_mpd", "test_it_plays_what_was_asked_for_and_says_what_plays"),
        at("test_mpd", "test_a_wrong_password_is_told"),
        at("test_mpd", "test_nobody_there"),
        at("test_mpd", "test_a_server_that_dies_and_comes_back"),
        at("test_mpd", "test_a_server_that_hangs_does_not_hold_a_turn_and_no_old_answer_is_taken_for_a_new_one"),
        at("test_mpd", "test_a_server_that_dies_and_comes_back"),
        at("test_mpd", "test_hostile_answers_are_errors"),
    ),
    "snapcast": (
        at("test_snapcast", "test_each_loudspeaker_is_louder_or_silent_by_itself"),
        Never("its protocol has none"),
        at("test_snapcast", "test_a_server_that_dies_is_told_and_comes_back"),
        at("test_snapcast", "test_a_server_that_dies_is_told_and_comes_back"),
        at("test_snapcast", "test_a_server_that_hangs_is_said_in_time"),
        at("test_snapcast", "test_a_server_that_dies_is_told_and_comes_back"),
        at("test_snapcast", "test_hostile_answers_are_errors"),
    ),
    "mpv": (
        at("test_mpv", "test_it_plays_by_artist_album_title_genre_and_playlist"),
        NO_PASSWORD,
        at("test_mpv", "test_a_folder_that_is_not_there_is_said"),
        at("test_mpv", "test_a_killed_player_is_told_and_comes_back"),
        at("test_mpv", "test_a_player_that_hangs_is_said_in_time_and_obeys_once_it_goes_on"),
        at("test_mpv", "test_a_killed_player_is_told_and_comes_back"),
        at("test_mpv", "test_a_file_that_is_no_music_any_more_is_said"),
    ),
}


def unit(file: str, test: str) -> str:
    return f"unit/links/{file}.py::{test}"


BY_SETTINGS: Final[dict[str, tuple[str | Never, ...]]] = {
    "calendar": (
        "contract/test_calendar.py::test_an_event_is_kept_as_it_was_given",
        unit("test_caldav", "test_a_wrong_password_is_refused_and_the_right_one_works_after_it"),
        unit("test_caldav", "test_a_server_that_is_down_and_comes_back"),
        unit("test_caldav", "test_an_answer_that_is_lost_is_no_confirmation_and_trying_again_does_it_once"),
        unit("test_caldav", "test_hostile_answers_are_bounded_errors"),
        unit("test_caldav", "test_a_server_that_is_down_and_comes_back"),
        unit("test_caldav", "test_hostile_calendars_are_bounded_errors"),
    ),
    "encyclopedia": (
        at("test_questions_asked", "test_each_question_goes_to_the_first_who_knows_and_says_who_that_is"),
        NO_PASSWORD,
        unit("test_encyclopedia", "test_no_folder_is_an_error"),
        unit("test_encyclopedia", "test_a_reader_that_dies_is_an_error_and_the_next_question_starts_it_again"),
        unit("test_encyclopedia", "test_a_reader_that_hangs_is_ended_in_time"),
        unit("test_encyclopedia", "test_a_reader_that_dies_is_an_error_and_the_next_question_starts_it_again"),
        unit("test_encyclopedia", "test_several_files_are_read_in_order_and_damaged_ones_are_counted"),
    ),
    "dictionary": (
        at("test_questions_asked", "test_each_question_goes_to_the_first_who_knows_and_says_who_that_is"),
        Never("no account is ever named to it: we look words up as anybody may"),
        at("test_questions_asked", "test_one_that_is_down_or_hangs_is_passed_over_and_why_says_so"),
        unit("test_dictionary", "test_hostile_answers_are_bounded_errors"),
        at("test_questions_asked", "test_one_that_hangs_does_not_hold_the_others_up"),
        unit("test_dictionary", "test_a_server_that_is_down_and_comes_back"),
        unit("test_dictionary", "test_a_greeting_that_never_ends_is_bounded"),
    ),
    "language_model": (
        at("test_questions_asked", "test_each_question_goes_to_the_first_who_knows_and_says_who_that_is"),
        at("test_questions_asked", "test_a_wrong_key_is_said_and_the_others_answer"),
        unit("test_language_model", "test_a_server_that_is_down_and_comes_back"),
        unit("test_language_model", "test_a_question_is_not_asked_twice_when_the_server_dies_over_it"),
        unit("test_language_model", "test_hostile_answers_are_bounded_errors"),
        unit("test_language_model", "test_a_server_that_is_down_and_comes_back"),
        unit("test_language_model", "test_hostile_answers_are_bounded_errors"),
    ),
    "weather": (
        unit("test_weather", "test_what_an_answer_says_is_read"),
        Never("no account is ever named to it: its servers are asked without one"),
        unit("test_weather", "test_a_server_that_comes_back_is_asked_again"),
        unit("test_weather", "test_servers_that_refuse_are_slow_or_hostile_cost_an_error"),
        unit("test_weather", "test_servers_that_refuse_are_slow_or_hostile_cost_an_error"),
        unit("test_weather", "test_a_server_that_comes_back_is_asked_again"),
        unit("test_weather", "test_what_cannot_be_is_not_believed"),
    ),
}
"""The same of what is linked by the settings and by no kind."""


@lru_cache(maxsize=64)
def named_in(file: str) -> frozenset[str]:
    """The tests of a file that are not skipped whatever happens."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(
        one.name
        for one in tree.body
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
        and not any(
            "mark.skip(" in ast.unparse(decorator) or "xfail" in ast.unparse(decorator) for decorator in one.decorator_list
        )
    )


@pytest.mark.parametrize("link", [*TRIALS, *BY_SETTINGS])
def test_each_way_has_a_test_or_a_reason(link: str) -> None:
    cells = (TRIALS | BY_SETTINGS)[link]
    assert len(cells) == len(WAYS)
    for way, cell in zip(WAYS, cells, strict=True):
        if isinstance(cell, Never):
            assert cell.because
            continue
        file, _, test = cell.partition("::")
        assert test in named_in(file), f"{link}, {way}: there is no {cell}"


def test_every_kind_of_link_stands_in_the_table() -> None:
    kinds = link_kinds(cast(Any, None))  # what a kind needs of the house it asks for when a link is made
    assert {kind.name for kind in kinds} == set(TRIALS)


def test_every_server_of_others_in_the_settings_stands_in_the_table() -> None:
    fields = {part: set(getattr(shape.annotation, "model_fields", {})) for part, shape in Settings.model_fields.items()}
    others = {part for part, named in fields.items() if named & {"url", "host"}} - {"server"}
    assert others == set(BY_SETTINGS) - {"encyclopedia"}, "the encyclopedia is a folder"

"""Which adapters a house has."""

from earwitness.improve.adapters.shelf import every_adapter


def test_a_house_that_leaves_guesses_out_is_not_taught_to_guess() -> None:
    usual, without = (
        {one.name for one in every_adapter(lambda pcm: None, is_guessing=is_guessing)} for is_guessing in (True, False)
    )
    assert usual - without == {"intents"}
    assert without == {"language", "confusions", "wake", "endpoint"}

from earwitness.improve.crowd_schemes import Place, meaning, schemes
from earwitness.understand.sentences import own_manifests


def test_every_intent_that_is_right_is_one_of_ours() -> None:
    ours = {intent for skill in own_manifests() for intent in skill.intents}
    named = {intent for known in schemes().values() for one in known.values() for intent in one.ours}
    assert named <= ours


def test_no_intent_is_in_two_places() -> None:
    counts = {"clinc150": 150, "slurp": 59, "snips2017": 7}
    assert {name: len(known) for name, known in schemes().items()} == counts


def test_a_shared_name_may_mean_what_either_means() -> None:
    found = meaning("play_music")
    assert found is not None
    assert found.place is Place.OURS
    assert {"HassMediaSearchAndPlay", "HassMediaUnpause", "HassMediaNext"} == found.ours
    assert meaning("no_such_intent") is None
    assert meaning("balance") is not None

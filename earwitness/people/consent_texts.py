"""What people are asked, in plain words. A text that was ever shown is never changed: a better one gets the next version."""

import hashlib
from typing import Final

from earwitness.domain.consent import ConsentText, Purpose


def _text(purpose: Purpose, version: int, *, title: str, text: str, spoken: str) -> ConsentText:
    digest = hashlib.sha256(f"{title}\n{text}\n{spoken}".encode()).hexdigest()
    return ConsentText(purpose=purpose, version=version, title=title, text=text, spoken=spoken, digest=digest)


TEXTS: Final = (
    _text(
        Purpose.KEEP,
        1,
        title="Keep my recordings",
        text=(
            "What you say to the assistant is kept on this machine, encrypted: the sound and the words, or the words alone, "
            "for as long as you choose. You can listen to it, correct it and delete it. Without this nothing that you say is "
            "kept. When the time is over, or when you delete it, it is gone for good. Nobody but you can listen to it unless "
            "you also allow that."
        ),
        spoken="From now on I keep {what} for {period} each.",
    ),
    _text(
        Purpose.REVIEW,
        1,
        title="Let people review a tiny sample",
        text=(
            "Now and then one of your kept recordings may be drawn by lot, at most 2 in 1,000, for a reviewer who checks "
            "whether the assistant understood it. The reviewer is not told who you are, where you live or when you spoke, and"
            " you see each listen on the page. Without this nobody listens. This version of Earwitness has no reviewers yet, "
            "so nothing is drawn."
        ),
        spoken="From now on people may review a tiny sample of your recordings, and you see each time somebody listened.",
    ),
    _text(
        Purpose.REVIEW,
        2,
        title="Let people review a tiny sample",
        text=(
            "Now and then one of your kept requests may be drawn by lot, so that a reviewer can check whether the assistant "
            "understood it: at most 2 in 1,000 of all that may be drawn, and at most 5 of yours in a month; what was hard to "
            "understand is drawn more often within that. Only what you began with the wake word is drawn, never what a child "
            "or a guest said. The reviewer reads the words, with names, numbers, addresses and places blanked out as far as the "
            "assistant finds them, and does not hear your voice. They are not told who you are, where you live or when you "
            "spoke. You see everything that was drawn, have a day to veto it, and see each time that somebody read it and what "
            "they said of it. Without this nobody reviews anything of yours."
        ),
        spoken=(
            "From now on people may read a tiny sample of your requests, without your voice and name, and you see each time "
            "that somebody did."
        ),
    ),
    _text(
        Purpose.REVIEW,
        3,
        title="Let people review a tiny sample",
        text=(
            "Now and then one of your kept requests may be drawn by lot, so that a reviewer can check whether the assistant "
            "understood it: at most 2 in 1,000 of all that may be drawn, and at most 5 of yours in a month; what was hard to "
            "understand is drawn more often within that. Only what you began with the wake word is drawn, never what a child "
            "or a guest said. The reviewer reads the words, with names, numbers, addresses and places blanked out as far as the "
            "assistant finds them, and does not hear your voice unless you allow that too, by itself. They are not told who you "
            "are, where you live or when you spoke. You see everything that was drawn, have a day to veto it, and see each time "
            "that somebody read it and what they said of it. Without this nobody reviews anything of yours."
        ),
        spoken=(
            "From now on people may read a tiny sample of your requests, without your voice and name, and you see each time "
            "that somebody did."
        ),
    ),
    _text(
        Purpose.REVIEW,
        4,
        title="Let people review a tiny sample",
        text=(
            "Now and then one of your kept requests may be drawn by lot, so that a reviewer can check whether the assistant "
            "understood it: at most 2 in 1,000 of all that may be drawn, and at most 5 of yours in a month; what was hard to "
            "understand is drawn more often within that. Only what you began with the wake word is drawn, never what a child "
            "or a guest said. The reviewer reads the words, with names, numbers, addresses and places blanked out as far as the "
            "assistant finds them, and does not hear your voice unless you allow that too, by itself. They are not told who you "
            "are, where you live or when you spoke. About one in five is read by two reviewers, and by whoever leads them where "
            "these do not agree. You see everything that was drawn, have a day to veto it, and see each time that somebody read "
            "it and what they said of it. Without this nobody reviews anything of yours."
        ),
        spoken=(
            "From now on people may read a tiny sample of your requests, without your voice and name, and you see each time "
            "that somebody did."
        ),
    ),
    _text(
        Purpose.HEAR,
        1,
        title="Let reviewers hear it, in a disguised voice",
        text=(
            "Without this a reviewer of yours reads words and hears nothing. If you allow it, they may also hear the "
            "sound of what is drawn from then on, where the assistant knows well enough when each word was said. The "
            "words that are blanked out are silent in it, and your voice is disguised. The disguise is weak: in our "
            "measurement a program that had learned how it works recognised the speaker in about 89 of 100 cases, and "
            "somebody who knows your voice may recognise you. What is not found to be a name can be heard, and so can "
            "other people and sounds in the room. Each copy carries a mark that cannot be heard, by which one that leaks "
            "can mostly be traced to its reviewer. You can hear first exactly what a reviewer would hear, and veto it, "
            "and you see each listen. It counts only together with review; if you switch it off, what is open ends within "
            "a minute."
        ),
        spoken=(
            "From now on a reviewer may also hear what is drawn of you, in a disguised voice. The disguise is weak: in our "
            "measurement a program recognised the speaker in about 89 of 100 cases. Names are silent as far as I find them."
        ),
    ),
    _text(
        Purpose.TRAIN,
        1,
        title="Train on my recordings",
        text=(
            "Your kept recordings and their corrected words may be used to teach the speech models of this house to hear "
            "better. If you change your mind, what you said is left out of the next model. Without this no model learns from "
            "you. This version of Earwitness trains no models yet."
        ),
        spoken="From now on speech models may be trained on your recordings.",
    ),
    _text(
        Purpose.TRAIN,
        2,
        title="Train on my recordings",
        text=(
            "What you corrected of your kept recordings, and what reviewers judged of them if you allow review too, may teach "
            "this house to understand better: how you speak and what you mean. It is learned on this machine and stays here, "
            "sealed. A new version is used only if it understands recordings better that it did not learn from. You see on "
            "Privacy which versions learned from you. If you delete a recording or change your mind, the versions that learned "
            "from it are destroyed within a minute while the house runs, and it is in no later one; when a recording is over "
            "its time, what was learned from it stays. Without this nothing learns from you."
        ),
        spoken="From now on the assistant may learn from what you corrected, here in this house.",
    ),
    _text(
        Purpose.TRAIN,
        3,
        title="Train on my recordings",
        text=(
            "What you corrected of your kept recordings, and what reviewers judged of them if you allow review too, may teach "
            "this house to understand better: how you speak and what you mean. It is learned on this machine and stays here, "
            "sealed; only what tells the wake word from what sounds like it is also sent to this home's own satellites, which "
            "hold it in memory while they are connected and never store it. A new version is used only if it understands "
            "recordings better that it did not learn from. You see on Privacy which versions learned from you. If you delete a "
            "recording or change your mind, the versions that learned from it are destroyed within a minute while the house "
            "runs, and it is in no later one; when a recording is over its time, what was learned from it stays. Without this "
            "nothing learns from you."
        ),
        spoken="From now on the assistant may learn from what you corrected, here in this house.",
    ),
    _text(
        Purpose.IDENTIFY,
        1,
        title="Recognise my voice",
        text=(
            "A voice print, a list of numbers that tells your voice from others, may be made from what you say, so that the "
            "assistant knows who speaks. It stays on this machine and is deleted when you switch this off. Without this no "
            "voice print is made. This version of Earwitness makes no voice prints yet."
        ),
        spoken="From now on I may recognise your voice.",
    ),
)


def current_text(purpose: Purpose) -> ConsentText:
    """The newest text for a purpose."""
    return max((text for text in TEXTS if text.purpose is purpose), key=lambda text: text.version)


def text_of(purpose: Purpose, version: int) -> ConsentText:
    """The text of that version. Raises KeyError for one that never was."""
    for text in TEXTS:
        if (text.purpose, text.version) == (purpose, version):
            return text
    raise KeyError((purpose, version))

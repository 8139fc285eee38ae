"""A home whose recogniser hears what it is told to, and finds texts as likely as it is told; for adapters to learn beside."""

from collections.abc import Sequence

from earwitness.domain.audio import Pcm
from earwitness.domain.intent import Completeness, Context, Understanding
from earwitness.domain.turn import Transcript
from earwitness.improve.adapting import Chain, Example
from earwitness.speech.stt.cascade import CascadeRecogniser
from earwitness.speech.stt.retrieval import Sentence
from earwitness.speech.stt.whisper import Propose, Weighed


class Ears:
    """Quick and careful in one. A sound is its text; `truths` are likelier than what was heard, all else far less likely."""

    def __init__(self, truths: Sequence[str]) -> None:
        self._truths = frozenset(one.lower() for one in truths)
        self.weighed = 0

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = ()) -> Transcript:
        return Transcript(text=text_of(pcm), engine="quick", audio_seconds=1.0)

    def weigh(self, pcm: Pcm, propose: Propose) -> tuple[Transcript, tuple[Weighed, ...]]:
        heard = self.transcribe(pcm)
        texts = propose(heard.text, lambda: tuple)
        self.weighed += 1
        if not texts:
            return heard, ()
        first = Weighed(heard.text, -4.0, len(heard.text.split()))
        others = (Weighed(text, -4.5 if text.lower() in self._truths else -9.0, len(text.split())) for text in texts)
        return heard, (first, *others)


class NoSentences:
    """A home with no sentences of its own, but one that counts only as heard."""

    def knows(self, text: str, *, context: Context) -> bool:
        return False

    def is_closed(self, text: str, *, context: Context) -> bool:
        return False

    def is_exact(self, text: str) -> bool:
        return text.lower() == "delete it all"

    def nearest(self, text: str, *, context: Context, most: int) -> Sequence[Sentence]:
        return []


class Nothing:
    """Understands nothing."""

    def understand(self, text: str, *, context: Context) -> Understanding:
        return Understanding(text=text, intent=None, completeness=Completeness.UNKNOWN, reason="")

    def hints(self) -> tuple[str, ...]:
        return ()


def sound_of(text: str) -> Pcm:
    data = text.encode()
    return Pcm(data=data + b" " * (len(data) % 2))


def text_of(pcm: Pcm) -> str:
    return pcm.data.decode().rstrip()


def chain(*truths: str) -> Chain:
    ears = Ears(truths)
    return Chain(recogniser=CascadeRecogniser(ears, ears, NoSentences()), understander=Nothing())


def examples(*pairs: tuple[str, str], slots: Sequence[tuple[str, str]] = ()) -> list[Example]:
    """One for each (heard, said), each by somebody else."""
    return [
        Example(recording_id=f"r{at}", speaker_key=f"s{at}", transcript=said, heard=heard, slots=tuple(slots), audio_seconds=1.0)
        for at, (heard, said) in enumerate(pairs)
    ]

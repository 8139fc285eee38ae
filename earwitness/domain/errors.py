"""Every error of the house, in one tree.

    EarwitnessError
    ├── AudioError          audio.unreadable  audio.truncated  audio.empty  audio.too_long
    ├── ModelError          model.missing  model.wrong_digest
    ├── EngineError         engine.failed  engine.busy            (may be tried again)
    ├── SettingsError       settings.invalid
    ├── HomeFileError       home.invalid
    ├── ManifestError       manifest.invalid
    ├── SkillError          skill.invalid  skill.unknown  skill.failed  skill.changed  skill.unfenced  skill.refused
    ├── VoiceError          voice.unknown
    ├── TextError           text.too_long
    ├── SoundError          sound.no_library  sound.no_device  sound.failed  (may be tried again)
    ├── WireError           wire.malformed  wire.too_large  wire.wrong_version  wire.cut  wire.unexpected
    │                       link.too_far_behind  link.over
    ├── TrustError          trust.key  trust.refused  trust.certificate  pairing.refused  pairing.wrong_code  pairing.closed
    ├── DeviceError         device.unknown  device.exists  device.invalid  device.too_many  device.revoked
    │                       device.unreachable
    ├── AlertError          alert.invalid  alert.never  alert.unknown  alert.changed  alert.too_many
    ├── ListError           list.invalid  list.unknown  list.exists  list.too_many  list.fixed
    ├── LinkError           link.failed  link.unknown_device  link.unreachable  link.slow  link.refused  link.not_safe
    │                       link.secret  link.nonsense  link.too_large  link.not_found  link.changed  link.unconfirmed
    │                       link.repeats  link.no_calendar  link.not_installed  link.invalid  link.unknown
    │                       link.exists  link.too_many      (may be tried again)
    ├── ContactError        contact.invalid  contact.unknown  contact.changed  contact.too_many  contact.unreadable
    ├── StorageError        storage.full  storage.failed  storage.in_use   (may be tried again)
    ├── NetworkError        network.not_safe  network.in_use  network.no_answer
    ├── LedgerError         ledger.unavailable  ledger.damaged  ledger.key (may be tried again)
    ├── ProofError          proof.invalid  proof.unreadable  proof.not_found
    ├── VaultError          vault.not_found  vault.nothing  vault.no_sound  vault.no_such_part  vault.not_kept  vault.changed
    │                       vault.sealed_wrong  vault.key_missing  vault.key_open  vault.no_receipt  vault.no_player
    ├── AccessError         access.refused  access.not_signed_in  access.wrong  access.wait  access.code_needed
    │                       access.wrong_code  access.no_key  access.confirm  consent.objected  consent.refused
    │                       review.suspended  review.untested  review.unread  review.enough  review.rest  review.ticket
    │                       review.second_factor  review.not_now  review.not_here  review.not_passed  review.enough_tries
    ├── PersonError         person.unknown  person.exists  person.invalid  person.weak  person.too_many  person.last_owner
    │                       person.guardian  household.invalid  consent.invalid  consent.changed  consent.needs_review
    │                       history.invalid  history.unconfirmed  confirmation.invalid
    ├── RemoteError         remote.unknown  remote.exists  remote.invalid  remote.too_many  remote.no_endpoint  remote.key
    │                       remote.no_tool  remote.not_allowed  remote.failed
    ├── ImproveError        improve.unknown  improve.too_few  improve.not_due  improve.refused  improve.changed
    ├── ReviewError         review.unknown  review.invalid  review.over  review.not_due  review.not_as_committed
    │                       review.damaged  review.text_only  review.no_such_part  review.token  review.elsewhere
    │                       review.same_host  review.second_person
    ├── DemandError         demand.unknown  demand.illegal  demand.office  demand.wider  demand.overbroad  demand.other_scope
    │                       demand.second_person  demand.not_approved  demand.not_told  demand.two_needed  demand.expired
    │                       demand.altered  demand.invalid  demand.key  demand.shares
    ├── OversightError      oversight.unknown  oversight.invalid  oversight.second_person  oversight.over  oversight.unread
    └── BackupError         backup.invalid  backup.damaged  backup.wrong_kind  backup.wrong_version  backup.wrong_identity
                            backup.other_household  backup.other_ledger  backup.older_ledger  backup.unknown_erasures
                            backup.same_place  backup.occupied  backup.exists  backup.elsewhere  backup.nothing  backup.no_key
                            backup.changed

Each error is one sentence that says what happened and what to do, and a stable `code` that programs may test.
No message carries audio, a transcript or a name of a person.
"""


class EarwitnessError(Exception):
    """Base of all errors that a user may see: `code`, `is_retryable`, and a sentence to act on."""

    code: str = "earwitness.error"
    is_retryable: bool = False

    def __init__(self, sentence: str, *, code: str | None = None) -> None:
        super().__init__(sentence)
        if code is not None:
            self.code = code

    @property
    def sentence(self) -> str:
        return str(self)


class AudioError(EarwitnessError):
    """A recording that cannot be used: unreadable, truncated, empty or too long."""

    code = "audio.unreadable"


class ModelError(EarwitnessError):
    """A model file that is missing or is not the one that was pinned."""

    code = "model.missing"


class EngineError(EarwitnessError):
    """A speech or understanding engine failed while it worked."""

    code = "engine.failed"
    is_retryable = True


class SettingsError(EarwitnessError):
    """A settings file with an unknown key or a value out of range."""

    code = "settings.invalid"


class HomeFileError(EarwitnessError):
    """A home file that does not describe a home."""

    code = "home.invalid"


class ManifestError(EarwitnessError):
    """A manifest line that cannot be evaluated."""

    code = "manifest.invalid"


class SkillError(EarwitnessError):
    """A skill that cannot be used: its file is wrong, or it is not installed or enabled."""

    code = "skill.invalid"


class VoiceError(EarwitnessError):
    """A voice that is not in the catalogue or whose model is not installed."""

    code = "voice.unknown"


class TextError(EarwitnessError):
    """A request or a reply that is longer than a turn may carry."""

    code = "text.too_long"


class SoundError(EarwitnessError):
    """A microphone or speaker that is missing, in use or unplugged."""

    code = "sound.failed"
    is_retryable = True


class WireError(EarwitnessError):
    """A message from a device or a browser that breaks the protocol."""

    code = "wire.malformed"


class TrustError(EarwitnessError):
    """A key, certificate or pairing that cannot be trusted or made; then nothing is said over the connection."""

    code = "trust.refused"


class DeviceError(EarwitnessError):
    """A satellite that is not known here or not any more, or whose name cannot be taken."""

    code = "device.unknown"


class AlertError(EarwitnessError):
    """An alert whose rule is none, or that would never be due."""

    code = "alert.invalid"


class ListError(EarwitnessError):
    """A list that is not there, or cannot be made, called or taken away so."""

    code = "list.invalid"


class LinkError(EarwitnessError):
    """An outside system (a home, a player, a calendar) that refused, is away, or does not know what it was asked for."""

    code = "link.failed"
    is_retryable = True


class ContactError(EarwitnessError):
    """A contact that is not there or cannot be kept so, or a file of contacts that cannot be read."""

    code = "contact.invalid"


class StorageError(EarwitnessError):
    """The disk or the database refused a write; nothing half-written is left."""

    code = "storage.failed"
    is_retryable = True


class NetworkError(EarwitnessError):
    """An address that may not be served, or is already taken."""

    code = "network.not_safe"


class LedgerError(EarwitnessError):
    """The ledger cannot take an entry; then nothing that needs one is done."""

    code = "ledger.unavailable"
    is_retryable = True


class ProofError(EarwitnessError):
    """A proof, checkpoint, receipt or ledger that does not verify: the sentence says what is wrong with it."""

    code = "proof.invalid"


class VaultError(EarwitnessError):
    """Something in the vault that is not there, was erased, or is not what was sealed."""

    code = "vault.not_found"


class AccessError(EarwitnessError):
    """Somebody who may not do that; a refusal, never a hint at what is there."""

    code = "access.refused"


class PersonError(EarwitnessError):
    """A person who is not known here, or whose name or passphrase cannot be taken."""

    code = "person.unknown"


class BackupError(EarwitnessError):
    """A backup that cannot be made, read or opened with what was given."""

    code = "backup.invalid"


class RemoteError(EarwitnessError):
    """A phone's way in from elsewhere that cannot be made, or a tunnel that this machine cannot bring up."""

    code = "remote.unknown"


class ReviewError(EarwitnessError):
    """Something of the review that is not there, is not due, or is not what was committed: the sentence says which."""

    code = "review.unknown"


class ImproveError(EarwitnessError):
    """A step of learning from judgements that cannot be taken: the sentence says why, and what is missing."""

    code = "improve.unknown"


class DemandError(EarwitnessError):
    """A step of a legal demand that cannot be taken, or a demand that is not there: the sentence says why."""

    code = "demand.illegal"


class OversightError(EarwitnessError):
    """Something that those who oversee review cannot do so, or that is not there (any more): the sentence says why."""

    code = "oversight.invalid"

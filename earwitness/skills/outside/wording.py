"""What an owner reads before a skill of others is enabled: what it may use, and what fences it in. Pure."""

from typing import Final

from earwitness.domain.skill import HomeAccess, Permissions
from earwitness.skills.outside.shelf import SkillShelf
from earwitness.skills.resolve import domain_noun
from earwitness.skills.wording import listed, plural

_FENCED: Final = (
    "Skills of others run fenced in: no network, no file of this home, no other program. "
    "They ask Earwitness for what they may use."
)
_UNFENCED: Final = (
    "Nothing here fences skills in, and the settings allow that: one could read and send whatever Earwitness itself can."
)
_NO_FENCE: Final = (
    "Skills of others cannot be enabled here: nothing could fence them in. "
    "Install bubblewrap (on Debian: apt install bubblewrap)."
)


def may_in_words(permissions: Permissions) -> list[str]:
    """What a skill may do, a sentence each."""
    words = []
    kinds = listed([plural(domain_noun(kind)) for kind in permissions.kinds])
    match permissions.home:
        case HomeAccess.READ if kinds:
            words.append(f"It sees the names and states of {kinds}, and of no other devices.")
        case HomeAccess.CHANGE if kinds:
            words.append(f"It sees and changes {kinds}, and no other devices; never locks and alarms.")
        case HomeAccess.READ:
            words.append("It sees the names and states of all devices in the home.")
        case HomeAccess.CHANGE:
            words.append("It sees and changes all devices in the home, but for locks and alarms.")
        case HomeAccess.NONE:
            pass
    words += [f"It may fetch from {host}, and so tell that server things." for host in permissions.network]
    if permissions.memory:
        words.append("It may keep up to 100 small notes of its own here.")
    return words or ["It hears its own sentences and answers them; it may use nothing else."]


def fence_in_words(shelf: SkillShelf) -> str:
    """What fences skills of others in on this machine."""
    if shelf.bubblewrap is not None:
        return _FENCED
    return _UNFENCED if shelf.allows_unfenced else _NO_FENCE

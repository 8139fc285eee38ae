"""Who may what at a review service of its own: the household's rules of review, and how one comes and goes. Rules only."""

from typing import Final

from earwitness.domain.account import Permission
from earwitness.server.rules import RULES, STATIC, Kind, Rule, RuleBook

API: Final = "/api/v1"
TICKET: Final = f"{API}/review/ticket"
"""At the household alone: there a reviewer is signed in."""
_OPEN: Final = Rule(kind=Kind.OPEN)
_REVIEWERS: Final = Rule(permissions=frozenset({Permission.REVIEW}))


def _is_review(path: str) -> bool:
    return path != TICKET and any(path == top or path.startswith(f"{top}/") for top in ("/review", f"{API}/review"))


_PAGES: Final = {path for method, path in RULES if method == "GET" and path.startswith("/review")}
SERVICE: Final = RuleBook(
    {
        ("GET", "/"): _REVIEWERS,
        ("GET", "/sign-in"): _OPEN,
        ("GET", STATIC): _OPEN,
        ("GET", f"{API}/health"): _OPEN,
        ("POST", f"{API}/sign-in"): _OPEN,
        ("POST", f"{API}/sign-out"): _REVIEWERS,
        ("GET", f"{API}/me"): _REVIEWERS,
        **{(method, path): rule for (method, path), rule in RULES.items() if _is_review(path)},
    },
    pages={"/", "/sign-in", *_PAGES},
)
"""Every route of a review service."""

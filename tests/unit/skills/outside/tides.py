"""A skill of somebody else's, as a package on the disk: what docs/skills.md shows, and bad ones of the same shape."""

from dataclasses import dataclass, field
from importlib.metadata import distributions
from pathlib import Path

from earwitness.skills.interface import HomeLink
from earwitness.skills.outside.fence import fence_program
from earwitness.skills.outside.packages import SkillPackage, installed
from earwitness.skills.outside.process import OutsideSkill
from tests.unit.skills.houses import NOW, Kept

FILE = """
language: en
skill:
  name: tides
  title: Tides
  about: Says when the tide is high.
  examples: ["when is high tide"]
  permissions: {permissions}
intents:
  NextTide:
    data:
      - sentences: ["when is [the] {{kind}} tide [(in|at) {{harbour}}]"]
lists:
  kind: {{values: [high, low]}}
  harbour: {{wildcard: true}}
"""
CODE = """
from earwitness.skills.interface import Context, Intent, Parts, SkillResult, answered, ask, done, failed, refuse


class Tides:
    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def foresee(self, intent: Intent, *, context: Context) -> None:
        return None

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        parts = self.parts
{body}


def make(parts: Parts) -> Tides:
    return Tides(parts)
"""


def write_package(
    folder: Path, body: str, *, permissions: str = "{}", name: str = "tides", top: str = "", version: str = "1.0"
) -> SkillPackage:
    """Put the package where pip would have put it in `folder`, and find it."""
    package, about = folder / f"earwitness_{name}", folder / f"earwitness_{name}-{version}.dist-info"
    package.mkdir(parents=True, exist_ok=True)
    about.mkdir(exist_ok=True)
    (package / "skill.yaml").write_text(FILE.format(permissions=permissions))
    indented = "\n".join(f"        {line}" for line in body.strip("\n").splitlines())
    (package / "__init__.py").write_text(top + CODE.format(body=indented))
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: earwitness-{name}\nVersion: {version}\n")
    (about / "entry_points.txt").write_text(f"[earwitness.skills]\n{name} = earwitness_{name}:make\n")
    return installed(distributions(path=[str(folder)]))[0][0]


@dataclass
class Fetched:
    """A fetch that answers itself, and remembers what was asked."""

    asked: list[str] = field(default_factory=list)

    async def __call__(self, url: str) -> str:
        self.asked.append(url)
        return "high at 6:40"


def outside(
    package: SkillPackage,
    *,
    home: HomeLink,
    memory: Kept | None = None,
    fetch: Fetched | None = None,
    deadline_seconds: float = 20.0,
    is_fenced: bool = True,
) -> OutsideSkill:
    """The skill in a process of its own; the deadline is generous, because the machine may be busy."""
    return OutsideSkill(
        package,
        clock=lambda: NOW,
        home=home,
        memory=memory or Kept(),
        fetch=fetch or Fetched(),
        bubblewrap=fence_program() if is_fenced else None,
        deadline_seconds=deadline_seconds,
    )

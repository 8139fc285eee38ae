"""The skill of docs/skills.md is what it says: 30 lines, found, understood and answered."""

import re
from importlib.metadata import distributions
from pathlib import Path

import yaml

from earwitness.domain.intent import Context
from earwitness.domain.turn import Outcome
from earwitness.links.simulated_home import SimulatedHome
from earwitness.skills.outside.packages import installed
from earwitness.understand.grammar import Grammar
from tests.unit.skills.houses import HOME
from tests.unit.skills.outside.tides import outside
from tests.unit.understand.homes import SMALL

DOCS = Path(__file__).parents[4] / "docs" / "skills.md"


async def test_the_skill_of_the_docs_rolls_dice(tmp_path: Path) -> None:
    blocks = dict(re.findall(r"```(toml|yaml|python)\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL))
    assert len((blocks["yaml"] + blocks["python"]).strip().splitlines()) <= 30
    package, about = tmp_path / "earwitness_dice", tmp_path / "earwitness_dice-1.0.dist-info"
    package.mkdir()
    about.mkdir()
    (package / "skill.yaml").write_text(blocks["yaml"])
    (package / "__init__.py").write_text(blocks["python"])
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: earwitness-dice\nVersion: 1.0\n")
    entry = re.search(r'dice = "(.*)"', blocks["toml"])
    assert entry is not None
    (about / "entry_points.txt").write_text(f"[earwitness.skills]\ndice = {entry[1]}\n")
    (found,), wrong = installed(distributions(path=[str(tmp_path)]))
    assert not wrong
    grammar = Grammar(SMALL, others=[found.manifest])
    for example in yaml.safe_load(blocks["yaml"])["skill"]["examples"]:
        heard = grammar.understand(example, context=Context())
        assert heard.intent is not None
        assert heard.intent.name == "RollDice"
        skill = outside(found, home=SimulatedHome(HOME))
        try:
            result = await skill.perform(heard.intent, context=Context())
        finally:
            await skill.close()
        assert result.outcome is Outcome.ANSWERED
        assert re.fullmatch(r"You rolled \d+\.", result.reply)

"""`python -m bench.everyday_words FOLDER`: makes earwitness/review/everyday_words.csv, the words that requests are made of.

A word counts that at least two requests of the evaluation data have, and that our pronouncing lexicon writes small. Credits
are in docs/review.md: CLINC150 (CC BY 3.0), SLURP and Home Assistant's intents (CC BY 4.0).
"""

import gzip
import json
import re
import sys
import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Final

SOURCES: Final = ("clinc150_train_val", "home_assistant_intents_2025", "slurp_devel")
PLACE: Final = Path("earwitness/review/everyday_words.csv")
WORD: Final = re.compile(r"[a-z]+(?:'[a-z]+)?")
CHOSEN: Final = {
    key: frozenset(text.split()) for key, text in tomllib.loads(Path(__file__).with_suffix(".toml").read_text()).items()
}
NAMES: Final = CHOSEN["names"]
"""Names of people, places and firms among them."""
ALSO: Final = CHOSEN["also"]
"""Words that the lexicon writes with a capital too."""


def main() -> None:
    data = Path(sys.argv[1]) / "nlu"
    packed = files("hibari").joinpath("assets/lexicon_us_gold.json.gz").read_bytes()
    lexicon = json.loads(gzip.decompress(packed))
    counts: Counter[str] = Counter()
    for name in SOURCES:
        for line in (data / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            found = json.loads(line)
            counts.update(set(WORD.findall(str(found.get("text") or found.get("sentence")).lower())))
    often = {word for word, count in counts.items() if count >= 2 and word in lexicon and word.capitalize() not in lexicon}
    words = sorted((often | ALSO) - NAMES)
    PLACE.write_text("word\n" + "\n".join(words) + "\n", encoding="utf-8")
    print(f"{PLACE}: {len(words)} words")


if __name__ == "__main__":
    main()

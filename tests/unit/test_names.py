"""One word, one thing: a public class's name is the name of no other."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_no_two_public_classes_have_the_same_name() -> None:
    homes: defaultdict[str, list[str]] = defaultdict(list)
    for folder in ("clients", "deploy"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    homes[node.name].append(path.relative_to(ROOT).as_posix())
    twice = {name: paths for name, paths in homes.items() if len(paths) > 1}
    assert twice == {}

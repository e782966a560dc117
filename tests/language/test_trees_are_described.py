"""`describe`: trees as values that can be written as JSON."""

import json

from hypothesis import given, settings

from pipelines.language.tree_text import describe
from tests.language.parsing import query, script
from tests.language.strategies import queries, scripts


def test_a_node_has_its_type_its_place_and_its_fields() -> None:
    statement = describe(script("\n  let a = $b + 1.5"))["statements"][0]
    assert statement == {
        "node": "Let",
        "from": "2:3",
        "to": "2:19",
        "target": {
            "node": "Path",
            "from": "2:7",
            "to": "2:8",
            "root": {"node": "Root", "from": "2:7", "to": "2:8", "kind": "name", "names": ["a"]},
            "segments": [],
        },
        "value": {
            "node": "Binary",
            "from": "2:11",
            "to": "2:19",
            "operator": "+",
            "left": {
                "node": "Path",
                "from": "2:11",
                "to": "2:13",
                "root": {"node": "Root", "from": "2:11", "to": "2:12", "kind": "$", "names": []},
                "segments": [{"node": "Key", "from": "2:12", "to": "2:13", "name": "b"}],
            },
            "right": {"node": "Literal", "from": "2:16", "to": "2:19", "value": 1.5, "heredoc": False},
        },
    }


@given(scripts())
@settings(max_examples=20)
def test_any_script_is_described_in_json(text: str) -> None:
    described = describe(script(text))
    assert json.loads(json.dumps(described, allow_nan=False)) == described


@given(queries())
@settings(max_examples=10)
def test_any_query_is_described_in_json(text: str) -> None:
    described = describe(query(text))
    assert json.loads(json.dumps(described, allow_nan=False)) == described

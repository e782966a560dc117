"""``supervisor list``, ``supervisor explain`` and ``supervisor schema`` tell what the declarations say."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from click.testing import Result

from supervisor.deployment.families import FAMILIES
from supervisor.deployment.json_schema import deployment_schema
from supervisor.deployment.schema import OfframpTable, OnrampTable
from supervisor.deployment.wording import fields_by_key

Run = Callable[..., Result]

EVERY_MEMBER = [
    (registry.family, member.name) for registry in FAMILIES.values() for member in registry.members()
]


@pytest.mark.parametrize("family", list(FAMILIES))
def test_list_names_every_member_with_its_summary(run: Run, family: str) -> None:
    text = run("list", family).stdout
    for member in FAMILIES[family].members():
        assert any(
            line.startswith(f"{member.name} ") and member.summary in line for line in text.splitlines()
        )


@pytest.mark.parametrize("family", list(FAMILIES))
def test_list_as_json_has_names_and_summaries(run: Run, family: str) -> None:
    listed = json.loads(run("list", family, "--json").stdout)
    assert [one["name"] for one in listed] == FAMILIES[family].names()


def test_an_unknown_family_is_a_usage_error(run: Run) -> None:
    assert run("list", "onramp").exit_code == 2


@pytest.mark.parametrize(("family", "name"), EVERY_MEMBER)
def test_every_member_can_be_explained_with_all_its_options(run: Run, family: str, name: str) -> None:
    (explained,) = json.loads(run("explain", f"{family}/{name}", "--json").stdout)
    member = FAMILIES[f"{family}s"].get(name)
    assert {option["name"].partition(".")[0] for option in explained["options"]} == set(
        fields_by_key(member.Options)
    )
    assert all(option["type"] for option in explained["options"])
    assert run("explain", f"{family}/{name}").exit_code == 0


def test_a_name_of_several_families_explains_all_of_them(run: Run) -> None:
    text = run("explain", "file").stdout
    assert "onramp file" in text
    assert "offramp file" in text


def test_a_name_with_its_family_explains_one(run: Run) -> None:
    text = run("explain", "onramp/file").stdout
    assert "onramp file" in text
    assert "offramp file" not in text


def test_options_are_explained_with_type_default_and_meaning(run: Run) -> None:
    text = run("explain", "onramp/metronome").stdout
    assert 'interval  (required, duration, such as "250ms")' in text
    assert "batch_max = 128  (whole number, 1 to 65536)" in text
    assert 'retry.initial = "100ms"' in text


def test_what_only_an_optional_table_needs_is_not_called_required_as_such(run: Run) -> None:
    assert "tls.cert  (required with `tls`, path)" in run("explain", "onramp/http").stdout
    (explained,) = json.loads(run("explain", "onramp/http", "--json").stdout)
    cert = next(option for option in explained["options"] if option["name"] == "tls.cert")
    assert (cert["required"], cert["required_with"]) == (False, "tls")


@pytest.mark.parametrize("name", ["metronom", "onramp/metronom", "operator/file", "x" * 300])
def test_an_unknown_name_is_a_usage_error_with_a_remedy(run: Run, name: str) -> None:
    result = run("explain", name)
    assert result.exit_code == 2
    assert "did you mean" in result.stderr or "supervisor list" in result.stderr


@pytest.mark.parametrize(("plural", "common"), [("onramps", OnrampTable), ("offramps", OfframpTable)])
def test_no_connector_declares_an_option_of_a_common_name(plural: str, common: Any) -> None:
    for member in FAMILIES[plural].members():
        assert not set(member.Options.model_fields) & set(common.model_fields), member.name


def test_the_tables_of_a_file_are_explained_as_well(run: Run) -> None:
    result = run("explain", "pipeline")
    assert result.exit_code == 0
    for words in ("[pipelines.NAME]", "query_file", "module_path", "limits.recursion = 1024"):
        assert words in result.stdout
    (table,) = json.loads(run("explain", "pipeline", "--json").stdout)
    assert "script" in [option["name"] for option in table["options"]]
    assert "did you mean `pipeline`?" in run("explain", "pipelin").stderr


# --- the JSON Schema --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(deployment_schema())


def test_the_schema_is_a_schema(run: Run) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(run("schema").stdout))


GOOD = """
[supervisor]
drain_timeout = "5s"
[onramps.in]
type = "http"
token = { env = "TOKEN" }
preprocessors = ["lines", { name = "lines", max_frame = "2KiB" }]
batch_max = 16
[onramps.tick]
type = "metronome"
interval = "1s"
retry = { initial = "1s" }
[pipelines.p]
python = "module:function"
[offramps.out]
type = "stdout"
codec = { name = "json" }
[flows.main]
links = ["in -> p -> out"]
"""


def test_the_schema_takes_a_good_deployment(validator: jsonschema.Draft202012Validator) -> None:
    validator.validate(tomllib.loads(GOOD))


@pytest.mark.parametrize(
    "pipeline",
    [
        "script = 'event'\nargs = { a = 1 }\ndialect = '0.9'",
        "script_file = 'x.tremor'\nmodule_path = ['lib']",
        "query = 'select event from in into out'\nlimits = { groups = 5 }",
        "query_file = 'x.trickle'",
    ],
)
def test_the_schema_takes_pipelines_in_the_languages(
    validator: jsonschema.Draft202012Validator, pipeline: str
) -> None:
    validator.validate(tomllib.loads(GOOD.replace('python = "module:function"', pipeline)))
    both = GOOD.replace('python = "module:function"', f'python = "m:f"\n{pipeline}')
    assert list(validator.iter_errors(tomllib.loads(both)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('type = "http"', 'type = "htp"'),
        ("token = {", "tokn = {"),
        ('interval = "1s"', "interval = 1"),
        ('interval = "1s"', ""),
        ("batch_max = 16", "batch_max = 0"),
        ('codec = { name = "json" }', 'codec = "jsn"'),
        ('preprocessors = ["lines", ', 'preprocessors = ["lins", '),
        ("[supervisor]", "[supervizor]"),
        ('python = "module:function"', ""),
        ("[offramps.out]", '[offramps."o u t"]'),
        ("[flows.main]", "[flow.main]"),
    ],
)
def test_the_schema_refuses_what_the_check_refuses(
    validator: jsonschema.Draft202012Validator, before: str, after: str
) -> None:
    assert before in GOOD
    assert list(validator.iter_errors(tomllib.loads(GOOD.replace(before, after))))


@pytest.mark.parametrize(
    ("family", "name"),
    [
        (family, name)
        for family, name in EVERY_MEMBER
        # Those of codecs and processors are one key, which only means something within a table.
        if "[" in FAMILIES[f"{family}s"].get(name).example.strip()[:1]
    ],
)
def test_the_schema_takes_every_example(
    validator: jsonschema.Draft202012Validator, family: str, name: str
) -> None:
    example = tomllib.loads(FAMILIES[f"{family}s"].get(name).example)
    wrong = [
        error.message for error in validator.iter_errors({"flows": {"f": {"links": ["a -> b"]}}, **example})
    ]
    assert wrong == []

"""Every --json has a schema, the schemas say everything, and failures are told as documented. What commands really
print is held against them wherever a test reads it (`conftest.py`, Desk.json)."""

import json

import jsonschema
import pytest

from host_tools import schemas
from host_tools.menu import MENU, load

from .schemas import conforms


def commands():
    """(name, click command) of all, of groups those in them."""
    for lines in MENU.values():
        for name in lines:
            found = load(name)
            members = getattr(found, "commands", None)
            if members is None:
                yield name, found
            else:
                yield from ((f"{name} {member}", command) for member, command in members.items())


def with_json():
    return [name for name, command in commands() if any("--json" in parameter.opts for parameter in command.params)]


def test_every_command_that_prints_json_has_a_schema_and_no_schema_is_of_none():
    named = set(schemas.names()) - {"error"}
    missing = sorted(set(with_json()) - named)
    assert not missing, f"without a schema: {', '.join(missing)}"
    strange = sorted(named - set(with_json()))
    assert not strange, f"of no command: {', '.join(strange)}"


def test_all_but_few_commands_print_json():
    without = {name for name, _ in commands()} - set(with_json())
    assert len(without) <= 6, without


def parts(schema):
    """Every schema in this one."""
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from parts(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from parts(value)


@pytest.mark.parametrize("name", schemas.names())
def test_a_schema_is_one_and_says_what_each_field_is(name):
    schema = schemas.schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"].endswith("2020-12/schema") and schema["title"].startswith(("interlock ", "any interlock "))
    for part in parts(schema):
        if "properties" not in part or not isinstance(part["properties"], dict) or "type" in part["properties"]:
            continue
        assert part["additionalProperties"] is False, f"{name}: {sorted(part['properties'])} leaves others open"
        for field, said in part["properties"].items():
            assert said.get("description"), f"{name}: {field} has no description"


def test_a_command_that_fails_says_so_in_json_and_to_people(desk):
    for arguments, code in ((("pull", "H1"), 2), (("pull", "--nonsense"), 2), (("pul",), 2), (("schema", "pul"), 2)):
        got, out, err = desk.run(*arguments, "--json")
        told = json.loads(out)
        conforms("error", told)
        assert got == code == told["error"]["code"] and told["error"]["happened"].split("'")[0].strip() in err
    assert "Do you mean pull?" in told["error"]["advice"]
    assert desk.run("pull", "H1")[1] == ""


def test_a_unit_that_is_not_there_is_an_error_of_the_device(team):
    team.units.clear()
    code, out, _ = team.run("status", "H1", "--json")
    told = json.loads(out)
    conforms("error", told)
    assert (code, told["error"]["code"]) == (3, 3) and "was not heard" in told["error"]["happened"]


def test_a_wrong_output_is_noticed(team):
    told = team.json("status", "H1")
    told[0]["battery_mv"] = "full"
    with pytest.raises(AssertionError, match="battery_mv"):
        conforms("status", told)
    del told[0]["battery_mv"]
    with pytest.raises(AssertionError, match="battery_mv"):
        conforms("status", told)


def test_schemas_are_printed_and_listed(desk):
    assert json.loads(desk.run("schema", "policy", "show")[1]) == schemas.schema("policy show")
    assert desk.json("schema") == schemas.names()
    assert "policy show\n" in desk.run("schema")[1]


def test_what_no_other_test_reads_conforms(team, tmp_path):
    """One team through the commands whose JSON is read nowhere else whole."""
    for unit in team.units.values():
        unit.clock = None
    team.json("pull")
    assert team.json("verify")[0]["verdict"] == "intact"
    team.json("report")
    team.json("export", "H1", "--out", str(tmp_path / "H1.ilj"), "--checkpoints", str(tmp_path / "signed"))
    team.json("verify", str(tmp_path / "H1.ilj"))
    team.json("policy", "diff")
    team.json("mode", "H1", "normal")

"""What commands print with --json against their schemas: `conforms("pull", output)`."""

import jsonschema

from host_tools import schemas


def conforms(command, output):
    """AssertionError, with the place, where this output of `command` (as typed: `policy show`) is not what its schema
    says; JSON as text or read."""
    found = schemas.schema(command)
    validator = jsonschema.Draft202012Validator(found)
    error = jsonschema.exceptions.best_match(validator.iter_errors(output))
    assert error is None, f"interlock {command} --json, at {error.json_path}: {error.message}"


def command_of(arguments):
    """The command in these arguments, as its schema is called; None where there is no schema."""
    known = schemas.names()
    return next((name for name in (" ".join(arguments[:2]), *arguments[:1]) if name in known), None)

"""The sweeps have teeth: each damage is caught, by the hunt that is named beside it."""

import pytest

from .key_mutants import OF_KEYS
from .mutants import OF_RECORDS, Mutant, found


@pytest.mark.parametrize("mutant", [pytest.param(mutant, id=mutant.what) for mutant in OF_RECORDS + OF_KEYS])
def test_a_damaged_unit_is_caught(mutant: Mutant) -> None:
    caught = found(mutant)
    print(f"{mutant.what}: {caught}")
    assert caught is not None

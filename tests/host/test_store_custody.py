"""The chain of custody of a unit: each command that touched it is there, by whom, and in the order of the day."""

import json

from .schemas import conforms


def test_a_units_day_is_told_by_its_custody(team, tmp_path):
    team.unit("H2")
    by = ("--as", "PC7")
    for words in (
        (*by, "sync", "H1", "--jump"),
        (*by, "mode", "H1", "mute"),
        ("--as", "PC8", "pull", "H1", "--no-checkpoint"),
        (*by, "export", "H1", "--out", str(tmp_path / "H1.ilj")),
        (*by, "store", "forward", str(tmp_path / "usb.sqlite")),
    ):
        code, _, err = team.run(*words)
        assert code == 0, err
    code, out, _ = team.run("store", "custody", "H1", "--json")
    rows = json.loads(out)
    conforms("store custody", rows)
    assert code == 0 and [(row["who"], row["what"]) for row in rows if row["what"] != "provisioned"] == [
        ("PC7", "clock set"),
        ("PC7", "mode set"),
        ("PC8", "pulled"),
        ("PC7", "exported"),
        ("PC7", "forwarded"),
    ]
    assert rows[0]["what"] == "provisioned" and len({row["origin"] for row in rows}) == 1
    assert "usb.sqlite" in rows[-1]["detail"] and "H1.ilj" in rows[-2]["detail"] and "new" in rows[-3]["detail"]

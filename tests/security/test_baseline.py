"""Adopting what stands in a protected database: a plan that somebody signs."""

import pytest

from tests.e2e.project import Project

ADD = "20261101000000_add"
PHONE = "ALTER TABLE customers ADD COLUMN phone text;\n"


@pytest.mark.slow
def test_a_baseline_waits_for_a_signature(released: Project) -> None:
    released.add_migration(ADD, PHONE)
    code, answer = released.exits("baseline", "production")
    assert (code, answer["errors"][0]["code"]) == (6, "schema-baseline-differs"), answer
    released.write("production", PHONE)
    plan = released.plan("baseline", "production")
    code, answer = released.exits("baseline", "production", "--plan", plan)
    assert code == 4, answer
    signed = released.sign(plan, deploy=True)
    assert signed.exit_code == 0, signed.screen
    assert "BASELINE of production" in signed.screen
    (line,) = released.json("status", "production")["details"]["environments"]
    assert line["counts"].keys() == {"applied"}
    assert line["outside"] == []
    assert released.run("audit", "verify").returncode == 0

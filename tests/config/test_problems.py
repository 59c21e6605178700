import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faber_db.config.json_text import read
from faber_db.config.problems import problems, warnings

GOOD = '{"environments": {"dev": {"url": "env:DATABASE_URL"}}}'

CASES = {
    "good": (GOOD, []),
    "misspelt key": (
        '{\n "environments": {\n  "dev": {\n   "url": "env:A",\n   "lock_timout": "2s"\n  }\n }\n}',
        [(5, 'unknown key "lock_timout"', 'Did you mean "lock_timeout"?')],
    ),
    "key of another level": (
        '{"environments": {"dev": {"url": "env:A"}},\n "min_approvals": 2}',
        [(2, 'unknown key "min_approvals"', "It belongs in each of `environments`.")],
    ),
    "wrong type": (
        '{"environments": {"dev": {"url": "env:A",\n "protected": "yes"}}}',
        [(2, '"environments.dev.protected" is true or false', "")],
    ),
    "no coercion": (
        '{"environments": {"dev": {"url": "env:A",\n "min_approvals": "2"}}}',
        [(2, '"environments.dev.min_approvals" is a whole number', "")],
    ),
    "out of range": (
        '{"environments": {"dev": {"url": "env:A", "backup_level": 4}}}',
        [(1, '"environments.dev.backup_level" input should be less than or equal to 3', "")],
    ),
    "duration": (
        '{"environments": {"dev": {"url": "env:A",\n\n "max_backup_age": "1 day"}}}',
        [
            (
                3,
                'in "environments.dev.max_backup_age": write a duration as a number and a unit: '
                "500ms, 2s, 15m, 24h, 7d",
                "",
            )
        ],
    ),
    "window": (
        '{"environments": {"dev": {"url": "env:A", "window": [\n"Mon 9-17 UTC"]}}}',
        [
            (
                2,
                'in "environments.dev.window.0": write a window like '
                "`Mon-Thu 09:00-16:00 Europe/Berlin`",
                "",
            )
        ],
    ),
    "key twice": (
        '{"environments": {\n"dev": {"url": "env:A"},\n"dev": {"url": "env:B"}}}',
        [(3, 'the key "dev" appears twice', "Keep one of them.")],
    ),
    "no effect yet": (
        '{"schema_files": ["schema.sql"],\n "environments": {"dev": {"url": "env:A",\n'
        ' "rollback_on_failure": true}, "schema_files": {"url": "x.db"}}}',
        [
            (
                1,
                '"schema_files" is not supported yet',
                "Give the wanted tables to `faber-db architect` or `faber-db generate`.",
            ),
        ],
    ),
    "not yet": (
        '{"environments": {"dev": {"url": "env:A"}},\n "backups": {"encryption": "age"}}',
        [
            (
                2,
                '"encryption" is not supported yet',
                "Put `backups.folder` on an encrypted volume.",
            )
        ],
    ),
    "unknown phase": (
        '{"environments": {"dev": {"url": "env:A"}},\n "phases": {"deploy": "dev"}}',
        [(2, "in \"phases\": there is no phase 'deploy'; phases are build, evaluate, release", "")],
    ),
    "phase without environment": (
        '{"environments": {"dev": {"url": "env:A"}},\n "phases": {"evaluate": "qa"}}',
        [(2, "\"phases.evaluate\" names 'qa', which is not configured", "Configured: dev.")],
    ),
    "neither url nor executor": (
        '{"environments": {\n"dev": {}}}',
        [(2, 'in "environments.dev": give exactly one of `url` and `executor`', "")],
    ),
    "protected without backup": (
        '{"environments": {"qa": {"url": "env:A", "protected": true, "backup": "off"}}}',
        [
            (
                1,
                'in "environments.qa": a protected environment needs its backup: '
                "leave `backup` out",
                "",
            )
        ],
    ),
    "both shapes": (
        '{"environments": {"dev": {"url": "env:A"}}, "databases": {"a": {"environments": {}}}}',
        [(1, "give `environments`, or `databases` where there are several", "")],
    ),
    "comment": (
        "{\n // dev\n}",
        [(2, "a key in double quotes is missing here (a comma too many?)", "")],
    ),
    "trailing comma": ('{"a": [1,\n]}', [(2, "a value is missing here", "")]),
    "single quotes": ("{\"a\":\n 'b'}", [(2, "strings stand in double quotes", "")]),
    "cut short": (
        '{"environments": {\n',
        [(2, "a key in double quotes is missing here (a comma too many?)", "")],
    ),
    "no object": ("[]", [(1, "the file is an object", "")]),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_each_problem_names_its_line(text: str, expected: list[tuple[int, str, str]]) -> None:
    assert [(p.line, p.message, p.hint) for p in problems(text)] == expected


def test_every_problem_is_told_not_only_the_first() -> None:
    text = json.dumps(
        {
            "environment": {},
            "environments": {
                "dev": {"url": "env:1A", "lock_retries": -1},
                "qa": {"uri": "env:B"},
            },
        },
        indent=1,
    )
    lines = [problem.line for problem in problems(text)]
    assert lines == [2, 5, 6, 9]


def test_a_deep_nest_is_refused() -> None:
    (problem,) = problems("[" * 5000)
    assert problem.message == "this is nested too deeply"


NEARLY = [
    "{", "}", "[", "]", ",", ":", '"', "environments", '"environments"', '"dev"', '"url"',
    '"env:A"', "1", "1e999", "9" * 5000, "true", "null", "\n", " ", "\\ud800", "//", "'",
]  # fmt: skip


@given(st.one_of(st.text(), st.lists(st.sampled_from(NEARLY)).map("".join)))
def test_no_text_makes_it_crash(text: str) -> None:
    found = problems(text)
    assert all(1 <= problem.line <= text.count("\n") + 1 for problem in found)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["environments", "databases", "phases", "drift"]), values))
def test_no_value_makes_it_crash(value: dict[str, object]) -> None:
    problems(json.dumps(value))


@given(
    st.dictionaries(st.sampled_from(["environments", "migrations", "safety", "database"]), values),
    st.sampled_from(["safety", "faber_integration", "migrations", "environments"]),
    values,
)
def test_no_value_in_fabers_file_makes_it_crash(
    value: dict[str, object], section: str, inner: object
) -> None:
    text = json.dumps({"schema_version": 1, "database": {}, **value, section: {"dev": inner}})
    problems(text)
    warnings(text)


@given(values)
def test_reading_is_what_json_reads(value: object) -> None:
    text = json.dumps(value, indent=1, allow_nan=False) if _is_plain(value) else "null"
    assert read(text).value == json.loads(text)


def _is_plain(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True

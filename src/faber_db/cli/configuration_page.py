"""`docs/configuration.md`: every key with its default and an example, from the JSON Schema."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from faber_db.config.executor import ExecutorSettings
from faber_db.config.schema import json_schema
from faber_db.config.settings import Autonomy, ProjectSettings

_INTRODUCTION = """\
faber-db reads `faber-db.json` in the project's folder, or in a folder above it up to the one with
`.git`; else FABER's own file (`.fractary/plugins/faber-db/config.json` or
`.fractary/faber-db/config.json`); or the file that `FABER_DB_CONFIG` names. `faber-db init` writes
it, `faber-db config check` names every problem with its line, `faber-db config show` says what was
detected and who decides where, `faber-db config schema` writes the JSON Schema for your editor.

Without a file it works from what `faber-db init` would write, for unprotected local databases only.
A misspelt key is an error.

## The shortest file

```json
{
  "environments": {
    "dev": { "url": "env:DATABASE_URL" },
    "production": { "url": "env:PROD_DATABASE_URL" }
  }
}
```

Phases find their environment by name: build works on `dev`, evaluate on `staging`, release on
`production`. `development`, `test` and `prod` stand for these where no environment has the exact
name. Without staging, evaluate runs the whole history on a throw-away database and says so.

## References

No password stands in the file. A `url` is a reference:

| Reference | The URL is |
|---|---|
| `env:NAME` | the value of that environment variable of the process; `.env` files are not read |
| `file:PATH` | the content of that file; or, where it is a SQLite database, that database |
| `command:WORDS` | the one line that a command prints within 10 s; it is run without a shell |
| `keyring:SERVICE/NAME` | that entry of the system's key ring; needs the extra: `pip install 'faber-db[keyring]'` |
| `dev.db`, `./data/dev.db` | a SQLite file, below the project |

A URL may also stand there as it is. With a password in it, it is refused for a protected environment.

## State

What faber-db remembers (plans, approvals, jobs, the catalogue of backups, the audit trail) lies in a
SQLite file in `$XDG_STATE_HOME/faber-db/PROJECT/`, for this account alone. With `state`, a reference
to a PostgreSQL URL, several machines share it: the tables are made in the schema `faber_db_state`
when it is first used. Each project has a state database of its own, and it may be none of the
databases that the project changes. Files of backups stay where `backups.folder` says.

An older format is brought up to the newest after a copy (`state.sqlite3.format-N`, or the schema
`faber_db_state_format_N`); a newer one is refused. Where the state cannot be read or written, also
for want of room, nothing runs (`state-unusable`).

## Protected environments

Named like production (`production`, `prod`, `live`, `eu-prod`, …), on another host unless the file
says `"protected": false`, or carrying our marker: then a person signs every plan and a backup is
required, whatever else the file says. See [approval.md](approval.md). Once `faber-db protect ENV`
has pinned the policy in the database, a change of these keys has to be signed too:
`faber-db policy propose ENV`."""

_SEVERAL = """\
## Several databases

```json
{
  "databases": {
    "shop": { "environments": { "dev": { "url": "env:SHOP_URL" } } },
    "reports": { "environments": { "dev": { "url": "env:REPORTS_URL" } } }
  }
}
```

Every verb then takes `--database NAME`, and every tool `database`."""

_AUTONOMY = {
    Autonomy.DRY_RUN: "plans only; nothing runs anywhere",
    Autonomy.ASSIST: "dev is applied, other environments ask for a second call, protected ones refuse",
    Autonomy.GUARDED: "the default: unprotected ones are applied, protected ones are signed",
    Autonomy.AUTONOMOUS: "as `guarded`: no setting takes a signature away",
}
_EXECUTORS = """\
`/etc/faber-db/executor.json`, or the file that `faber-db executor run --config` names, has the keys above
for the environments that it holds, and these: see [executor.md](executor.md)."""

_EXECUTOR_SECTIONS = {
    "Each of `clients`": "ClientSettings",
    "Each of `creators`": "CreatorSettings",
    "`tls`": "TlsSettings",
    "`page`": "PageSettings",
}
_SECTIONS = {
    "Top level": "",
    "Each of `databases`": "DatabaseSettings",
    "Each of `environments`": "EnvironmentSettings",
    "`allow`": "Allowed",
    "`drift`": "DriftSettings",
    "`drift.ignore`": "Ignored",
    "`backups`": "BackupSettings",
    "`approvers`": "ApproverSettings",
    "`detection`": "DetectionSettings",
}


def configuration(made: str) -> str:
    """The page; `made` is the comment that says where it comes from."""
    schema = json_schema()
    lines = ["# Configuration", "", made, "", _INTRODUCTION, "", "## Autonomy", ""]
    lines += ["| `autonomy` | |", "|---|---|"]
    lines += [f"| `{level.value}` | {_AUTONOMY[level]} |" for level in Autonomy]
    lines += ["", "## Every key", "", "Durations are `500ms`, `2s`, `15m`, `24h`, `7d`."]
    for title, name in _SECTIONS.items():
        body = schema["$defs"][name] if name else schema
        lines += ["", f"### {title}", "", *_table(body["properties"])]
    return "\n".join([*lines, "", _SEVERAL, "", *_executors()]) + "\n"


def _executors() -> Iterator[str]:
    """The keys that only the file of an executor of its own has."""
    schema = ExecutorSettings.model_json_schema(by_alias=True, mode="validation")
    own = {k: v for k, v in schema["properties"].items() if k not in ProjectSettings.model_fields}
    own.pop("$schema", None)
    yield from ("## An executor's file", "", _EXECUTORS, "")
    yield from _table(own, ("tls", "page"))
    for title, name in _EXECUTOR_SECTIONS.items():
        yield from ("", f"### {title}", "", *_table(schema["$defs"][name]["properties"]))


def _table(properties: Mapping[str, Any], objects: tuple[str, ...] = ()) -> Iterator[str]:
    yield "| Key | Default | Example | |"
    yield "|---|---|---|---|"
    for key, says in properties.items():
        example = says["examples"][0] if says.get("examples") and key not in objects else None
        words = says.get("description") or f"See {_see(says)}."
        yield f"| `{key}` | {_default(says)} | {_spelt(example)} | {words} |"


def _see(says: Mapping[str, Any]) -> str:
    name = (says.get("$ref") or says["additionalProperties"]["$ref"]).rpartition("/")[2]
    return next(
        title[:1].lower() + title[1:] for title, model in _SECTIONS.items() if model == name
    )


def _default(says: Mapping[str, Any]) -> str:
    return "" if "$ref" in says else _spelt(says.get("default"))


def _spelt(value: object) -> str:
    """A value as it stands in the file; nothing where there is none."""
    return "" if value in (None, "", [], {}) else f"`{json.dumps(value)}`"

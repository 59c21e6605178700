"""`detect-database-needs`: does this work item need a database change?"""

import json
from collections.abc import Iterable, Iterator

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from faber_db.config.settings import DetectionSettings
from faber_db.detect import ExtraWords, Verdict, detect
from faber_db.errors import InputError, InputTooLarge
from faber_db.model.answer import Answer, Details, NextTool, State
from faber_db.services.app import App

MAX_CHARACTERS = 1_000_000


class Request(BaseModel):
    """A work item, as the tracker shows it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    description: str = ""
    labels: tuple[str, ...] = ()


class IndicatorDetails(BaseModel):
    """A sign for (weight above zero) or against a change."""

    text: str
    weight: float
    where: str
    kind: str


class DetectDetails(Details):
    """The verdict and its reasons."""

    verdict: str = "no"  # yes, possible, no
    confidence: float = 0.0
    kinds: tuple[str, ...] = ()
    indicators: tuple[IndicatorDetails, ...] = ()
    recommendations: tuple[str, ...] = ()
    left_out: int = 0  # lighter indicators that are not shown


SHOWN = 8


def run(request: Request, app: App) -> Answer[DetectDetails]:
    """Judge a work item. Reads nothing and changes nothing.

    Raises:
        InputTooLarge: title and description are over a million characters.
    """
    verdict = _judge(request, app.settings.detection)
    details = DetectDetails(
        state=State.DONE if verdict.needs_migration != "no" else State.SKIPPED,
        verdict=verdict.needs_migration,
        confidence=verdict.confidence,
        kinds=verdict.kinds,
        indicators=tuple(
            IndicatorDetails(text=f.text, weight=f.weight, where=f.where, kind=f.kind)
            for f in verdict.indicators[:SHOWN]
        ),
        recommendations=verdict.recommendations,
        left_out=max(0, len(verdict.indicators) - SHOWN),
    )
    if verdict.needs_migration == "yes":
        details.next = NextTool(tool="coordinate-architect", arguments={"spec_file": ""})
    return Answer(message=_sentence(verdict), details=details)


class _Line(BaseModel):
    """One line of `--jsonl`; other fields of a tracker's export are let through."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    id: str = ""
    title: str
    description: str | None = ""
    labels: list[str] | None = Field(default_factory=list)


def detect_lines(lines: Iterable[str], settings: DetectionSettings | None = None) -> Iterator[str]:
    """One verdict a line, in the same order, for work items given as JSON lines.

    Raises:
        InputError: a line is not a JSON object with a title; the message names it.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            item = _Line.model_validate_json(line)
        except ValidationError as error:
            raise InputError(
                f"line {number} is not a work item: {error.errors()[0]['msg']}",
                hint='Give one object a line: {"id", "title", "labels", "description"}.',
            ) from error
        request = Request(
            title=item.title,
            description=item.description or "",
            labels=tuple(item.labels or ()),
        )
        verdict = _judge(request, settings or DetectionSettings())
        yield json.dumps(
            {
                "id": item.id,
                "needs_migration": verdict.needs_migration,
                "confidence": verdict.confidence,
                "kinds": list(verdict.kinds),
                "indicators": [
                    {"text": f.text, "weight": f.weight, "where": f.where, "kind": f.kind}
                    for f in verdict.indicators
                ],
            },
            ensure_ascii=False,
        )


def _judge(request: Request, settings: DetectionSettings) -> Verdict:
    if len(request.title) + len(request.description) > MAX_CHARACTERS:
        raise InputTooLarge(
            f"the work item is over {MAX_CHARACTERS} characters",
            hint="Give the part that states the need.",
        )
    words = ExtraWords(
        title_keywords=settings.title_keywords,
        labels=settings.labels,
        description_keywords=settings.description_keywords,
    )
    return detect(request.title, request.description, request.labels, words)


def _sentence(verdict: Verdict) -> str:
    kinds = ", ".join(kind.replace("_", " ") for kind in verdict.kinds)
    match verdict.needs_migration:
        case "yes":
            return f"a database change is needed ({kinds})"
        case "possible":
            return f"a database change is possible ({kinds})"
        case _:
            return "no sign of a database change"

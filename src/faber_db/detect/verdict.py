"""Whether a work item needs a database change: a sum of signs, each of which can be read."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faber_db.detect import against, explicit, implied, labels, languages, sql_snippets
from faber_db.detect.indicator import ChangeKind, Indicator, Where

# The one place for thresholds. The sum of weights and BIAS is a log odds.
BIAS = -0.9
YES_FROM = 0.5
POSSIBLE_FROM = 0.3
IN_DESCRIPTION = 0.75  # a sign in the description counts this much of one in the title
AGAIN_IN_FAMILY = 0.35  # a second sign of a family says little that is new
CONTEXT = 40  # characters around a match in which `unless` is looked for
READ_AT_MOST = 20_000  # characters of a description; the need is stated before that

_TEXT_SIGNS: tuple[Indicator, ...] = (
    *explicit.SIGNS,
    *sql_snippets.SIGNS,
    *implied.SIGNS,
    *languages.SIGNS,
    *against.SIGNS,
)
_LABEL_SIGNS: tuple[Indicator, ...] = (*labels.SIGNS, *against.LABELS)


@dataclass(frozen=True, slots=True)
class ExtraWords:
    """Words that a project adds: each speaks for a change (DESIGN: `detection`)."""

    title_keywords: Sequence[str] = ()
    labels: Sequence[str] = ()
    description_keywords: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """One sign that was found: the words, what they weigh, where they stand."""

    text: str
    weight: float
    where: str
    kind: str  # of change, or the name of the family for a sign against


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a database change is needed, and why we think so."""

    needs_migration: str  # "yes", "possible", "no"
    confidence: float  # 0 to 1: that a change is needed
    kinds: tuple[str, ...]  # most likely first; ("none",) where none is
    indicators: tuple[Found, ...]  # heaviest first
    recommendations: tuple[str, ...]


def detect(
    title: str,
    description: str = "",
    labels: Iterable[str] = (),
    extra: ExtraWords = ExtraWords(),
) -> Verdict:
    """Judge one work item."""
    found = [
        *_in_text(title, description[:READ_AT_MOST]),
        *_in_labels(labels),
        *_project_words(title, description, labels, extra),
    ]
    odds = BIAS + _sum_by_family(found)
    confidence = 1 / (1 + math.exp(-odds))
    needs = "yes" if confidence >= YES_FROM else "possible" if confidence >= POSSIBLE_FROM else "no"
    kinds = _kinds(found) if needs != "no" else (ChangeKind.NONE.value,)
    shown = sorted((f for _, f in found), key=lambda f: -abs(f.weight))
    return Verdict(
        needs_migration=needs,
        confidence=round(confidence, 3),
        kinds=kinds,
        indicators=tuple(shown),
        recommendations=_recommendations(needs, kinds),
    )


_Signs = list[tuple[str, Found]]  # family, what was found


def _in_text(title: str, description: str) -> _Signs:
    found: _Signs = []
    for indicator in _TEXT_SIGNS:
        hit = None
        if indicator.where in (Where.TITLE, Where.TEXT):
            hit = _match(indicator, title, "title", 1.0)
        if hit is None and indicator.where in (Where.DESCRIPTION, Where.TEXT) and description:
            hit = _match(indicator, description, "description", IN_DESCRIPTION)
        if hit is not None:
            found.append((indicator.family, hit))
    return found


def _match(indicator: Indicator, text: str, where: str, share: float) -> Found | None:
    for match in indicator.pattern.finditer(text):
        around = text[max(0, match.start() - CONTEXT) : match.end() + CONTEXT]
        if indicator.unless is None or not indicator.unless.search(around):
            kind = indicator.kind.value if indicator.weight > 0 else f"not: {indicator.family}"
            words = re.sub(r"\s+", " ", match.group())[:80]
            return Found(words, round(indicator.weight * share, 2), where, kind)
    return None


def _in_labels(names: Iterable[str]) -> _Signs:
    found: _Signs = []
    for name in names:
        for indicator in _LABEL_SIGNS:
            if indicator.pattern.fullmatch(name.strip()) and not (
                indicator.unless and indicator.unless.search(name)
            ):
                found.append(
                    ("label", Found(name[:80], indicator.weight, "label", indicator.kind.value))
                )
                break
    return found


def _project_words(
    title: str, description: str, labels: Iterable[str], extra: ExtraWords
) -> _Signs:
    """A word that the project itself named decides by its weight alone."""
    weight = 2.5
    found: _Signs = []
    for words, text, where in (
        (extra.title_keywords, title, "title"),
        (extra.description_keywords, description, "description"),
    ):
        for word in words:
            if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE):
                found.append(("project", Found(word, weight, where, ChangeKind.NONE.value)))
    known = {label.casefold() for label in extra.labels}
    found.extend(
        ("project", Found(label, weight, "label", ChangeKind.NONE.value))
        for label in labels
        if label.casefold() in known
    )
    return found


def _sum_by_family(found: _Signs) -> float:
    by_family: dict[str, list[float]] = {}
    for family, item in found:
        by_family.setdefault(family, []).append(item.weight)
    total = 0.0
    for weights in by_family.values():
        strongest, *others = sorted(weights, key=abs, reverse=True)
        total += strongest + AGAIN_IN_FAMILY * sum(others)
    return total


def _kinds(found: _Signs) -> tuple[str, ...]:
    """The kinds with at least half the weight of the heaviest one."""
    weights: dict[str, float] = {}
    for _, item in found:
        if item.weight > 0 and item.kind != ChangeKind.NONE.value:
            weights[item.kind] = weights.get(item.kind, 0.0) + item.weight
    if not weights:
        return (ChangeKind.NONE.value,)
    most = max(weights.values())
    return tuple(
        kind for kind, weight in sorted(weights.items(), key=lambda e: -e[1]) if weight >= most / 2
    )


def _recommendations(needs: str, kinds: tuple[str, ...]) -> tuple[str, ...]:
    if needs == "no":
        return ()
    advice = [
        "Write the schema change into the specification as SQL, a column table or a field list, "
        "then call coordinate-architect."
    ]
    if needs == "possible":
        advice.insert(0, "Ask whether something has to be stored that is not stored today.")
    for kind, sentence in _ADVICE.items():
        if kind in kinds:
            advice.append(sentence)
    return tuple(advice)


_ADVICE = {
    ChangeKind.DROP.value: "Deploy the code that no longer reads the column or table first.",
    ChangeKind.RENAME.value: "Add the new name, write both, move readers, then drop the old name.",
    ChangeKind.TYPE_CHANGE.value: "Say the new type and what happens to values that do not fit.",
    ChangeKind.CONSTRAINT.value: "Say what happens to rows that break the rule today.",
    ChangeKind.DATA_MIGRATION.value: "Say which rows change, and to which values.",
    ChangeKind.INDEX.value: "Name the query that the index is for.",
}

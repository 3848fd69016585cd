"""Keeps secrets out of what a check says: an error of a library may quote what it was given."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from predvid.core.model import Event, Fact, Said, Sample
from predvid.edge.run_check import Run
from predvid.wire.secrets import HandedSecret

HIDDEN = "…"
SHORTEST = 3  # characters of a secret that are looked for in what a check says; shorter ones are everywhere


def scrubbed(run: Run, secrets: Iterable[HandedSecret]) -> Run:
    """Return `run` with every secret in its texts hidden."""
    words = sorted({word for one in secrets for word in _words(one)}, key=len, reverse=True)
    if not words:
        return run
    hide = _Hide(tuple(words))
    return replace(
        run,
        samples=[hide.sample(sample) for sample in run.samples],
        facts=[Fact(hide.text(fact.name), hide.tree(fact.value)) for fact in run.facts],
        events=[hide.event(event) for event in run.events],
        error=hide.error(run.error) if run.error else None,
    )


def _words(one: HandedSecret) -> Iterable[str]:
    """Yield the secret texts of one secret, and the lines of those that have several."""
    for name in one.value.SECRET:
        text = str(getattr(one.value, name))
        yield from (word for word in {text, *text.splitlines()} if len(word) >= SHORTEST)


@dataclass(frozen=True)
class _Hide:
    words: tuple[str, ...]

    def text(self, text: str) -> str:
        for word in self.words:
            text = text.replace(word, HIDDEN)
        return text

    def tree(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.tree(key): self.tree(each) for key, each in value.items()}
        return [self.tree(each) for each in value] if isinstance(value, list | tuple) else value

    def said(self, said: Said) -> Said:
        return Said(said.id, self.tree(said.values))

    def error(self, said: Said) -> Said:
        """Hide in what an error says also the beginning of a secret at the very end: long errors are cut."""
        told = {
            key: self._cut(value) if isinstance(value, str) else value for key, value in said.values.items()
        }
        return self.said(Said(said.id, told))

    def _cut(self, text: str) -> str:
        for word in self.words:
            for size in range(len(word) - 1, SHORTEST - 1, -1):
                if text.endswith(word[:size]):
                    return text[: -len(word[:size])] + HIDDEN
        return text

    def sample(self, sample: Sample) -> Sample:
        return replace(sample, metric=self.text(sample.metric), labels=self.tree(sample.labels))

    def event(self, event: Event) -> Event:
        actor, target = self.text(event.actor), self.text(event.target)
        said, source = self.said(event.said), self.tree(event.source)
        return replace(event, said=said, source=source, actor=actor, target=target)

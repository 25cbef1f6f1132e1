"""Metrics read back from their text form, by the Prometheus project's own parser."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Samples:
    """Every sample by name and labels; no series may come twice."""
    samples: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in samples, key
            samples[key] = sample.value
    return samples


def value(samples: Samples, name: str, *, namespace: str | None = None, **labels: str) -> float:
    """The value of one series, of the one namespace that the text is about unless another is named."""
    if namespace is None:
        (namespace,) = {value for _, pairs in samples for label, value in pairs if label == "namespace"}
    return samples[name, frozenset({"namespace": namespace, **labels}.items())]


def names(text: str) -> set[str]:
    """Every metric that the text declares, with a sample or without."""
    return {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}

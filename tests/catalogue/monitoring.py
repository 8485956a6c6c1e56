#!/usr/bin/env python3
"""No alert and no panel of the catalogue names a metric that nobody exports: each name is in the metrics.txt of a
provider or of the agent, which tests/e2e/test_monitoring.py keeps true. Argument: the repository."""
import pathlib
import re
import sys

import yaml

# PromQL (https://prometheus.io/docs/prometheus/latest/querying/basics/): what looks like a metric and is none.
WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan", "group_left", "group_right", "by", "without", "on", "ignoring",
         "start", "end", "atan2"}
# Prometheus makes these itself.
OWN = {"up", "ALERTS", "ALERTS_FOR_STATE", "scrape_duration_seconds"}


def metrics_of(expression):
    """The names of the metrics in an expression."""
    text = re.sub(r"\$\{[^}]*\}", "0", expression)         # of the recipe
    text = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'', '""', text)
    text = re.sub(r"\{[^{}]*\}|\[[^\[\]]*\]", "", text)      # label matchers, ranges
    text = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)", " ", text)
    text = re.sub(r"\b\d[\w.]*", "0", text)               # numbers, durations
    words = re.finditer(r"[a-zA-Z_:][a-zA-Z0-9_:]*", text)
    return {word.group() for word in words
            if word.group().lower() not in WORDS and not re.match(r"\s*\(", text[word.end():])}


def expressions(monitoring):
    for name, alert in (monitoring.get("alerts") or {}).items():
        yield f"alert {name}", alert["expression"]
    for panel in monitoring.get("panels") or []:
        yield f"panel {panel['title']}", panel["expression"]


def main():
    catalogue = pathlib.Path(sys.argv[1]) / "catalogue"
    providers = sorted(catalogue.glob("providers/*/monitoring.yaml"))
    exported = set(OWN)
    for listed in [*catalogue.glob("providers/*/metrics.txt"), catalogue / "agent-metrics.txt"]:
        exported |= set(listed.read_text().split())
    faults = []
    for path in providers:
        if not (path.parent / "metrics.txt").exists():
            faults.append(f"{path}: there is no metrics.txt beside it")
        for what, expression in expressions(yaml.safe_load(path.read_text())):
            named = metrics_of(expression)
            if not named and "vector(1)" not in expression:
                faults.append(f"{path}: {what} names no metric")
            faults += [f"{path}: {what}: nobody exports {metric}" for metric in sorted(named - exported)]
    for fault in faults:
        print(fault)
    return 1 if faults or not providers else 0


def check_itself():
    assert metrics_of('sum by (a) (rate(x_total{b="c"}[5m])) / on (d) y{e=~"z"} > 0.8 * ${parameters.w}') == {"x_total", "y"}
    assert metrics_of("count without (cpu, mode) (node{mode=\"idle\"}) or vector(0)") == {"node"}
    assert metrics_of("time() - last_seconds offset 5m > 3e2 or 60 < time() - a") == {"last_seconds", "a"}


if __name__ == "__main__":
    check_itself()
    sys.exit(main())

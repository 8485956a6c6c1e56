#!/usr/bin/env python3
"""docs/providers/ is what `allod catalogue show` prints, every parameter has an example that `allod plan` accepts, what
baselines and test procedures name exists, runbooks have their sections and one for each alert. ALLOD_ACCEPT=1 writes
the pages anew. Arguments: the repository, allod."""
import ast
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HEAD = "<!-- Printed by `allod catalogue show {}`: change catalogue/providers/{}/. ALLOD_ACCEPT=1 tests/docs/provider_pages.py writes it. -->\n"
# Headings of every runbook of a system.
SECTIONS = ["Start, stop, restart", "Upgrade", "Rotate", "Scale", "Alerts"]


class Catalogue:
    def __init__(self, root, allod):
        self.root, self.allod = root, allod
        self.environment = dict(os.environ, ALLOD_CATALOGUE=str(root / "catalogue"))
        listed = json.loads(self.run("catalogue", "list", "--output", "json").stdout)["providers"]
        self.providers = {facts["metadata"]["name"]: facts for facts in listed}
        self.systems = [name for name, facts in self.providers.items() if facts["capabilities"]]

    def run(self, *arguments, folder=None, check=True, **more):
        return subprocess.run([self.allod, *arguments], env=self.environment | more, cwd=folder, capture_output=True, text=True,
                              check=check)

    def folder(self, provider):
        return self.root / "catalogue" / "providers" / provider


def check_pages(catalogue):
    folder = catalogue.root / "docs" / "providers"
    for name in catalogue.providers:
        page = folder / f"{name}.md"
        wanted = HEAD.format(name, name) + catalogue.run("catalogue", "show", name).stdout
        if page.exists() and page.read_text() == wanted:
            continue
        if os.environ.get("ALLOD_ACCEPT"):
            folder.mkdir(exist_ok=True)
            page.write_text(wanted)
        else:
            yield f"{page} is not what allod catalogue show {name} prints; ALLOD_ACCEPT=1 writes it anew"
    yield from (f"{page} is of no provider" for page in sorted(folder.glob("*.md"))
                if page.stem not in catalogue.providers)


def stack_with(catalogue, provider, parameters):
    """All six systems; one of them, or a workload, with these parameters."""
    lines = ["apiVersion: allod/v1alpha1", "kind: Stack", "metadata: {name: examples}", "spec:", "  capabilities:"]
    for name in catalogue.systems:
        given = json.dumps(parameters if name == provider else {})
        lines.append(f"    {catalogue.providers[name]['capabilities'][0]}: {{provider: {name}, parameters: {given}}}")
    if provider not in catalogue.systems:
        lines.append(f"  components: {{example: {{provider: {provider}, parameters: {json.dumps(parameters)}}}}}")
    return "\n".join(lines) + "\n"


def check_examples(catalogue):
    """Each alone, and the first ones together, as the page shows them."""
    with tempfile.TemporaryDirectory() as folder:
        for provider, facts in catalogue.providers.items():
            schemas = facts["parameters"].get("properties", {})
            yield from (f"{provider}: the parameter {name} has no example" for name, schema in schemas.items()
                        if not schema.get("examples"))
            examples = {name: schema.get("examples", []) for name, schema in schemas.items()}
            choices = [{name: value} for name, values in examples.items() for value in values]
            choices.append({name: values[0] for name, values in examples.items() if values})
            for parameters in choices:
                pathlib.Path(folder, "stack.yaml").write_text(stack_with(catalogue, provider, parameters))
                done = catalogue.run("plan", "--output", "json", folder=folder, check=False, ALLOD_STATE_ROOT=folder)
                if done.returncode != 0:
                    yield f"{provider}: plan refuses {parameters}:\n{done.stdout}{done.stderr}"


def tests_of(root):
    """{"test_platform.Database.test_…"}: what tests/e2e has."""
    found = set()
    for path in (root / "tests" / "e2e").glob("test_*.py"):
        for kind in ast.parse(path.read_text()).body:
            if isinstance(kind, ast.ClassDef):
                found |= {f"{path.stem}.{kind.name}.{method.name}" for method in kind.body
                          if isinstance(method, ast.FunctionDef) and method.name.startswith("test_")}
    return found


def check_baselines(catalogue, tests):
    for provider in catalogue.providers:
        baseline = json.loads(catalogue.run("catalogue", "show", provider, "--output", "json").stdout)["baseline"]
        if not baseline:
            yield f"{provider} has no baseline"
            continue
        for requirement in baseline["requirements"]:
            yield from (f"{provider}: {requirement['id']} is shown by {test}, which is not there"
                        for test in requirement["shown"].get("tests", []) if test not in tests)


def names_a_test(words, root, tests):
    """Whether `tests/e2e/run [-k NAME]… MODULE` chooses any; tests that are made from a table are looked for in its text."""
    module = next(word for word in words if word.endswith(".py"))
    wanted = [after for word, after in zip(words, words[1:]) if word == "-k"]
    path = root / "tests" / "e2e" / module
    own = [test for test in tests if test.startswith(module.removesuffix(".py") + ".")]
    return path.exists() and all(any(name in test for test in own) for name in wanted)


def check_procedures(catalogue, tests):
    for provider in catalogue.providers:
        page = catalogue.folder(provider) / "testing.md"
        commands = re.findall(r"`(tests/e2e/run [^`]*)`", page.read_text()) if page.exists() else []
        if not commands:
            yield f"{page} names no test"
        yield from (f"{page}: `{command}` runs nothing" for command in commands
                    if not names_a_test(shlex.split(command)[1:], catalogue.root, tests))


def check_runbooks(catalogue):
    for provider in catalogue.systems:
        page = catalogue.folder(provider) / "runbook.md"
        text = page.read_text()
        headings = re.findall(r"^## (.*)$", text, re.M)
        yield from (f"{page} has no section {section}" for section in SECTIONS if section not in headings)
        kept = "".join(re.findall(r"^## [^\n]*(?:[Bb]ack ?up|[Rr]estor).*?(?=^## |\Z)", text, re.S | re.M))
        yield from (f"{page} does not say how to {what}" for what, words in (("back up", "[Bb]ack|dump|snapshot|[Cc]opy"),
                                                                          ("restore", "[Rr]estor")) if not re.search(words, kept))
        monitoring = json.loads(catalogue.run("catalogue", "show", provider, "--output", "json").stdout)["monitoring"]
        alerts = monitoring["alerts"] if monitoring else {}  # what runs for a moment only is watched by the agent
        below = re.search(r"^## Alerts\n(.*?)(?=^## |\Z)", text, re.S | re.M)
        written = set(re.findall(r"^### (.*)$", below.group(1), re.M)) if below else set()
        yield from (f"{page} does not say what to do about {alert}" for alert in alerts if alert not in written)
        yield from (f"{page} has a section for {alert}, which is no alert" for alert in sorted(written - set(alerts)))


def main():
    catalogue = Catalogue(pathlib.Path(sys.argv[1]).resolve(), os.path.abspath(sys.argv[2]))
    tests = tests_of(catalogue.root)
    faults = [*check_pages(catalogue), *check_examples(catalogue), *check_baselines(catalogue, tests),
              *check_procedures(catalogue, tests), *check_runbooks(catalogue)]
    faults += [] if len(catalogue.systems) > 5 and len(tests) > 50 else ["the catalogue or the tests were not found"]
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

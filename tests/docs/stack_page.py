#!/usr/bin/env python3
"""docs/stack.md agrees with the program: its examples can be planned, every key of the schema is named, and the tables
of parameters are those of the catalogue. ALLOD_ACCEPT=1 writes these tables anew. Arguments: the repository, allod."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BEGIN, END = "<!-- parameters:begin -->", "<!-- parameters:end -->"


def form(schema):
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "minimum" in schema:
        return f"{schema['minimum']} to {schema['maximum']}"
    words = {"boolean": "true, false", "array": "list", "string": "text"}
    return schema.get("format") or words.get(schema["type"], schema["type"])


def parameter_tables(allod, environment):
    listed = subprocess.run([allod, "catalogue", "list", "--output", "json"], env=environment, capture_output=True, check=True)
    tables = []
    for provider in json.loads(listed.stdout)["providers"]:
        rows = [f"**{provider['metadata']['name']}**\n", "| Parameter | Form | Default | Meaning |", "|---|---|---|---|"]
        for name, schema in provider["parameters"].get("properties", {}).items():
            default = json.dumps(schema["default"]).strip('"')
            rows.append(f"| `{name}` | {form(schema)} | `{default}` | {schema['description']} |")
        tables.append("\n".join(rows) + "\n")
    return "\n".join(tables)


def check_tables(page, allod, environment):
    text = page.read_text()
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    wanted = head + BEGIN + "\n" + parameter_tables(allod, environment) + "\n" + END + tail
    if wanted == text:
        return []
    if os.environ.get("ALLOD_ACCEPT"):
        page.write_text(wanted)
        return []
    return ["docs/stack.md: the parameters are not those of the catalogue; ALLOD_ACCEPT=1 writes them anew"]


def check_examples(page, allod, environment):
    for number, example in enumerate(re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.S | re.M), 1):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "stack.yaml").write_text(example)
            run = subprocess.run([allod, "plan"], cwd=folder, env=environment | {"ALLOD_STATE_ROOT": folder},
                                 capture_output=True, text=True, check=False)
            if run.returncode != 0:
                yield f"docs/stack.md: example {number} is refused:\n{run.stdout}{run.stderr}"


def keys_of(schema):
    for name, inner in schema.get("properties", {}).items():
        yield name
        yield from keys_of(inner)


def check_keys(page, root):
    text = page.read_text()
    schemas = root / "catalogue" / "schemas"
    stack = json.loads((schemas / "stack.schema.json").read_text())
    need = json.loads((schemas / "units.schema.json").read_text())["$defs"]["need"]
    keys = {*keys_of(stack), *keys_of(stack["$defs"]["component"]), *keys_of(need)} - {"apiVersion", "kind"}
    for key in sorted(keys):
        if not re.search(rf"[`.]{key}`|^#+ .*\b{key}$", text, re.M):
            yield f"docs/stack.md does not explain the key {key}"


def main():
    root, allod = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    environment = dict(os.environ, ALLOD_CATALOGUE=str(root / "catalogue"))
    page = root / "docs" / "stack.md"
    faults = [*check_tables(page, allod, environment), *check_examples(page, allod, environment), *check_keys(page, root)]
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

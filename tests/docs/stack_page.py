#!/usr/bin/env python3
"""docs/stack.md agrees with the program: its examples can be planned, and every key of the schema is named. Arguments:
the repository, allod."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile


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
    faults = [*check_examples(page, allod, environment), *check_keys(page, root)]
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

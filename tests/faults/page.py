#!/usr/bin/env python3
"""The table of docs/faults.md, from faults.json: page.py --write puts it there, page.py --check says whether it is there."""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs/faults.md"
BEGIN, END = "<!-- from tests/faults/faults.json -->\n", "<!-- to here -->\n"


def table():
    lines = ["| What happens | What you see | What allod does | What you do |", "|---|---|---|---|"]
    for row in json.loads((HERE / "faults.json").read_text())["faults"]:
        lines.append(f"| {row['name']} | {row['sees']} | {row['allod']} | {row.get('person', 'nothing')} |")
    return "\n".join(lines) + "\n"


def main():
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    wanted = before + BEGIN + table() + END + after
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(wanted)
    elif text != wanted:
        sys.exit("docs/faults.md is not as the table says; write it anew with: tests/faults/page.py --write")


main()

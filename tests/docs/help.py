#!/usr/bin/env python3
"""Every verb has a page with examples that the program takes, manual pages render without a warning, completions parse
in their shells, and docs/output.md speaks of every verb. Arguments: the repository, allod."""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile


def run(*arguments, text=None):
    return subprocess.run(arguments, input=text, capture_output=True, text=True, check=False,
                          env=dict(os.environ, LC_ALL="C.UTF-8", MANWIDTH="80"))


def verbs_of(allod):
    """From the overview: indented names under a heading."""
    overview = run(allod, "--help").stdout
    return re.findall(r"^  ([a-z]+) {2,}\S", overview, re.M)


def check_pages(root, verbs):
    folder = root / "src" / "cli" / "verbs"
    pages = {path.stem for path in folder.glob("*.md")}
    yield from (f"verb {verb} has no page {folder / verb}.md" for verb in verbs if verb not in pages)
    yield from (f"{folder / page}.md is of no verb" for page in sorted(pages - set(verbs)))
    for verb in verbs:
        page = folder / f"{verb}.md"
        if page.exists() and verb != "version" and "## Examples" not in page.read_text():
            yield f"{page} has no examples"


def check_examples(root, allod, verbs):
    """Verbs and options of the examples are among those that the program names."""
    known = run(allod, "--help").stdout
    for page in sorted((root / "src" / "cli" / "verbs").glob("*.md")):
        for line in re.findall(r"^(?:sudo )?(allod [^\n]*)$", page.read_text(), re.M):
            words = shlex.split(line)[1:]  # up to where the shell, or another program, takes over
            words = words[:next((i for i, word in enumerate(words) if word in ("|", ">", "||", "--")), len(words))]
            if words[0] not in verbs:
                yield f"{page.name}: `{line}`: there is no verb {words[0]}"
                continue
            options = known + run(allod, words[0], "--help").stdout
            for word in words[1:]:
                option = word.split("=")[0]
                if option.startswith("-") and not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", options):
                    yield f"{page.name}: `{line}`: there is no option {option}"


def check_manuals(allod):
    with tempfile.TemporaryDirectory() as folder:
        written = run(allod, "manual", "--write", folder)
        if written.returncode != 0:
            yield f"allod manual --write: {written.stderr}"
            return
        for page in sorted(pathlib.Path(folder).iterdir()):
            if shutil.which("man"):
                shown = run("man", "--warnings", "-l", str(page))
                if shown.returncode != 0 or shown.stderr.strip() or "NAME" not in shown.stdout:
                    yield f"{page.name}: man: {shown.stderr.strip() or 'no page'}"
            if shutil.which("mandoc"):
                shown = run("mandoc", "-T", "lint", "-W", "warning", str(page))
                if shown.stdout.strip():
                    yield f"{page.name}: {shown.stdout.strip()}"


def check_completions(allod):
    for shell in ("bash", "zsh", "fish"):
        script = run(allod, "completion", shell)
        if script.returncode != 0 or not script.stdout:
            yield f"completion {shell}: {script.stderr}"
        elif shutil.which(shell):
            parsed = run(shell, "-n", "/dev/stdin", text=script.stdout)
            if parsed.returncode != 0 or parsed.stderr:
                yield f"completion {shell} does not parse: {parsed.stderr}"


def check_output_page(root, verbs):
    text = (root / "docs" / "output.md").read_text()
    headings = ", ".join(re.findall(r"^## (.*)$", text, re.M)) + text[text.index("## The others"):]
    yield from (f"docs/output.md does not speak of {verb}" for verb in verbs if not re.search(rf"\b{verb}\b", headings))


def main():
    root, allod = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    verbs = verbs_of(allod)
    faults = [] if len(verbs) > 10 else ["the overview names no verbs"]
    faults += [*check_pages(root, verbs), *check_examples(root, allod, verbs), *check_manuals(allod), *check_completions(allod),
               *check_output_page(root, verbs)]
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

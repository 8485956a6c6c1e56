#!/usr/bin/env python3
"""Every relative link of the Markdown files leads to a file, and to a heading where it names one; every page below
docs/ that sources and catalogue name exists; docs/README.md leads to every page. Argument: the repository."""
import pathlib
import re
import sys

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.S | re.M)
CODE = re.compile(r"`[^`\n]*`")
NAMED = re.compile(r"\bdocs/[A-Za-z0-9_/-]+\.md\b")


def without_code(text):
    return CODE.sub("", FENCE.sub("", text))


def anchors(path, cache={}):
    """The anchors of a page's headings as GitHub and others make them."""
    if path not in cache:
        text = FENCE.sub("", path.read_text())
        headings = re.findall(r"^#{1,6}\s+(.*?)\s*#*$", text, re.M)
        plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
        cache[path] = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}
    return cache[path]


def check_page(root, page):
    for target in LINK.findall(without_code(page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        other = (page.parent / file).resolve() if file else page
        if not other.exists():
            yield f"{page.relative_to(root)}: no such file: {target}"
        elif anchor and other.suffix == ".md" and anchor not in anchors(other):
            yield f"{page.relative_to(root)}: no such heading: {target}"


def pages_of(root):
    top = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]
    return [root / name for name in top] + sorted((root / "docs").rglob("*.md")) + sorted((root / "catalogue").rglob("*.md"))


def check_named(root):
    """A hint that leads nowhere is worse than none."""
    for folder in ("src", "catalogue", "tools"):
        for path in sorted((root / folder).rglob("*")):
            if not path.is_file() or path.suffix in {".json", ".options"}:
                continue
            for name in set(NAMED.findall(path.read_text(errors="ignore"))):
                if not (root / name).exists():
                    yield f"{path.relative_to(root)}: names {name}, which is not there"


def check_index(root):
    first = root / "docs" / "README.md"
    reached, indexes = set(), [first]
    while indexes:  # an index of a folder counts where it is reached itself
        index = indexes.pop().resolve()
        targets = {(index.parent / target.partition("#")[0]).resolve() for target in LINK.findall(index.read_text())}
        indexes += [one for one in targets - reached if one.name == "README.md" and (root / "docs") in one.parents]
        reached |= targets
    for page in sorted((root / "docs").rglob("*.md")):
        fragment = page.parent.name == "release-notes" and page.name != "README.md"
        if page != first and page.resolve() not in reached and not fragment:
            yield f"docs/README.md does not lead to {page.relative_to(root)}"


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    faults = [fault for page in pages_of(root) for fault in check_page(root, page)]
    faults += [*check_named(root), *check_index(root)]
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

"""What the API server said, kept in the tree (recorded/*.json): so that allod is compared with it everywhere, also
where no such server can be built. Where it can, the record itself is compared with the server; ALLOD_ACCEPT=1
writes it anew. Only what a policy brings about is kept: {"denied": text} and {"warned": [text, …]}."""
import json
import os
import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parent / "recorded"


def said(answer):
    """The policies' part of an answer."""
    kept = {}
    if answer.status not in (200, 201, 409):  # what exists already was admitted before that was noticed
        kept["denied"] = re.sub(r"^.*? is forbidden: ", "", answer.message, count=1, flags=re.S)
        kept["code"] = answer.status
    warned = [one for one in answer.warnings if "AdmissionPolicy" in one]
    if warned:
        kept["warned"] = sorted(warned)
    return kept


class Record:
    def __init__(self, name):
        self.path = FOLDER / f"{name}.json"
        self.accept = bool(os.environ.get("ALLOD_ACCEPT"))
        self.kept = json.loads(self.path.read_text()) if self.path.exists() else {}
        self.seen = {}

    def compare(self, test, key, answer):
        self.seen[key] = said(answer)
        if not self.accept:
            test.assertEqual(self.seen[key], self.kept.get(key), f"{key}: ALLOD_ACCEPT=1 writes the record anew")

    def close(self):
        if self.accept and self.seen != self.kept:
            FOLDER.mkdir(exist_ok=True)
            lines = (f"{json.dumps(key)}: {json.dumps(self.seen[key], ensure_ascii=False)}" for key in self.seen)
            self.path.write_text("{\n" + ",\n".join(lines) + "\n}\n")

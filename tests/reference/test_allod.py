"""`allod check` decides as the API server did (recorded/): the same objects are admitted, warned of and refused, with
the same words. Needs no server; test_policies and test_cases see that the record is true where one can be built."""
import glob
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

import cases
import examples
import expressions
import mutations
import recorded


# Where allod differs on purpose or by its nature. A difference that has gone has to go from here, too.
KNOWN = {
    "libraries 1": "the server writes quantities in their shortest form before admission sees them",
    "libraries 11": "what is wrong with a name is said in allod's words",
    "values 35": "the server's %e has a times sign and superscripts; allod has the specification's",
    "values 36": "the server's %s of lists and maps is not the specification's",
}


def plain(text):
    """Without what an evaluator says of an error in its own words."""
    return re.sub(r"(resulted in error: ).*", r"\1", text, flags=re.S)


def binary():
    named = os.environ.get("ALLOD_BINARY")
    built = [named] if named else glob.glob(str(examples.SOURCE / "build/*/src/cli/allod"))
    if not built:
        raise unittest.SkipTest("there is no allod; build it or name it in ALLOD_BINARY")
    return max(built, key=os.path.getmtime)


def check(policies, objects, *words):
    """Findings of one run by the name of the file that the object is in; `objects` are [(name, document)]."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "policies").mkdir()
        (folder / "objects").mkdir()
        (folder / "policies/all.yaml").write_text(yaml.dump_all(policies, Dumper=yaml.CSafeDumper))
        for name, document in objects:
            (folder / "objects" / f"{name}.json").write_text(json.dumps(document, indent=1))
        done = subprocess.run([binary(), "check", "--policy", folder / "policies", "--output", "json", *words,
                               folder / "objects"], capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            said = f"allod check ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
            return {name: [{"verdict": "refused policy", "message": said}] for name, _ in objects}
        found = {}
        for finding in json.loads(done.stdout)["findings"]:
            found.setdefault(pathlib.Path(finding.get("file", "?")).stem, []).append(finding)
        return found


def applied(policies, document, around):
    """What `allod check --apply` makes of an object, itself when nothing changes it, and the findings about it."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "policies.yaml").write_text(yaml.dump_all(policies, Dumper=yaml.CSafeDumper))
        (folder / "objects").mkdir()
        (folder / "objects/object.json").write_text(json.dumps(document))
        (folder / "objects/around.yaml").write_text(yaml.dump_all(around, Dumper=yaml.CSafeDumper))
        done = subprocess.run([binary(), "check", "--apply", "--policy", folder / "policies.yaml",
                               "--write", f"json={folder}/findings.json", folder / "objects"],
                              capture_output=True, text=True, check=False)
        findings = json.loads((folder / "findings.json").read_text())["findings"]
        printed = [one for one in yaml.load_all(done.stdout, Loader=yaml.CSafeLoader) if one]
        return (printed[0] if printed else document), findings


def differences(kept, findings):
    """What allod found that the server did not say, or the other way round; empty when they agree.

    The server tells the first refusal only, of a policy that it picks at random: an object that several refuse would
    have another answer next time.
    """
    failed = [one for one in findings if one["verdict"] in ("failed", "error")]
    others = [one for one in findings if one["verdict"] not in ("failed", "error", "warned", "audited")]
    if others:
        return f"allod says {others[0]['verdict']}: {others[0]['message']}"
    if "denied" not in kept:
        if failed:
            return f"the server admits it; allod says {failed[0]['message']!r}"
    else:
        if len({one["policy"] for one in failed}) > 1:
            return f"several policies refuse it, and the server may name any: {sorted({one['policy'] for one in failed})}"
        said = [f"ValidatingAdmissionPolicy '{one['policy']}' with binding '{one.get('binding', '')}' denied request: "
                f"{one['message']}" for one in failed]
        if plain(kept["denied"]) not in map(plain, said):
            return f"the server says {kept['denied']!r}; allod says {said}"
    warned = sorted(plain(f"Validation failed for ValidatingAdmissionPolicy '{one['policy']}' with binding "
                    f"'{one.get('binding', '')}': {one['message']}") for one in findings if one["verdict"] == "warned")
    return "" if warned == sorted(map(plain, kept.get("warned", []))) else f"the server warns {kept.get('warned')}; allod warns {warned}"


def setUpModule():
    if subprocess.run([binary(), "check", "--help"], capture_output=True, check=False).returncode != 0:
        raise unittest.SkipTest("this allod has no `check`")


class Agreement(unittest.TestCase):
    def compare(self, record, key, findings):
        with self.subTest(key):
            found = differences(record.kept[key], findings)
            if key in KNOWN:
                self.assertNotEqual(found, "", "no longer different")
            else:
                self.assertEqual(found, "")

    def test_examples(self):
        record = recorded.Record("examples")
        chosen = examples.policies()
        objects, named = [], {}
        for policy in chosen:
            for example in policy.examples:
                name = f"{len(objects):04}"
                objects.append((name, example.for_server()))
                named[name] = example
        found = check([*(one.for_server() for one in chosen), *examples.bindings(), *examples.parameters()], [
            *objects, *((f"definition-{index}", one) for index, one in enumerate(examples.definitions()))])
        for name, example in named.items():
            if not example.context:
                self.compare(record, example.key, found.get(name, []))

    def test_cases(self):
        record = recorded.Record("cases")
        for case in cases.cases():
            policies = [*case.policies, *case.bindings]
            around = [(f"around-{index}", one) for index, one in enumerate([*case.namespaces, *case.params])]
            for request in case.requests:
                if request.subresource:
                    continue  # a file has no subresources
                with tempfile.TemporaryDirectory() as folder:
                    words = []
                    if request.operation == "UPDATE":
                        old = pathlib.Path(folder) / "old.json"
                        old.write_text(json.dumps(request.old))
                        words = ["--old", str(old)]
                    elif request.operation == "DELETE":
                        words = ["--delete"]
                    found = check(policies, [("object", request.object or request.old), *around], *words)
                    self.compare(record, request.key, found.get("object", []))

    def test_rules_of_definitions(self):
        record = recorded.Record("definitions")
        for definition in mutations.definitions():
            for key, document, old in definition.requests:
                with self.subTest(key), tempfile.TemporaryDirectory() as folder:
                    words = []
                    if old:
                        (pathlib.Path(folder) / "old.json").write_text(json.dumps(old))
                        words = ["--old", f"{folder}/old.json"]
                    found = check([definition.document], [("object", document)], *words).get("object", [])
                    said = [one["message"] for one in found]
                    whole = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
                    kept = record.kept[key].get("denied", "").partition(" is invalid: ")[2]
                    self.assertEqual(whole if said else "", kept)

    def test_expressions_are_taken_or_refused(self):
        # As test_expressions sees the server do.
        for expression, taken in expressions.expressions():
            with self.subTest(expression), tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "policy.yaml"
                path.write_text(yaml.dump(expressions.policy(expression), Dumper=yaml.CSafeDumper))
                done = subprocess.run([binary(), "check", "--policy", path, folder], capture_output=True, text=True,
                                      check=False)
                self.assertEqual(done.returncode != 2, taken, done.stderr)

    def test_mutations(self):
        # test_mutations sees that what is expected here is what a server makes of them.
        for case in mutations.mutations():
            for key, document, wanted in case.requests:
                with self.subTest(key):
                    made, findings = applied([*case.policies, *case.bindings], document,
                                             [*case.namespaces(), *case.params])
                    if wanted is None:
                        self.assertTrue([one for one in findings if one["verdict"] in ("failed", "error")], findings)
                    else:
                        self.assertEqual(findings, [])
                        self.assertTrue(mutations.within(wanted, made), made)


if __name__ == "__main__":
    unittest.main()

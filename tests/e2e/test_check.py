"""`allod check` as people and pipelines run it, on the folder tests/e2e/check/estate. What it prints is held against
tests/e2e/check/expected/NAME, with the exit code. ALLOD_ACCEPT=1 writes them anew: read the difference before committing.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

from harness import SOURCE, binary, wait_for

CHECK = pathlib.Path(__file__).with_name("check")
OURS = ["--policy", "policies"]
# tools/fetch-sarif-validator puts it there.
VALIDATOR = pathlib.Path("/var/cache/allod-tests/sarif/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool")

# name: arguments and exit code
CASES = {
    "text": (["estate"], 1),
    "json": (["--output", "json", "estate"], 1),
    "sarif": (["--output", "sarif", "estate"], 1),
    "junit": (["--output", "junit", "estate"], 1),
    "github": (["--output", "github", "estate"], 1),
    "gitlab": (["--output", "gitlab", "estate"], 1),
    "markdown": (["--output", "markdown", "estate"], 1),
    "quiet": (["--quiet", "estate/deploy"], 1),
    "one-policy": (["--policy", "policies/team.yaml", "estate/deploy/api.json"], 0),
    "strict": (["--strict", "--policy", "policies/team.yaml", "estate/deploy/api.json"], 3),
    "exceptions": (["--exceptions", "exceptions.yaml", "--today", "2026-12-31", "estate"], 1),
    "exceptions-ended": (["--exceptions", "exceptions.yaml", "--today", "2027-01-01", "estate/legacy/old.yaml"], 1),
    "broken-alone": (["estate/legacy/broken.yaml"], 2),
    "no-such-path": (["estate", "nowhere"], 2),
    "no-such-policy": (["--policy", "no-latest-one", "estate"], 2),
    "delete": (["--delete", "estate"], 1),
    "explain": (["--explain", "policies/no-latest.yaml"], 0),
    "nothing": (["estate/deploy/values.yaml"], 0),
}


class Check(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="allod-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder)
        for name in ("estate", "policies"):
            shutil.copytree(CHECK / name, self.folder / name)
        shutil.copy(CHECK / "exceptions.yaml", self.folder)
        self.environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(self.folder),
                            "ALLOD_CATALOGUE": str(SOURCE / "catalogue")}

    def check(self, *arguments, **more):
        given = {} if "input" in more else {"stdin": subprocess.DEVNULL}
        return subprocess.run([binary(), "check", *arguments], cwd=self.folder, env=self.environment,
                              capture_output=True, text=True, timeout=60, **given, **more)

    def ours(self, *arguments, **more):
        return self.check(*([] if "--policy" in arguments else OURS), *arguments, **more)

    def findings(self, *arguments, **more):
        done = self.ours("--output", "json", *arguments, **more)
        self.assertIn(done.returncode, (0, 1, 3), done.stderr)
        return json.loads(done.stdout)["findings"]

    def test_goldens(self):
        for name, (arguments, code) in CASES.items():
            with self.subTest(name):
                done = self.ours(*arguments)
                said = re.sub(r"\b[0-9.]+ s$", "TIME", done.stdout + done.stderr, flags=re.M)
                said = re.sub(r'"milliseconds":[0-9]+', '"milliseconds":0', said)
                said = re.sub(r' time="[0-9.]+"', ' time="0"', said)
                expected = CHECK / "expected" / name
                if os.environ.get("ALLOD_ACCEPT"):
                    expected.write_text(said)
                self.assertEqual(said, expected.read_text())
                self.assertEqual(done.returncode, code)

    def test_the_same_with_any_number_of_threads(self):
        once = self.ours("--output", "sarif", "--jobs", "1", "estate").stdout
        for jobs in ("2", "7"):
            self.assertEqual(self.ours("--output", "sarif", "--jobs", jobs, "estate").stdout, once)

    def test_standard_input(self):
        text = (self.folder / "estate/deploy/web.yaml").read_text()
        found = self.findings("-", input=text)
        self.assertEqual([(f["file"], f["line"], f["policy"]) for f in found], [("-", 18, "no-latest")])

    def test_old_objects_make_updates(self):
        policy = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
                  "metadata": {"name": "no-shrink"},
                  "spec": {"matchConstraints": {"resourceRules": [{"apiGroups": ["apps"], "apiVersions": ["v1"],
                                                                   "operations": ["UPDATE"], "resources": ["deployments"]}]},
                           "validations": [{"expression": "object.spec.replicas >= oldObject.spec.replicas"}]}}
        (self.folder / "shrink.json").write_text(json.dumps(policy))
        for folder, replicas in (("before", 3), ("after", 2)):
            (self.folder / folder).mkdir()
            (self.folder / folder / "d.json").write_text(json.dumps(
                {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": {"replicas": replicas}}))
        self.assertEqual(self.findings("--policy", "shrink.json", "after"), [])
        found = self.findings("--policy", "shrink.json", "--old", "before", "after")
        self.assertEqual([f["message"] for f in found], ["failed expression: object.spec.replicas >= oldObject.spec.replicas"])

    def test_apply_prints_what_mutating_policies_change(self):
        policy = {"apiVersion": "admissionregistration.k8s.io/v1beta1", "kind": "MutatingAdmissionPolicy",
                  "metadata": {"name": "keep-tokens-out"},
                  "spec": {"matchConstraints": {"resourceRules": [{"apiGroups": ["apps"], "apiVersions": ["v1"],
                                                                   "operations": ["CREATE"], "resources": ["deployments"]}]},
                           "failurePolicy": "Fail", "reinvocationPolicy": "Never",
                           "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression":
                               "Object{spec: Object.spec{template: Object.spec.template{spec: "
                               "Object.spec.template.spec{automountServiceAccountToken: false}}}}"}}]}}
        (self.folder / "mutating.json").write_text(json.dumps(policy))
        done = self.ours("--policy", "mutating.json", "--apply", "estate/deploy")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count("automountServiceAccountToken: false"), 2, done.stdout)
        self.assertIn("name: web", done.stdout)
        self.assertNotIn("kind: Namespace", done.stdout)

    def test_baseline(self):
        self.assertEqual(self.ours("--write-baseline", "known.json", "estate").returncode, 1)
        done = self.ours("--baseline", "known.json", "estate")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("in the baseline", done.stdout)
        web = self.folder / "estate/deploy/web.yaml"
        web.write_text("# a line that moves the rest\n" + web.read_text())
        self.assertEqual(self.ours("--baseline", "known.json", "estate").returncode, 0)
        web.write_text(web.read_text().replace("name: web", "name: shop-window"))
        done = self.ours("--baseline", "known.json", "estate")
        self.assertEqual(done.returncode, 1)
        self.assertIn("shop-window", done.stdout)

    def test_files_beside_the_terminal(self):
        done = self.ours("--write", "sarif=out.sarif", "--write", "junit=out.xml", "estate")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("error:", done.stdout)
        self.assertEqual(json.loads((self.folder / "out.sarif").read_text())["version"], "2.1.0")
        xml.etree.ElementTree.parse(self.folder / "out.xml")

    def test_sarif_is_valid(self):
        if not VALIDATOR.exists():
            self.skipTest("tools/fetch-sarif-validator was not run")
        self.ours("--write", "sarif=out.sarif", "estate")
        done = subprocess.run([VALIDATOR, "validate", "out.sarif", "--level", "Error;Warning"], cwd=self.folder,
                              capture_output=True, text=True, timeout=120)
        self.assertEqual([line for line in done.stdout.splitlines() if "error" in line], [], done.stdout)
        # The warnings are all one: the project has no address on the network yet.
        self.assertEqual({word for line in done.stdout.splitlines() if ": warning " in line
                          for word in [line.split(": warning ")[1].split(":")[0]]} - {"SARIF2005"}, set(), done.stdout)
        text = (self.folder / "out.sarif").read_text().replace('"startLine":', '"firstLine":')
        (self.folder / "bad.sarif").write_text(text)
        done = subprocess.run([VALIDATOR, "validate", "bad.sarif"], cwd=self.folder, capture_output=True, text=True, timeout=120)
        self.assertIn("error", done.stdout, "the validator sees nothing")

    def test_bad_command_lines(self):
        for arguments in (["--output", "xml"], ["--write", "sarif"], ["--today", "tomorrow"], ["--jobs", "0"],
                          ["--exceptions", "nowhere.yaml"], ["--baseline", "exceptions.yaml"], ["--params", "nowhere.yaml"]):
            done = self.ours(*arguments, "estate")
            self.assertEqual(done.returncode, 2, f"{arguments}: {done.stderr}")

    def test_policies_of_the_declaration(self):
        (self.folder / "stack.yaml").write_text("apiVersion: allod/v1alpha1\nkind: Stack\nmetadata: {name: home}\n"
                                                "spec: {policies: [policies/no-latest.yaml]}\n")
        done = self.check("--output", "json", "estate/deploy")
        self.assertEqual({f["policy"] for f in json.loads(done.stdout)["findings"]}, {"no-latest"}, done.stderr)

    def test_no_colours_without_a_terminal(self):
        self.assertNotIn("\x1b", self.ours("estate").stdout)
        self.assertIn("\x1b", self.ours("--colour", "always", "estate").stdout)

    def test_hostile_inputs(self):
        folder = self.folder / "hostile"
        folder.mkdir()
        laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
            f"{new}: &{new} [{', '.join(9 * ['*' + old])}]\n" for old, new in zip("abcdefgh", "bcdefghi"))
        head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
        (folder / "laughs.yaml").write_text(head + laughs)
        (folder / "deep.yaml").write_text(head + "data: " + 10_000 * "[" + 10_000 * "]")
        (folder / "deep.json").write_text('{"apiVersion": "v1", "kind": "X", "a": ' + 10_000 * "[" + 10_000 * "]" + "}")
        (folder / "bytes.yaml").write_bytes(head.encode() + b'data: {a: "\xff\xfe"}')
        (folder / "nan.yaml").write_text(head + "data: {.nan: a, .NaN: b}\n")
        (folder / "line.yaml").write_text(head + 'data: {a: "' + 100_000_000 * "x" + '"}\n')
        (folder / "around").symlink_to(".")
        (folder / "self.yaml").symlink_to("self.yaml")
        os.mkfifo(folder / "pipe.yaml")
        (folder / "locked.yaml").write_text(head)
        (folder / "locked.yaml").chmod(0)
        done = self.ours("--output", "json", "hostile")
        self.assertEqual(done.returncode, 1, done.stderr)
        broken = {pathlib.Path(one["file"]).name for one in json.loads(done.stdout)["findings"] if one["verdict"] == "broken"}
        # Root may read everything, and one long line is no fault.
        self.assertEqual(broken - {"locked.yaml"}, {"laughs.yaml", "deep.yaml", "deep.json", "bytes.yaml", "nan.yaml", "self.yaml",
                                                    "pipe.yaml"})
        if os.getuid() != 0:
            self.assertIn("locked.yaml", broken)

    def test_one_long_line_costs_no_more_than_many(self):
        # A List as programs write it: ten thousand objects on one line, most of them with a finding.
        item = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "shop"}, "spec": {"template": {
            "spec": {"containers": [{"name": "a", "image": "registry.example.org/a:latest"}]}}}}
        items = [{**item, "metadata": {**item["metadata"], "name": f"a-{index}"}} for index in range(10_000)]
        (self.folder / "list.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        done = self.check("--policy", "policies/no-latest.yaml", "--output", "json", "list.json")  # 60 s at most
        self.assertEqual(len(json.loads(done.stdout)["findings"]), 10_000, done.stderr)

    def test_watch(self):
        with open(self.folder / "out", "w", encoding="utf-8") as out:
            process = subprocess.Popen([binary(), "check", *OURS, "--watch", "estate/deploy"], cwd=self.folder,
                                       env=self.environment, stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=subprocess.STDOUT)
        said = lambda: (self.folder / "out").read_text()
        try:
            wait_for("the first report", lambda: "objects in" in said())
            new = self.folder / "estate/deploy/new.yaml"
            new.write_text((self.folder / "estate/deploy/web.yaml").read_text().replace("name: web", "name: fresh"))
            wait_for("what is new", lambda: "Deployment shop/fresh" in said() and "1 new, 0 gone" in said())
            new.unlink()
            wait_for("what is gone", lambda: "0 new, 1 gone" in said())
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=10)


if __name__ == "__main__":
    unittest.main()

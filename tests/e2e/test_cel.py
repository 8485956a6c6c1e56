"""`allod cel`: values, unknowns, errors and test files, through the binary."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from harness import binary

DEPLOYMENT = "kind: Deployment\nspec: {replicas: 3, paused: false}\n"
TESTS = """\
input: {spec: {replicas: 3}}
variables: {limit: 5}
tests:
  - name: within the limit
    expression: object.spec.replicas <= limit
  - expression: object.spec.replicas + 1
    expect: 4
  - expression: object.spec.image
    expectError: no such key
  - expression: object.spec.replicas > 1 && request.dryRun
    unknown: [request]
    expectUnknown: [request]
  - expression: "[1, 2, 3].all(x, x < 4)"
    maxCost: 40
  - expression: nothing.here
    expectError: nothing
"""


class Cel(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="allod-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "deployment.yaml").write_text(DEPLOYMENT)

    def cel(self, *arguments, given=""):
        done = subprocess.run([binary(), "cel", *arguments], cwd=self.folder, input=given, capture_output=True,
                              text=True, timeout=20, env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"})
        return done.returncode, done.stdout, done.stderr

    def test_values(self):
        self.assertEqual(self.cel("eval", "1 + 2"), (0, "3\n", ""))
        self.assertEqual(self.cel("eval", "object.spec", "--input", "deployment.yaml"),
                         (0, "replicas: 3\npaused: false\n", ""))
        self.assertEqual(self.cel("eval", "object.kind", "--input", "-", given=DEPLOYMENT), (0, "Deployment\n", ""))
        self.assertEqual(self.cel("eval", "limit * 2", "--var", "limit=21"), (0, "42\n", ""))
        self.assertEqual(self.cel("eval", "all.spec.replicas", "--var", "all=@deployment.yaml"), (0, "3\n", ""))

    def test_cost_is_what_kubernetes_counts(self):
        code, out, said = self.cel("eval", "object.spec.replicas > 1", "--input", "deployment.yaml", "--cost")
        self.assertEqual((code, out, said), (0, "true\n", "cost 4\n"))
        code, out, _ = self.cel("eval", "object.spec.replicas > 1", "--input", "deployment.yaml", "--output", "json")
        self.assertEqual(json.loads(out), {"value": True, "type": "bool", "cost": 4})

    def test_unknowns(self):
        code, out, _ = self.cel("eval", "request.dryRun && true", "--var", "request=?")
        self.assertEqual((code, out), (1, "unknown, for want of:\n  request\n"))
        self.assertEqual(self.cel("eval", "request.dryRun || true", "--var", "request=?")[:2], (0, "true\n"))
        code, out, _ = self.cel("eval", "authorizer.path('/x').check('get').allowed()", "--output", "json")
        self.assertEqual(json.loads(out)["unknown"], ["authorizer.path('/x').check('get')"])

    def test_faults(self):
        code, _, said = self.cel("eval", "object.spec.nothing", "--input", "deployment.yaml")
        self.assertEqual(code, 1)
        self.assertIn("no such key", said)
        for wrong in (("eval", "1 +"), ("eval", "nothing"), ("eval", "1", "--input", "missing.yaml"),
                      ("eval", "1", "--var", "x"), ("test", "missing.yaml"), ("eval",), ()):
            with self.subTest(wrong):
                code, _, said = self.cel(*wrong)
                self.assertIn(code, (2, 3))
                self.assertTrue(said)

    def test_files_of_tests(self):
        (self.folder / "good.yaml").write_text(TESTS)
        code, out, _ = self.cel("test", "good.yaml")
        self.assertEqual(code, 0, out)
        self.assertTrue(out.endswith("6 passed, 0 failed\n"), out)
        (self.folder / "bad.yaml").write_text(TESTS.replace("expect: 4", "expect: 5"))
        code, out, _ = self.cel("test", "good.yaml", "bad.yaml")
        self.assertEqual(code, 1)
        self.assertIn("bad.yaml:6:17: it gives 4, not 5", out)
        code, out, _ = self.cel("test", "bad.yaml", "--output", "json")
        self.assertEqual(code, 1)
        report = json.loads(out)
        self.assertEqual((report["passed"], report["failed"]), (5, 1))
        (self.folder / "broken.yaml").write_text("tests: [{expresion: '1'}]\n")
        code, _, said = self.cel("test", "broken.yaml")
        self.assertEqual(code, 2)
        self.assertIn('did you mean "expression"', said)


if __name__ == "__main__":
    unittest.main()

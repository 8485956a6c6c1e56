"""What the binary says to input that cannot be right. Each golden/NAME.yaml has its golden/NAME.expected:
the exit code and what was printed. ALLOD_ACCEPT=1 writes them anew: read the difference before committing.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from harness import SOURCE, binary

GOLDEN = pathlib.Path(__file__).with_name("golden")


class BadInput(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="allod-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def allod(self, *arguments, seconds=20):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": str(self.folder),
                       "ALLOD_STATE_ROOT": f"{self.folder}/state", "ALLOD_RUN_ROOT": f"{self.folder}/run",
                       "ALLOD_CATALOGUE": str(SOURCE / "catalogue")}
        return subprocess.run([binary(), *arguments], cwd=self.folder, env=environment, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=seconds)

    def test_goldens(self):
        inputs = sorted(GOLDEN.glob("*.yaml"))
        self.assertGreater(len(inputs), 15)
        for given in inputs:
            with self.subTest(given.stem):
                shutil.copy(given, self.folder / "stack.yaml")
                before = sorted(self.folder.iterdir())
                done = self.allod("up")
                text = done.stdout.decode() + done.stderr.decode()
                said = f"exit code {done.returncode}\n{text}"
                expected = given.with_suffix(".expected")
                if os.environ.get("ALLOD_ACCEPT"):
                    expected.write_text(said)
                self.assertEqual(said, expected.read_text())
                self.assertEqual(done.returncode, 2)
                self.assertLess(len(text), 4000, "nobody reads that much")
                self.assertEqual(sorted(self.folder.iterdir()), before, "something was made")

    def test_the_same_as_json(self):
        shutil.copy(GOLDEN / "unknown-provider.yaml", self.folder / "stack.yaml")
        done = self.allod("--output", "json", "up")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b'"errors"', done.stdout)
        self.assertIn(b'unknown provider \\"postgres\\"', done.stdout)

    def test_the_command_line(self):
        for arguments, part in ((["upp"], 'there is no verb "upp"; did you mean "up"?'), ([], "subcommand"), (["up", "--fast"], "--fast"),
                                (["--output", "xml", "plan"], "xml"), (["secret"], "subcommand")):
            done = self.allod(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(part, done.stderr.decode(), arguments)

    def test_no_file(self):
        done = self.allod("up")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("allod init", done.stderr.decode())

    def test_no_stack(self):
        for verb in (["status"], ["logs", "keycloak"], ["open"], ["events"], ["secret", "list"], ["down"],
                     ["destroy", "--confirm", "nothing"], ["explain", "keycloak"]):
            done = self.allod(*verb, "--stack", "nothing")
            self.assertIn(done.returncode, (3, 5), f"{verb}: {done.stderr.decode()}")
            self.assertFalse((self.folder / "state").exists() or (self.folder / "run").exists(), f"{verb} makes something")


if __name__ == "__main__":
    unittest.main()

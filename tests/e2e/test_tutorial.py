"""docs/tutorial.md, word for word: its commands run one after the other in one shell, in a folder that is laid out like a
clone with allod built, and what they print is what the page shows. Numbers may differ, `…` stands for anything.

The stack is the tutorial's own, "home" on port 8443; its state lies in folders of the test's.
"""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from browser import chromium
from harness import RUN_ROOT, SOURCE, STATE_ROOT, Stack, binary, need_root, run
from people import Administrator

PAGE = SOURCE / "docs" / "tutorial.md"
PIECE = re.compile(r"^```(sh)?(?: ends with (\d+))?\n(.*?)^```$|^<!-- the test: (.*?) -->$", re.S | re.M)
END = "tutorial-command-ended"


def pieces():
    """("run", command, exit code), ("expect", text), ("do", what) in the order of the page."""
    for kind, code, text, task in PIECE.findall(PAGE.read_text()):
        if task:
            yield "do", task, None
        elif kind == "sh":
            yield "run", text, int(code or 0)
        else:
            yield "expect", text, None


def plain(text):
    """Without what differs from run to run: times, other numbers, how wide a column is."""
    text = re.sub(r"\d[\d.]* (?:ms|s|min|h|d)\b(?: \d[\d.]* (?:ms|s|min|h)\b)*", "0", text)
    text = re.sub(r"\d[\d.:]*", "0", text)
    return "\n".join(" ".join(line.split()) for line in text.strip().split("\n")) + "\n"


def pattern(expected):
    """`…` is anything in a line; alone it is any lines."""
    text = "".join(r"(?:.*\n)*?" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + r"\n"
                   for line in plain(expected).splitlines())
    return re.compile(r"\A" + text + r"\Z")


class Shell:
    """One shell that goes through the page, with folders of the test's own."""

    def __init__(self, folder, stack):
        self.script = folder / "commands"
        environment = dict(stack.environment, ALLOD=binary(), ALLOD_CATALOGUE=str(folder / "catalogue"))
        self.process = subprocess.Popen(["bash"], cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)

    def run(self, command):
        """What it prints, and its exit code."""
        self.script.write_text(command)  # read from a file: the commands themselves find nothing on standard input
        self.process.stdin.write(f". {self.script} </dev/null\nprintf '\\n%s %s\\n' {END} $?\n")
        self.process.stdin.flush()
        said = []
        for line in self.process.stdout:
            if line.startswith(END):
                return "".join(said), int(line.split()[1])
            said.append(line)
        raise AssertionError(f"the shell ended in\n{command}\n{''.join(said)}")

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


class Tutorial(unittest.TestCase):
    def setUp(self):
        need_root()
        self.stack = Stack("home", 8443, state_root=STATE_ROOT.with_name("allod-e2e-t"), run_root=RUN_ROOT.with_name("allod-e2e-t"))
        self.stack.destroy()  # an earlier, killed run's
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", 8443)) == 0 or "allod-home" in run("ip", "netns").stdout.split():
                self.skipTest("a platform called home runs on this machine already")
        self.stack.declare()  # the harness' own calls want a folder
        self.addCleanup(self.stack.destroy)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="allod-e2e-tutorial-", dir="/var/tmp"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        for name in ("Makefile", "catalogue", "docs"):
            (self.folder / name).symlink_to(SOURCE / name)
        built = self.folder / "build/release/src/cli"
        built.mkdir(parents=True)
        (built / "allod").symlink_to(binary())

    def signs_in_by_a_browser(self):
        person = Administrator(self.stack)
        dashboard = self.stack.url("gateway", "/dashboard/")
        with chromium(self.stack.root_certificate) as browser:
            browser.open(dashboard)
            person.sign_in(browser, lambda: browser.url.startswith(dashboard) and "8443" in browser.text)

    def test_every_command_does_what_the_page_says(self):
        shell = Shell(self.folder, self.stack)
        self.addCleanup(shell.close)
        said, commands, started = "", 0, time.monotonic()
        for what, text, code in pieces():
            if what == "run":
                said, ended = shell.run(text)
                self.assertEqual(ended, code, f"{text}\n{said}")
                commands += 1
            elif what == "expect":
                with self.subTest(text.split("\n")[0]):
                    self.assertRegex(plain(said), pattern(text))
            else:
                getattr(self, text.replace(" ", "_"))()
        self.assertGreater(commands, 10)
        self.assertNotIn("allod-home", run("ip", "netns").stdout.split(), "something of the tutorial is left")
        sys.stderr.write(f"the tutorial took {time.monotonic() - started:.0f} s\n")


if __name__ == "__main__":
    unittest.main()

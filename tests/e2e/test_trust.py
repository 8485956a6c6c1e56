"""Trust as clients that know nothing of allod see it: the SPIFFE Workload API by go-spiffe, in a workload and outside."""
import functools
import json
import os
import pathlib
import shutil
import subprocess
import unittest

from harness import SOURCE, Stack, need_root, run

WORKLOADS = """\
trust: {certificateLifetime: 2m}
components:
  app: {provider: workload}
  other: {provider: workload}
"""
CACHE = pathlib.Path("/var/tmp/allod-e2e-spiffe")


@functools.lru_cache(maxsize=None)
def spiffe_client():
    """The client of tests/e2e/spiffe, built by Go once."""
    if not shutil.which("go"):
        raise unittest.SkipTest("go builds the SPIFFE client, and is not there")
    CACHE.mkdir(parents=True, exist_ok=True)
    built = subprocess.run(["go", "build", "-trimpath", "-o", str(CACHE / "spiffe"), "."], cwd=SOURCE / "tests/e2e/spiffe",
                           env={**os.environ, "CGO_ENABLED": "0"}, capture_output=True, text=True)
    if built.returncode != 0:
        raise unittest.SkipTest(f"the SPIFFE client could not be built (its modules come from the network): {built.stderr}")
    return CACHE / "spiffe"


class WorkloadApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        need_root()
        cls.client = spiffe_client()
        cls.stack = Stack("e2e-spiffe", 18463, WORKLOADS, capabilities="")
        cls.addClassCleanup(cls.stack.destroy)
        cls.stack.fresh()
        for component in ["app", "other"]:
            shared = cls.stack.memory / "shared" / component
            # Mounted with the first session.
            cls.stack.shell(component, "true")
            shutil.copy(cls.client, shared / "spiffe")

    def told(self, component, *arguments):
        done = self.stack.exec(component, "/run/shared/spiffe", *arguments, timeout=120)
        return json.loads(done.stdout)

    def test_a_spiffe_client_gets_its_identity_without_being_told_anything(self):
        told = self.told("app", "fetch", "orders")
        self.assertNotIn("error", told)
        self.assertEqual(told["id"], f"spiffe://{self.stack.domain}/{self.stack.name}/app")
        self.assertEqual(told["jwt"], told["id"])
        self.assertEqual(told["validated"], told["id"])
        self.assertTrue(told["otherAudienceRefused"])
        self.assertEqual((told["chain"], told["roots"]), (2, 1))

    def test_another_workload_gets_another_identity(self):
        self.assertTrue(self.told("other", "fetch")["id"].endswith("/other"))

    def test_renewed_certificates_are_streamed(self):
        # Two minutes of life, renewed at half of it.
        told = self.told("app", "watch", "2", "100")
        self.assertNotIn("error", told)
        self.assertEqual(len(set(told["serials"])), 2)

    def test_a_foreign_process_gets_nothing(self):
        socket = self.stack.memory / "workload-api" / "socket"
        where = {"SPIFFE_ENDPOINT_SOCKET": f"unix://{socket}"}
        # Root of the machine, and one with the user id of a unit, but outside of its container.
        user = self.stack.exec("app", "id", "-u", check=True).stdout.strip()
        shutil.copy(self.client, "/var/tmp/allod-e2e-spiffe/foreign")
        for words in [[], ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]]:
            with self.subTest(words=words):
                if words:
                    os.chmod(socket.parent.parent, 0o711)
                    self.addCleanup(os.chmod, socket.parent.parent, 0o700)
                done = run(*words, "/var/tmp/allod-e2e-spiffe/foreign", "fetch", "orders", "5", check=False, env=where)
                told = json.loads(done.stdout)
                self.assertIn("PermissionDenied", told["error"])
                self.assertNotIn("id", told)
        self.assertTrue([event for event in self.stack.events() if "workload API" in event["what"]])


if __name__ == "__main__":
    unittest.main()

"""The S3 contract through bindings: what its owner can do, and that nobody else can."""
import functools
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from harness import Stack, bring_up, run

CAPABILITIES = "object-storage: {provider: seaweedfs, parameters: {storage: 1Gi, metadataStorage: 256Mi}}\nrelational-database: {parameters: {storage: 512Mi}}\n"
WORKLOADS = """\
components:
  app:
    provider: workload
    needs: {files: {capability: object-storage}}
  other:
    provider: workload
    needs: {files: {capability: object-storage, options: {versioning: true}}, database: {capability: relational-database}}
  alien:
    provider: workload
    needs: {database: {capability: relational-database}}
"""
STACK = Stack("e2e-s", 18477, WORKLOADS, capabilities=CAPABILITIES)
CLIENT = pathlib.Path(__file__).with_name("s3_client.py")
BOTO3 = "boto3==1.43.11"
KEYS = ("type", "url", "region", "bucket", "accessKey", "secretKey")


@functools.lru_cache(maxsize=None)
def python():
    """An interpreter that has boto3: this one, or one of the tests' own."""
    if subprocess.run([sys.executable, "-c", "import boto3"], capture_output=True).returncode == 0:
        return sys.executable
    folder = pathlib.Path("/var/tmp/allod-e2e-boto3")
    if not (folder / "done").exists():
        run(sys.executable, "-m", "venv", folder, timeout=120)
        run(folder / "bin/pip", "install", "--quiet", BOTO3, timeout=300)
        (folder / "done").touch()
    return str(folder / "bin/python")


class Program:
    """A program in a workload's place: its binding, its certificate, its network."""

    def __init__(self, component):
        self.component = component
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="allod-e2e-s3-"))
        unittest.addModuleCleanup(run, "rm", "-rf", self.folder)
        for name in ("certificate.pem", "key.pem"):
            path = self.folder / name
            path.touch(mode=0o600)
            path.write_text(STACK.shell(component, f"cat /run/identity/{name}") + "\n")
        self.binding = {}

    def bound(self):
        self.binding = {key: STACK.shell(self.component, f"cat /bindings/files/{key}") for key in KEYS}
        return self

    def do(self, what, *, binding=None, certificate=True, namespace=None, **more):
        asked = {"do": what, "binding": binding or self.binding, "address": ADDRESSES["seaweedfs"], "root": str(STACK.root_certificate),
                 "certificate": str(self.folder / "certificate.pem") if certificate else None, "key": str(self.folder / "key.pem"), **more}
        done = subprocess.run(["ip", "netns", "exec", STACK.namespace(namespace or self.component), python(), str(CLIENT)],
                              input=json.dumps(asked), capture_output=True, text=True, timeout=180)
        if done.returncode != 0:
            raise AssertionError(f"the S3 client failed:\n{done.stderr}")
        return json.loads(done.stdout)


def setUpModule():
    global ADDRESSES, APP, OTHER, ALIEN
    bring_up(STACK)
    ADDRESSES = {r["component"]: r["spec"]["address"] for r in STACK.graph()["resources"] if r["kind"] == "network"}
    APP, OTHER, ALIEN = Program("app").bound(), Program("other").bound(), Program("alien")


class Owner(unittest.TestCase):
    def test_round_trip(self):
        self.assertEqual(APP.do("round_trip"), {
            "body": "what nobody else may read", "type": "text/plain", "metadata": {"who": "app"},
            "listed": ["a/letter"], "gone": 404})

    def test_multipart_of_64_megabytes(self):
        self.assertEqual(APP.do("multipart"), {"same": True, "size": 64 << 20, "parts": "8", "range": True})

    def test_presigned_urls(self):
        self.assertEqual(APP.do("presigned"), {"put": 200, "got": [200, "by a URL"], "another": 403, "unsigned": 403, "altered": 403})

    def test_versions_where_the_binding_asks_for_them(self):
        self.assertEqual(OTHER.do("versioning"), {"status": "Enabled", "bodies": ["first", "second"], "marked": 1})


class Strangers(unittest.TestCase):
    def test_a_foreign_key_is_refused(self):
        made_up = {**APP.binding, "accessKey": "nobody"}
        self.assertEqual(set(APP.do("attempts", binding=made_up).values()), {"InvalidAccessKeyId"})
        wrong = {**APP.binding, "secretKey": OTHER.binding["secretKey"]}
        self.assertEqual(set(APP.do("attempts", binding=wrong).values()), {"SignatureDoesNotMatch"})

    def test_another_consumers_bucket_is_refused(self):
        self.assertEqual(OTHER.do("put", name="x", body="theirs"), "done")
        self.assertEqual(set(APP.do("attempts", bucket=OTHER.binding["bucket"]).values()), {"AccessDenied"})

    def test_the_owner_cannot_open_its_bucket(self):
        answers = APP.do("attempts")
        self.assertEqual({answers[name] for name in ("open", "remove", "make")}, {"AccessDenied"}, answers)

    def test_without_a_certificate_nobody_speaks(self):
        self.assertIn("refused", APP.do("round_trip", certificate=False))

    def test_a_key_does_not_help_who_is_not_bound(self):
        # In the place of the one that is bound, with its key and the certificate of another.
        self.assertIn("refused", ALIEN.do("round_trip", binding=APP.binding, namespace="app"))
        self.assertIn("refused", ALIEN.do("round_trip", binding=APP.binding))  # no edge

    def test_what_lies_on_the_volume_is_encrypted(self):
        text = "a sentence that is easy to find on a disk"
        self.assertEqual(APP.do("put", name="found", body=text), "done")
        pid = STACK.unit("seaweedfs.server")["pid"]
        inside = pathlib.Path(f"/proc/{pid}/root/var/lib/seaweedfs")
        found = [path for path in inside.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]
        self.assertEqual(found, [], "the object lies open on the mounted volume")
        self.assertTrue(list(inside.rglob("*.dat")), "there is no data at all")


class AConsumerThatLeaves(unittest.TestCase):
    """Its key opens nothing any more, even from the place of one that is still bound; its objects wait for it."""

    def test_and_comes_back(self):
        self.addCleanup(STACK.up)
        self.addCleanup(STACK.declare, WORKLOADS, capabilities=CAPABILITIES)
        self.assertEqual(OTHER.do("put", name="waits", body="theirs"), "done")
        STACK.declare(WORKLOADS.replace("files: {capability: object-storage, options: {versioning: true}}, ", ""),
                      capabilities=CAPABILITIES)
        STACK.up()
        self.assertLessEqual(set(APP.do("attempts", binding=OTHER.binding).values()), {"AccessDenied", "InvalidAccessKeyId"})
        STACK.declare(WORKLOADS, capabilities=CAPABILITIES)
        STACK.up()
        self.assertEqual(Program("other").bound().do("get", name="waits"), "theirs")


if __name__ == "__main__":
    unittest.main()

"""What comes into the store, altered or no longer served; and machines that lack something. Nothing runs
here: the parts of one image lie in a store of the test's own."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest

from harness import SOURCE, Stack, binary, need_root, run

IMAGE = "workload/toolbox"
LOCK = SOURCE / "catalogue/lock/amd64/toolbox.json"
HERE = pathlib.Path("/var/tmp/allod-e2e-supply")
MACHINE_STORE = pathlib.Path(os.environ.get("ALLOD_STORE_ROOT", "/var/cache/allod"))


def setUpModule():
    need_root()
    shutil.rmtree(HERE, ignore_errors=True)
    unittest.addModuleCleanup(shutil.rmtree, HERE, ignore_errors=True)
    (HERE / "store/blobs/sha256").mkdir(parents=True)
    # Copies of what the machine has already; what is missing is fetched.
    for item in items():
        blob = MACHINE_STORE / "blobs/sha256" / item["sha256"]
        if blob.exists():
            shutil.copy2(blob, HERE / "store/blobs/sha256")


def items(lock=LOCK):
    return [item for part in json.loads(lock.read_text())["parts"] for item in part["items"]]


def allod(*arguments, environment=None, prefix=()):
    more = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8",
            "ALLOD_STATE_ROOT": str(HERE / "state"), "ALLOD_RUN_ROOT": str(HERE / "run"),
            "ALLOD_STORE_ROOT": str(HERE / "store"), **(environment or {})}
    done = subprocess.run([*prefix, binary(), *map(str, arguments)], env=more, cwd="/", stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300)
    done.text = done.stdout + done.stderr
    return done


class Store(unittest.TestCase):
    def assert_ends(self, done, code):
        self.assertEqual(done.returncode, code, done.text)
        return done.text

    def setUp(self):
        self.assert_ends(allod("images", "pull", IMAGE), 0)

    def blob(self):
        """The smallest package: it is fetched again in a moment."""
        item = min((item for item in items() if item["kind"] == "package"), key=lambda item: item["size"])
        return item, HERE / "store/blobs/sha256" / item["sha256"]

    def flip(self, path):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.chmod(0o644)
        path.write_bytes(content)
        path.chmod(0o444)

    def test_a_flipped_bit_is_found_named_and_fetched_again(self):
        item, blob = self.blob()
        self.assertIn("as it was assembled", self.assert_ends(allod("images", "verify", IMAGE), 0))
        right = blob.read_bytes()
        self.flip(blob)
        said = self.assert_ends(allod("images", "verify", IMAGE), 7)
        self.assertIn("ALTERED", said)
        self.assertIn(item["sha256"], said)
        self.assertTrue(list((HERE / "store/quarantine").glob(item["sha256"] + "-*")), "the altered part is not kept")
        self.assert_ends(allod("images", "discard", IMAGE), 0)
        self.assert_ends(allod("images", "pull", IMAGE, "--locked"), 0)
        self.assertEqual(blob.read_bytes(), right)

    def test_a_truncated_part_is_fetched_again(self):
        item, blob = self.blob()
        right = blob.read_bytes()
        blob.chmod(0o644)
        with open(blob, "r+b") as file:
            file.truncate(len(right) // 2)
        self.assert_ends(allod("images", "discard", IMAGE), 0)
        self.assertNotEqual(allod("images", "pull", IMAGE, "--offline").returncode, 0, "half a part was taken")
        self.assert_ends(allod("images", "pull", IMAGE), 0)
        self.assertEqual(blob.read_bytes(), right)

    def test_an_altered_file_of_an_assembled_image_is_named(self):
        digest = self.assert_ends(allod("images", "pull", IMAGE), 0)
        rootfs = next(image["rootfs"] for image in json.loads(allod("--output", "json", "images", "list").stdout)["images"]
                      if image["image"] == IMAGE)
        target = pathlib.Path(rootfs) / "usr/bin/openssl"
        self.flip(target)
        said = self.assert_ends(allod("images", "verify", IMAGE), 7)
        self.assertIn("usr/bin/openssl", said)
        self.assert_ends(allod("images", "discard", IMAGE), 0)
        again = self.assert_ends(allod("images", "pull", IMAGE), 0)
        self.assertEqual(again.split()[1], digest.split()[1], "another image came out")
        self.assert_ends(allod("images", "verify", IMAGE), 0)

    def test_a_version_that_is_no_longer_served(self):
        catalogue, state = HERE / "catalogue", HERE / "state-old"
        shutil.copytree(SOURCE / "catalogue", catalogue)
        self.addCleanup(shutil.rmtree, catalogue)
        lock = catalogue / LOCK.relative_to(SOURCE / "catalogue")
        item = self.blob()[0]
        text = lock.read_text()
        old = text.replace(json.dumps(item["version"]), '"0.0-1"', 0)
        place = old.index(f'"name": "{item["name"]}"')
        old = (old[:place] + old[place:].replace(json.dumps(item["version"]), '"0.0-1"', 1)
               .replace(item["sha256"], "0" * 64, 1))
        lock.write_text(old)
        pull = ("--catalogue", catalogue, "images", "pull", IMAGE)
        place = {"ALLOD_STATE_ROOT": str(state)}
        refused = self.assert_ends(allod(*pull, "--locked", environment=place), 5)
        self.assertIn(f"{item['name']} 0.0-1 is no longer served", refused)
        self.assertFalse(state.exists() and list(state.rglob("*.json")), "refused, and yet something was locked")
        said = self.assert_ends(allod(*pull, environment=place), 0)
        self.assertIn(f"{item['name']} 0.0-1 → {item['version']}", said)
        local = next((state / "lock").rglob("*.json"))
        self.assertIn(item["version"], [found["version"] for found in items(local) if found["name"] == item["name"]])
        self.assertEqual(lock.read_text(), old, "the catalogue's own lock was written")
        # It holds from now on, without being said again.
        self.assertNotIn("→", self.assert_ends(allod(*pull, environment=place), 0))


class Doctor(unittest.TestCase):
    """What a machine lacks is said with its remedy before anything is touched."""

    def setUp(self):
        self.stack = Stack("e2e-x", 19444, state_root=HERE / "doctor/state", run_root=HERE / "doctor/run")
        self.addCleanup(shutil.rmtree, self.stack.folder, ignore_errors=True)
        self.place = {"ALLOD_STATE_ROOT": str(self.stack.state_root), "ALLOD_RUN_ROOT": str(self.stack.run_root)}

    def doctor(self, name, **how):
        """The check of this name, which must have failed, of doctor; and up must refuse with it."""
        environment = {**self.place, **how.pop("environment", {})}
        done = allod("--file", self.stack.file, "--output", "json", "doctor", environment=environment, **how)
        self.assertEqual(done.returncode, 9, done.text)
        check = next(check for check in json.loads(done.stdout)["checks"] if check["name"] == name)
        self.assertEqual(check["state"], "failed", check)
        self.assertTrue(check["remedy"], f"no way out is said: {check}")
        up = allod("--file", self.stack.file, "up", environment=environment, **how)
        self.assertFalse(self.stack.state.exists(), "something was touched")
        self.assertFalse(self.stack.memory.exists(), "something was touched")
        return check, up

    def test_without_root(self):
        check, up = self.doctor("root", prefix=["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"])
        self.assertEqual(up.returncode, 6, up.text)
        self.assertIn("sudo", check["remedy"])

    def test_without_a_container_runtime(self):
        hidden = 'for p in runc crun; do f=$(command -v $p) && mount --bind /dev/null $f; done; exec "$@"'
        check, up = self.doctor("runtime", prefix=["unshare", "--mount", "sh", "-c", hidden, "sh"])
        self.assertEqual(up.returncode, 9, up.text)
        self.assertIn("nothing was touched", up.text)
        self.assertIn(check["remedy"], up.text)
        self.assertRegex(check["remedy"], "apt-get install .*runc")

    def test_without_space(self):
        for name, variable in (("state-space", "ALLOD_STATE_ROOT"), ("store-space", "ALLOD_STORE_ROOT")):
            with self.subTest(name):
                small = HERE / "doctor/small"
                small.mkdir(parents=True, exist_ok=True)
                run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", small)
                try:
                    check, up = self.doctor(name, environment={variable: str(small)})
                    self.assertEqual(up.returncode, 9, up.text)
                    self.assertIn(str(small), check["detail"])
                    self.assertIn("nothing was touched", up.text)
                    self.assertEqual([path for path in small.rglob("*") if path.is_file()], [], "something was touched")
                finally:
                    run("umount", small)


if __name__ == "__main__":
    unittest.main()

"""A platform carried to a machine without a network, in one file; altered files; what other tools say of it. One image
goes through the tests; with ALLOD_BUNDLE_UP=1 the whole stack comes up from a bundle, in a network namespace
without a route and on an empty store."""
import base64
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import unittest

from harness import Stack, binary, need_root, run

IMAGE = "workload/toolbox"
HERE = pathlib.Path("/var/tmp/allod-e2e-bundle")
MACHINE_STORE = pathlib.Path(os.environ.get("ALLOD_STORE_ROOT", "/var/cache/allod"))
BUNDLE = HERE / "x.bundle.tar"
KEY, PUBLIC, STRANGER = HERE / "key.pem", HERE / "key.pub", HERE / "stranger.pub"


def allod(*arguments, store="empty", program=None, within=(), **environment):
    more = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8",
            "ALLOD_STATE_ROOT": str(HERE / "state"), "ALLOD_RUN_ROOT": str(HERE / "run"),
            "ALLOD_STORE_ROOT": str(HERE / store if isinstance(store, str) else store), **environment}
    done = subprocess.run([*within, program or binary(), *map(str, arguments)], env=more, cwd="/",
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    done.text = done.stdout + done.stderr
    return done


def setUpModule():
    need_root()
    shutil.rmtree(HERE, ignore_errors=True)
    unittest.addModuleCleanup(shutil.rmtree, HERE, ignore_errors=True)
    HERE.mkdir(parents=True)
    for private, public in ((KEY, PUBLIC), (HERE / "stranger.pem", STRANGER)):
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", private)
        run("openssl", "pkey", "-in", private, "-pubout", "-out", public)
    done = allod("bundle", "create", IMAGE, "--signing-key", KEY, "--to", BUNDLE, store=MACHINE_STORE)
    assert done.returncode == 0, done.text


def import_it(path=BUNDLE, key=PUBLIC, within=()):
    return allod("bundle", "import", path, "--key", key, "--prefix", HERE / "prefix", within=within)


class Import(unittest.TestCase):
    def setUp(self):
        for name in ("empty", "prefix"):
            shutil.rmtree(HERE / name, ignore_errors=True)

    def test_an_empty_store_gets_the_image_without_a_network_and_twice_is_once(self):
        alone = ("unshare", "--net", "--")
        for _ in range(2):
            done = import_it(within=alone)
            self.assertEqual(done.returncode, 0, done.text)
        installed = HERE / "prefix/bin/allod"
        self.assertEqual(installed.read_bytes(), pathlib.Path(binary()).read_bytes())
        # The installed program finds the catalogue that came with it, and in it the image that is here.
        done = allod("images", "pull", IMAGE, "--offline", program=installed, within=alone)
        self.assertEqual(done.returncode, 0, done.text)
        self.assertIn("was there", done.stdout)
        done = allod("images", "verify", IMAGE, program=installed)
        self.assertIn("as it was assembled", done.text)
        document = json.loads(allod("images", "sbom", IMAGE, program=installed).stdout)
        self.assertEqual(document["spdxVersion"], "SPDX-2.3")

    def test_whatever_is_altered_is_refused_and_nothing_is_taken(self):
        right = BUNDLE.stat().st_size
        with tarfile.open(BUNDLE) as archive:
            members = {member.name: member for member in archive}
        layer = max(members.values(), key=lambda member: member.size)
        program = members["allod/bin/allod"]
        cases = {"the envelope": 600, "a header": program.offset + 140, "the program": program.offset_data + 4096,
                 "a layer": layer.offset_data + layer.size // 2, "padding": program.offset_data + program.size + 1,
                 "the end": right - 1}
        altered = HERE / "altered.tar"
        run("cp", "--reflink=auto", BUNDLE, altered)
        self.addCleanup(altered.unlink)
        for what, at in cases.items():
            with self.subTest(what), open(altered, "r+b") as file:
                file.seek(at)
                byte = file.read(1)
                file.seek(at)
                file.write(bytes([byte[0] ^ 1]))
                file.flush()
                self.refused(import_it(altered))
                file.seek(at)
                file.write(byte)
        with self.subTest("something behind the end"), open(altered, "ab") as file:
            file.write(bytes(512))
            file.flush()
            self.refused(import_it(altered))
        with self.subTest("cut off"):
            os.truncate(altered, right // 2)
            self.refused(import_it(altered))
        with self.subTest("another key"):
            self.assertIn("not signed by a key that is trusted here", self.refused(import_it(key=STRANGER)))

    def refused(self, done):
        self.assertIn(done.returncode, (2, 7), done.text)
        for name in ("images", "rootfs", "blobs/sha256", "tmp"):
            self.assertEqual(list((HERE / "empty" / name).glob("*")), [], f"{name} after a refusal")
        self.assertFalse((HERE / "prefix").exists())
        return done.text


class OtherTools(unittest.TestCase):
    def test_openssl_verifies_and_the_digests_are_of_what_is_in_it(self):
        with tarfile.open(BUNDLE) as archive:
            envelope = json.load(archive.extractfile("bundle.dsse.json"))
            payload = base64.b64decode(envelope["payload"])
            kind = envelope["payloadType"].encode()
            (HERE / "signed").write_bytes(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
            (HERE / "signature").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
            run("openssl", "dgst", "-sha256", "-verify", PUBLIC, "-signature", HERE / "signature", HERE / "signed")
            subjects = {one["name"]: one["digest"]["sha256"] for one in json.loads(payload)["subject"]}
            self.assertEqual(list(subjects), archive.getnames()[1:])
            for name, digest in subjects.items():
                self.assertEqual(hashlib.file_digest(archive.extractfile(name), "sha256").hexdigest(), digest, name)

    def test_skopeo_reads_the_image(self):
        if not shutil.which("skopeo"):
            self.skipTest("there is no skopeo")
        said = json.loads(run("skopeo", "inspect", f"oci-archive:{BUNDLE}:toolbox", timeout=300).stdout)
        here = json.loads(allod("images", "list", "--output", "json", store=MACHINE_STORE).stdout)
        digest = next(one["digest"] for one in here["images"] if one["image"] == IMAGE)
        self.assertEqual(said["Digest"], digest)

    def test_spdx_tools_find_no_fault_in_the_bill_of_materials(self):
        document = allod("images", "sbom", IMAGE, store=MACHINE_STORE)
        self.assertEqual(document.returncode, 0, document.text)
        (HERE / "toolbox.spdx.json").write_text(document.stdout)
        tools = HERE / "tools"
        run("python3", "-m", "venv", tools, timeout=300)
        got = run(tools / "bin/pip", "install", "--quiet", "spdx-tools==0.8.5", check=False, timeout=600)
        if got.returncode != 0:
            self.skipTest("spdx-tools could not be had")
        run(tools / "bin/pyspdxtools", "--infile", HERE / "toolbox.spdx.json", timeout=300)
        packages = json.loads(document.stdout)["packages"]
        part = next(one for one in packages if one["name"] == "libssl3")
        self.assertTrue(part["externalRefs"][0]["referenceLocator"].startswith("pkg:deb/debian/libssl3@"))
        self.assertEqual(len(part["checksums"][0]["checksumValue"]), 64)
        self.assertNotEqual(part["licenseDeclared"], "NOASSERTION")


class Rebuild(unittest.TestCase):
    def test_an_image_built_again_is_the_same(self):
        images = [] if os.environ.get("ALLOD_REBUILD_ALL") else [IMAGE]
        done = allod("images", "verify", "--rebuild", *images, store=MACHINE_STORE)
        self.assertEqual(done.returncode, 0, done.text)
        self.assertIn("built again: the same", done.stdout)


@unittest.skipUnless(os.environ.get("ALLOD_BUNDLE_UP"), "set ALLOD_BUNDLE_UP=1: takes minutes and 5 GB")
class WholeStack(unittest.TestCase):
    def test_up_from_a_bundle_without_a_route(self):
        whole = HERE / "whole.tar"
        done = allod("bundle", "create", "--signing-key", KEY, "--to", whole, store=MACHINE_STORE)
        self.assertEqual(done.returncode, 0, done.text)
        stack = Stack("airgap", port=19443, state_root=HERE / "state", run_root=HERE / "run")
        self.addCleanup(shutil.rmtree, stack.folder, ignore_errors=True)
        script = f"""set -e
ip link set lo up
test -z "$(ip route)"
{binary()} bundle import {whole} --key {PUBLIC} --prefix {HERE}/whole
# Another test's mount namespace may hold on to a volume for a moment.
trap 'for i in 1 2 3 4 5; do
  {HERE}/whole/bin/allod --file {stack.file} destroy --stack airgap --confirm airgap && break; sleep 3; done' EXIT
{HERE}/whole/bin/allod --file {stack.file} up
{HERE}/whole/bin/allod --file {stack.file} status
"""
        done = subprocess.run(["unshare", "--net", "sh", "-c", script], capture_output=True, text=True, timeout=1500,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent",
                                   "ALLOD_STATE_ROOT": str(HERE / "state"), "ALLOD_RUN_ROOT": str(HERE / "run"),
                                   "ALLOD_STORE_ROOT": str(HERE / "whole-store")})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()

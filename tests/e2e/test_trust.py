"""Trust as clients that know nothing of allod see it: the SPIFFE Workload API by go-spiffe and by Traefik, a
key ceremony by ssh-keygen and openssl."""
import functools
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from harness import SOURCE, Stack, binary, need_root, run, wait_for

PROVIDER = """\
apiVersion: allod/v1alpha1
kind: Provider
metadata: {name: NAME}
title: NAME
summary: A client of the Workload API
capabilities: []
version: "1"
license: Apache-2.0
governance: test
maturity: preview
documentation: https://spiffe.io/
parameters: {type: object, additionalProperties: false, properties: {}}
"""
CLIENT_IMAGE = """\
apiVersion: allod/v1alpha1
kind: Images
images:
  client:
    parts: [{files: {from: spiffe, into: /usr/bin/spiffe}}]
    config: {command: [/usr/bin/spiffe]}
"""
CLIENT_UNITS = """\
apiVersion: allod/v1alpha1
kind: Units
units:
  client:
    kind: session
    image: client
    command: [/usr/bin/spiffe]
    identity: {reload: {}, workloadApi: true}
    resources: {memory: 128Mi, pids: 64}
"""
CACHE = pathlib.Path("/var/tmp/allod-e2e-spiffe")


@functools.lru_cache(maxsize=None)
def spiffe_client():
    """The client of tests/e2e/spiffe, built by Go once."""
    if not shutil.which("go"):
        raise unittest.SkipTest("go builds the SPIFFE client, and is not there")
    CACHE.mkdir(parents=True, exist_ok=True)
    built = subprocess.run(["go", "build", "-trimpath", "-ldflags=-s -w", "-o", str(CACHE / "spiffe"), "."],
                           cwd=SOURCE / "tests/e2e/spiffe", env={**os.environ, "CGO_ENABLED": "0"},
                           capture_output=True, text=True)
    if built.returncode != 0:
        raise unittest.SkipTest(f"the SPIFFE client could not be built; its modules come from the network: {built.stderr}")
    return CACHE / "spiffe"


def catalogue_with(stack, name, files):
    """The catalogue and one provider more; a file is a text, or another file."""
    catalogue = stack.folder / "catalogue"
    shutil.rmtree(catalogue, ignore_errors=True)
    shutil.copytree(SOURCE / "catalogue", catalogue)
    provider = catalogue / "providers" / name
    provider.mkdir()
    for file, content in {"provider.yaml": PROVIDER.replace("NAME", name), **files}.items():
        if isinstance(content, pathlib.Path):
            shutil.copy(content, provider / file)
        else:
            (provider / file).write_text(content)
    return catalogue


class WorkloadApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        need_root()
        cls.client = spiffe_client()
        cls.stack = Stack("e2e-spiffe", 18463, """\
            trust: {certificateLifetime: 2m}
            components:
              app: {provider: spiffe-client}
              other: {provider: spiffe-client}
            """, capabilities="")
        cls.addClassCleanup(cls.stack.destroy)
        catalogue = catalogue_with(cls.stack, "spiffe-client", {
            "image.yaml": CLIENT_IMAGE, "units.yaml": CLIENT_UNITS, "spiffe": cls.client})
        cls.stack.allod("--catalogue", catalogue, "images", "lock", "spiffe-client/client", check=True)
        cls.stack.allod("--catalogue", catalogue, "up", check=True)

    def told(self, component, *arguments):
        done = self.stack.exec(component, "/usr/bin/spiffe", *arguments, timeout=120)
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
        user = self.told("app", "user")["user"]
        for words in [[], ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]]:
            with self.subTest(words=words):
                if words:
                    os.chmod(socket.parent.parent, 0o711)
                    self.addCleanup(os.chmod, socket.parent.parent, 0o700)
                done = run(*words, self.client, "fetch", "orders", "5", check=False, env=where)
                told = json.loads(done.stdout)
                self.assertIn("PermissionDenied", told["error"])
                self.assertNotIn("id", told)
        self.assertTrue([event for event in self.stack.events() if "workload API" in event["what"]])


# A gateway that has no certificate file: Traefik takes its identity from the Workload API, shows it to
# OpenBao, and takes OpenBao by its SPIFFE ID alone.
GATEWAY_UNITS = """\
apiVersion: allod/v1alpha1
kind: Units
needs:
  vault: {contract: vault-api, options: {kv: false}}
units:
  gateway:
    image: traefik/traefik
    command: [/usr/bin/traefik, --configFile=/etc/traefik/traefik.yaml]
    user: {name: traefik}
    ports: {web: 8080}
    identity: {reload: {}, workloadApi: true}
    files:
      /etc/traefik/traefik.yaml:
        format: yaml
        content:
          log: {level: DEBUG}
          spiffe: {workloadAPIAddr: "unix:///run/workload-api/socket"}
          entryPoints: {web: {address: "${component.address}:${units.gateway.ports.web}"}}
          ping: {entryPoint: web}
          providers: {file: {filename: /etc/traefik-routes/routes.yaml}}
      /etc/traefik-routes/routes.yaml:
        format: yaml
        content:
          http:
            routers:
              vault: {rule: "PathPrefix(`/v1/`)", service: vault}
              another: {rule: "Header(`X-Wanted`, `another`)", service: another, priority: 1000}
            services:
              vault: {loadBalancer: {servers: [{url: "${needs.vault.url}"}], serversTransport: by-identity}}
              another: {loadBalancer: {servers: [{url: "${needs.vault.url}"}], serversTransport: by-another}}
            serversTransports:
              by-identity:
                spiffe: {ids: ["spiffe://${stack.trustDomain}/${stack.name}/openbao"]}
                forwardingTimeouts: {idleConnTimeout: 1s}
              by-another:
                spiffe: {ids: ["spiffe://${stack.trustDomain}/${stack.name}/another"]}
    ready: {tcp: {port: web}}
    resources: {memory: 256Mi, pids: 64}
"""


class TraefikAsClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        need_root()
        cls.stack = Stack("e2e-spiffe-gw", 18464, """\
            trust: {certificateLifetime: 2m}
            components:
              gate: {provider: spiffe-gateway}
            """, capabilities="secrets: {provider: openbao, parameters: {storage: 512Mi}}\n")
        cls.addClassCleanup(cls.stack.destroy)
        catalogue = catalogue_with(cls.stack, "spiffe-gateway", {"units.yaml": GATEWAY_UNITS})
        cls.stack.allod("--catalogue", catalogue, "up", timeout=600, check=True)

    def asked(self, *more):
        address = self.stack.status()["components"]["gate"]["address"]
        done = run("ip", "netns", "exec", self.stack.namespace(), "curl", "-sS", "--max-time", "10", "-o", "/dev/null",
                   "-w", "%{http_code}", *more, f"http://{address}:8080/v1/sys/health", check=False)
        return done.stdout

    def test_traefik_shows_and_checks_identities_without_certificate_files(self):
        wait_for("the gateway's route", lambda: self.asked() == "200", 30, 0.5)
        before = self.stack.unit("gate.gateway")["certificateEnd"]
        wait_for("a renewal", lambda: self.stack.unit("gate.gateway")["certificateEnd"] != before, 90, 1)
        self.assertEqual(self.asked(), "200")
        self.assertIn(self.asked("-H", "X-Wanted: another"), ("500", "502"), "whoever is not who was meant is not spoken to")


class Ceremony(unittest.TestCase):
    """A rehearsal: answers from a file in place of the people, a software token in place of the HSM."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="allod-ceremony-"))
        self.addCleanup(shutil.rmtree, self.folder)
        people = {}
        for name in ["Ada", "Grace", "Mary"]:
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name)
            people[name] = (self.folder / f"{name}.pub").read_text().strip()
        self.plan = self.folder / "plan.yaml"
        self.plan.write_text(json.dumps({
            "apiVersion": "allod/v1alpha1", "kind": "Ceremony", "metadata": {"name": "home"}, "trustDomain": "home.localhost",
            "token": {"softhsmFolder": str(self.folder / "token")}, "quorum": 2,
            "participants": [{"name": name, "publicKey": key} for name, key in people.items()]}))

    def allod(self, *words):
        return run(binary(), *words, check=False, env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder)})

    def hold(self, present, confirm=True):
        answers = self.folder / "answers.yaml"
        answers.write_text(json.dumps({"confirm": confirm, "keys": {name: str(self.folder / name) for name in present}}))
        return self.allod("trust", "ceremony", "hold", self.plan, "--to", self.folder / "record", "--answers", answers)

    def test_a_ceremony_is_held_and_its_record_checked_by_others(self):
        held = self.hold(["Ada", "Mary"])
        self.assertEqual(held.returncode, 0, held.stdout + held.stderr)
        record = self.folder / "record"
        transcript = record / "transcript.json"
        told = json.loads(transcript.read_text())
        self.assertEqual([one["name"] for one in told["participants"] if one["present"]], ["Ada", "Mary"])
        self.assertEqual(told["program"]["sha256"], hashlib.sha256(pathlib.Path(binary()).read_bytes()).hexdigest())
        self.assertEqual((told["root"]["sensitive"], told["root"]["extractable"]), (True, False))
        # Without allod: openssl knows the root's signature, ssh-keygen those of the participants.
        run("sh", "-c", f"openssl x509 -in {record}/root.pem -pubkey -noout > {self.folder}/root.pub")
        run("openssl", "dgst", "-sha256", "-verify", self.folder / "root.pub", "-signature", f"{transcript}.root.sig", transcript)
        (self.folder / "signers").write_text("mary " + (self.folder / "Mary.pub").read_text())
        run("sh", "-c", f"ssh-keygen -Y verify -f {self.folder}/signers -I mary -n allod-ceremony -s {transcript}.Mary.sig "
                        f"< {transcript}")
        # No secret is in the record or in the words that were typed.
        pin = (self.folder / "token" / "pin").read_text().strip()
        for file in record.iterdir():
            self.assertNotIn(pin.encode(), file.read_bytes(), file)
        # One letter makes it worthless.
        transcript.write_text(transcript.read_text().replace("Mary", "Many", 1))
        self.assertEqual(self.allod("trust", "ceremony", "verify", transcript).returncode, 7)

    def test_fewer_than_the_quorum_make_no_key(self):
        self.assertNotEqual(self.hold(["Ada"]).returncode, 0)
        self.assertFalse((self.folder / "token").exists())
        self.assertFalse((self.folder / "record" / "root.pem").exists())

    def test_no_key_without_consent(self):
        self.assertNotEqual(self.hold(["Ada", "Mary"], confirm=False).returncode, 0)
        self.assertFalse((self.folder / "token").exists())


if __name__ == "__main__":
    unittest.main()

"""Who reaches whom, who is let in by certificate, and what of the data can be read without the keys."""
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import forge
from harness import WORKLOADS, Stack, bring_up, run, wait_for

STACK = Stack("e2e-i", 18463, WORKLOADS)
PROBE = pathlib.Path(__file__).with_name("probe.py")


def setUpModule():
    bring_up(STACK)


def probe(attempts, namespace=None):
    """The answers to attempts (probe.py), made in a network namespace or on the machine itself."""
    inside = ["ip", "netns", "exec", namespace] if namespace else []
    done = subprocess.run([*inside, sys.executable, str(PROBE)], input=json.dumps(attempts), capture_output=True,
                          text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(f"the probe failed in {namespace}:\n{done.stderr}")
    return json.loads(done.stdout)


class Topology:
    """From the plan: components with addresses and ports, and the edges between them."""

    def __init__(self):
        resources = STACK.graph()["resources"]
        self.addresses = {r["component"]: r["spec"]["address"] for r in resources if r["kind"] == "network"}
        self.ports = {component: set() for component in self.addresses}
        self.edges = set()
        for resource in resources:
            spec = resource["spec"]
            if resource["kind"] == "unit":
                self.ports[resource["component"]] |= set(spec.get("ports", {}).values())
            if resource["kind"] == "rule":
                self.edges.add((spec["source"], spec["destination"], spec["port"]))
        self.router = next(r["spec"]["hosts"]["allod"] for r in resources if "allod" in r["spec"].get("hosts", {}))


    def servers(self):
        """Each port that somebody may reach and that asks for a certificate: (server, port, protocol, a unit of a component
        that is bound to it, a unit of one that is not)."""
        rows = []
        units = {resource["component"]: resource["id"].partition("/")[2] for resource in STACK.graph()["resources"]
                 if resource["kind"] == "unit" and "identity" in resource["spec"] and resource["spec"]["kind"] == "service"}
        for server, port in sorted({edge[1:] for edge in self.edges} - {("traefik", STACK.port)}):  # browsers have none
            bound = {source for source, to, at in self.edges if to == server and (at == port or server != "allod")}
            clients = [source for source, to, at in sorted(self.edges) if (to, at) == (server, port) and source in units]
            if not clients:
                continue  # only sandboxes are bound to it: test_storage.py
            stranger = next(name for name in sorted(units) if name not in bound | {server})
            rows.append((server, port, "postgresql" if port == 5432 else "https", units[clients[0]], units[stranger]))
        return rows


class Network(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.topology = Topology()

    def test_exactly_the_edges_connect(self):
        topology, wrong, open_edges = self.topology, [], set()
        declared = set().union(*topology.ports.values())
        # Beside what is declared: what other components declare, loopback's own, and usual suspects.
        ports = sorted(declared | {22, 80, 443, 4180, 5433, 7800, 8080, 8201, 8700, 8701, 57800})
        targets = {**topology.addresses, "allod": topology.router}
        for source in topology.addresses:
            attempts = [(name, port) for name in targets if name != source for port in ports]
            answers = probe([{"address": targets[name], "port": port} for name, port in attempts],
                            STACK.namespace(source))
            for (name, port), answer in zip(attempts, answers):
                edge = (source, name, port)
                if answer == "open":
                    open_edges.add(edge)
                # Also a refusal would say that the packets arrived.
                if answer != ("open" if edge in topology.edges else "timeout"):
                    wrong.append(f"{source} → {name}:{port} is {answer}")
        self.assertEqual(wrong, [], "connections other than the rules say")
        self.assertEqual(open_edges, topology.edges)
        self.assertGreater(len(topology.edges), 8, "the stack has too few edges for this test to say anything")

    def test_a_refused_attempt_is_told(self):
        source, port = "keycloak", 5499
        probe([{"address": self.topology.addresses["postgresql"], "port": port}], STACK.namespace(source))
        told = wait_for("the refusal to be told", lambda: [
            refused for refused in STACK.status().get("refused", []) if refused["port"] == port], 20)
        self.assertEqual((told[0]["source"], told[0]["destination"]),
                         (source, "postgresql"))

    def test_foreign_sender_addresses_are_dropped(self):
        def spoofed():
            return int(re.search(r"spoofed \{\s*packets (\d+)", run(
                "ip", "netns", "exec", STACK.namespace(), "nft", "list", "counters").stdout).group(1))
        before = spoofed()
        # other pretends to be keycloak, which may connect there.
        answer = probe([{"address": self.topology.addresses["postgresql"], "port": 5432,
                         "source": self.topology.addresses["keycloak"]}], STACK.namespace("other"))
        self.assertEqual(answer, ["timeout"])
        self.assertGreater(spoofed(), before, "the packet with a foreign address was not seen as one")

    def test_no_way_to_the_machine_or_out(self):
        own = [match for match in re.findall(r"inet (\S+)/", run("ip", "-o", "-4", "addr", "show").stdout)
               if not match.startswith("127.")]
        gateway = re.findall(r"default via (\S+)", run("ip", "route").stdout)
        with socket.create_server(("0.0.0.0", 0)) as server:  # something of the machine that could be reached
            port = server.getsockname()[1]
            self.assertEqual(probe([{"address": "127.0.0.1", "port": port}]), ["open"], "the control is not reached")
            targets = [(address, port) for address in own] + [(address, 53) for address in gateway]
            targets += [("1.1.1.1", 443), ("8.8.8.8", 53), ("169.254.169.254", 80), ("169.254.1.1", port),
                        ("127.0.0.1", port), ("127.0.0.1", STACK.port)]
            for component in self.topology.addresses:
                answers = probe([{"address": address, "port": port} for address, port in targets],
                                STACK.namespace(component))
                for (address, port_), answer in zip(targets, answers):
                    # On its own loopback a refusal is the component's own.
                    fine = ("refused",) if address.startswith("127.") else ("timeout", "unreachable")
                    self.assertIn(answer, fine, f"{component} → {address}:{port_} is {answer}")
        self.assertNotIn("default", run("ip", "netns", "exec", STACK.namespace(), "ip", "route").stdout,
                         "the router has a way out")

    def test_no_way_in_from_the_machine(self):
        routes = run("ip", "route", "show", "table", "all").stdout
        for address in [*self.topology.addresses.values(), self.topology.router]:
            self.assertNotIn(address.rsplit(".", 1)[0] + ".", routes, "the machine has a route to the platform's network")
        # What lies beyond the machine may answer in the place of anybody, but not with the platform's certificates.
        attempts = [(name, port, unit) for name, port, _, unit, _ in self.topology.servers() if name != "allod"]
        answers = probe([{"address": self.topology.addresses[name], "port": port, "tls": "postgresql" if port == 5432 else
                          "https", "name": name, "user": unit.split(".")[0], "timeout": 2, "root": str(STACK.root_certificate),
                          "certificate": str(STACK.identity(unit) / "certificate.pem"),
                          "key": str(STACK.identity(unit) / "key.pem")} for name, port, unit in attempts])
        for attempt, (answer, said) in zip(attempts, answers):
            self.assertNotIn(answer, ("answered", "rejected"), f"the machine reaches {attempt}: {said}")

    def test_the_router_forwards_and_the_machine_does_not(self):
        inside = run("ip", "netns", "exec", STACK.namespace(), "cat", "/proc/sys/net/ipv4/ip_forward").stdout.strip()
        self.assertEqual(inside, "1")
        links = run("ip", "-o", "link", "show").stdout
        self.assertNotRegex(links, r"c-(postgresql|keycloak|openbao|traefik|seaweedfs|prometheus|app)\b", "a link of the stack is the machine's")

    def test_a_sandbox_sees_itself_alone(self):
        said = STACK.shell("other", """
            for p in /proc/[0-9]*; do cat $p/cmdline 2>/dev/null | tr '\\0' ' '; echo; done
            echo "user $(id -u)"; cat /proc/self/status
            for f in /etc/x /usr/x /bindings/x /run/identity/x; do touch $f 2>&1 || true; done""")
        self.assertNotRegex(said, "postgres|keycloak|traefik|bao server|weed|prometheus", "the sandbox sees other processes")
        self.assertNotIn("user 0", said)
        for line in ("CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "CapBnd:\t0000000000000000",
                     "NoNewPrivs:\t1", "Seccomp:\t2"):
            self.assertIn(line, said)
        self.assertEqual(len(re.findall("Read-only file system|Permission denied", said)), 4, said)


class Certificates(unittest.TestCase):
    """Whom a server lets in is decided in the handshake."""

    @classmethod
    def setUpClass(cls):
        cls.topology = Topology()
        cls.EDGES = cls.topology.servers()
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="allod-e2e-forge-", dir="/run"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)

    def attempt(self, edge, certificate=None, key=None):
        server, port, protocol, client, _ = edge
        address = self.topology.router if server == "allod" else self.topology.addresses[server]
        component = client.split(".")[0]
        self.assertIn((component, server, port), self.topology.edges, "the test's edge is not the stack's")
        attempt = {"address": address, "port": port, "tls": protocol, "name": server, "user": component,
                   "root": str(STACK.root_certificate)}
        if certificate:
            attempt.update(certificate=str(certificate), key=str(key))
        return probe([attempt], STACK.namespace(component))[0]

    def each(self, make, expected, why):
        for edge in self.EDGES:
            with self.subTest(server=edge[0], port=edge[1]):
                outcome, said = self.attempt(edge, *make(edge))
                self.assertIn(outcome, expected, f"{edge[0]} {why}: {outcome} {said}")

    def test_the_bound_component_is_let_in(self):
        """The control of all others here."""
        self.each(lambda edge: self.own(edge[3]), ("answered",), "does not let in the component that is bound to it")

    def own(self, unit):
        return STACK.identity(unit) / "certificate.pem", STACK.identity(unit) / "key.pem"

    def test_without_a_certificate(self):
        for edge in self.EDGES:
            outcome, said = self.attempt(edge)
            # PostgreSQL says it in its own words, behind the handshake and before anything else.
            expected = ("rejected",) if edge[2] == "postgresql" else ("refused", "closed")
            self.assertIn(outcome, expected, f"{edge[0]} lets in a client without a certificate: {outcome} {said}")

    def test_with_another_components_certificate(self):
        self.each(lambda edge: self.own(edge[4]), ("refused", "closed"), "lets in a component that is not bound to it")

    def test_with_an_expired_certificate(self):
        """The right component's own issuing key signs it: only the time is wrong."""
        def make(edge):
            return forge.reissued(STACK, edge[3], self.folder, time.time() - 7200, time.time() - 3600)
        self.each(make, ("refused", "closed"), "lets in a certificate that has run out")

    def test_with_a_certificate_that_was_issued_again(self):
        """The control of the expired one: signed in the same way, with a time that is right."""
        def make(edge):
            return forge.reissued(STACK, edge[3], self.folder, time.time() - 60, time.time() + 600)
        self.each(make, ("answered",), "refuses what the forge signs, so that it proves nothing")

    def test_with_a_certificate_of_a_foreign_authority(self):
        """Same names all the way up, other keys."""
        self.each(lambda edge: forge.foreign(STACK, edge[3], self.folder), ("refused", "closed"),
                  "lets in a certificate of a foreign authority")

    def test_the_gateway_by_its_inner_name(self):
        """Its public names are for browsers; by the component's own name it demands a certificate."""
        edge = ("traefik", STACK.port, "https", "openbao.server", "keycloak.server")
        for certificate in ((), self.own("keycloak.server")):
            outcome, said = self.attempt(edge, *certificate)
            self.assertIn(outcome, ("refused", "closed"), f"the gateway lets in {certificate}: {said}")

    def test_the_management_port_is_for_the_agent_and_monitoring(self):
        attempt = {"address": self.topology.addresses["keycloak"], "port": 9000, "tls": "https", "name": "keycloak",
                   "root": str(STACK.root_certificate)}
        for certificate in ((), self.own("traefik.gateway"), self.own("openbao.server")):
            if certificate:
                attempt.update(certificate=str(certificate[0]), key=str(certificate[1]))
            outcome, said = probe([attempt], STACK.namespace())[0]
            if certificate and "traefik" in str(certificate[0]):
                continue  # the port shares the trust of the other one; the network keeps the gateway from it
            self.assertIn(outcome, ("refused", "closed"), f"Keycloak's management lets in {certificate}: {said}")
        self.assertEqual(probe([{"address": attempt["address"], "port": 9000}], STACK.namespace("traefik")), ["timeout"])


class Data(unittest.TestCase):
    CONTENT, NAME = "MARKER-0f6a1c-of-what-was-written", "MARKER-77d0e2-name-of-a-file"

    def holding(self, folder):
        """Files below a folder whose raw bytes or names hold a marker."""
        found = [str(path) for path in folder.rglob("*") if "MARKER-" in path.name]
        searched = run("grep", "-rlaE", f"{self.CONTENT}|{self.NAME}", folder, check=False, timeout=120)
        return found + searched.stdout.splitlines()

    def test_stopped_volumes_cannot_be_read(self):
        mounted = STACK.memory / "volumes" / "postgresql.data" / "data"  # the folder with the policy
        mounts = pathlib.Path("/proc/self/mountinfo").read_text
        self.assertIn(str(mounted.parent), mounts(), "the volume is not where this test looks for it")
        STACK.program(f"psql -Xq -c 'CREATE TABLE IF NOT EXISTS marked (t text)' -c \"INSERT INTO marked VALUES ('{self.CONTENT}')\"")
        STACK.exec("postgresql", "/usr/lib/postgresql/15/bin/psql", "-Xq", "-h", "/run/shared", "-U", "postgres", "-c",
                   "CHECKPOINT", check=True)
        STACK.program(f"bao login -no-print -method=cert name=app; bao kv put -mount=kv/app marked t={self.CONTENT} >/dev/null")
        STACK.program(f"echo {self.CONTENT} | rclone --s3-no-check-bucket rcat $BUCKET/{self.NAME}")
        (mounted / self.NAME).write_text(self.CONTENT)
        run("sync", "-f", mounted)
        # The search finds what is in the open; and PostgreSQL has it in a file now.
        self.assertGreater(len(self.holding(mounted)), 1, "the search does not find what is there in the open")
        STACK.down()
        try:
            self.assertNotIn(str(STACK.memory) + "/", mounts(), "something is still mounted")
            self.assertNotIn(str(STACK.state), run("losetup", "-a").stdout, "a loop device is still there")
            self.assertEqual(self.holding(STACK.state), [], "what was written can be read on the disk")
            for image in (STACK.state / "volumes").glob("*/image"):
                self.look_into(image)
        finally:
            STACK.up()
        self.assertEqual(STACK.program("psql -XAtc 'SELECT DISTINCT t FROM marked'"), self.CONTENT)
        self.assertEqual(STACK.program("bao login -no-print -method=cert name=app; bao kv get -mount=kv/app -field=t marked"),
                         self.CONTENT)
        self.assertEqual(STACK.program(f"rclone --s3-no-check-bucket cat $BUCKET/{self.NAME}"), self.CONTENT)
        self.assertEqual((mounted / self.NAME).read_text(), self.CONTENT)
        (mounted / self.NAME).unlink()

    def look_into(self, image):
        """As a thief with root on another machine would: mounts it and reads."""
        with tempfile.TemporaryDirectory(prefix="allod-e2e-", dir="/run") as folder:
            run("mount", "-o", "ro,loop,noload", image, folder)
            try:
                names = [path for path in pathlib.Path(folder).rglob("*")]
                self.assertGreater(len(names), 1, f"{image} is empty")
                self.assertEqual([str(name) for name in names if re.search("MARKER|PG_VERSION|raft|vault", name.name)], [],
                                 "names can be read")
                for path in (path for path in names if path.is_file()):
                    with self.assertRaises(OSError, msg=f"{path} can be opened without the key") as refused:
                        path.open("rb").read(1)
                    self.assertEqual(refused.exception.errno, 126, refused.exception)  # ENOKEY
                    break
            finally:
                run("umount", folder)


if __name__ == "__main__":
    unittest.main()

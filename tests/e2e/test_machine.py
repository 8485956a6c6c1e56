"""What the platform does to the machine: where secrets are, what destroy leaves, several stacks at once."""
import base64
import os
import pathlib
import re
import socket
import stat
import threading
import unittest

import machine
from harness import WORKLOADS, Stack, binary, bring_up, need_root, run, wait_for

STACK = Stack("e2e-m", 18473, WORKLOADS)
SECOND = Stack("e2e-n", 18474, WORKLOADS)
BEFORE = {}


def setUpModule():
    need_root()
    STACK.destroy()
    STACK.declare(WORKLOADS)
    BEFORE.update(settings=machine.own_settings(), traces=machine.traces(STACK))
    bring_up(STACK)
    # Some life before secrets are looked for: sessions, a refused sign-in, tokens.
    STACK.program("bao login -no-print -method=cert name=app; bao kv put -mount=kv/app a b=c >/dev/null; psql -Xqc 'SELECT 1'")
    STACK.curl("gateway", "/dashboard/", "-L", "-o", "/dev/null")
    STACK.program("psql -Xqc 'SELECT 1' 'dbname=keycloak user=keycloak'", check=False)


class SecretsStaySecret(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.secrets = {secret["name"]: STACK.secret(secret["name"]) for secret in STACK.secrets()}
        pin = (STACK.state / "token" / "pin").read_text().strip()
        cls.secrets["the token's PIN"] = pin
        for folder in (STACK.memory / "identity").iterdir():  # a component's units share its key
            key = (folder / "key.pem").read_text().split()
            cls.secrets["the key of " + folder.name.split(".")[0]] = max(key, key=len)
        cls.needles = {}
        for name, secret in cls.secrets.items():
            raw = secret.encode()
            for form in (raw, base64.b64encode(raw).rstrip(b"="), raw.hex().encode()):
                cls.needles[form] = name

    def found(self, data):
        return {name for form, name in self.needles.items() if form in data}

    def test_0_the_search_finds(self):
        self.assertGreaterEqual(len(self.secrets), 9, self.secrets.keys())
        self.assertTrue(all(len(secret) >= 16 for secret in self.secrets.values()), "a secret is short")
        for name, secret in self.secrets.items():
            self.assertEqual(self.found(b"x" + base64.b64encode(secret.encode()) + b"y"), {name})

    def test_not_in_arguments_nor_environments(self):
        looked = 0
        for pid in machine.processes():
            for file in ("cmdline", "environ"):
                try:
                    data = pathlib.Path(f"/proc/{pid}/{file}").read_bytes()
                except OSError:
                    continue
                looked += 1
                self.assertEqual(self.found(data), set(), f"in {file} of process {pid}")
        self.assertGreater(looked, 20)

    def test_not_in_what_allod_prints(self):
        for arguments in (["plan", "--graph"], ["events"], ["status"], ["secret", "list"], ["plan", "--all"]):
            for form in ("text", "json"):
                done = STACK.allod("--output", form, *arguments)
                self.assertEqual(self.found((done.stdout + done.stderr).encode()), set(), f"in {arguments}, {form}")
        for resource in STACK.graph()["resources"]:
            done = STACK.allod("explain", resource["id"])
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.found((done.stdout + done.stderr).encode()), set(), f"in explain {resource['id']}")
        for component in STACK.status()["components"]:
            done = STACK.allod("logs", component)
            self.assertEqual(self.found((done.stdout + done.stderr).encode()), set(), f"in logs {component}")

    def test_only_in_the_files_of_those_who_need_them(self):
        """Below the state and run folders, and wherever else a careless program might write."""
        expected = {"keycloak.admin": {"keycloak.server"}, "traefik.cookie": {"traefik.signIn"},
                    "keycloak.oidc.traefik.clientSecret": {"traefik.signIn"},
                    "keycloak.oidc.openbao.clientSecret": set(),
                    **{f"seaweedfs.{name}": {"seaweedfs.server"} for name in (
                        "agent", "volumes", "filer", "bucket.app.secretKey", "bucket.other.secretKey")}}
        seen, volumes = {}, STACK.memory / "volumes"
        roots = [STACK.state, STACK.memory, STACK.folder, "/etc", "/var/log", "/dev/shm", "/root/.config",
                 STACK.state_root / "machine.json"]
        for path in self.files(roots, without=volumes):
            try:
                names = self.found(path.read_bytes())
            except OSError:
                continue
            for name in names:
                if name == "the token's PIN":
                    self.assertEqual(path, STACK.state / "token" / "pin", f"the PIN is in {path}")
                    self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
                    continue
                inside = path.relative_to(STACK.memory).parts if path.is_relative_to(STACK.memory) else ()
                self.assertTrue(inside, f"{name} is in {path}")
                self.assertEqual(self.file_system(path), "tmpfs", f"{name} is in {path}, on a disk")
                self.assertEqual(path.stat().st_mode & 0o007, 0, f"everybody may read {path} with {name}")
                if name.startswith("the key of "):
                    self.assertEqual((inside[0], inside[1].split(".")[0]), ("identity", name.removeprefix("the key of ")),
                                     f"{name} is in {path}")
                    self.assertEqual(path.stat().st_mode & 0o077, 0, f"others may read {path}")
                else:
                    self.assertEqual(inside[0], "files", f"{name} is in {path}")
                    seen.setdefault(name, set()).add(inside[1])
        for name, units in expected.items():
            self.assertEqual(seen.get(name, set()), units, f"{name} is in other units' files than it should be")
        self.assertLessEqual(set(seen), set(expected), "secrets that this test does not know")

    def files(self, roots, without):
        for root in map(pathlib.Path, roots):
            if root.is_file():
                yield root
            for folder, folders, names in os.walk(root):
                folders[:] = [name for name in folders if pathlib.Path(folder, name) != without]
                for name in names:
                    path = pathlib.Path(folder, name)
                    if path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 30:
                        yield path

    def file_system(self, path):
        return run("stat", "--file-system", "--format", "%T", path).stdout.strip()

    def test_folders_are_closed(self):
        for path in (STACK.state, STACK.memory, STACK.state / "logs", STACK.state / "token", STACK.state / "volumes"):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o700, path)
        for path in self.files([STACK.state], without=STACK.state / "authority"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, f"others may read or write {path}")

    def test_that_a_secret_was_shown_is_told(self):
        STACK.secret("admin")
        shown = [event for event in STACK.events() if event["resource"] == "secret/keycloak.admin"]
        self.assertTrue(shown and shown[-1]["what"] == "was shown", shown)

    def test_only_root_is_shown_a_secret(self):
        done = as_nobody(STACK, "secret", "show", "admin")
        self.assertEqual(done.returncode, 6, done.stdout + done.stderr)
        self.assertEqual(self.found(done.stdout.encode()), set())


def as_nobody(stack, *arguments):
    """The binary as a person without rights would call it, from where that person can read it."""
    place = pathlib.Path("/var/tmp/allod-e2e-nobody")
    place.mkdir(mode=0o755, exist_ok=True)
    try:
        program = place / "allod"
        run("cp", binary(), program)
        run("cp", "-r", pathlib.Path(__file__).parents[2] / "catalogue", place / "catalogue")
        run("cp", stack.file, place / "stack.yaml")
        run("chmod", "-R", "a+rX", place)
        return run("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", program, "--file",
                   place / "stack.yaml", "--catalogue", place / "catalogue", *arguments, env=stack.environment, cwd="/",
                   check=False)
    finally:
        run("rm", "-rf", place)


class SeveralStacks(unittest.TestCase):
    """The second one comes and goes; the first does not notice, and the machine is as before."""

    def test_1_side_by_side_and_one_goes(self):
        units = {name: (unit["pid"], unit["restarts"]) for component in STACK.status()["components"].values()
                 for name, unit in component["units"].items()}
        running, failures = threading.Event(), []

        def visit():
            """The first stack is used all the time."""
            while not running.wait(0.3):
                try:
                    code = STACK.curl("id", f"/realms/{STACK.name}", "-o", "/dev/null", "-w", "%{http_code}").stdout
                    if code != "200":
                        lines = (STACK.state / "logs" / "traefik.gateway.log").read_text().splitlines()
                        failures.append([code, *[line for line in lines if f":{code}" in line][-3:]])
                except AssertionError as fault:
                    failures.append(str(fault))

        SECOND.destroy()
        SECOND.declare(WORKLOADS)
        self.addCleanup(SECOND.destroy)
        before, settings = machine.traces(SECOND), machine.own_settings()
        visitor = threading.Thread(target=visit)
        visitor.start()
        try:
            SECOND.up()
            alive = machine.traces(SECOND)
            for kind in ("processes", "network namespaces", "mounts", "cgroups", "files"):
                self.assertNotEqual(alive[kind], before[kind], f"the comparison of {kind} sees nothing")
            spaces = machine.namespaces(SECOND)
            self.assertGreater(len(spaces), 10)
            self.compare(settings, machine.own_settings(), "while a second stack runs")
            self.apart()
            declaration = SECOND.allod("destroy", "--stack", SECOND.name, "--confirm", SECOND.name, check=True).stdout
            self.assertIn("removed", declaration)
        finally:
            running.set()
            visitor.join()
        self.assertEqual(failures, [], "the first stack was not answering all the time")
        left = wait_for("the agent to have gone", lambda: {kind: found for kind, found in machine.traces(SECOND).items()}
                        if not machine.processes_of(SECOND) else None, 15)
        for kind, found in left.items():
            self.assertEqual(found, before[kind], f"destroy leaves {kind}")
        self.assertEqual(machine.in_namespaces(spaces), [], "destroy leaves namespaces")
        self.compare(settings, machine.own_settings(), "after destroy")
        self.assertEqual({name: (unit["pid"], unit["restarts"]) for component in STACK.status()["components"].values()
                          for name, unit in component["units"].items()}, units, "units of the first stack were touched")
        self.assertEqual(STACK.program("psql -XAtc 'SELECT current_user'"), "app")
        self.assertEqual(SECOND.allod("status", "--stack", SECOND.name).returncode, 3)

    def compare(self, before, after, when):
        for kind in before:
            self.assertEqual(after[kind], before[kind], f"{kind} of the machine differ {when}")

    def apart(self):
        """Both answer at their own port with their own root; neither lets the other's components in."""
        for stack, other in ((STACK, SECOND), (SECOND, STACK)):
            code = stack.curl("id", f"/realms/{stack.name}", "-o", "/dev/null", "-w", "%{http_code}").stdout
            self.assertEqual(code, "200", stack.name)
            done = run("curl", "-sS", "--cacert", other.root_certificate, "--max-time", "10", "--resolve",
                       f"id.{stack.domain}:{stack.port}:127.0.0.1", stack.url("id"), check=False)
            self.assertEqual(done.returncode, 60, "a stack's root vouches for another stack")
            self.assertEqual(stack.program("psql -XAtc 'SELECT current_user'"), "app")
        first, second = (stack.secret("keycloak.admin") for stack in (STACK, SECOND))
        self.assertNotEqual(first, second)
        users = [set(re.findall(r"\b20\d{5}\b", " ".join(
            machine.text_of(f"/proc/{pid}/status").split("Uid:")[1].split("\n")[0]
            for pid in machine.processes_of(stack) if "Uid:" in machine.text_of(f"/proc/{pid}/status"))))
            for stack in (STACK, SECOND)]
        self.assertTrue(users[0] and users[1])
        self.assertEqual(users[0] & users[1], set(), "units of two stacks run as the same user")

    def test_2_the_machine_is_as_before(self):
        self.compare(BEFORE["settings"], machine.own_settings(), "while a stack runs")

    def test_3_a_taken_port_names_its_process(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            third = Stack("e2e-t", server.getsockname()[1])
            self.addCleanup(third.destroy)
            done = third.allod("up")
            self.assertEqual(done.returncode, 4, done.stdout + done.stderr)
            self.assertIn(f"port {third.port} is taken by process {os.getpid()} (python3", done.stderr)
            self.assertIn("nothing was touched", done.stderr)
            self.assertFalse(third.state.exists() or third.memory.exists(), "something was touched")

    def test_4_destroy_wants_the_name(self):
        for arguments in ([], ["--confirm", "another"]):
            done = STACK.allod("destroy", *arguments)
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(STACK.allod("status").returncode, 0, "the stack suffered")

    def test_5_without_root(self):
        stack = Stack("e2e-t", 18475)
        self.addCleanup(stack.destroy)
        for verb in (["up"], ["destroy"], ["exec", "app", "--", "true"]):
            done = as_nobody(stack, *verb)
            self.assertEqual(done.returncode, 6, f"{verb}: {done.stdout}{done.stderr}")
            self.assertIn("needs root", done.stderr)
        self.assertEqual(as_nobody(stack, "plan").returncode, 0, "planning a new stack needs no root")
        self.assertFalse(stack.state.exists() or stack.memory.exists(), "something was touched")


if __name__ == "__main__":
    unittest.main()

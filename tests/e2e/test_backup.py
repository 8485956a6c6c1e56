"""Backups of a platform, and what comes back of them: on the machine itself, on an empty one, of a time."""
import datetime
import os
import pathlib
import shutil
import time
import unittest

from harness import APP, RUN_ROOT, STATE_ROOT, Stack, bring_up, wait_for

FOLDER = pathlib.Path("/var/tmp/allod-e2e-backups")
CAPABILITIES = f"""\
relational-database: {{parameters: {{storage: 512Mi}}}}
secrets: {{parameters: {{storage: 512Mi}}}}
identity: {{}}
api-gateway: {{}}
object-storage: {{parameters: {{storage: 1Gi, metadataStorage: 256Mi}}}}
backup: {{parameters: {{to: {FOLDER}, every: 24h, logEvery: 1h}}}}
"""
STACK = Stack("e2e-b", 18493, APP, capabilities=CAPABILITIES, state_root=f"{STATE_ROOT}-backup",
              run_root=f"{RUN_ROOT}-backup")


def setUpModule():
    if not os.environ.get("ALLOD_E2E_KEEP"):
        shutil.rmtree(FOLDER, ignore_errors=True)
        unittest.addModuleCleanup(shutil.rmtree, FOLDER, True)
    bring_up(STACK)
    # The first backup is due at once; what follows must not fall into it.
    wait_for("the first backup", lambda: STACK.json("backup", "list")["backups"], 120, 1)
    sql("CREATE TABLE IF NOT EXISTS kept (id serial PRIMARY KEY, word text)")


def sql(statement):
    return STACK.program(f"psql -XAtq -v ON_ERROR_STOP=1 <<'E'\n{statement}\nE\n")


def write(word):
    sql(f"INSERT INTO kept (word) VALUES ('{word}')")


def rows(stack=None):
    return (stack or STACK).program("psql -XAtqc 'SELECT word FROM kept ORDER BY id'").splitlines()


def keep(word):
    """The word in a row, a secret and an object."""
    write(word)
    STACK.program(f"""
        bao login -no-print -method=cert name=app
        bao kv put -mount=$(b vault kvMount) kept word={word} > /dev/null
        echo {word} | rclone rcat --s3-no-check-bucket $BUCKET/kept""")


def kept(stack=None):
    """What is in all of them."""
    stack = stack or STACK
    secret, content = stack.program("""
        bao login -no-print -method=cert name=app
        bao kv get -mount=$(b vault kvMount) -field=word kept; echo
        rclone cat $BUCKET/kept""").split()
    return rows(stack), secret, content


def identity_answers(stack):
    name = stack.json("plan", "--graph")["stack"]
    return "issuer" in stack.curl("id", f"/realms/{name}/.well-known/openid-configuration").stdout


def moment():
    time.sleep(1.1)  # times are given by the second and by the millisecond: apart from both writes
    at = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    time.sleep(1.1)
    return at


class Backup(unittest.TestCase):
    def setUp(self):
        STACK.wait_ready()  # after a restore that was taken back
        sql("DELETE FROM kept")

    def test_restores_exactly_what_was_there(self):
        keep("before")
        before = STACK.secret("admin")
        taken = STACK.json("backup", "now")
        self.assertLessEqual({"postgresql.base", "openbao.snapshot", "seaweedfs.objects", "platform"}, set(taken["sets"]))
        keep("after")
        restored = STACK.json("restore", "--backup", taken["run"], "--yes")
        self.assertEqual(restored["backup"], taken["run"])
        STACK.wait_ready()
        self.assertEqual(kept(), (["before"], "before", "before"))
        self.assertEqual(STACK.secret("admin"), before)
        self.assertTrue(identity_answers(STACK))
        # It goes on from there.
        write("later")
        self.assertEqual(rows(), ["before", "later"])
        self.assertFalse(pathlib.Path(f"{STACK.state}.before-restore").exists())

    def test_restores_a_time_between_two_writes(self):
        STACK.json("backup", "now")
        write("first")
        at = moment()
        write("second")
        STACK.json("backup", "now")  # ends the log that the time lies in
        write("third")
        plan = STACK.json("restore", "--at", at, "--dry-run")
        self.assertEqual(plan["reaches"], at)
        STACK.json("restore", "--at", at, "--yes")
        STACK.wait_ready()
        self.assertEqual(rows(), ["first"])

    def test_restores_into_an_empty_machine(self):
        keep("carried")
        taken = STACK.json("backup", "now")
        keep("lost")
        STACK.down()
        other = Stack("e2e-b", STACK.port, APP, capabilities=CAPABILITIES,
                      state_root=f"{STATE_ROOT}-backup2", run_root=f"{RUN_ROOT}-backup2")
        self.addCleanup(shutil.rmtree, other.state_root, True)
        without = other.allod("restore", "--from", FOLDER)
        self.assertNotEqual(without.returncode, 0)
        self.assertIn("token", without.stderr)
        # What must be carried over: the token. SoftHSM's folder names itself in its configuration.
        other.state.mkdir(parents=True)
        shutil.copytree(STACK.state / "token", other.state / "token")
        for file in (other.state / "token").glob("*.conf"):
            file.write_text(file.read_text().replace(str(STACK.state), str(other.state)))
        try:
            other.json("restore", "--from", FOLDER, "--backup", taken["run"])
            other.wait_ready()
            found = kept(other)
        finally:
            other.allod("destroy", "--stack", other.name, "--confirm", other.name, check=True)
            STACK.declare(APP, capabilities=CAPABILITIES)
            STACK.up()
        self.assertEqual(found, (["carried"], "carried", "carried"))

    def test_leaves_the_platform_when_it_cannot_be_restored(self):
        write("here")
        taken = STACK.json("backup", "now")
        refused = STACK.allod("restore", "--backup", taken["run"])
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("--yes", refused.stderr)
        unknown = STACK.allod("restore", "--backup", "20000101T000000Z", "--yes")
        self.assertNotEqual(unknown.returncode, 0)
        self.assertIn(taken["run"], unknown.stderr)
        early = STACK.allod("restore", "--at", "2000-01-01T00:00:00Z", "--yes")
        self.assertNotEqual(early.returncode, 0)
        self.assertIn("the oldest one is of", early.stderr)
        self.assertEqual(rows(), ["here"])

    def test_finds_a_flipped_byte(self):
        write("sound")
        STACK.json("backup", "now")
        STACK.allod("backup", "verify", check=True)
        pack = max(FOLDER.glob("data/*/*"), key=lambda file: file.stat().st_size)
        content = bytearray(pack.read_bytes())
        content[len(content) // 2] ^= 1
        mode = pack.stat().st_mode
        pack.chmod(0o600)
        pack.write_bytes(content)
        found = STACK.allod("backup", "verify")
        content[len(content) // 2] ^= 1
        pack.write_bytes(content)
        pack.chmod(mode)
        self.assertNotEqual(found.returncode, 0)
        self.assertIn("damaged", found.stderr)
        STACK.allod("backup", "verify", check=True)

    def test_holds_nothing_that_can_be_read(self):
        write("averyplainword")
        STACK.json("backup", "now")
        wanted = ["averyplainword"] + [STACK.secret(secret["name"]) for secret in STACK.secrets()]
        for file in FOLDER.rglob("*"):
            if not file.is_file():
                continue
            content = file.read_bytes()
            for text in wanted:
                self.assertNotIn(text.encode(), content, file)


if __name__ == "__main__":
    unittest.main()

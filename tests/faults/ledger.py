"""Writes that the platform acknowledged, and whether they are still there after whatever happened.

A program in the workload `app` writes one row, one secret and one object for each number that it is given, and says
which of them were acknowledged. What was not acknowledged may or may not be there; what was must be.
"""
import contextlib
import json
import subprocess
import threading

from harness import BOUND, binary, wait_for

# Every write is a connection and a request of its own, so that none outlives what is broken meanwhile.
SETUP = """\
export BAO_CLIENT_TIMEOUT=5s BAO_MAX_RETRIES=0
export BAO_TOKEN=$(bao login -token-only -method=cert name="$(b vault role)")
mount=$(b vault kvMount)
psql -Xqc 'CREATE TABLE IF NOT EXISTS ledger (n integer)' 2>/dev/null
"""
WRITER = """\
echo begun
while read -r n; do
  psql -Xqc "INSERT INTO ledger VALUES ($n)" >/dev/null 2>&1 && echo "row $n"
  echo "$n" | rclone --no-check-dest --s3-no-check-bucket --retries 1 --low-level-retries 1 --contimeout 5s --timeout 10s rcat "$BUCKET/ledger/$n" 2>/dev/null && echo "object $n"
  echo "{\\"data\\": {\\"value\\": \\"$n\\"}}" | bao write "$mount/data/ledger-$n" - >/dev/null 2>&1 && echo "secret $n"
  echo "next"
done
"""
READER = """\
psql -XAtc 'SELECT n FROM ledger' | tr '\\n' ' '; echo
bao kv list -format=json "$mount/" | tr -d '\\n'; echo
rclone --s3-no-check-bucket lsf "$BUCKET/ledger/" | tr '\\n' ' '; echo
for n in $OBJECTS; do rclone --s3-no-check-bucket cat "$BUCKET/ledger/$n"; done | tr '\\n' ' '; echo
for n in $LAST; do bao read -format=json "$mount/data/ledger-$n" | tr -d '\\n'; echo; done
"""


class Ledger:
    def __init__(self, stack, component="app"):
        self.stack, self.component = stack, component
        self.rows, self.secrets, self.objects, self.last = [], [], [], 0

    @property
    def acknowledged(self):
        return len(self.rows) + len(self.secrets) + len(self.objects)

    @property
    def refused(self):
        """Writes that were tried and not acknowledged; up to three are under way while a program writes."""
        return 3 * self.last - self.acknowledged

    def await_writes(self, seconds=120):
        """Until each kind of write was acknowledged anew."""
        before = [len(kind) for kind in (self.rows, self.secrets, self.objects)]
        wait_for("writes of each kind", lambda: all(
            len(kind) > number for kind, number in zip((self.rows, self.secrets, self.objects), before)), seconds)

    @contextlib.contextmanager
    def writing(self):
        """Numbers are written one after the other for as long as this lasts."""
        writer = subprocess.Popen(
            [binary(), "--file", str(self.stack.file), "exec", self.component, "--", "sh", "-c", BOUND + SETUP + WRITER],
            env=self.stack.environment, cwd=self.stack.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, bufsize=1)
        begun, stop = threading.Event(), threading.Event()

        def attend():
            for line in writer.stdout:
                word, _, number = line.strip().partition(" ")
                if word == "row":
                    self.rows.append(int(number))
                elif word == "secret":
                    self.secrets.append(int(number))
                elif word == "object":
                    self.objects.append(int(number))
                if word == "begun":
                    begun.set()
                if word not in ("begun", "next"):
                    continue
                if stop.wait(0.2):
                    return
                self.last += 1
                with contextlib.suppress(OSError):
                    writer.stdin.write(f"{self.last}\n")

        attendant = threading.Thread(target=attend, daemon=True)
        attendant.start()
        try:
            if not begun.wait(60):
                raise AssertionError("the writing program did not begin")
            yield self
        finally:
            stop.set()
            attendant.join(60)
            with contextlib.suppress(OSError):
                writer.stdin.close()
            try:
                writer.wait(30)
            except subprocess.TimeoutExpired:
                writer.kill()
                writer.wait()
            writer.stdout.close()

    def missing(self):
        """What was acknowledged and is not there, or is not what was written: empty when all is well."""
        looked_at, read = self.secrets[-3:], self.objects[-3:]
        said = self.stack.program(SETUP + f"LAST='{' '.join(map(str, looked_at))}' OBJECTS='{' '.join(map(str, read))}'\n" + READER, self.component)
        rows, names, objects, contents, *values = said.split("\n")
        there = {int(n) for n in rows.split()}
        missing = [f"row {n}" for n in self.rows if n not in there]
        missing += [f"object {n}" for n in self.objects if str(n) not in objects.split()]
        if contents.split() != [str(n) for n in read]:
            missing.append(f"the contents of objects {read}: {contents}")
        names = set(json.loads(names or "[]"))
        missing += [f"secret {n}" for n in self.secrets if f"ledger-{n}" not in names]
        for number, answer in zip(looked_at, values):
            if json.loads(answer)["data"]["data"]["value"] != str(number):
                missing.append(f"the value of secret {number}")
        return missing

"""The platform that is hurt: a stack of the default six on a disk and a store of its own, and what is seen of it."""
import contextlib
import json
import os
import pathlib
import re
import subprocess
import time

from harness import APP, Stack, binary, run, wait_for

BACK = 240  # seconds: a machine that is busy with other things counts, too
DISK_SIZE = 8 << 30
MACHINE_STORE = pathlib.Path("/var/cache/allod")


class Platform(Stack):
    """Knows the processes and things of one stack by its folders and names, never by a program's name."""

    def __init__(self, name="e2e-l", port=19443):
        self.folder_of_all = pathlib.Path(f"/var/tmp/allod-faults-{name}")
        self.disk, self.store = self.folder_of_all / "state", self.folder_of_all / "store"
        super().__init__(name, port, APP, state_root=self.disk, run_root=f"/run/allod-faults-{name}")
        self.init, self.executable, self.wrapped = None, binary(), []

    @property
    def environment(self):
        return super().environment | {"ALLOD_STORE_ROOT": str(self.store)}

    # Its own disk and store: a file system that can be filled, and images that can be damaged, without the machine's.

    def set_up(self):
        """Mounts both; what an earlier, killed run left goes first."""
        self.tear_down()
        for folder in (self.disk, self.store, self.folder_of_all / "upper", self.folder_of_all / "work", MACHINE_STORE):
            folder.mkdir(parents=True, exist_ok=True)
        image = self.folder_of_all / "disk.img"
        with open(image, "wb") as file:
            file.truncate(DISK_SIZE)
        run("mkfs.ext4", "-q", "-E", "lazy_itable_init=1,lazy_journal_init=1", image)
        run("mount", "-o", "loop", image, self.disk)
        run("mount", "-t", "overlay", "overlay", "-o",
            f"lowerdir={MACHINE_STORE},upperdir={self.folder_of_all}/upper,workdir={self.folder_of_all}/work", self.store)

    def is_set_up(self):
        return os.path.ismount(self.disk) and os.path.ismount(self.store)

    def declare_and_up(self):
        self.declare(APP)
        try:
            self.up()
        except AssertionError as fault:
            raise AssertionError(f"{fault}\n{self.diagnose()}") from None

    def tear_down(self):
        with contextlib.suppress(Exception):
            self.destroy()
        for pid in self.processes():
            self.signal(pid, 9)
        for mount in (self.disk, self.store):
            while os.path.ismount(mount):
                run("umount", "--lazy", mount)
        run("rm", "-rf", self.folder_of_all)

    # The agent, as an init system would run it.

    def start_agent(self, *, wait=True):
        """Waits for the one before to end."""
        if self.init:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.init.wait(30)
        with open(self.folder / "agent.log", "ab") as log:
            self.init = subprocess.Popen([*self.wrapped, self.executable, "agent", "run", "--stack", self.name],
                                         env=self.environment, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if wait:
            wait_for("the agent", lambda: self.agent() == self.init.pid, BACK)

    def end_agent(self):
        """Ends it as an administrator would; the units run on."""
        self.allod("agent", "stop", check=True)
        if self.init:
            self.init.wait(30)

    def collect(self):
        if self.init:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.init.wait(30)

    def agent(self):
        return self.status()["pid"]

    # What runs.

    def units(self):
        """COMPONENT.UNIT → its status."""
        return {f"{component}.{unit}": facts for component, entry in self.status()["components"].items()
                for unit, facts in entry["units"].items()}

    def pids(self):
        return {name: facts.get("pid") for name, facts in self.units().items()}

    def specs(self, key):
        """The units whose specification has a key."""
        return {resource["id"].partition("/")[2] for resource in self.graph()["resources"]
                if resource["kind"] == "unit" and resource["spec"]["kind"] == "service" and resource["spec"].get(key)}

    def targets(self, selector):
        """Groups of units or components that are hurt together."""
        everything = sorted(self.pids())
        return {"each unit": lambda: [[name] for name in everything],
                "all units": lambda: [everything],
                "all units with a probe": lambda: [sorted(self.specs("ready"))],
                "all units with files": lambda: [sorted(self.specs("files"))],
                "all units with an identity": lambda: [sorted(self.specs("identity"))],
                "all units with a volume": lambda: [sorted(self.specs("volumes"))],
                "each unit with a volume": lambda: [[name] for name in sorted(self.specs("volumes"))],
                "all components": lambda: [sorted({name.split(".")[0] for name in everything})],
                "each volume": lambda: [[name] for name in self.status()["volumes"]],
                "the network": lambda: [["the network"]],
                "the agent": lambda: [["the agent"]]}[selector]()

    @staticmethod
    def signal(pid, how):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)

    def processes(self):
        """Of units, monitors and sessions: whatever is in the stack's cgroups or uses its run folder."""
        found = set()
        mark = f"/allod/{self.name}/"
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                inside = mark in pathlib.Path(f"/proc/{entry}/cgroup").read_text()
                if inside or any(word.startswith(str(self.memory) + "/") for word in arguments_of(entry)):
                    found.add(int(entry))
        return found

    def monitor_of(self, unit):
        bundle = str(self.memory / "units" / unit)
        for entry in filter(str.isdigit, os.listdir("/proc")):
            words = arguments_of(entry)
            if words and words[0].endswith("conmon") and bundle in words:
                return int(entry)
        raise AssertionError(f"{unit} has no monitor")

    @staticmethod
    def control_group(pid, controller):
        """The folder of a process's control group, of version 1 or 2."""
        for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, names, path = line.split(":", 2)
            if controller in names.split(","):
                return pathlib.Path(f"/sys/fs/cgroup/{controller}{path}")
        return pathlib.Path(f"/sys/fs/cgroup{path}")

    def nft(self, *words):
        return run("ip", "netns", "exec", self.namespace(), "nft", *words).stdout

    def edges(self):
        return re.findall(r"\d[\d.]+ \. \d[\d.]+ \. \d+", self.nft("list", "set", "inet", "allod", "edges"))

    # What is told.

    def last_event(self):
        """By number and by time: a state that was recovered counts anew, a clock that was set tells another time."""
        event = json.loads(self.allod("--output", "json", "events", "--limit", 1, check=True).stdout)
        return event["id"], event["time"]

    def said(self, since):
        """The events after one, each as one line."""
        done = self.allod("--output", "json", "events", "--limit", 1000, check=True)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        return [" ".join(filter(None, (event["resource"], event["what"], event["action"], event["detail"])))
                for event in events if event["id"] > since[0] or event["time"] > since[1]]

    def await_event(self, pattern, since, seconds=BACK):
        end = time.monotonic() + seconds
        while True:
            lines = self.said(since)
            if any(re.search(pattern, line) for line in lines):
                return
            if time.monotonic() > end:
                raise AssertionError(f"no event says /{pattern}/:\n" + "\n".join(lines))
            time.sleep(0.5)

    def shown(self, command):
        """What a person reads who types it: both outputs. `command` is without "allod"."""
        done = self.allod(*command.split())
        return done.stdout + done.stderr

    def await_shown(self, command, pattern, seconds=BACK):
        end = time.monotonic() + seconds
        while not re.search(pattern, text := self.shown(command), re.DOTALL):
            if time.monotonic() > end:
                raise AssertionError(f"allod {command} does not say /{pattern}/:\n{text}")
            time.sleep(0.5)


def arguments_of(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    return []

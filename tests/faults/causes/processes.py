"""Ways to hurt a running stack, by the names that faults.json uses for them."""
import contextlib
import os
import pathlib
import re
import signal
import subprocess

from harness import run, wait_for


def kill(pids, how=signal.SIGKILL):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)


def arguments_of(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    return []


class Damage:
    """Knows the processes and things of one stack by its folders and names, never by a program's name."""

    def __init__(self, stack):
        self.stack = stack

    def processes(self):
        """Of the stack's units, monitors and sessions: whatever is in its cgroups or uses its run folder."""
        found = set()
        mark = f"/allod/{self.stack.name}/"
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                inside = mark in pathlib.Path(f"/proc/{entry}/cgroup").read_text()
                if inside or any(word.startswith(str(self.stack.memory) + "/") for word in arguments_of(entry)):
                    found.add(int(entry))
        return found

    def monitor_of(self, unit):
        bundle = str(self.stack.memory / "units" / unit)
        for entry in filter(str.isdigit, os.listdir("/proc")):
            words = arguments_of(entry)
            if words and words[0].endswith("conmon") and bundle in words:
                return int(entry)
        raise AssertionError(f"{unit} has no monitor")

    # On units.

    def kill(self, unit, pid):
        kill([pid])

    def kill_monitor(self, unit, pid):
        kill([self.monitor_of(unit)])

    def freeze(self, unit, pid):
        kill([pid], signal.SIGSTOP)

    def change_file(self, unit, _):
        root = self.stack.memory / "files" / unit
        file = next(path for path in sorted(root.rglob("*")) if path.is_file())
        file.write_text(file.read_text() + "\n# somebody was here\n")

    def remove_certificate(self, unit, _):
        (self.stack.identity(unit) / "..data" / "certificate.pem").unlink()

    # On the network.

    def nft(self, *words):
        return run("ip", "netns", "exec", self.stack.namespace(), "nft", *words).stdout

    def edges(self):
        text = self.nft("list", "set", "inet", "allod", "edges")
        return re.findall(r"\d[\d.]+ \. \d[\d.]+ \. \d+", text)

    def remove_edge(self, *_):
        self.nft("delete", "element", "inet", "allod", "edges", "{", self.edges()[0], "}")

    def add_edge(self, *_):
        self.nft("add", "element", "inet", "allod", "edges", "{", "10.66.0.2 . 10.66.0.3 . 22", "}")

    def remove_rule(self, *_):
        self.nft("flush", "chain", "inet", "allod", "input")

    def remove_link(self, component, _):
        run("ip", "-n", self.stack.namespace(component), "link", "delete", "eth0")

    # On everything.

    def kill_agent(self, _, agent):
        kill([agent])

    def kill_everything(self, _, agent):
        kill([agent])
        wait_for("all processes to end", lambda: not (kill(self.processes()) or self.processes()), 30)

    def restart_the_machine(self, _, agent):
        """What is left after a loss of power: the state folder. Processes, mounts, keys, devices,
        namespaces, control groups and everything in memory are gone."""
        self.kill_everything(_, agent)
        for folder in (self.stack.memory, self.stack.state):
            mounts = [line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
            for mount in reversed([m for m in mounts if m == str(folder) or m.startswith(f"{folder}/")]):
                run("umount", "--lazy", mount)
        for line in run("losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE", check=False).stdout.splitlines():
            device, _, file = line.partition(" ")
            if file.strip().startswith(f"{self.stack.state}/"):
                run("losetup", "--detach", device)
        for name in os.listdir("/run/netns"):
            if name == self.stack.namespace() or name.startswith(self.stack.namespace() + "-"):
                run("ip", "netns", "delete", name)
        run("rm", "-rf", self.stack.memory)
        for root in pathlib.Path("/sys/fs/cgroup").glob(f"**/allod/{self.stack.name}"):
            for folder, _, _ in os.walk(root, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)


class Init:
    """Runs the agent in the foreground and starts it again when it ends, as an init system does."""

    def __init__(self, stack, program):
        self.stack, self.program, self.process = stack, program, None

    def start(self):
        log = open(self.stack.folder / "agent.log", "ab")
        with log:
            self.process = subprocess.Popen(
                [self.program, "agent", "run", "--stack", self.stack.name], env=self.stack.environment, cwd="/",
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def collect(self):
        """Waits for an agent that has ended, or that is to end because its stack was destroyed."""
        if self.process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(30)

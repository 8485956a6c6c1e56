"""Processes that end, hang, or get no memory."""
import contextlib
import os
import pathlib
import signal
import subprocess
import sys

from causes import cause
from harness import run, wait_for


@cause
def kill(platform, group):
    for name in group:
        platform.signal(platform.pids()[name], signal.SIGKILL)


@cause
def kill_monitor(platform, group):
    for name in group:
        platform.signal(platform.monitor_of(name), signal.SIGKILL)


@cause
def freeze(platform, group):
    pids = platform.pids()
    for name in group:
        platform.signal(pids[name], signal.SIGSTOP)


# Takes memory in the control group that it is put into, until it is ended.
HOG = """\
with open({procs!r}, "w") as file: file.write("0")
held = []
while True:
    held.append(bytearray(4 << 20))
    for at in range(0, 4 << 20, 4096): held[-1][at] = 1
"""


@cause
def take_all_memory(platform, group):
    for name in group:
        pid = platform.pids()[name]
        # So that the kernel ends the unit, not the one that takes the memory.
        pathlib.Path(f"/proc/{pid}/oom_score_adj").write_text("1000")
        events = platform.last_event()
        hog = subprocess.Popen([sys.executable, "-c", HOG.format(procs=str(platform.control_group(pid, "memory") / "cgroup.procs"))])
        try:
            platform.await_event(f"unit/{name} .*out of memory|unit/{name} ran out of memory|unit/{name} was ended by signal KILL", events)
        finally:
            hog.kill()
            hog.wait()


@cause
def kill_agent(platform, group):
    platform.signal(platform.agent(), signal.SIGKILL)
    platform.start_agent()


@cause
def kill_everything(platform, group):
    """A cut that leaves the machine's kernel alone: what is mounted, and the namespaces, stay."""
    end_everything(platform)
    platform.start_agent()


@cause
def restart_the_machine(platform, group):
    """What is left after a loss of power: the state folder. Processes, mounts, keys, devices, namespaces, control groups
    and everything in memory are gone; what the machine's own disk had not written yet is not lost here."""
    end_everything(platform)
    for folder in (platform.memory, platform.state):
        mounts = [line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
        for mount in reversed([m for m in mounts if m == str(folder) or m.startswith(f"{folder}/")]):
            run("umount", "--lazy", mount)
    for line in run("losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE", check=False).stdout.splitlines():
        device, _, file = line.partition(" ")
        if file.strip().startswith(f"{platform.state}/"):
            run("losetup", "--detach", device)
    for name in os.listdir("/run/netns"):
        if name == platform.namespace() or name.startswith(platform.namespace() + "-"):
            run("ip", "netns", "delete", name)
    run("rm", "-rf", platform.memory)
    for root in pathlib.Path("/sys/fs/cgroup").glob(f"**/allod/{platform.name}"):
        for folder, _, _ in os.walk(root, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)
    platform.start_agent()


def end_everything(platform):
    platform.signal(platform.agent(), signal.SIGKILL)

    def ended():
        for pid in platform.processes():
            platform.signal(pid, signal.SIGKILL)
        return not platform.processes()
    wait_for("all processes to end", ended, 30)

"""The agent's state file: lost, cut short, or with a bit turned; and two agents, or another build of it."""
import os
import pathlib
import signal

from causes import cause
from harness import binary, run


def refuses_until_recovered(platform):
    """Started as an init system would, it must end; then what the message says is typed."""
    platform.start_agent(wait=False)
    if platform.init.wait(60) == 0:
        raise AssertionError("the agent took a state file that is none")
    yield
    platform.allod("agent", "recover", check=True)
    platform.start_agent()
    kept = list(platform.state.glob("state.db.damaged-*"))
    for file in kept:
        file.unlink()


@cause
def lose_the_state(platform, group):
    platform.signal(platform.agent(), signal.SIGKILL)
    platform.collect()
    for file in platform.state.glob("state.db*"):
        if file.name != "state.db.backup":
            file.unlink()
    yield from refuses_until_recovered(platform)


@cause
def empty_the_state(platform, group):
    platform.end_agent()
    os.truncate(platform.state / "state.db", 0)
    yield from refuses_until_recovered(platform)


@cause
def truncate_the_state(platform, group):
    platform.end_agent()
    file = platform.state / "state.db"
    os.truncate(file, file.stat().st_size // 2)
    yield from refuses_until_recovered(platform)


@cause
def turn_a_bit_of_the_state(platform, group):
    platform.end_agent()
    with open(platform.state / "state.db", "r+b") as file:
        file.seek(4096)  # what kind of page the second one is
        byte = file.read(1)[0]
        file.seek(4096)
        file.write(bytes([byte ^ 0x10]))
    yield from refuses_until_recovered(platform)


@cause
def lose_the_state_in_use(platform, group):
    for file in platform.state.glob("state.db*"):
        if file.name != "state.db.backup":
            file.unlink()


@cause
def start_a_second_agent(platform, group):
    pid = platform.agent()
    done = run(binary(), "agent", "run", "--stack", platform.name, check=False, env=platform.environment)
    if done.returncode == 0 or f"runs already, process {pid}" not in done.stderr:
        raise AssertionError(f"a second agent ended with {done.returncode}: {done.stderr}")


def another_build(platform):
    """A copy of the program that says of itself that it is another build: its build id differs."""
    run("cp", binary(), platform.folder / "allod-next")
    with open(platform.folder / "allod-next", "r+b") as file:
        data = file.read(1 << 20)
        at = data.index(b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0") + 16  # ELF note NT_GNU_BUILD_ID: 20 bytes after its head
        file.seek(at)
        file.write(bytes(byte ^ 0xFF for byte in data[at:at + 20]))
    return str(platform.folder / "allod-next")


@cause
def upgrade_allod(platform, group):
    """And back. An agent that `up` starts is nobody's child; the one afterwards is ours again."""
    for program in (another_build(platform), binary()):
        before = platform.agent()
        run(program, "--file", platform.file, "up", env=platform.environment, cwd=platform.folder, timeout=300)
        platform.collect()
        if platform.agent() == before:
            raise AssertionError("the agent of another build did not make way")
    pathlib.Path(platform.folder / "allod-next").unlink()
    platform.end_agent()
    platform.start_agent()

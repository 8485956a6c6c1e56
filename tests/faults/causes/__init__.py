"""The ways to hurt a running platform, by the names that faults.json uses for them.

A cause is a function of the platform and a group of targets. Where it only strikes, the fault is over when it returns;
where it is a generator, the fault lasts until it is resumed after its `yield`, which does what the row's `remedy` says.
"""
import contextlib
import importlib
import inspect
import pathlib

CAUSES = {}


def cause(function):
    """Registers a function under its name, with blanks for underscores."""
    if inspect.isgeneratorfunction(function):
        made = contextlib.contextmanager(function)
    else:
        @contextlib.contextmanager
        def made(platform, group):
            function(platform, group)
            yield
    CAUSES[function.__name__.replace("_", " ")] = made
    return function


for module in sorted(pathlib.Path(__file__).parent.glob("[a-z]*.py")):
    importlib.import_module(f"causes.{module.stem}")

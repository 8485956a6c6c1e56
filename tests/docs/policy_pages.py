#!/usr/bin/env python3
"""The pages of docs/policies/ are what the policies' files say. ALLOD_ACCEPT=1 writes them anew. Argument: the
repository."""
import os
import pathlib
import subprocess
import sys

words = [] if os.environ.get("ALLOD_ACCEPT") else ["--check"]
sys.exit(subprocess.run([sys.executable, pathlib.Path(sys.argv[1]) / "tools/write-policy-pages", *words], check=False).returncode)

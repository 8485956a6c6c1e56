"""Reads configuration files the way their programs do and says where the content differs.

Standard input: a JSON list of {format, text, expected}. Prints one line for each difference.
"""
import configparser
import json
import re
import subprocess
import sys
import tempfile
import tomllib


def read_ini(text):
    parser = configparser.RawConfigParser(strict=False, default_section="no default section", delimiters=("=",))
    parser.optionxform = str
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections()}


def read_properties(text):
    """java.util.Properties.load for texts without continuation lines."""
    escapes = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}

    def unescape(part):
        units = re.sub(
            r"\\(?:u([0-9a-fA-F]{4})|(.))",
            lambda m: chr(int(m[1], 16)) if m[1] else escapes.get(m[2], m[2]), part)
        return units.encode("utf-16", "surrogatepass").decode("utf-16")

    result = {}
    text.encode("latin-1")
    for line in text.split("\n"):
        line = line.lstrip(" \t\f")
        if not line or line[0] in "#!":
            continue
        match = re.match(r"((?:\\.|[^=: \t\f\\])*)[ \t\f]*[=:]?[ \t\f]*(.*)", line)
        result[unescape(match[1])] = unescape(match[2])
    return result


def read_postgresql(text):
    """guc-file.l and DeescapeQuotedString of PostgreSQL."""
    result = {}
    for line in text.split("\n")[:-1]:
        match = re.fullmatch(r"([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*'((?:[^'\\\n]|\\.|'')*)'", line)
        if match is None:
            raise ValueError(line)
        escapes = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
        result[match[1]] = re.sub(
            r"\\(.)|''", lambda m: escapes.get(m[1], m[1]) if m[1] else "'", match[2])
    return result


def read_shell(text):
    with tempfile.NamedTemporaryFile("wb") as file:
        file.write(text.encode())
        file.flush()
        output = subprocess.run(["sh", "-c", '. "$0"; printf %s. "$value"', file.name], check=True, capture_output=True)
    return {"value": output.stdout.decode()[:-1]}


def read_table(text):
    """The fields of pg_hba.conf, a list of words each: next_token of PostgreSQL's hba.c."""
    word = r'((?:"(?:[^"]|"")*"|[^ \t\r,"#])+)'
    rows = []
    for line in text.split("\n")[:-1]:
        fields, rest = [], line
        while rest:
            words = []
            while True:
                match = re.match(word, rest)
                if match is None:
                    raise ValueError(line)
                words.append(re.sub(r'"((?:[^"]|"")*)"', lambda m: m[1].replace('""', '"'), match[1]))
                rest = rest[match.end():]
                if not rest.startswith(","):
                    break
                rest = rest[1:]
            fields.append(words)
            rest = rest.lstrip(" ")
        rows.append(fields)
    return rows


def read_yaml(text):
    import yaml
    return yaml.safe_load(text)


READERS = {
    "ini": read_ini, "properties": read_properties, "toml": tomllib.loads, "json": json.loads,
    "postgresql": read_postgresql, "shell": read_shell, "table": read_table, "yaml": read_yaml,
}


def main():
    skipped = set()
    for case in json.load(sys.stdin):
        try:
            got = READERS[case["format"]](case["text"])
        except ImportError:
            skipped.add(case["format"])
            continue
        except Exception as error:  # a reader that fails is a difference too
            got = repr(error)
        if got != case["expected"]:
            print(f"{case['format']}: {case['text']!r}\n  got {got!r}\n  for {case['expected']!r}")
    print("skipped:", ", ".join(sorted(skipped)), file=sys.stderr)


main()

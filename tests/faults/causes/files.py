"""Configuration files and identities, as they lie in the run folder."""
from causes import cause


def first_file(platform, unit):
    root = platform.memory / "files" / unit
    return next(path for path in sorted(root.rglob("*")) if path.is_file())


@cause
def edit_file(platform, group):
    for unit in group:
        file = first_file(platform, unit)
        file.write_text(file.read_text() + "\n# somebody was here\n")


@cause
def delete_file(platform, group):
    for unit in group:
        first_file(platform, unit).unlink()


@cause
def replace_file(platform, group):
    for unit in group:
        file = first_file(platform, unit)
        file.unlink()
        file.write_text("another file\n")


@cause
def edit_certificate(platform, group):
    for unit in group:
        file = platform.identity(unit) / "..data" / "certificate.pem"
        file.write_text(file.read_text().replace("A", "B", 1))


@cause
def remove_certificate(platform, group):
    for unit in group:
        (platform.identity(unit) / "..data" / "certificate.pem").unlink()


@cause
def replace_certificate(platform, group):
    """By the certificate of another component: well-formed, and not its own."""
    parts = ("certificate.pem", "key.pem")
    own = {unit: {part: (platform.identity(unit) / "..data" / part).read_text() for part in parts}
           for unit in sorted(platform.specs("identity"))}
    for unit in group:
        other = next(name for name in own if name.split(".")[0] != unit.split(".")[0])
        for part in parts:
            (platform.identity(unit) / "..data" / part).write_text(own[other][part])

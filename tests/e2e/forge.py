"""Certificates that should not be let in: made at test time, by root, who can reach the token's PIN."""
import base64
import pathlib
import re
import time

from harness import run


def blocks(pem):
    return re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", pem, re.S)


def der_of(pem):
    return base64.b64decode("".join(pem.strip().splitlines()[1:-1]))


def pem_of(der):
    text = base64.b64encode(der).decode()
    lines = "\n".join(text[at:at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def element(der, at=0):
    """The DER element at an offset: where its content begins and ends."""
    length, begin = der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, begin = int.from_bytes(der[begin:begin + size], "big"), begin + size
    return begin, begin + length


def wrap(tag, content):
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def reissued(stack, unit, folder, not_before, not_after):
    """A unit's certificate with other times, signed again by its component's issuing key in the token; and
    the unit's key."""
    identity, component = stack.identity(unit), unit.split(".")[0]
    leaf, issuing = blocks((identity / "certificate.pem").read_text())
    der = der_of(leaf)
    begin, _ = element(der)
    tbs_begin, tbs_end = element(der, begin)
    tbs = der[begin:tbs_end]
    times = re.findall(rb"\x17\x0d(\d{12}Z)", tbs)
    assert len(times) == 2, "the certificate's times are not in the expected form"
    for old, new in zip(times, (not_before, not_after)):
        tbs = tbs.replace(b"\x17\x0d" + old, b"\x17\x0d" + time.strftime("%y%m%d%H%M%SZ", time.gmtime(new)).encode(), 1)
    algorithm_end = element(der, tbs_end)[1]
    work = pathlib.Path(folder) / f"{component}-{int(not_after)}"
    work.mkdir(exist_ok=True)
    (work / "tbs").write_bytes(tbs)
    run("openssl", "dgst", "-sha256", "-binary", "-out", work / "digest", work / "tbs")
    token = stack.state / "token"
    tool = ["pkcs11-tool", "--module", "/usr/lib/softhsm/libsofthsm2.so", "--token-label", stack.name]
    environment = {"PATH": "/usr/bin:/bin", "SOFTHSM2_CONF": str(token / "softhsm2.conf"),
                   "PIN": (token / "pin").read_text().strip()}
    objects = run(*tool, "--list-objects", "--type", "pubkey", env=environment).stdout
    key = re.search(rf"label: +{re.escape(stack.name)}/{component} issuing\n +ID: +(\w+)", objects).group(1)
    run(*tool, "--login", "--pin", "env:PIN", "--sign", "--mechanism", "ECDSA", "--signature-format", "openssl", "--id", key,
        "--input-file", work / "digest", "--output-file", work / "signature", env=environment)
    signature = wrap(3, b"\0" + (work / "signature").read_bytes())
    (work / "certificate.pem").write_text(pem_of(wrap(0x30, tbs + der[tbs_end:algorithm_end] + signature)) + issuing)
    (work / "key.pem").write_bytes((identity / "key.pem").read_bytes())
    (work / "key.pem").chmod(0o600)
    return work / "certificate.pem", work / "key.pem"


def foreign(stack, unit, folder):
    """The chain of a unit made anew with keys of our own: every name as in the true one."""
    component = unit.split(".")[0]
    work = pathlib.Path(folder) / f"{component}-foreign"
    work.mkdir(exist_ok=True)
    uri = f"spiffe://{stack.domain}/{stack.name}/{component}"
    names = {"root": (f"{stack.name} root", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"),
             "issuing": (f"{stack.name}\\/{component} issuing",
                         "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"),
             "leaf": (component, "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                                 f"extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=URI:{uri},DNS:{component}\n")}
    signer = None
    for step, (name, extensions) in names.items():
        (work / f"{step}.ext").write_text(extensions)
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            work / f"{step}.key", "-subj", f"/CN={name}", "-out", work / f"{step}.csr")
        by = ["-CA", work / f"{signer}.pem", "-CAkey", work / f"{signer}.key"] if signer else ["-key", work / "root.key"]
        run("openssl", "x509", "-req", "-in", work / f"{step}.csr", *by, "-days", "2", "-set_serial", "0x7a11",
            "-extfile", work / f"{step}.ext", "-out", work / f"{step}.pem")
        signer = step
    (work / "certificate.pem").write_text((work / "leaf.pem").read_text() + (work / "issuing.pem").read_text())
    return work / "certificate.pem", work / "leaf.key"

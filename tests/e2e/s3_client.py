"""Runs in a component's network namespace: what a program does with an S3 binding, by boto3.

Reads {"binding", "address", "certificate", "key", "root", "do", …} from standard input, prints JSON.
An error of the server is {"code": …}, a connection that is refused {"refused": …}."""
import hashlib
import io
import json
import os
import socket
import ssl
import sys
import urllib.parse
import urllib.request

import boto3
import botocore.exceptions
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

ASKED = json.load(sys.stdin)
BINDING = ASKED["binding"]
BUCKET = ASKED.get("bucket", BINDING["bucket"])


def resolve_to(address):
    """Names of components stand in hosts files inside; here they lead to the one that is asked."""
    resolve = socket.getaddrinfo
    socket.getaddrinfo = lambda host, port, *more, **rest: resolve(address, port, *more, **rest)


def client():
    shown = (ASKED["certificate"], ASKED["key"]) if ASKED.get("certificate") else None
    return boto3.client(
        "s3", endpoint_url=BINDING["url"], region_name=BINDING["region"], aws_access_key_id=BINDING["accessKey"],
        aws_secret_access_key=BINDING["secretKey"], verify=ASKED["root"],
        config=Config(signature_version="s3v4", client_cert=shown, s3={"addressing_style": "path"}, connect_timeout=5,
                      read_timeout=60, retries={"total_max_attempts": 1}))


def round_trip(s3):
    s3.put_object(Bucket=BUCKET, Key="a/letter", Body=b"what nobody else may read", ContentType="text/plain", Metadata={"who": "app"})
    got = s3.get_object(Bucket=BUCKET, Key="a/letter")
    listed = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix="a/")["Contents"]]
    answer = {"body": got["Body"].read().decode(), "type": got["ContentType"], "metadata": got["Metadata"],
              "listed": listed}
    s3.delete_object(Bucket=BUCKET, Key="a/letter")
    try:
        s3.head_object(Bucket=BUCKET, Key="a/letter")
    except botocore.exceptions.ClientError as fault:
        answer["gone"] = fault.response["ResponseMetadata"]["HTTPStatusCode"]
    return answer


def multipart(s3):
    body = os.urandom(1 << 20) * 64
    s3.upload_fileobj(io.BytesIO(body), BUCKET, "large", Config=TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=8 << 20,
                                                                            max_concurrency=4))
    back = io.BytesIO()
    s3.download_fileobj(BUCKET, "large", back)
    head = s3.head_object(Bucket=BUCKET, Key="large")
    part = s3.get_object(Bucket=BUCKET, Key="large", Range="bytes=8388600-8388615")["Body"].read()
    s3.delete_object(Bucket=BUCKET, Key="large")
    return {"same": hashlib.sha256(back.getvalue()).digest() == hashlib.sha256(body).digest(), "size": head["ContentLength"],
            "parts": head["ETag"].strip('"').partition("-")[2], "range": part == body[8388600:8388616]}


def presigned(s3):
    context = ssl.create_default_context(cafile=ASKED["root"])
    context.load_cert_chain(ASKED["certificate"], ASKED["key"])

    def ask(url, **more):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, **more), context=context, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as fault:
            return fault.code, ""
    key = {"Bucket": BUCKET, "Key": "signed"}
    put = ask(s3.generate_presigned_url("put_object", Params=key, ExpiresIn=60), method="PUT", data=b"by a URL")
    url = s3.generate_presigned_url("get_object", Params=key, ExpiresIn=60)
    got = ask(url)
    other = ask(url.replace("/signed?", "/another?"))
    bare = ask(urllib.parse.urlsplit(url)._replace(query="").geturl())
    old = ask(s3.generate_presigned_url("get_object", Params=key, ExpiresIn=60).replace("X-Amz-Expires=60", "X-Amz-Expires=6000"))
    return {"put": put[0], "got": got, "another": other[0], "unsigned": bare[0], "altered": old[0]}


def versioning(s3):
    for text in (b"first", b"second"):
        s3.put_object(Bucket=BUCKET, Key="kept", Body=text)
    s3.delete_object(Bucket=BUCKET, Key="kept")
    told = s3.list_object_versions(Bucket=BUCKET, Prefix="kept")
    bodies = [s3.get_object(Bucket=BUCKET, Key="kept", VersionId=version["VersionId"])["Body"].read().decode()
              for version in told["Versions"]]
    return {"status": s3.get_bucket_versioning(Bucket=BUCKET).get("Status"), "bodies": sorted(bodies),
            "marked": len(told.get("DeleteMarkers", []))}


def attempts(s3):
    """What a stranger would try, each with the code of its refusal."""
    tries = {"list": lambda: s3.list_objects_v2(Bucket=BUCKET), "get": lambda: s3.get_object(Bucket=BUCKET, Key="x"),
             "put": lambda: s3.put_object(Bucket=BUCKET, Key="x", Body=b"x"), "delete": lambda: s3.delete_object(Bucket=BUCKET, Key="x"),
             "policy": lambda: s3.get_bucket_policy(Bucket=BUCKET), "open": lambda: s3.delete_bucket_policy(Bucket=BUCKET),
             "remove": lambda: s3.delete_bucket(Bucket=BUCKET), "make": lambda: s3.create_bucket(Bucket="anew-" + BUCKET)}
    return {name: outcome(attempt) for name, attempt in tries.items()}


def outcome(attempt):
    try:
        attempt()
        return "done"
    except botocore.exceptions.ClientError as fault:
        return fault.response["Error"]["Code"]


def put(s3):
    s3.put_object(Bucket=BUCKET, Key=ASKED["name"], Body=ASKED["body"].encode())
    return "done"


def get(s3):
    return s3.get_object(Bucket=BUCKET, Key=ASKED["name"])["Body"].read().decode()


if __name__ == "__main__":
    resolve_to(ASKED["address"])
    try:
        result = globals()[ASKED["do"]](client())
    except botocore.exceptions.ClientError as fault:
        result = {"code": fault.response["Error"]["Code"]}
    except (botocore.exceptions.SSLError, botocore.exceptions.ConnectionError, botocore.exceptions.HTTPClientError, OSError) as fault:
        result = {"refused": str(fault)}
    print(json.dumps(result))

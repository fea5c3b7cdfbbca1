"""What Schemathesis does beside its own for `make test-api`.

A coordinator without jobs would answer most requests with a 404. So one is given some first, and every other request that is valid
where it names a job, sweep, worker, file or token is changed to name one that is there. What Schemathesis has made invalid stays so.
"""

import hashlib
import itertools
import json
import os
import re
import urllib.request

import schemathesis

ADDRESS = os.environ["MEDSWEEP_COORDINATOR"]
TOKEN = os.environ.get("MEDSWEEP_TOKEN")
FINGERPRINT = "0123456789abcdef" * 4
SOURCE = "sweep: example\nfixed: {epochs: 2}\nmatrix: {method: [ae, vae], dataset: brain, seed: \"range(0, 4)\"}\n"
FILE = b"some bytes"
DIGEST = hashlib.sha256(FILE).hexdigest()
CONTENTS = {"brain": {"fingerprint": FINGERPRINT, "color": "grey"}}
ROOM = {"threads": 16, "memory": 64 << 30, "gpus": []}
PLATFORM = {"device": "cpu", "libtorch": "2.13.0", "kernels": "avx512"}
ENGINE = {"platform": PLATFORM, "precision": "float32", "threads": 1}
WORKER = {
    "name": "host-4711", "instance": "0123456789abcdef" * 2, "host": "host", "resources": ROOM, "platform": PLATFORM, "datasets": CONTENTS,
    "methods": ["ae", "vae"], "coreVersion": 2, "weights": [], "tags": [],
}
PROGRESS = {"stage": "training", "unit": "images", "done": 1, "total": 2, "work": 1, "share": 0.5}


def send(method, path, body):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {TOKEN}"} if TOKEN else {}
    with urllib.request.urlopen(urllib.request.Request(ADDRESS + path, data, headers, method=method)) as answer:
        return json.load(answer)


def prepare():
    """Submits a sweep, and lets one job be finished, one fail, and two run; the jobs' tokens by their identities."""
    send("POST", "/v1/sweeps", {"source": SOURCE, "file": "example.yaml", "overrides": [], "contents": CONTENTS})
    leases = send("POST", "/v1/leases", {"worker": WORKER, "free": ROOM, "limit": 4, "wait": 0})["leases"]
    identities, tokens = [lease["identity"] for lease in leases], [lease["token"] for lease in leases]
    send("PUT", f"/v1/artefacts/{DIGEST}", FILE)
    result = {
        "metrics": {"auc": 0.75, "ap": 0.5}, "losses": [1.0, 0.5], "artefacts": [{"name": "scores.json", "sha256": DIGEST, "size": len(FILE)}],
        "trainingSeconds": 1.0, "wallSeconds": 2.0, "peakMemory": 1 << 20, "worker": "host-4711", "host": "host", "engine": ENGINE, "notes": [],
    }
    send("POST", f"/v1/jobs/{identities[0]}/result", {"token": tokens[0], "result": result})
    send("POST", f"/v1/jobs/{identities[1]}/failure", {"token": tokens[1], "kind": "divergence", "error": "the loss is no number", "logTail": "", "signal": None})
    send("POST", f"/v1/jobs/{identities[2]}/checkpoint", {"token": tokens[2], "checkpoint": {"sha256": DIGEST, "work": 1, "engine": ENGINE}})
    send("POST", f"/v1/jobs/{identities[3]}/heartbeat", {"token": tokens[3], "progress": PROGRESS})
    return dict(zip(identities, tokens))


TOKENS = prepare()
IDENTITIES = itertools.cycle(TOKENS)
NUMBER = itertools.count()


def seconds(value):
    """The number that a body's or, as a text, a query's value stands for; otherwise one that is no wait."""
    try:
        return float(value) if type(value) in (int, float, str) else 0
    except ValueError:
        return 0


def is_digest(value):
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value)


@schemathesis.hook
def before_call(context, case, kwargs):
    body, path, query = case.body, case.path_parameters, case.query
    # The bound of a wait is tried by those that are beyond it; to sit one out tells nothing.
    for values in (body, query):
        if isinstance(values, dict) and 0 < seconds(values.get("wait")) <= 60:
            values["wait"] = type(values["wait"])(0)
    if next(NUMBER) % 2:
        return
    name = case.operation.definition.raw["operationId"]
    if isinstance(path, dict):
        if isinstance(path.get("identity"), str) and re.fullmatch("[0-9a-f]{8,64}", path["identity"]):
            path["identity"] = next(IDENTITIES)
        if isinstance(path.get("name"), str) and re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]{0,99}", path["name"]):
            path["name"] = "host-4711" if name == "controlWorker" else "example"
        if is_digest(path.get("digest")):
            path["digest"] = hashlib.sha256(body).hexdigest() if name == "putFile" and isinstance(body, bytes) else DIGEST
    if isinstance(body, dict):
        if isinstance(path, dict) and isinstance(body.get("token"), str) and path.get("identity") in TOKENS:
            body["token"] = TOKENS[path["identity"]]
        if isinstance(body.get("source"), str):
            body["source"] = SOURCE
        files = body.get("result", {}).get("artefacts") if isinstance(body.get("result"), dict) else [body.get("checkpoint")]
        for file in files if isinstance(files, list) else []:
            if isinstance(file, dict) and is_digest(file.get("sha256")):
                file["sha256"] = DIGEST

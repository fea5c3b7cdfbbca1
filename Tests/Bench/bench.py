#!/usr/bin/env python3
"""Measures how many images a second PyTorch trains on, written the usual way.

    bench.py DIR [--threads N]

Reads the same directory as parity.py; the method is `ae` or `vae`, and the manifest also gives "steps", the number of
timed steps. Three steps before them are not timed. The manifest's batches are used in turn, again from the first
where there are fewer than steps. Prints {"images_per_second": ...}. `--threads` overrules the manifest.
"""

import argparse
import itertools
import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Reference"))

import torch

from reference import images_from, model_from, read_directory, training_loss

WARM_UP = 3


def main():
    parser = argparse.ArgumentParser(description="time training in PyTorch")
    parser.add_argument("directory")
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()

    manifest, initial, data = read_directory(arguments.directory)
    method = manifest["method"]
    if method not in ("ae", "vae"):
        parser.error(f"method {method} is not measured")
    torch.set_num_threads(arguments.threads or manifest["threads"])
    model = model_from(manifest, initial).train()
    train = images_from(data["train"])
    optimiser = torch.optim.Adam(model.parameters(), lr=manifest["learning_rate"])
    batches = itertools.cycle(torch.tensor(indices) for indices in manifest["batches"])

    def step():
        x = train[next(batches)]
        optimiser.zero_grad(set_to_none=True)
        loss, _ = training_loss(method, model, x)
        loss.backward()
        optimiser.step()
        return len(x)

    for _ in range(WARM_UP):
        step()
    start = time.perf_counter()
    images = sum(step() for _ in range(manifest["steps"]))
    seconds = time.perf_counter() - start
    print(json.dumps({"images_per_second": images / seconds}))


if __name__ == "__main__":
    main()

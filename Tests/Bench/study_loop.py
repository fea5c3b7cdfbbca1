#!/usr/bin/env python3
"""Trains and scores a grid of jobs the way the study's own code does: one process a job, one after the other, in eager PyTorch.

    study_loop.py DATA [--epochs N] [--jobs METHOD:DATASET:SEED ...]

DATA has the data sets' folders as `medsweep data demo` makes them, each with the study's data.json and images/; without
options the jobs of study-loop.yaml are run, which is the sweep to compare with. Each process imports PyTorch, decodes every
image with Pillow into a list (grey, 64 × 64, bilinear), trains on all cores with a DataLoader of shuffled batches of 64 and Adam
at 1e-3, and scores the test images one at a time.

In the study's favour two things are left out: scoring the test images on the way, at the first and every 25th epoch, and the
second process in which it loads everything again to score at the end.

Prints {"pytorch", "threads", "epochs", "seconds": of all, "jobs": [{"method", "dataset", "seed", "auc", "ap", "seconds": of the
whole process, "loading", "training", "scoring": parts of it}]}; what lacks in the parts is Python starting and importing.
"""

import argparse
import json
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Reference"))

METHODS = ("ae", "vae")
GRID = [f"{method}:{dataset}:{seed}" for method in METHODS
        for dataset in ("colin27-axial", "colin27-coronal", "ihc-patches") for seed in (0, 1)]
EPOCHS, SIZE, BATCH = 50, 64, 64


def run_job(folder, method, seed, epochs):
    """What the process of one job does; its result."""
    import random

    import numpy as np
    import torch
    from PIL import Image
    from sklearn.metrics import average_precision_score, roc_auc_score
    from torch.utils.data import DataLoader, Dataset

    from reference import AutoEncoder, score_map, training_loss

    class Images(Dataset):
        """Decoded and resized once, made into tensors each time they are asked for."""

        def __init__(self, part):
            self.images, self.labels = [], []
            with open(f"{folder}/data.json", encoding="utf-8") as file:
                classes = json.load(file)[part]
            for label in sorted(classes):
                for name in classes[label]:
                    with Image.open(f"{folder}/images/{name}") as image:
                        self.images.append(image.convert("L").resize((SIZE, SIZE), Image.BILINEAR))
                    self.labels.append(int(label))

        def __len__(self):
            return len(self.images)

        def __getitem__(self, index):
            pixels = torch.from_numpy(np.array(self.images[index])).view(1, SIZE, SIZE).float().div(255)
            return pixels.sub(0.5).div(0.5), self.labels[index]

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    start = time.perf_counter()
    train, test = Images("train"), Images("test")
    loaded = time.perf_counter()

    model = AutoEncoder(input_size=SIZE, variational=method == "vae")
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    batches = DataLoader(train, batch_size=BATCH, shuffle=True)
    model.train()
    for _ in range(epochs):
        total = 0.0
        for x, _ in batches:
            optimiser.zero_grad()
            loss, _ = training_loss(method, model, x)
            loss.backward()
            optimiser.step()
            total += loss.item() * len(x)
    trained = time.perf_counter()

    model.eval()
    scores, labels = [], []
    with torch.no_grad():
        for x, label in DataLoader(test, batch_size=1):
            scores.append(score_map(method, model, x).mean().item())
            labels.append(label.item())
    scored = time.perf_counter()
    return {
        "auc": float(roc_auc_score(labels, scores)), "ap": float(average_precision_score(labels, scores)),
        "loading": loaded - start, "training": trained - loaded, "scoring": scored - trained, "loss": total / len(train),
        "pytorch": torch.__version__, "threads": torch.get_num_threads()}


def main():
    parser = argparse.ArgumentParser(description="train and score jobs as the study's code does")
    parser.add_argument("data", help="the folder of the data sets")
    parser.add_argument("--jobs", nargs="+", default=GRID, help="METHOD:DATASET:SEED (default: those of study-loop.yaml)")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="default: %(default)s, as in study-loop.yaml")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    jobs = []
    for job in arguments.jobs:
        method, _, rest = job.partition(":")
        dataset, _, seed = rest.rpartition(":")
        if method not in METHODS or not seed.isdecimal() or not os.path.exists(f"{arguments.data}/{dataset}/data.json"):
            parser.error(f"{job} is not METHOD:DATASET:SEED with a method of {', '.join(METHODS)} and a data set of {arguments.data}")
        jobs.append((method, dataset, int(seed)))
    if arguments.here:
        (method, dataset, seed), = jobs
        print(json.dumps(run_job(f"{arguments.data}/{dataset}", method, seed, arguments.epochs)))
        return

    results, begin = [], time.perf_counter()
    for text, (method, dataset, seed) in zip(arguments.jobs, jobs):
        start = time.perf_counter()
        process = subprocess.run(
            [sys.executable, os.path.abspath(__file__), arguments.data, "--epochs", str(arguments.epochs), "--jobs", text, "--here"],
            stdout=subprocess.PIPE)
        seconds = time.perf_counter() - start
        if process.returncode != 0:
            sys.exit(f"{text} failed with status {process.returncode}")
        result = json.loads(process.stdout)
        engine = {key: result.pop(key) for key in ("pytorch", "threads")}
        results.append({"method": method, "dataset": dataset, "seed": seed, "seconds": seconds, **result})
        print(f"{text}  AUC {result['auc']:.3f}  {seconds:.1f} s", file=sys.stderr)
    print(json.dumps({**engine, "epochs": arguments.epochs, "seconds": time.perf_counter() - begin, "jobs": results}))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Trains and scores a grid of jobs the way the study's own scripts do: one job after the other, in eager PyTorch on all cores.

    study_loop.py DATA [--epochs N] [--once] [--jobs METHOD:DATASET:SEED ...]

DATA has the data sets' folders as `medsweep data demo` makes them, each with the study's data.json, images/ and perhaps masks/;
without options the jobs of study-loop.yaml are run, which is the sweep to compare with. As in the study's train_eval.sh, a job
is two processes. The first imports PyTorch, decodes every image with Pillow into a list (grey, 64 × 64, bilinear), trains
with a DataLoader of shuffled batches of 64 and Adam at 1e-3, scores the test images one at a time after the first and every
25th epoch, and saves the weights. The second decodes the test images anew and scores them. Where there are masks, each scoring
ends with the pixels' average precision, AUC and best Dice of 200 thresholds, which the study takes in 8 processes.

With --once a job is one process, which scores once at its end and knows no pixels. In the study's favour its pictures of all
test images, its count of operations and its log on the web are left out either way.

Prints {"pytorch", "threads", "epochs", "seconds": of all, "jobs": [{"method", "dataset", "seed", "auc", "ap", "seconds": of its
processes, "loading", "training", "scoring": parts of them}]}; what lacks in the parts is Python starting and importing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Reference"))

METHODS = ("ae", "vae")
GRID = [f"{method}:{dataset}:{seed}" for method in METHODS
        for dataset in ("colin27-axial", "colin27-coronal", "ihc-patches") for seed in (0, 1)]
EPOCHS, SIZE, BATCH = 50, 64, 64


def dice(maps, masks, threshold):
    import numpy as np

    predictions = np.where(maps > threshold, 1, 0)
    return 2 * np.sum(predictions * masks) / (predictions.sum() + masks.sum())


def best_dice(maps, masks):
    """As the study searches for it: thresholds at 200 places of the sorted pixels, in 8 processes."""
    from functools import partial
    from multiprocessing import Pool

    import numpy as np

    thresholds = np.sort(maps.reshape(-1))[np.arange(0, maps.size, maps.size // 200)]
    with Pool(8) as pool:
        return float(max(pool.map(partial(dice, maps, masks), thresholds)))


def run_process(folder, method, seed, epochs, part, weights):
    """What one process of a job does: `train`, `test` or, with --once, both as `once`; its result."""
    import random

    import numpy as np
    import torch
    from PIL import Image
    from sklearn.metrics import average_precision_score, roc_auc_score
    from torch.utils.data import DataLoader, Dataset

    from reference import AutoEncoder, score_map, training_loss

    has_masks = part != "once" and os.path.isdir(f"{folder}/masks") and bool(os.listdir(f"{folder}/masks"))

    class Images(Dataset):
        """Decoded and resized once, made into tensors each time they are asked for."""

        def __init__(self, part):
            self.images, self.labels, self.masks = [], [], []
            with open(f"{folder}/data.json", encoding="utf-8") as file:
                classes = json.load(file)[part]
            for label in sorted(classes):
                for name in classes[label]:
                    with Image.open(f"{folder}/images/{name}") as image:
                        self.images.append(image.convert("L").resize((SIZE, SIZE), Image.BILINEAR))
                    self.labels.append(int(label))
                    if has_masks and part == "test":
                        mask, path = np.zeros((SIZE, SIZE), dtype=np.uint8), f"{folder}/masks/{name}"
                        if os.path.exists(path):
                            with Image.open(path) as image:
                                mask = (np.array(image.convert("L").resize((SIZE, SIZE), Image.NEAREST)) > 0).astype(np.uint8)
                        self.masks.append(mask)

        def __len__(self):
            return len(self.images)

        def __getitem__(self, index):
            pixels = torch.from_numpy(np.array(self.images[index])).view(1, SIZE, SIZE).float().div(255)
            return pixels.sub(0.5).div(0.5), self.labels[index]

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    start = time.perf_counter()
    train = Images("train") if part != "test" else None
    test = Images("test")
    seconds = {"loading": time.perf_counter() - start, "training": 0.0, "scoring": 0.0}
    model = AutoEncoder(input_size=SIZE, variational=method == "vae")

    def evaluate():
        start = time.perf_counter()
        model.eval()
        maps, labels = [], []
        for x, label in DataLoader(test, batch_size=1):
            maps.append(score_map(method, model, x).detach())
            labels.append(label.item())
        maps = torch.cat(maps).numpy()
        scores = maps.mean(axis=(1, 2, 3))
        result = {"auc": float(roc_auc_score(labels, scores)), "ap": float(average_precision_score(labels, scores))}
        if has_masks:
            masks = np.stack(test.masks)[:, None]
            result["pixel_ap"] = float(average_precision_score(masks.reshape(-1), maps.reshape(-1)))
            result["pixel_auc"] = float(roc_auc_score(masks.reshape(-1), maps.reshape(-1)))
            result["best_dice"] = best_dice(maps, masks)
        model.train()
        seconds["scoring"] += time.perf_counter() - start
        return result

    result = {}
    if part != "test":
        optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
        batches = DataLoader(train, batch_size=BATCH, shuffle=True)
        model.train()
        for epoch in range(1, epochs + 1):
            start, total = time.perf_counter(), 0.0
            for x, _ in batches:
                optimiser.zero_grad()
                loss, _ = training_loss(method, model, x)
                loss.backward()
                optimiser.step()
                total += loss.item() * len(x)
            seconds["training"] += time.perf_counter() - start
            if part == "train" and (epoch == 1 or epoch % 25 == 0):
                evaluate()
        result["loss"] = total / len(train)
        if weights:
            torch.save(model.state_dict(), weights)
    if part != "train":
        if part == "test":
            model.load_state_dict(torch.load(weights))
        result.update(evaluate())
    return {**result, **seconds, "pytorch": torch.__version__, "threads": torch.get_num_threads()}


def main():
    parser = argparse.ArgumentParser(description="train and score jobs as the study's code does")
    parser.add_argument("data", help="the folder of the data sets")
    parser.add_argument("--jobs", nargs="+", default=GRID, help="METHOD:DATASET:SEED (default: those of study-loop.yaml)")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="default: %(default)s, as in study-loop.yaml")
    parser.add_argument("--once", action="store_true", help="one process a job, which scores once")
    parser.add_argument("--here", choices=("train", "test", "once"), help=argparse.SUPPRESS)
    parser.add_argument("--weights", help=argparse.SUPPRESS)
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
        print(json.dumps(run_process(
            f"{arguments.data}/{dataset}", method, seed, arguments.epochs, arguments.here, arguments.weights)))
        return

    results, begin = [], time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for text, (method, dataset, seed) in zip(arguments.jobs, jobs):
            start, result = time.perf_counter(), {}
            for part in ("once",) if arguments.once else ("train", "test"):
                process = subprocess.run(
                    [sys.executable, os.path.abspath(__file__), arguments.data, "--epochs", str(arguments.epochs), "--jobs", text,
                     "--here", part, "--weights", f"{folder}/weights.pt"],
                    stdout=subprocess.PIPE)
                if process.returncode != 0:
                    sys.exit(f"{text} failed with status {process.returncode}")
                for key, value in json.loads(process.stdout).items():
                    result[key] = result.get(key, 0) + value if key in ("loading", "training", "scoring") else value
            seconds = time.perf_counter() - start
            engine = {key: result.pop(key) for key in ("pytorch", "threads")}
            results.append({"method": method, "dataset": dataset, "seed": seed, "seconds": seconds, **result})
            print(f"{text}  AUC {result['auc']:.3f}  {seconds:.1f} s", file=sys.stderr)
    print(json.dumps({**engine, "epochs": arguments.epochs, "seconds": time.perf_counter() - begin, "jobs": results}))


if __name__ == "__main__":
    main()

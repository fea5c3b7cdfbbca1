#!/usr/bin/env python3
"""Trains an autoencoder in PyTorch on data, weights and batches that another implementation chose.

    parity.py DIR

Reads
    DIR/manifest.json        {"method": "ae" | "ae-l1" | "ae-ssim", "latent_size", "hidden_size", "width", "depth",
                              "input_size", "channels", "learning_rate", "threads",
                              "parameters": [names in construction order], "batches": [[image indices], ...]}
                             optionally "buffers": names of running mean, running variance of each batch norm in turn
    DIR/initial.safetensors  the parameters (and buffers) under those names, F32
    DIR/data.safetensors     train U8 [N,C,S,S], test U8 [M,C,S,S], labels I64 [M] (1 = abnormal)
and writes
    DIR/pytorch.json         {"losses": [one a step], "auc", "ap", "seconds": of training, "scores": [M]}

Each batch is one step of Adam. A score is the mean of the image's map in evaluation mode.

Rounding grows from step to step, fastest with batches of very few images: expect equal losses in the first steps
only, and later on results that are alike.
"""

import argparse
import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Reference"))

import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from reference import images_from, model_from, read_directory, score_map, training_loss


def main():
    parser = argparse.ArgumentParser(description="train the same autoencoder in PyTorch")
    parser.add_argument("directory")
    directory = parser.parse_args().directory

    manifest, initial, data = read_directory(directory)
    method = manifest["method"]
    if method not in ("ae", "ae-l1", "ae-ssim"):
        parser.error(f"method {method} is not compared: its noise would differ")
    torch.set_num_threads(manifest["threads"])
    model = model_from(manifest, initial)
    train, test = images_from(data["train"]), images_from(data["test"])
    optimiser = torch.optim.Adam(model.parameters(), lr=manifest["learning_rate"])

    losses = []
    model.train()
    start = time.perf_counter()
    for indices in manifest["batches"]:
        optimiser.zero_grad(set_to_none=True)
        loss, _ = training_loss(method, model, train[indices])
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    seconds = time.perf_counter() - start

    model.eval()
    scores = []
    with torch.no_grad():
        for batch in test.split(64):
            scores += score_map(method, model, batch).mean(dim=(1, 2, 3)).tolist()
    labels = data["labels"].numpy()
    result = {
        "losses": losses,
        "auc": float(roc_auc_score(labels, scores)),
        "ap": float(average_precision_score(labels, scores)),
        "seconds": seconds,
        "scores": scores,
    }
    with open(f"{directory}/pytorch.json", "w") as file:
        json.dump(result, file)


if __name__ == "__main__":
    main()

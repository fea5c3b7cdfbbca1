#!/usr/bin/env python3
"""Makes the fixtures of methods that fit features instead of training: memory.safetensors. Run it without arguments; it needs
PyTorch, scikit-learn and SciPy.

Numbers are 0.9 * table[(i + 61 k) mod 4093] of make_features.py, k counting the inputs below.

    density/features [40,12] (k 1), density/tests [7,12] (k 2): given
    density/covariance, density/distances   scikit-learn's LedoitWolf, and the Mahalanobis form's root with the inverse by pinvh
    embedding/fine [2,5,8,8] (k 3), embedding/coarse [2,7,4,4] (k 4): given
    embedding/concat, embedding/original    patches as anomalib and as PatchCore's authors put them together; of the latter every
                                            97th number
    coreset/points [300,16] (k 5): given; coreset/starts: places 0, 31, 62 …; coreset/picks: 40 greedy picks
    nearest/patches [24,16] (k 6): given, twelve an image; nearest/distances, nearest/indices: the nearest of the picks
    nearest/scores                          each image's score weighted by 5 neighbours (equation 7 of the paper)
    smoothing/map [20,20] (k 7): given; smoothing/1.5, smoothing/4: SciPy's gaussian_filter
"""

import os
import sys

sys.dont_write_bytecode = True

import numpy as np
import torch
import torch.nn.functional as F
from scipy.linalg import pinvh
from scipy.ndimage import gaussian_filter
from sklearn.covariance import LedoitWolf

from make_features import FIXTURES, wave
from reference import save_tensors


def given(shape, k):
    return (0.9 * wave(int(np.prod(shape)), k)).reshape(shape)


def density(out):
    features, tests = given([40, 12], 1), given([7, 12], 2)
    model = LedoitWolf().fit(features)
    centred = tests - features.mean(0)
    out["density/features"], out["density/tests"] = features, tests
    out["density/covariance"] = model.covariance_
    out["density/distances"] = np.sqrt(np.einsum("ni,ij,nj->n", centred, pinvh(model.covariance_), centred))


def concat(fine, coarse):
    fine, coarse = (F.avg_pool2d(level, 3, 1, 1) for level in (fine, coarse))
    coarse = F.interpolate(coarse, size=fine.shape[2:], mode="bilinear", align_corners=False)
    both = torch.cat([fine, coarse], 1)
    return both.permute(0, 2, 3, 1).reshape(-1, both.shape[1])


def original(fine, coarse, width=1024):
    def patches(level):
        columns = F.unfold(level, 3, padding=1)
        return columns.reshape(level.shape[0], -1, *level.shape[2:])

    fine = patches(fine)
    coarse = F.interpolate(patches(coarse), size=fine.shape[2:], mode="bilinear", align_corners=False)
    rows = [F.adaptive_avg_pool1d(x.permute(0, 2, 3, 1).reshape(-1, 1, x.shape[1]), width) for x in (fine, coarse)]
    return F.adaptive_avg_pool1d(torch.cat(rows, 2), width).reshape(-1, width)


def embedding(out):
    fine, coarse = torch.tensor(given([2, 5, 8, 8], 3)), torch.tensor(given([2, 7, 4, 4], 4))
    out["embedding/fine"], out["embedding/coarse"] = fine.numpy(), coarse.numpy()
    out["embedding/concat"] = concat(fine, coarse).numpy()
    out["embedding/original"] = original(fine, coarse).numpy().reshape(-1)[::97]


def coreset(out):
    points = given([300, 16], 5)
    starts = np.arange(10) * 31
    distances = np.stack([np.linalg.norm(points - points[s], axis=1) for s in starts]).mean(0)
    picks = []
    for _ in range(40):
        pick = int(np.argmax(distances))
        picks.append(pick)
        distances = np.minimum(distances, np.linalg.norm(points - points[pick], axis=1))
    out["coreset/points"], out["coreset/starts"], out["coreset/picks"] = points, starts, np.array(picks)
    return points[picks]


def nearest(out, bank):
    patches = given([24, 16], 6)
    squared = ((patches[:, None] - bank[None]) ** 2).sum(2)
    out["nearest/patches"] = patches
    out["nearest/distances"], out["nearest/indices"] = squared.min(1), squared.argmin(1)
    scores = []
    for image in range(2):
        rows = squared[12 * image:12 * image + 12]
        worst = int(rows.min(1).argmax())
        found = bank[rows[worst].argmin()]
        around = np.argsort(((bank - found) ** 2).sum(1), kind="stable")[:5]
        plain = np.sqrt(rows[worst][around])
        share = np.exp(plain[0] - plain.max()) / np.exp(plain - plain.max()).sum()
        scores.append((1 - share) * np.sqrt(rows[worst].min()))
    out["nearest/scores"] = np.array(scores)


def smoothing(out):
    image = given([20, 20], 7)
    out["smoothing/map"] = image
    for deviation in (1.5, 4):
        out[f"smoothing/{deviation:g}"] = gaussian_filter(image, deviation)


def main():
    out = {}
    density(out)
    embedding(out)
    nearest(out, coreset(out))
    smoothing(out)
    tensors = {
        name: torch.tensor(value.astype(np.int64 if value.dtype.kind == "i" else np.float32)) for name, value in out.items()
    }
    save_tensors(os.path.join(FIXTURES, "memory.safetensors"), tensors)


if __name__ == "__main__":
    main()

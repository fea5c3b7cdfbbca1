#!/usr/bin/env python3
"""Makes pixel_metrics.json with NumPy, SciPy and scikit-learn. Run it without arguments.

{"cases": [{"name", "width", "height", "scores", "labels", "auc", "ap", "best_dice", "best_threshold", "best_dice_100",
"dice_max", "aupro", "aupro_5"}]}: `scores` and `labels` image after image, row by row. All scores are exact in single
precision.

auc, ap           roc_auc_score and average_precision_score of all pixels
best_dice         the study's: candidates are every floor(N / 200)-th of the ascending scores from index 0 (every one where
                  there are fewer than 200), prediction = score > candidate; `best_threshold` the first candidate that has it
best_dice_100     the same with floor(N / 100)
dice_max          over all distinct scores and minus infinity
aupro, aupro_5    mean over 8-connected regions of their share above the threshold, against the false positive rate, at each
                  distinct score by counting; trapezoids from (0, 0) up to a rate of 0.3 and 0.05 with the last one cut,
                  divided by that rate
"""

import json
import os
import sys

sys.dont_write_bytecode = True

import numpy as np
from scipy.ndimage import label
from sklearn.metrics import average_precision_score, roc_auc_score

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "AnomalyDetectionTests", "Fixtures")


def dice(predicted, truth):
    return 2 * np.sum(predicted & truth) / (predicted.sum() + truth.sum())


def best_dice(scores, truth, candidates):
    ordered = np.sort(scores.ravel())
    thresholds = ordered[::max(1, len(ordered) // candidates)]
    values = [dice(scores > threshold, truth) for threshold in thresholds]
    return max(values), float(thresholds[int(np.argmax(values))])


def region_overlap(scores, truth, limit):
    regions = []
    for index, mask in enumerate(truth):
        numbers, count = label(mask, structure=np.ones((3, 3)))
        regions += [(index, numbers == number) for number in range(1, count + 1)]
    rates, overlaps = [0.0], [0.0]
    for threshold in np.unique(scores)[::-1]:
        above = scores >= threshold
        rates.append(np.sum(above & ~truth) / np.sum(~truth))
        overlaps.append(np.mean([np.mean(above[index][region]) for index, region in regions]))
    area = 0.0
    for (x0, x1), (y0, y1) in zip(zip(rates, rates[1:]), zip(overlaps, overlaps[1:])):
        if x0 >= limit:
            break
        if x1 > limit:
            x1, y1 = limit, y0 + (y1 - y0) * (limit - x0) / (x1 - x0)
        area += (x1 - x0) * (y0 + y1) / 2
    return area / limit


def cases():
    random = np.random.RandomState(5)

    def single(values):
        return np.asarray(values, dtype=np.float32).astype(np.float64)

    def blobs(count, height, width):
        masks = np.zeros((count, height, width), dtype=bool)
        for mask in masks[: count - 1]:
            for _ in range(random.randint(1, 4)):
                top, left = random.randint(0, height - 2), random.randint(0, width - 2)
                mask[top : top + random.randint(1, 5), left : left + random.randint(1, 5)] = True
        return masks

    masks = blobs(5, 12, 10)
    yield "overlapping", single(np.round(random.randn(5, 12, 10) + 1.5 * masks, 3)), masks
    masks = blobs(6, 9, 14)
    yield "many-ties", single(random.randint(0, 12, masks.shape) + 3 * masks), masks
    masks = blobs(4, 16, 16)
    yield "squared-errors", single(np.round(random.gamma(0.4, 0.02, masks.shape) * (1 + 6 * masks), 5)), masks
    corners = np.zeros((2, 6, 6), dtype=bool)
    corners[0, [0, 1, 2, 4, 5, 5], [0, 1, 2, 4, 3, 0]] = True
    yield "corners-touch", single(np.round(random.rand(2, 6, 6), 2)), corners
    masks = blobs(3, 8, 8)
    yield "all-ties", single(np.full(masks.shape, 0.25)), masks
    yield "perfect", single(masks * 1.0), masks
    yield "inverted", single(1 - masks), masks
    yield "signs-and-zeros", single(random.randint(-2, 3, masks.shape) * random.choice([-1.0, 1.0], masks.shape) * 0.5), masks
    one = np.zeros((1, 7, 5), dtype=bool)
    one[0, 3, 2] = True
    yield "one-pixel", single(np.round(random.randn(1, 7, 5), 2)), one
    yield "all-but-one", single(np.round(random.randn(1, 7, 5), 2)), ~one
    yield "large-and-small", single(random.choice([-1.0, 1.0], masks.shape) * 10.0 ** random.randint(-30, 30, masks.shape)), masks


def main():
    lines = []
    for name, scores, truth in cases():
        best, threshold = best_dice(scores, truth, 200)
        flat, labels = scores.ravel(), truth.ravel().astype(int)
        lines.append(json.dumps({
            "name": name, "width": scores.shape[2], "height": scores.shape[1], "scores": flat.tolist(),
            "labels": labels.tolist(), "auc": float(roc_auc_score(labels, flat)),
            "ap": float(average_precision_score(labels, flat)), "best_dice": float(best), "best_threshold": threshold,
            "best_dice_100": float(best_dice(scores, truth, 100)[0]),
            "dice_max": float(max(dice(scores > t, truth) for t in [-np.inf, *np.unique(scores)])),
            "aupro": float(region_overlap(scores, truth, 0.3)), "aupro_5": float(region_overlap(scores, truth, 0.05))}))
    with open(f"{FIXTURES}/pixel_metrics.json", "w") as file:
        file.write('{"cases": [\n' + ",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    main()

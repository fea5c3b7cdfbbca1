#!/usr/bin/env python3
"""How many images torchvision transforms in a second on one core, beside the Swift test TransformTimes: the same recipes
on the same picture with Pillow. Run it without arguments."""

import os
import random
import time

import torch
from PIL import Image, ImageFilter
from torchvision import transforms as T
from torchvision.transforms import InterpolationMode

HERE = os.path.dirname(os.path.abspath(__file__))
SIDE = 224


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    random.seed(0)
    picture = Image.open(os.path.join(HERE, "astronaut.png")).convert("RGB").resize((SIDE, SIDE), Image.BICUBIC)
    crop = T.RandomResizedCrop(SIDE, scale=(0.2, 1))
    jitter = T.ColorJitter(0.4, 0.4, 0.4, 0.1)
    flip = T.RandomHorizontalFlip(0.5)

    def blur(image):
        return image.filter(ImageFilter.GaussianBlur(random.uniform(0.1, 2)))

    recipes = {
        "crop + jitter + blur + flip": T.Compose([crop, jitter, blur, flip]), "crop": crop, "jitter": jitter, "blur": blur,
        "flip": flip, "hue": T.ColorJitter(hue=0.1), "saturation": T.ColorJitter(saturation=0.4),
        "contrast": T.ColorJitter(contrast=0.4), "rotation, nearest": T.RandomRotation(3),
        "rotation, bilinear": T.RandomRotation(30, interpolation=InterpolationMode.BILINEAR),
    }
    for name, transform in recipes.items():
        best = float("inf")
        for _ in range(5):
            start = time.thread_time()
            for _ in range(200):
                transform(picture)
            best = min(best, time.thread_time() - start)
        print(f"{name}: {200 / best:.0f} images/s")


if __name__ == "__main__":
    main()

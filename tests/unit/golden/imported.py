"""What PyTorch says with weights that were made elsewhere: writes imported.txt, which
test_image_weights.c compares with.

    pip install torch==2.13.0 numpy && python tests/unit/golden/imported.py

The weights have the names and shapes of torchvision's ResNets (timm's ResNets have the same), with
values from the formula of resnet.py, so that the test can write the same file and none is
committed. Inference alone: with the running statistics that are in the file."""

import pathlib

import resnet
import torch

CASES = [(18, (3, 64, 64), 2), (50, (3, 64, 64), 2), (18, (3, 224, 224), 1)]  # depth, image, batch


def logits(depth, image, batch, dtype):
    model = resnet.ResNet1(depth).to(dtype).eval()
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                tensor.copy_(resnet.value(name, tensor.shape, resnet.kind_of(name, tensor)))
        return model(resnet.value("images", (batch, *image), "image").to(dtype))


def main():
    with open(pathlib.Path(__file__).with_suffix(".txt"), "w", encoding="ascii") as out:
        for depth, image, batch in CASES:
            truth, single = (logits(depth, image, batch, t) for t in (torch.float64, torch.float32))
            off = ((single - truth).abs().max() / truth.abs().max()).item()
            print("case", depth, *image, batch, f"{off:.3g}", file=out)
            for row in truth.tolist():
                print("logits", *(f"{v:.9g}" for v in row), file=out)


if __name__ == "__main__":
    main()

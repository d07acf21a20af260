"""%export of models: ONNX as onnxruntime runs it, safetensors as PyTorch loads it; and weights
in torchvision's names on their way in. PyTorch is asked where it is installed."""

import importlib.util
import json
import os
import pathlib
import re
import struct
import subprocess
import tarfile
import urllib.request

import numpy as np
import onnx
import onnxruntime
import pytest
from harness import SLOW, Kernel, echo_binary
from test_image_labels import make

CLASSES = 10
RNG = np.random.default_rng(4)


@pytest.fixture(scope="module")
def kernel(atelier_binary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    with Kernel(folder, command=[str(atelier_binary), "kernel"], ATELIER_WORKSPACE=str(folder / "workspace"),
                ATELIER_THREADS="2") as started:
        run(started, "%generate digits digits --rows 60 --seed 5")
        yield started
        run(started, "%cleanup --yes")


def run(kernel, code):
    cell = kernel.run(code, timeout=110 * SLOW)
    assert cell.reply["status"] == "ok", cell.reply.get("evalue")
    return cell.text()


def shown(kernel, code):
    cell = kernel.run(code, timeout=110 * SLOW)
    assert cell.reply["status"] == "ok", cell.reply.get("evalue")
    bundles = cell.contents("display_data") + cell.contents("execute_result")
    return cell.text() + "".join(b["data"]["text/plain"] for b in bundles)


def train(kernel, name, layers, side, channels=3, options="", **more):
    """One epoch of many small steps, so that the running statistics come near the true ones: far from
    them the outputs would be 0 and 1, which agree whatever was exported."""
    settings = {"num_layers": layers, "image_shape": f"{channels},{side},{side}", "resize": side, "epochs": 1,
                "mini_batch_size": 2, "learning_rate": 0.0002, **more}
    run(kernel, f"%%train {name} --data digits --algorithm image-classification --holdout 0 {options}\n"
        + "\n".join(f"{k} = {v}" for k, v in settings.items()))


def pictures(side, channels, count=3):
    """Pictures of which there is nothing to cut off and nothing to resize: smooth, with noise."""
    x = np.linspace(0, 255, side)
    smooth = (x[None, :, None, None] + np.roll(x, side // 3)[None, None, :, None]) / 2
    noisy = smooth * RNG.uniform(0.3, 1, (count, 1, 1, channels)) + RNG.normal(0, 20, (count, side, side, channels))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def answers(kernel, name, images):
    """What our endpoint says of the pictures: (N, classes)."""
    address = re.search(r"http://\S+/invocations", run(kernel, f"%deploy {name} --endpoint {name}")).group()
    found = []
    for image in images:
        head = b"P%d\n%d %d\n255\n" % (5 if image.shape[2] == 1 else 6, image.shape[1], image.shape[0])
        request = urllib.request.Request(address, head + image.tobytes(), {"Content-Type": "application/x-image"})
        with urllib.request.urlopen(request, timeout=60 * SLOW) as answer:
            found.append(json.loads(answer.read()))
    return np.array(found)


def read_safetensors(path):
    """Arrays by name, and the metadata. By the format's own words, without its library."""
    data = pathlib.Path(path).read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    meta = header.pop("__metadata__", {})
    body = data[8 + length:]
    arrays = {}
    for name, about in header.items():
        begin, end = about["data_offsets"]
        kind = {"F32": np.float32, "I64": np.int64}[about["dtype"]]
        arrays[name] = np.frombuffer(body[begin:end], kind).reshape(about["shape"])
    return arrays, meta


def write_safetensors(path, arrays):
    header, at = {}, 0
    for name, array in arrays.items():
        kind = {"float32": "F32", "int64": "I64"}[str(array.dtype)]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header).encode()
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + b"".join(a.tobytes() for a in arrays.values()))


def torchvision_weights(layers, classes=1000):
    """Names and shapes of torchvision's resnet18 or resnet50 (timm's are the same), as torch saves them."""
    bottleneck, units = {18: (False, (2, 2, 2, 2)), 50: (True, (3, 4, 6, 3))}[layers]
    arrays = {}

    def conv(name, outputs, inputs, kernel):
        deviation = np.sqrt(2 / (inputs * kernel * kernel))
        arrays[name + ".weight"] = RNG.normal(0, deviation, (outputs, inputs, kernel, kernel)).astype(np.float32)

    def norm(name, channels):
        arrays[name + ".weight"] = RNG.uniform(0.5, 1.5, channels).astype(np.float32)
        arrays[name + ".bias"] = RNG.normal(0, 0.1, channels).astype(np.float32)
        arrays[name + ".running_mean"] = RNG.normal(0, 0.1, channels).astype(np.float32)
        arrays[name + ".running_var"] = RNG.uniform(0.5, 1.5, channels).astype(np.float32)
        arrays[name + ".num_batches_tracked"] = np.array(100, np.int64)

    conv("conv1", 64, 3, 7)
    norm("bn1", 64)
    inputs = 64
    for stage, count in enumerate(units):
        inner = 64 << stage
        outputs = inner * 4 if bottleneck else inner
        for unit in range(count):
            name = f"layer{stage + 1}.{unit}."
            shapes = [(inner, inputs, 1), (inner, inner, 3), (outputs, inner, 1)] if bottleneck else \
                [(inner, inputs, 3), (inner, inner, 3)]
            for i, shape in enumerate(shapes):
                conv(f"{name}conv{i + 1}", *shape)
                norm(f"{name}bn{i + 1}", shape[0])
            if inputs != outputs or (stage and not unit):
                conv(name + "downsample.0", outputs, inputs, 1)
                norm(name + "downsample.1", outputs)
            inputs = outputs
    arrays["fc.weight"] = RNG.normal(0, 0.05, (classes, inputs)).astype(np.float32)
    arrays["fc.bias"] = np.zeros(classes, np.float32)
    return arrays


def twin(version, layers, side):
    """The PyTorch module of our golden values."""
    path = pathlib.Path(__file__).resolve().parents[1] / "unit/golden/resnet.py"
    spec = importlib.util.spec_from_file_location("golden_resnet", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ResNet1(layers) if version == 1 else module.ResNet2(layers, side)


def check_onnx(path, images, ours):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given, = session.get_inputs()
    assert (given.name, given.type, given.shape) == ("image", "tensor(uint8)", ["N", *images.shape[1:]])
    theirs, = session.run(["probabilities"], {"image": images})
    assert np.abs(theirs - ours).max() < 1e-4
    assert (theirs.argmax(1) == ours.argmax(1)).all()
    return {p.key: p.value for p in model.metadata_props}


def check_torch(version, layers, path, images, ours):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: its own loading is not tried")
    arrays, meta = read_safetensors(path)
    model = twin(version, layers, images.shape[1])
    model.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in arrays.items()}, strict=True)
    mean, deviation = (np.array([float(v) for v in meta[k].split(",")]) for k in ("mean", "deviation"))
    x = torch.from_numpy(((images - mean) / deviation).transpose(0, 3, 1, 2).astype(np.float32))
    with torch.no_grad():
        logits = model.eval()(x).numpy()
    # A softmax hides a constant: logits are compared less their mean, ours from the probabilities.
    assert ours.max() < 0.999
    logs = np.log(ours)
    distance = (logs - logs.mean(1, keepdims=True)) - (logits - logits.mean(1, keepdims=True))
    assert np.abs(distance).max() < 1e-4 * max(1, np.abs(logits).max())


@pytest.mark.parametrize("net", ["pools", "norms"])
def test_every_layer_is_what_onnxruntime_takes_it_for(tmp_path, net):
    """Nets that no model has, with the layers that ResNets lack: test_net_onnx.c leaves them here."""
    program = pathlib.Path(echo_binary()).with_name("test_net_onnx")
    if not program.exists():
        pytest.skip("the unit tests are not built")
    subprocess.run([program], env={**os.environ, "ATELIER_ONNX_FOLDER": str(tmp_path)}, check=True,
                   capture_output=True, timeout=60 * SLOW)
    images = np.fromfile(tmp_path / f"{net}.input", np.uint8).reshape(3, 17, 14, 3)
    check_onnx(tmp_path / f"{net}.onnx", images, np.fromfile(tmp_path / f"{net}.output", np.float32).reshape(3, 5))


LARGE = pytest.param(50, 48, 3, marks=pytest.mark.skipif(SLOW > 1, reason="minutes under sanitizers"))


@pytest.mark.parametrize("layers, side, channels", [(20, 28, 1), (20, 32, 3), LARGE])
def test_version_2_is_exported(kernel, tmp_path, layers, side, channels):
    name = f"net-{layers}-{side}"
    train(kernel, name, layers, side, channels)
    images = pictures(side, channels)
    ours = answers(kernel, name, images)
    assert "written to" in run(kernel, f"%export {name} {tmp_path}/net.onnx")
    meta = check_onnx(tmp_path / "net.onnx", images, ours)
    assert json.loads(meta["classes"]) == [str(k) for k in range(CLASSES)]
    assert meta["resize"] == str(side) and meta["channels"] == ("grey" if channels == 1 else "RGB")
    run(kernel, f"%export {name} {tmp_path}/net.safetensors")
    arrays, meta = read_safetensors(tmp_path / "net.safetensors")
    assert arrays["stage1_unit1_conv1.weight"].dtype == np.float32 and meta["format"] == "pt"
    if channels == 3:
        check_torch(2, layers, tmp_path / "net.safetensors", images, ours)


def test_torchvision_weights_come_in_and_go_out(kernel, tmp_path, layers=18):
    """In: every weight but the last layer's is the given one (nothing is learned at a rate of 0, only
    running statistics follow the pictures). Out: the same names and shapes."""
    given = torchvision_weights(layers, classes=CLASSES)
    if importlib.util.find_spec("torch"):  # else golden/imported.txt stands for it
        assert {k: tuple(v.shape) for k, v in twin(1, layers, 48).state_dict().items()} == \
            {k: v.shape for k, v in given.items()}
    write_safetensors(tmp_path / "given.safetensors", given)
    name = f"given-{layers}"
    train(kernel, name, layers, 48, options=f"--weights {tmp_path}/given.safetensors", learning_rate=0)
    run(kernel, f"%export {name} {tmp_path}/net.safetensors")
    arrays, meta = read_safetensors(tmp_path / "net.safetensors")
    assert sorted(arrays) == sorted(k for k in given if not k.endswith("num_batches_tracked"))
    assert meta["resnet_version"] == "1" and meta["num_layers"] == str(layers)
    for key, array in arrays.items():
        if key.startswith("fc."):
            assert len(array) == CLASSES
        elif "running_" in key:
            assert array.shape == given[key].shape
        else:
            assert (array == given[key]).all(), key
    images = pictures(48, 3)
    ours = answers(kernel, name, images)
    run(kernel, f"%export {name} {tmp_path}/net.onnx")
    check_onnx(tmp_path / "net.onnx", images, ours)
    check_torch(1, layers, tmp_path / "net.safetensors", images, ours)


def test_several_labels_are_exported_as_sigmoids(kernel, tmp_path):
    make(tmp_path / "several", 60, seed=3)
    run(kernel, f"%fetch several {tmp_path}/several/set.lst")
    run(kernel, "%%train several --data several --algorithm image-classification\nnum_layers = 20\n"
        "image_shape = 1,28,28\nepochs = 1\nmini_batch_size = 4\nlearning_rate = 0.01\nmulti_label = 1")
    images = pictures(28, 1)
    ours = answers(kernel, "several", images)
    run(kernel, f"%export several {tmp_path}/net.onnx")
    meta = check_onnx(tmp_path / "net.onnx", images, ours)
    assert ours.shape == (3, 3) and len(json.loads(meta["classes"])) == 3
    assert (np.abs(ours.sum(1) - 1) > 1e-3).any()  # no softmax


def test_a_models_folder_goes_out_and_comes_back(kernel, tmp_path):
    train(kernel, "packed", 20, 28, 1)
    assert "written to" in run(kernel, f"%export packed {tmp_path}/model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz") as archive:
        assert sorted(archive.getnames()) == ["model.json", "weights.safetensors"]
        archive.extractall(tmp_path / "folder", filter="data")
    images = pictures(28, 1)
    ours = answers(kernel, "packed", images)
    for name, source in (("back-1", "model.tar.gz"), ("back_2", "folder")):
        assert "image-classification" in run(kernel, f"%fetch {name} {tmp_path}/{source}")
        assert (answers(kernel, name, images) == ours).all()
        assert "accuracy" in shown(kernel, f"%evaluate {name} --data digits --resamples 0")
    assert "back-1" in shown(kernel, "%models") and "digits" in shown(kernel, "%datasets")


def test_a_model_of_rows_goes_out_and_comes_back(kernel, tmp_path):
    run(kernel, "%generate de-icing planes --rows 300")
    run(kernel, "%%train icing --data planes --target deicing\nepochs = 2")
    run(kernel, f"%export icing {tmp_path}/model.tgz")
    run(kernel, f"%fetch icing-again {tmp_path}/model.tgz")
    tables = []
    for name in ("icing", "icing-again"):
        assert "accuracy" in shown(kernel, f"%evaluate {name} --data planes --resamples 0").lower()
        run(kernel, f"%predict {name} --data planes --into said")
        run(kernel, f"%export said {tmp_path}/said.csv")
        tables.append((tmp_path / "said.csv").read_text())
    assert tables[0] == tables[1]
    run(kernel, "%generate digits digits --rows 60 --seed 5")
    cell = kernel.run("%evaluate icing-again --data digits")
    assert "lacks columns" in cell.reply["evalue"]


def test_a_damaged_model_is_refused(kernel, tmp_path):
    train(kernel, "whole", 20, 28, 1)
    run(kernel, f"%export whole {tmp_path}/model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz") as archive:
        archive.extractall(tmp_path / "folder", filter="data")
    weights, card = tmp_path / "folder/weights.safetensors", tmp_path / "folder/model.json"
    for path, content in ((weights, weights.read_bytes()[:5000]), (card, b"{}"), (card, b"no JSON")):
        kept = path.read_bytes()
        path.write_bytes(content)
        cell = kernel.run(f"%fetch damaged {tmp_path}/folder")
        assert cell.reply["status"] == "error", path
        path.write_bytes(kept)
    assert "damaged" not in shown(kernel, "%models")
    run(kernel, f"%fetch damaged {tmp_path}/folder")


def test_what_cannot_be_exported_is_said(kernel, tmp_path):
    run(kernel, "%generate de-icing flights --rows 200")
    run(kernel, "%%train rows --data flights --target deicing\nepochs = 1")

    def fails(code, *words):
        cell = kernel.run(code, timeout=60 * SLOW)
        assert cell.reply["status"] == "error"
        text = "\n".join(cell.reply["traceback"])
        assert all(word in text for word in words), text

    fails(f"%export rows {tmp_path}/rows.onnx", "a model of rows (linear-learner)", "%deploy")
    fails(f"%export rows {tmp_path}/rows.csv", "rows is a model", ".onnx")
    fails(f"%export flights {tmp_path}/flights.onnx", "flights")
    fails(f"%export flights {tmp_path}/flights.parquet", ".csv", ".onnx")
    fails(f"%export rows {tmp_path}/missing/net.onnx", "missing")
    assert not list(tmp_path.iterdir())

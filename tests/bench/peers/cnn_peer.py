"""One ResNet in a peer's hands: what cnn.py drives beside cnn_bench, by the same lines.

    cnn_peer.py PEER train|infer DEPTH SIDE BATCH CLASSES THREADS

PEER: eager, compile, jit (PyTorch, channels_last), autocast and bf16 (eager, with
torch.autocast and with all of the model in bfloat16), onnxruntime, openvino (inference, from
PyTorch's export). Reads "N", answers the seconds of N runs."""

import json
import pathlib
import resource
import sys
import tempfile
import time

STARTED = time.perf_counter()
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "unit/golden"))


def main():
    peer, mode = sys.argv[1:3]
    depth, side, batch, classes, threads = map(int, sys.argv[3:])
    import torch
    import resnet

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = resnet.ResNet1(depth)
    model.fc = torch.nn.Linear(model.fc.in_features, classes)
    x = torch.randn(batch, 3, side, side)
    labels = torch.arange(batch) % classes
    if mode == "train":
        run = trainer(torch, peer, model, x, labels)
    else:
        with torch.inference_mode():
            run = inferer(torch, peer, model.eval(), x, threads)
    run()
    print(json.dumps({"first_s": time.perf_counter() - STARTED}), flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        for _ in range(int(line)):
            run()
        seconds = (time.perf_counter() - started) / int(line)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "peak_mb": peak}), flush=True)


def trainer(torch, peer, model, x, labels):
    model = model.to(memory_format=torch.channels_last).train()
    x = x.to(memory_format=torch.channels_last)
    if peer == "bf16":
        model, x = model.bfloat16(), x.bfloat16()
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, weight_decay=1e-4,
                                fused=True)
    called = torch.compile(model) if peer == "compile" else model

    def run():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=peer == "autocast"):
            loss = torch.nn.functional.cross_entropy(called(x).float(), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return run


def inferer(torch, peer, model, x, threads):
    if peer in ("onnxruntime", "openvino"):
        return exported(torch, peer, model, x, threads)
    model = model.to(memory_format=torch.channels_last)
    x = x.to(memory_format=torch.channels_last)
    if peer == "bf16":
        model, x = model.bfloat16(), x.bfloat16()
    if peer == "compile":
        model = torch.compile(model)
    if peer == "jit":
        model = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, x)))

    def run():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16,
                                                    enabled=peer == "autocast"):
            return model(x)

    return run


def exported(torch, peer, model, x, threads):
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.onnx"
        torch.onnx.export(model, (x,), path, dynamo=False, input_names=["x"])
        data = x.numpy()
        if peer == "onnxruntime":
            import onnxruntime
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            session = onnxruntime.InferenceSession(path, options,
                                                   providers=["CPUExecutionProvider"])
            return lambda: session.run(None, {"x": data})
        import openvino
        core = openvino.Core()
        compiled = core.compile_model(path, "CPU", {"INFERENCE_NUM_THREADS": threads,
                                                    "INFERENCE_PRECISION_HINT": "f32"})
        request = compiled.create_infer_request()
        return lambda: request.infer({0: data})


if __name__ == "__main__":
    main()

"""``python networks.py KIND FOLDER``: makes a small network of a kind, in a process that may import its framework.

All of them take pictures, so that the order of axes matters, and their weights are random and not alike.
"""

import sys
from pathlib import Path

import numpy as np


def keras(folder):
    import keras

    keras.utils.set_random_seed(1)
    layers = keras.layers
    keras.Sequential(
        [keras.Input((6, 8, 3)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(5)]
    ).save(folder / "small.keras")


def saved_model(folder):
    import tensorflow as tf

    class Small(tf.Module):
        def __init__(self):
            self.w = tf.Variable(tf.random.stateless_normal((3, 3, 3, 4), (1, 2)))

        @tf.function(input_signature=[tf.TensorSpec([None, 6, 8, 3], tf.float32, name="image")])
        def __call__(self, image):
            return {"scores": tf.reduce_mean(tf.nn.relu(tf.nn.conv2d(image, self.w, 1, "SAME")), (1, 2))}

    small = Small()
    tf.saved_model.save(small, str(folder / "small"), signatures=small.__call__)


def onnx(folder, *, broken=False):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(1)
    w = numpy_helper.from_array(random.normal(size=(4, 3, 3, 3)).astype(np.float32), "w")
    v = numpy_helper.from_array(random.normal(size=(4 * 3 * 4, 5)).astype(np.float32), "v")
    nodes = [
        helper.make_node("Conv", ["image", "w"], ["c"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Flatten", ["r"], ["f"]),
        helper.make_node("MatMul", ["f", "v"], ["scores"]),
    ]
    height = "height" if broken else 6
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, height, 8])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 5])],
        [w, v],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, folder / ("open.onnx" if broken else "small.onnx"))


def open_onnx(folder):
    onnx(folder, broken=True)


def torch(folder):
    import torch

    class Small(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 4, 3, stride=2, padding=1)
            self.dense = torch.nn.Linear(4 * 3 * 4, 5)

        def forward(self, image):
            return self.dense(torch.relu(self.conv(image)).flatten(1))

    torch.manual_seed(1)
    exported = torch.export.export(Small().eval(), (torch.zeros(1, 3, 6, 8),))
    torch.export.save(exported, folder / "small.pt2")


def lambda_keras(folder):
    import keras

    keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2)]).save(folder / "lambda.keras")


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]))

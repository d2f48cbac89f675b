"""Small texts that stand for TFLM of 2020 and of today, as far as mcuprof reads its headers."""

from harness.models import OperatorUse

SCHEMA = """
enum BuiltinOperator {
  BuiltinOperator_ADD = 0,
  BuiltinOperator_CONV_2D = 3,
  BuiltinOperator_LEAKY_RELU = 98,
  BuiltinOperator_MIN = BuiltinOperator_ADD,
};
"""

OLD = {
    "tensorflow/lite/schema/schema_generated.h": SCHEMA,
    "tensorflow/lite/micro/micro_interpreter.h": """
/* Copyright 2018 The Authors. */
class MicroInterpreter {
  MicroInterpreter(const Model* model, const MicroOpResolver& op_resolver,
                   uint8_t* tensor_arena, size_t tensor_arena_size,
                   ErrorReporter* error_reporter);
};
""",
    "tensorflow/lite/micro/micro_mutable_op_resolver.h": """
// Copyright 2020 The Authors.
template <unsigned int tOpCount>
class MicroMutableOpResolver : public MicroOpResolver {
  TfLiteStatus AddBuiltin(tflite::BuiltinOperator op, TfLiteRegistration* registration, int version = 1);
};
""",
    "tensorflow/lite/micro/kernels/micro_ops.h": """
namespace tflite {
namespace ops {
namespace micro {
// Not this: Register_NEVER();
TfLiteRegistration* Register_ADD();
TfLiteRegistration* Register_CONV_2D();
TfLiteRegistration* Register_CIRCULAR_BUFFER();
}  // namespace micro
""",
    "tensorflow/lite/micro/debug_log.h": 'extern "C" void DebugLog(const char* s);',
    "tensorflow/lite/micro/micro_string.h": "int MicroVsnprintf(char* output, int len, ...);",
}

NEW = {
    "tensorflow/lite/schema/schema_generated.h": SCHEMA,
    "tensorflow/lite/micro/micro_interpreter.h": """
// Copyright 2023 The Authors. An ErrorReporter is no longer needed.
class MicroInterpreter {
  MicroInterpreter(const Model* model, const MicroOpResolver& op_resolver,
                   uint8_t* tensor_arena, size_t tensor_arena_size,
                   MicroResourceVariables* resource_variables = nullptr);
};
""",
    "tensorflow/lite/micro/micro_mutable_op_resolver.h": """
class MicroMutableOpResolver : public MicroOpResolver {
  TfLiteStatus AddCustom(const char* name, TfLiteRegistration* registration) { return kTfLiteOk; }
  TfLiteStatus AddAdd(const TfLiteRegistration& registration = Register_ADD()) {
    return AddBuiltin(BuiltinOperator_ADD, registration, ParseAdd);
  }
  TfLiteStatus AddCircularBuffer() {
    return AddCustom("CIRCULAR_BUFFER", tflite::Register_CIRCULAR_BUFFER());
  }
  TfLiteStatus AddConv2D(
      const TfLiteRegistration& registration = Register_CONV_2D()) {
    return AddBuiltin(BuiltinOperator_CONV_2D, registration, ParseConv2D);
  }
 private:
  TfLiteStatus AddBuiltin(tflite::BuiltinOperator op, const TfLiteRegistration& registration) {
    if (op == BuiltinOperator_CUSTOM) return kTfLiteError;
  }
};
""",
    "tensorflow/lite/micro/kernels/micro_ops.h": "namespace tflite { TfLiteRegistration Register_CONV_2D(); }",
    "tensorflow/lite/micro/kernels/cmsis_nn/conv.cpp": '#include "third_party/nn/nn.h"\n',
    "tensorflow/lite/micro/debug_log.h": "void DebugLog(const char* format, va_list args);",
    "tensorflow/lite/micro/micro_time.cpp": '#include "lamps/lamp.h"\n',
    "third_party/nn/nn.h": "",
    "third_party/nn/nn.c": "",
    "lamps/lamp.h": "",
}


def use(name, version=1, custom=None):
    return OperatorUse(name=name, version=version, custom=custom)


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def arduino_library(folder, sources, properties="name=Some_TFLM\nversion=1.2.3\nincludes=Some_TFLM.h\n"):
    write(folder, {f"src/{name}": text for name, text in sources.items()})
    write(folder, {"src/Some_TFLM.h": "#pragma once\n", "library.properties": properties})
    return folder


DOWNLOADS = "tensorflow/lite/micro/tools/make/downloads"
MICRO = "tensorflow/lite/micro"
MLIR = "tensorflow/compiler/mlir/lite"
KERNEL = """\
#include "tensorflow/lite/micro/kernels/{0}.h"
namespace tflite {{
namespace {{
int Prepare{0}() {{}}
}}
}}
"""

OTHERS = {
    "flatbuffers/include/flatbuffers/flatbuffers.h": '#pragma once\n#include "flatbuffers/base.h"\n',
    "flatbuffers/include/flatbuffers/base.h": "#pragma once\n#include <utility.h>\n",
    "gemmlowp/fixedpoint/fixedpoint.h": '#pragma once\n#include "../internal/detect_platform.h"\n',
    "gemmlowp/internal/detect_platform.h": "#pragma once\n",
    "ruy/ruy/profiler/instrumentation.h": "#pragma once\n",
    "ruy/ruy/profiler/instrumentation.cc": "#include <mutex>\n",
}
"""What TFLM needs of other projects, as its Makefile downloads it."""

CMSIS_NN = {
    "cmsis_nn/Include/arm_nnfunctions.h": '#pragma once\n#include "arm_nn_types.h"\n',
    "cmsis_nn/Include/arm_nn_types.h": "#pragma once\n#include <arm_mve.h>\n",
    "cmsis_nn/Source/Convolution/arm_convolve_s8.c": '#include "arm_nnfunctions.h"\n',
    "cmsis_nn/Source/Convolution/arm_convolve_f16.c": '#include "arm_nnfunctions.h"\n',
}

TREE = {
    "LICENSE": "Apache License\n",
    f"{MICRO}/tools/make/Makefile": "",
    "tensorflow/lite/schema/schema_generated.h": f'#include "{MLIR}/schema/schema_generated.h"\n',
    f"{MLIR}/schema/schema_generated.h": '#pragma once\n#include "flatbuffers/flatbuffers.h"\n',
    f"{MLIR}/core/api/error_reporter.h": "#pragma once\n",
    f"{MLIR}/core/api/error_reporter.cc": "",
    "tensorflow/lite/core/c/common.h": "#pragma once\n#define TF_LITE_ENSURE(context, a)\n",
    "tensorflow/lite/core/c/common.cc": '#include "tensorflow/lite/array.h"\n',
    "tensorflow/lite/array.h": "#pragma once\n",
    "tensorflow/lite/array.cc": "#include <memory>\n",
    "tensorflow/lite/kernels/internal/common.h": (
        '#pragma once\n#include "fixedpoint/fixedpoint.h"\n#include "ruy/profiler/instrumentation.h"\n'
    ),
    "tensorflow/lite/kernels/internal/common.cc": "",
    "tensorflow/lite/experimental/microfrontend/lib/fft.cc": '#include "kiss_fft.h"\n',
    f"{MICRO}/micro_interpreter.h": NEW[f"{MICRO}/micro_interpreter.h"] + f'#include "{MICRO}/micro_allocator.h"\n',
    f"{MICRO}/micro_interpreter.cc": f'#include "{MICRO}/micro_interpreter.h"\n#include "{MICRO}/micro_time.h"\n',
    f"{MICRO}/micro_interpreter_test.cc": f'#include "{MICRO}/test_helpers.h"\n',
    f"{MICRO}/micro_allocator.h": (
        f'#pragma once\n#include "{MICRO}/arena_allocator/arena.h"\n#include "{MICRO}/tflite_bridge/bridge.h"\n'
        '#include "tensorflow/lite/core/c/common.h"\n'
    ),
    f"{MICRO}/micro_allocator.cc": f'#include "{MICRO}/micro_allocator.h"\n',
    f"{MICRO}/arena_allocator/arena.h": "#pragma once\n",
    f"{MICRO}/arena_allocator/arena.cc": "",
    f"{MICRO}/arena_allocator/recording.h": "#pragma once\n",
    f"{MICRO}/arena_allocator/recording.cc": "",
    f"{MICRO}/tflite_bridge/bridge.h": (f'#pragma once\n#include "{MLIR}/core/api/error_reporter.h"\n'),
    f"{MICRO}/tflite_bridge/bridge.cc": "",
    f"{MICRO}/micro_mutable_op_resolver.h": (
        '#include "signal/micro/kernels/rfft.h"\n'
        + NEW[f"{MICRO}/micro_mutable_op_resolver.h"].replace(
            " private:",
            '  TfLiteStatus AddRfft() { return AddCustom("Rfft", tflite::tflm_signal::Register_RFFT()); }\n private:',
        )
    ),
    "signal/micro/kernels/rfft.h": "#pragma once\n",
    "signal/micro/kernels/rfft.cc": '#include "kiss_fft.h"\n',
    f"{MICRO}/debug_log.h": (
        "void DebugLog(const char* format, va_list args);\nint DebugVsnprintf(char* buffer, size_t size);\n"
    ),
    f"{MICRO}/debug_log.cc": "#include <cstdio>\n",
    f"{MICRO}/micro_time.h": "#pragma once\n",
    f"{MICRO}/micro_time.cc": "#include <ctime>\n",
    f"{MICRO}/test_helpers.h": "#pragma once\n",
    f"{MICRO}/test_helpers.cc": "",
    f"{MICRO}/kernels/add.h": '#pragma once\n#include "tensorflow/lite/kernels/internal/common.h"\n',
    f"{MICRO}/kernels/add.cc": KERNEL.format("add"),
    f"{MICRO}/kernels/add_common.cc": KERNEL.format("add").replace("Prepare", "Init"),
    f"{MICRO}/kernels/add_test.cc": "",
    f"{MICRO}/kernels/conv.h": "#pragma once\n",
    f"{MICRO}/kernels/conv.cc": KERNEL.format("conv"),
    f"{MICRO}/kernels/conv_test_common.cc": "",
    f"{MICRO}/kernels/cmsis_nn/conv.cc": '#include "Include/arm_nnfunctions.h"\n' + KERNEL.format("conv"),
    f"{MICRO}/kernels/kernel_runner.cc": f'#include "{MICRO}/fake_micro_context.h"\n',
    f"{MICRO}/kernels/lstm_flexbuffers_generated_data.cc": "",
}
"""A tree of TFLM's own sources as they are today, without the other projects."""


def tree(folder, *, others=OTHERS, place=DOWNLOADS, **more):
    """Write ``TREE`` with other projects into a folder; ``more`` are further files."""
    write(folder, TREE | {f"{place}/{name}": text for name, text in others.items()} | more)
    return folder

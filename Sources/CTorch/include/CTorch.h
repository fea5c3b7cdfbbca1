/// The narrow door to libtorch: a C API through which every ATen operator is reached by name.
///
/// Conventions: a function that can fail returns 0 on success; on failure it returns a `ct_failure` and sets
/// `*error` to a message that the caller frees with `ct_text_free`. Handles that come out of a function are owned
/// by the caller and given back with the matching `_release`.
#pragma once

#include "CTorchSimulation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_tensor ct_tensor;
typedef struct ct_generator ct_generator;
typedef struct ct_operator ct_operator;

typedef enum {
    CT_FAILED = 1,
    CT_OUT_OF_MEMORY = 2  ///< there is too little memory on the device in question, or in main memory
} ct_failure;

/// What a `ct_value` holds.
typedef enum {
    CT_NONE,          ///< an optional argument left out
    CT_TENSOR,        ///< `tensor`
    CT_TENSOR_LIST,   ///< `tensors`, `count`
    CT_INTEGER,       ///< `integer`; also data types and memory formats
    CT_NUMBER,        ///< `number`
    CT_BOOLEAN,       ///< `integer` != 0
    CT_INTEGER_LIST,  ///< `integers`, `count`
    CT_GENERATOR,     ///< `generator`
    CT_DEVICE,        ///< `text`, e.g. `cpu`, `cuda:0`
    CT_TEXT           ///< `text`
} ct_kind;

/// One argument of an operator. With a `name` it goes to the parameter of that name, otherwise to the next
/// position; parameters without an argument take the schema's default.
typedef struct {
    ct_kind kind;
    const char *_Nullable name;
    const ct_tensor *_Nullable tensor;
    const ct_tensor *_Nullable const *_Nullable tensors;
    const int64_t *_Nullable integers;
    const ct_generator *_Nullable generator;
    const char *_Nullable text;
    size_t count;
    int64_t integer;
    double number;
} ct_value;

/// Shape and kind of a tensor.
typedef struct {
    int64_t dimensions;
    /// Valid as long as the tensor lives.
    const int64_t *_Nullable sizes;
    int64_t elements;
    /// `c10::ScalarType` as a number: 0 byte, 4 int64, 6 float32, 7 float64, 11 bool.
    int32_t dtype;
    int32_t element_size;
    bool is_cpu;
    bool is_contiguous;
    bool requires_gradient;
} ct_description;

/// Finds an operator, e.g. ("relu", "") or ("randperm", "generator"). The handle is valid for the whole process.
int ct_operator_find(const char *_Nonnull name, const char *_Nonnull overload,
                     const ct_operator *_Nullable *_Nonnull result, char *_Nullable *_Nonnull error);

/// Calls an operator through the dispatcher's boxed entry. Tensors among the results (lists are flattened) are
/// written to `results`, at most `capacity`; a numeric result to `*scalar`.
int ct_call(const ct_operator *_Nonnull op, const ct_value *_Nullable arguments, size_t argument_count,
            ct_tensor *_Nullable *_Nonnull results, size_t capacity, size_t *_Nonnull result_count,
            double *_Nonnull scalar, char *_Nullable *_Nonnull error);

/// A tensor over the caller's memory, without a copy; `release(context)` is called when libtorch lets go of it.
int ct_tensor_wrap(const void *_Nonnull bytes, const int64_t *_Nullable sizes, size_t dimensions, int32_t dtype,
                   void (*_Nullable release)(void *_Nullable), void *_Nullable context,
                   ct_tensor *_Nullable *_Nonnull result, char *_Nullable *_Nonnull error);
void ct_tensor_release(ct_tensor *_Nonnull tensor);
ct_description ct_tensor_describe(const ct_tensor *_Nonnull tensor);
/// The first element of a contiguous tensor in main memory.
void *_Nullable ct_tensor_bytes(const ct_tensor *_Nonnull tensor);
/// The device as text: `cpu`, `cuda:0`.
char *_Nonnull ct_tensor_device(const ct_tensor *_Nonnull tensor);
int ct_tensor_require_gradient(const ct_tensor *_Nonnull tensor, bool required, char *_Nullable *_Nonnull error);
/// The accumulated gradient, or NULL.
ct_tensor *_Nullable ct_tensor_gradient(const ct_tensor *_Nonnull tensor);
void ct_tensor_clear_gradient(const ct_tensor *_Nonnull tensor);
int ct_tensor_backward(const ct_tensor *_Nonnull tensor, char *_Nullable *_Nonnull error);

/// The gradients of a scalar with respect to `count` tensors, written to `results`, NULL for one that it does not depend on;
/// nothing is accumulated anywhere. `keep_graph`: whether the scalar can be differentiated once more; `differentiable`: whether
/// the gradients can.
int ct_tensor_gradients(const ct_tensor *_Nonnull tensor, const ct_tensor *_Nullable const *_Nonnull inputs, size_t count,
                        bool keep_graph, bool differentiable, ct_tensor *_Nullable *_Nonnull results,
                        char *_Nullable *_Nonnull error);

/// A random stream of its own on `device`.
int ct_generator_make(const char *_Nonnull device, uint64_t seed, ct_generator *_Nullable *_Nonnull result,
                      char *_Nullable *_Nonnull error);
void ct_generator_release(ct_generator *_Nonnull generator);
/// The stream's whole state as a byte tensor.
int ct_generator_state(const ct_generator *_Nonnull generator, ct_tensor *_Nullable *_Nonnull result,
                       char *_Nullable *_Nonnull error);
int ct_generator_restore(const ct_generator *_Nonnull generator, const ct_tensor *_Nonnull state,
                         char *_Nullable *_Nonnull error);

/// How often the elements were written to by operators.
int64_t ct_tensor_version(const ct_tensor *_Nonnull tensor);
/// Whether `[N, C, H, W]` lies in memory with the channels side by side, and not row after row as well.
bool ct_tensor_is_channels_last(const ct_tensor *_Nonnull tensor);

/// Switches recording of gradients in the calling thread; returns what was set before.
bool ct_set_gradient_mode(bool enabled);
/// Switches convolutions and matrix products of float32 numbers on a kind of device to bfloat16 in the calling thread, or back;
/// returns what was set before.
bool ct_set_autocast(const char *_Nonnull device, bool enabled);
/// Whether they are in bfloat16 on the CPU.
bool ct_autocasts_cpu(void);
/// Whether gradients are recorded in the calling thread.
bool ct_gradient_mode(void);
void ct_set_threads(int32_t count);
int32_t ct_threads(void);
/// libtorch's version, e.g. `1.13.1`.
const char *_Nonnull ct_version(void);
/// libtorch's account of how it was built: BLAS, oneDNN, OpenMP.
char *_Nonnull ct_build(void);

/// Makes `cuda` devices usable, loading the CUDA half of libtorch, which lies beside the CPU half. On failure the message
/// is a clause that says why there are none.
int ct_cuda_open(char *_Nullable *_Nonnull error);
/// The GPUs that this process sees, 0 if libtorch cannot use them. Starts nothing on them.
int32_t ct_cuda_device_count(void);
/// A GPU's name and its memory in bytes; NULL if there is no such one.
char *_Nullable ct_cuda_device_name(int32_t index, int64_t *_Nonnull memory);
/// Takes the same algorithms in every run wherever there are such, and says whether matrix products and convolutions on a
/// GPU may round their factors to TF32's 10 bits.
void ct_configure(bool allows_tf32);

/// The code branch that MKL takes on this processor, by the numbers of its `MKL_CBWR_` constants; 0 without MKL.
int32_t ct_mkl_branch(void);
/// The processor that OpenBLAS has chosen its code for, e.g. `SkylakeX`; NULL without OpenBLAS.
const char *_Nullable ct_openblas_core(void);

/// One step of Adam on contiguous float32 memory in a single pass (eight passes through operators), with PyTorch's
/// order of operations; a complement is 1 - beta, taken in double precision, and `shrinkage` what parameters are multiplied
/// by before the step (1, or that of AdamW). It is bound by
/// memory, and a second thread would only compete with libtorch's own, which spin for a while after their work.
void ct_adam_step(float *_Nonnull parameter, const float *_Nonnull gradient, float *_Nonnull first_moment,
                  float *_Nonnull second_moment, size_t count, float beta1, float beta1_complement, float beta2,
                  float beta2_complement, float step_size, float inverse_correction_root, float epsilon,
                  float weight_decay, float shrinkage);

/// One step of gradient descent on contiguous float32 memory in a single pass; without momentum `velocity` is NULL.
void ct_sgd_step(float *_Nonnull parameter, const float *_Nonnull gradient, float *_Nullable velocity, size_t count,
                 float step_size, float momentum, bool nesterov, float weight_decay);

/// Batch normalisation in training mode with exact statistics, which are taken into the running ones; differentiable.
/// What comes out negative is multiplied by `slope`: 1 leaves it, 0 is ReLU.
/// `*result` is NULL, and nothing is done, for what is not rows of float32 channels in main memory: `[N, C]`, or
/// `[N, C, H, W]` with the channels side by side.
int ct_batch_norm(const ct_tensor *_Nonnull input, const ct_tensor *_Nonnull weight, const ct_tensor *_Nonnull bias,
                  const ct_tensor *_Nonnull running_mean, const ct_tensor *_Nonnull running_variance, double momentum,
                  double epsilon, double slope, ct_tensor *_Nullable *_Nonnull result, char *_Nullable *_Nonnull error);

/// A large linear layer, x Wᵀ + b of `[N, inputs]`, `[outputs, inputs]` and `[outputs]`, by oneDNN, which has AVX-512 code
/// for every processor where MKL has it for Intel's alone; differentiable. `*result` is NULL, and nothing is done, for what
/// is small, not float32 in main memory, or where this libtorch has no such way.
int ct_linear(const ct_tensor *_Nonnull input, const ct_tensor *_Nonnull weight, const ct_tensor *_Nonnull bias,
              ct_tensor *_Nullable *_Nonnull result, char *_Nullable *_Nonnull error);

/// A transposed convolution of stride 2 and padding 1 with a weight `[inputs, outputs, 4, 4]` of at most three outputs;
/// differentiable, with the same bits on any number of threads. The result has the channels side by side. `*result` is NULL,
/// and nothing is done, for other weights and for what is not float32 in main memory.
int ct_transposed_convolution(const ct_tensor *_Nonnull input, const ct_tensor *_Nonnull weight,
                              ct_tensor *_Nullable *_Nonnull result, char *_Nullable *_Nonnull error);

/// A convolution for oneDNN.
typedef struct {
    int64_t stride;
    int64_t padding;
    int64_t groups;
    bool is_transposed;
    /// What follows it: `none`, `relu`, `leaky_relu`, `hardtanh`, `swish`.
    const char *_Nonnull activation;
    /// What the activation takes: a slope, or two limits.
    const double *_Nullable numbers;
    size_t number_count;
} ct_convolution;

/// The weight of a convolution as oneDNN likes it best for inputs of the given sizes `[N, C, H, W]`, for `ct_convolve` alone.
/// `*result` is NULL where this libtorch has no such way.
int ct_convolution_pack(const ct_tensor *_Nonnull weight, const ct_convolution *_Nonnull convolution,
                        const int64_t *_Nonnull input_sizes, ct_tensor *_Nullable *_Nonnull result,
                        char *_Nullable *_Nonnull error);
/// The convolution with a packed weight and what follows it, in one pass; without gradients.
int ct_convolve(const ct_tensor *_Nonnull input, const ct_tensor *_Nonnull packed_weight, const ct_tensor *_Nullable bias,
                const ct_convolution *_Nonnull convolution, ct_tensor *_Nullable *_Nonnull result,
                char *_Nullable *_Nonnull error);

void ct_text_free(char *_Nullable text);

#ifdef __cplusplus
}
#endif

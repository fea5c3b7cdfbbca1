#include "CTorch.h"
#include "Guard.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

const at::Generator &generator_of(const ct_generator *handle) {
    return *reinterpret_cast<const at::Generator *>(handle);
}

c10::IValue value_of(const ct_value &value, const c10::Argument &parameter) {
    switch (value.kind) {
    case CT_NONE: return c10::IValue();
    case CT_TENSOR: return tensor_of(value.tensor);
    case CT_TENSOR_LIST: {
        c10::List<at::Tensor> list;
        list.reserve(value.count);
        for (size_t index = 0; index < value.count; ++index) list.push_back(tensor_of(value.tensors[index]));
        return list;
    }
    case CT_INTEGER:
        // `float` parameters take whole numbers too; the boxed entry does not convert by itself.
        if (parameter.type()->kind() == c10::TypeKind::FloatType) return double(value.integer);
        return value.integer;
    case CT_NUMBER: return value.number;
    case CT_BOOLEAN: return value.integer != 0;
    case CT_INTEGER_LIST: return std::vector<int64_t>(value.integers, value.integers + value.count);
    case CT_GENERATOR: return generator_of(value.generator);
    case CT_DEVICE: return at::Device(std::string(value.text));
    case CT_TEXT: return std::string(value.text);
    }
    throw std::runtime_error("an argument of unknown kind");
}

}  // namespace

int ct_operator_find(const char *name, const char *overload, const ct_operator **result, char **error) {
    return guarded(error, [&] {
        // Before the first operator, as libtorch remembers for good that it looked for CUDA in vain.
        cuda_problem();
        keep_memory();
        auto found = c10::Dispatcher::singleton().findSchema({std::string("aten::") + name, overload});
        if (!found.has_value()) {
            return fail(error, std::string("libtorch has no operator aten::") + name + (*overload ? "." : "") + overload);
        }
        *result = reinterpret_cast<const ct_operator *>(new c10::OperatorHandle(*found));
        return 0;
    });
}

int ct_call(const ct_operator *op, const ct_value *arguments, size_t argument_count, ct_tensor **results,
            size_t capacity, size_t *result_count, double *scalar, char **error) {
    return guarded(error, [&] {
        const auto &handle = *reinterpret_cast<const c10::OperatorHandle *>(op);
        const auto &parameters = handle.schema().arguments();
        torch::jit::Stack stack(parameters.size());
        std::vector<bool> given(parameters.size());
        size_t position = 0;
        for (size_t index = 0; index < argument_count; ++index) {
            size_t place = position;
            if (arguments[index].name != nullptr) {
                auto named = handle.schema().argumentIndexWithName(arguments[index].name);
                if (!named) return fail(error, toString(handle.operator_name()) + " has no parameter " + arguments[index].name);
                place = size_t(*named);
            } else {
                ++position;
            }
            if (place >= parameters.size()) return fail(error, toString(handle.operator_name()) + " takes fewer arguments");
            stack[place] = value_of(arguments[index], parameters[place]);
            given[place] = true;
        }
        for (size_t index = 0; index < parameters.size(); ++index) {
            if (given[index]) continue;
            if (!parameters[index].default_value()) {
                return fail(error, toString(handle.operator_name()) + " lacks its argument " + parameters[index].name());
            }
            stack[index] = *parameters[index].default_value();
        }
        handle.callBoxed(&stack);
        *result_count = 0;
        *scalar = 0;
        auto give = [&](at::Tensor tensor) {
            if (*result_count == capacity) throw std::runtime_error("more results than there is room for");
            results[(*result_count)++] = handle_of(std::move(tensor));
        };
        for (auto &value : stack) {
            if (value.isTensor()) {
                give(std::move(value).toTensor());
            } else if (value.isTensorList()) {
                for (at::Tensor tensor : value.toTensorList()) give(tensor);
            } else if (value.isInt()) {
                *scalar = double(value.toInt());
            } else if (value.isDouble()) {
                *scalar = value.toDouble();
            } else if (value.isBool()) {
                *scalar = value.toBool();
            }
        }
        return 0;
    });
}

int ct_tensor_wrap(const void *bytes, const int64_t *sizes, size_t dimensions, int32_t dtype,
                   void (*release)(void *), void *context, ct_tensor **result, char **error) {
    return guarded(error, [&] {
        auto options = at::TensorOptions().dtype(static_cast<c10::ScalarType>(dtype));
        auto tensor = at::from_blob(
            const_cast<void *>(bytes), at::IntArrayRef(sizes, dimensions),
            [release, context](void *) { if (release) release(context); }, options);
        *result = handle_of(std::move(tensor));
        return 0;
    });
}

void ct_tensor_release(ct_tensor *tensor) {
    TensorPointer::reclaim(reinterpret_cast<c10::TensorImpl *>(tensor)).reset();
}

ct_description ct_tensor_describe(const ct_tensor *handle) {
    const auto *object = reinterpret_cast<const c10::TensorImpl *>(handle);
    auto sizes = object->sizes();
    auto dtype = c10::typeMetaToScalarType(object->dtype());
    return {int64_t(sizes.size()), sizes.data(), object->numel(), int32_t(dtype), int32_t(object->itemsize()),
            object->device().is_cpu(), object->is_contiguous(), object->requires_grad()};
}

void *ct_tensor_bytes(const ct_tensor *handle) {
    auto tensor = tensor_of(handle);
    return tensor.device().is_cpu() ? tensor.data_ptr() : nullptr;
}

char *ct_tensor_device(const ct_tensor *handle) { return strdup(tensor_of(handle).device().str().c_str()); }

int ct_tensor_require_gradient(const ct_tensor *handle, bool required, char **error) {
    return guarded(error, [&] {
        tensor_of(handle).requires_grad_(required);
        return 0;
    });
}

ct_tensor *ct_tensor_gradient(const ct_tensor *handle) {
    auto gradient = tensor_of(handle).grad();
    return gradient.defined() ? handle_of(std::move(gradient)) : nullptr;
}

void ct_tensor_clear_gradient(const ct_tensor *handle) { tensor_of(handle).mutable_grad() = at::Tensor(); }

int ct_tensor_backward(const ct_tensor *handle, char **error) {
    return guarded(error, [&] {
        tensor_of(handle).backward();
        return 0;
    });
}

int ct_tensor_gradients(const ct_tensor *handle, const ct_tensor *const *inputs, size_t count, bool keep_graph,
                        bool differentiable, ct_tensor **results, char **error) {
    return guarded(error, [&] {
        std::vector<at::Tensor> sources;
        for (size_t index = 0; index < count; ++index) sources.push_back(tensor_of(inputs[index]));
        auto gradients = torch::autograd::grad({tensor_of(handle)}, sources, {}, keep_graph, differentiable, true);
        for (size_t index = 0; index < count; ++index) {
            results[index] = gradients[index].defined() ? handle_of(std::move(gradients[index])) : nullptr;
        }
        return 0;
    });
}

int ct_generator_make(const char *device, uint64_t seed, ct_generator **result, char **error) {
    return guarded(error, [&] {
        at::Device place{std::string(device)};
        at::Generator generator = place.is_cpu() ? at::detail::createCPUGenerator(seed)
                                                 : at::globalContext().defaultGenerator(place).clone();
        generator.set_current_seed(seed);
        *result = reinterpret_cast<ct_generator *>(new at::Generator(std::move(generator)));
        return 0;
    });
}

void ct_generator_release(ct_generator *generator) { delete reinterpret_cast<at::Generator *>(generator); }

int ct_generator_state(const ct_generator *handle, ct_tensor **result, char **error) {
    return guarded(error, [&] {
        *result = handle_of(generator_of(handle).get_state());
        return 0;
    });
}

int ct_generator_restore(const ct_generator *handle, const ct_tensor *state, char **error) {
    return guarded(error, [&] {
        at::Generator generator = generator_of(handle);
        generator.set_state(tensor_of(state));
        return 0;
    });
}

int64_t ct_tensor_version(const ct_tensor *handle) { return int64_t(tensor_of(handle)._version()); }

bool ct_tensor_is_channels_last(const ct_tensor *handle) {
    auto tensor = tensor_of(handle);
    return tensor.dim() == 4 && tensor.is_contiguous(at::MemoryFormat::ChannelsLast) && !tensor.is_contiguous();
}

bool ct_gradient_mode(void) { return c10::GradMode::is_enabled(); }

bool ct_set_gradient_mode(bool enabled) {
    bool before = c10::GradMode::is_enabled();
    c10::GradMode::set_enabled(enabled);
    return before;
}

void ct_adam_step(float *parameter, const float *gradient, float *first_moment, float *second_moment, size_t count,
                  float beta1, float beta1_complement, float beta2, float beta2_complement, float step_size,
                  float inverse_correction_root, float epsilon, float weight_decay, float shrinkage) {
    for (size_t index = 0; index < count; ++index) {
        parameter[index] *= shrinkage;
        float slope = gradient[index] + weight_decay * parameter[index];
        float first = beta1 * first_moment[index] + beta1_complement * slope;
        float second = beta2 * second_moment[index] + beta2_complement * slope * slope;
        first_moment[index] = first;
        second_moment[index] = second;
        parameter[index] -= step_size * first / (std::sqrt(second) * inverse_correction_root + epsilon);
    }
}

void ct_sgd_step(float *parameter, const float *gradient, float *velocity, size_t count, float step_size, float momentum,
                 bool nesterov, float weight_decay) {
    for (size_t index = 0; index < count; ++index) {
        float slope = gradient[index] + weight_decay * parameter[index];
        if (velocity != nullptr) {
            float speed = momentum * velocity[index] + slope;
            velocity[index] = speed;
            slope = nesterov ? slope + momentum * speed : speed;
        }
        parameter[index] -= step_size * slope;
    }
}

void ct_text_free(char *text) { free(text); }

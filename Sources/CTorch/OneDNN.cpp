// oneDNN's own operators: convolutions without gradients, with a weight that is laid out once and what follows in the same pass,
// and large linear layers.
#include "CTorch.h"
#include "Guard.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

namespace {

/// An operator of PyTorch's compiler, which has no promise of staying as it is: it is used if it takes as many arguments as here.
std::optional<c10::OperatorHandle> find(const char *name, size_t argument_count) {
    auto found = c10::Dispatcher::singleton().findSchema({name, ""});
    if (found.has_value() && found->schema().arguments().size() == argument_count) return *found;
    return std::nullopt;
}

struct Operators {
    std::optional<c10::OperatorHandle> pack = find("mkldnn::_reorder_convolution_weight", 6);
    std::optional<c10::OperatorHandle> pack_transposed = find("mkldnn::_reorder_convolution_transpose_weight", 7);
    std::optional<c10::OperatorHandle> convolve = find("mkldnn::_convolution_pointwise", 10);
    std::optional<c10::OperatorHandle> convolve_transposed = find("mkldnn::_convolution_transpose_pointwise", 11);
    std::optional<c10::OperatorHandle> linear = find("mkldnn::_linear_pointwise", 6);
    bool are_there = pack && pack_transposed && convolve && convolve_transposed;
};

const Operators &operators() {
    static const Operators operators;
    return operators;
}

c10::IValue both(int64_t value) { return std::vector<int64_t>{value, value}; }

at::Tensor call(const c10::OperatorHandle &handle, torch::jit::Stack &&stack) {
    handle.callBoxed(&stack);
    return stack.at(0).toTensor();
}

/// x Wᵀ + b of matrices.
at::Tensor multiply(const at::Tensor &x, const at::Tensor &weight, const c10::IValue &bias) {
    return call(*operators().linear, {x, weight, bias, std::string("none"), c10::List<std::optional<at::Scalar>>(), std::string()});
}

struct Linear : torch::autograd::Function<Linear> {
    static at::Tensor forward(
        torch::autograd::AutogradContext *context, const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias) {
        context->save_for_backward({x, weight});
        return multiply(x, weight, bias);
    }

    static torch::autograd::variable_list backward(
        torch::autograd::AutogradContext *context, torch::autograd::variable_list gradients) {
        auto saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &weight = saved[1], &g = gradients[0];
        // A gradient that is differentiated itself needs operators which know how.
        const bool is_plain = c10::GradMode::is_enabled();
        at::Tensor input_gradient, weight_gradient;
        if (context->needs_input_grad(0)) input_gradient = is_plain ? g.mm(weight) : multiply(g, weight.t(), c10::IValue());
        if (context->needs_input_grad(1)) weight_gradient = is_plain ? g.t().mm(x) : multiply(g.t(), x.t(), c10::IValue());
        return {input_gradient, weight_gradient, g.sum(0)};
    }
};

}  // namespace

int ct_convolution_pack(const ct_tensor *weight, const ct_convolution *convolution, const int64_t *input_sizes,
                        ct_tensor **result, char **error) {
    return guarded(error, [&] {
        *result = nullptr;
        if (!operators().are_there || !at::globalContext().userEnabledMkldnn()) return 0;
        torch::jit::Stack stack{tensor_of(weight), both(convolution->padding)};
        if (convolution->is_transposed) stack.push_back(both(0));
        for (auto &value : {both(convolution->stride), both(1)}) stack.push_back(value);
        stack.push_back(convolution->groups);
        stack.push_back(std::vector<int64_t>(input_sizes, input_sizes + 4));
        const auto &handle = convolution->is_transposed ? operators().pack_transposed : operators().pack;
        *result = handle_of(call(*handle, std::move(stack)));
        return 0;
    });
}

int ct_convolve(const ct_tensor *input, const ct_tensor *packed_weight, const ct_tensor *bias,
                const ct_convolution *convolution, ct_tensor **result, char **error) {
    return guarded(error, [&] {
        torch::jit::Stack stack{tensor_of(input), tensor_of(packed_weight)};
        stack.push_back(bias == nullptr ? c10::IValue() : c10::IValue(tensor_of(bias)));
        stack.push_back(both(convolution->padding));
        if (convolution->is_transposed) stack.push_back(both(0));
        for (auto &value : {both(convolution->stride), both(1)}) stack.push_back(value);
        stack.push_back(convolution->groups);
        stack.push_back(std::string(convolution->activation));
        c10::List<std::optional<at::Scalar>> numbers;
        for (size_t index = 0; index < convolution->number_count; ++index) {
            numbers.push_back(at::Scalar(convolution->numbers[index]));
        }
        stack.push_back(std::move(numbers));
        stack.push_back(std::string());
        const auto &handle = convolution->is_transposed ? operators().convolve_transposed : operators().convolve;
        *result = handle_of(call(*handle, std::move(stack)));
        return 0;
    });
}

int ct_linear(const ct_tensor *input, const ct_tensor *weight, const ct_tensor *bias, ct_tensor **result, char **error) {
    return guarded(error, [&] {
        at::Tensor x = tensor_of(input), w = tensor_of(weight), b = tensor_of(bias);
        *result = nullptr;
        if (!operators().linear || !at::globalContext().userEnabledMkldnn()) return 0;
        for (const at::Tensor &tensor : {x, w, b}) {
            if (!tensor.is_cpu() || tensor.scalar_type() != at::kFloat || !tensor.is_contiguous()) return 0;
        }
        // Below that, the call costs more than the product.
        if (x.dim() != 2 || x.size(1) != w.size(1) || x.numel() * w.size(0) < (1 << 22)) return 0;
        *result = handle_of(Linear::apply(x, w, b));
        return 0;
    });
}

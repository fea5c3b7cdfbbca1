// The transposed convolution that ends a decoder: 4 × 4, stride 2, padding 1, from some channels to one or a few.
//
// oneDNN computes it as the gradient of a convolution with one input channel, for which it fills a sixteenth of its vectors:
// a sixth of an autoencoder's step. Here the sixteen taps of an input pixel are the vector.
#include "Blocks.h"
#include "CTorch.h"
#include "Guard.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

namespace {

constexpr int64_t side = 4, taps = side * side;

/// The products of `pixels` pixels of `channels` channels with a weight `[channels, 16 · outputs]`.
CT_VECTORISED void multiply(
    const float *x, const float *weight, int64_t pixels, int64_t channels, int64_t outputs, float *products) {
    const int64_t width = taps * outputs;
    int64_t pixel = 0;
    for (; pixel + 4 <= pixels; pixel += 4, x += 4 * channels, products += 4 * width) {
        for (int64_t start = 0; start < width; start += taps) {
            float first[taps] = {}, second[taps] = {}, third[taps] = {}, fourth[taps] = {};
            for (int64_t c = 0; c < channels; ++c) {
                const float *w = weight + c * width + start;
                for (int64_t j = 0; j < taps; ++j) {
                    first[j] += x[c] * w[j];
                    second[j] += x[channels + c] * w[j];
                    third[j] += x[2 * channels + c] * w[j];
                    fourth[j] += x[3 * channels + c] * w[j];
                }
            }
            for (int64_t j = 0; j < taps; ++j) {
                products[start + j] = first[j];
                products[width + start + j] = second[j];
                products[2 * width + start + j] = third[j];
                products[3 * width + start + j] = fourth[j];
            }
        }
    }
    for (; pixel < pixels; ++pixel, x += channels, products += width) {
        for (int64_t start = 0; start < width; start += taps) {
            float sum[taps] = {};
            for (int64_t c = 0; c < channels; ++c) {
                for (int64_t j = 0; j < taps; ++j) sum[j] += x[c] * weight[c * width + start + j];
            }
            for (int64_t j = 0; j < taps; ++j) products[start + j] = sum[j];
        }
    }
}

/// Adds the products of a row of pixels to the four rows of `padded` that they reach, of `stride` numbers each.
template <int64_t outputs> void scatter(const float *products, int64_t pixels, int64_t stride, float *padded) {
    constexpr int64_t pair = 2 * outputs, row = side * outputs;
    for (int64_t y = 0; y < side; ++y) {
        for (int64_t half = 0; half < 2; ++half) {
            float *target = padded + y * stride + half * pair;
            const float *source = products + y * row + half * pair;
            for (int64_t pixel = 0; pixel < pixels; ++pixel, target += pair, source += side * row) {
                for (int64_t j = 0; j < pair; ++j) target[j] += source[j];
            }
        }
    }
}

/// One image, `[H, W, C]` → `[2H, 2W, outputs]`.
template <int64_t outputs>
void convolve(const float *x, const float *weight, int64_t height, int64_t width, int64_t channels, float *y) {
    const int64_t stride = (2 * width + 2) * outputs;
    std::vector<float> padded(size_t(stride * (2 * height + 2))), products(size_t(width * taps * outputs));
    for (int64_t row = 0; row < height; ++row) {
        multiply(x + row * width * channels, weight, width, channels, outputs, products.data());
        scatter<outputs>(products.data(), width, stride, padded.data() + 2 * row * stride);
    }
    for (int64_t row = 0; row < 2 * height; ++row) {
        const float *source = padded.data() + (row + 1) * stride + outputs;
        std::copy(source, source + 2 * width * outputs, y + row * 2 * width * outputs);
    }
}

struct TransposedConvolution : torch::autograd::Function<TransposedConvolution> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x, const at::Tensor &weight) {
        const int64_t count = x.size(0), channels = x.size(1), height = x.size(2), width = x.size(3), outputs = weight.size(1);
        auto input = x.contiguous(at::MemoryFormat::ChannelsLast);
        auto arranged = weight.permute({0, 2, 3, 1}).contiguous();
        auto result = at::empty({count, outputs, 2 * height, 2 * width}, x.options().memory_format(at::MemoryFormat::ChannelsLast));
        const float *source = input.data_ptr<float>(), *w = arranged.data_ptr<float>();
        float *target = result.data_ptr<float>();
        const int64_t source_size = height * width * channels, target_size = 4 * height * width * outputs;
        for_each_block(count, count * source_size < 32768, [&](int64_t image) {
            const float *from = source + image * source_size;
            float *to = target + image * target_size;
            switch (outputs) {
            case 1: return convolve<1>(from, w, height, width, channels, to);
            case 2: return convolve<2>(from, w, height, width, channels, to);
            default: return convolve<3>(from, w, height, width, channels, to);
            }
        });
        context->save_for_backward({x, weight});
        return result;
    }

    static torch::autograd::variable_list backward(
        torch::autograd::AutogradContext *context, torch::autograd::variable_list gradients) {
        auto saved = context->get_saved_variables();
        auto own = at::convolution_backward(
            gradients[0], saved[0], saved[1], at::OptionalIntArrayRef(), {2, 2}, {1, 1}, {1, 1}, true, {0, 0}, 1,
            {context->needs_input_grad(0), context->needs_input_grad(1), false});
        return {std::get<0>(own), std::get<1>(own)};
    }
};

}  // namespace

int ct_transposed_convolution(const ct_tensor *input, const ct_tensor *weight, ct_tensor **result, char **error) {
    return guarded(error, [&] {
        at::Tensor x = tensor_of(input), w = tensor_of(weight);
        *result = nullptr;
        for (const at::Tensor &tensor : {x, w}) {
            if (tensor.dim() != 4 || !tensor.is_cpu() || tensor.scalar_type() != at::kFloat) return 0;
        }
        if (w.size(1) < 1 || w.size(1) > 3 || w.size(2) != side || w.size(3) != side || w.size(0) != x.size(1) || x.numel() == 0) return 0;
        *result = handle_of(TransposedConvolution::apply(x, w));
        return 0;
    });
}

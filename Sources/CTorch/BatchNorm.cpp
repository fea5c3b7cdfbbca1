// Batch normalisation in training mode of rows of channels: [N, C], or [N, C, H, W] with the channels side by side.
//
// libtorch sums such rows one by one in float32: its statistics are off by 1e-6 to 3e-5 of their size, the more the larger
// the batch, and the gradients with them. Here blocks of rows are summed in float32 and the blocks in double precision, in
// an order that depends neither on the number of threads nor on the processor.
#include "Blocks.h"
#include "CTorch.h"
#include "Guard.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace {

/// Channels that are summed side by side in registers.
constexpr int64_t lanes = 16;

/// Rows of channels, cut into blocks that stay in the cache while they are summed twice, and are short enough for float32.
struct Rows {
    int64_t count, channels, block, blocks;
    bool is_small;

    Rows(int64_t count, int64_t channels) : count(count), channels(channels) {
        block = std::min<int64_t>(128, std::max<int64_t>(16, 4096 / channels));
        blocks = (count + block - 1) / block;
        is_small = count * channels < 32768;
    }

    int64_t size(int64_t index) const { return std::min(block, count - index * block); }
};

/// The sums of `rows` rows of `width` channels.
template <bool is_whole>
inline __attribute__((always_inline)) void sum_rows(const float *x, int64_t rows, int64_t stride, int64_t width, float *sums) {
    const int64_t span = is_whole ? lanes : width;
    float total[lanes] = {};
    int64_t row = 0;
    for (; row + 4 <= rows; row += 4, x += 4 * stride) {
        for (int64_t j = 0; j < span; ++j) total[j] += (x[j] + x[stride + j]) + (x[2 * stride + j] + x[3 * stride + j]);
    }
    for (; row < rows; ++row, x += stride) {
        for (int64_t j = 0; j < span; ++j) total[j] += x[j];
    }
    for (int64_t j = 0; j < span; ++j) sums[j] = total[j];
}

/// The sums of squared differences from `mean`.
template <bool is_whole>
inline __attribute__((always_inline)) void sum_squares(
    const float *x, const float *mean, int64_t rows, int64_t stride, int64_t width, float *sums) {
    const int64_t span = is_whole ? lanes : width;
    float total[lanes] = {}, centre[lanes] = {};
    for (int64_t j = 0; j < span; ++j) centre[j] = mean[j];
    for (int64_t row = 0; row < rows; ++row, x += stride) {
        for (int64_t j = 0; j < span; ++j) {
            float difference = x[j] - centre[j];
            total[j] += difference * difference;
        }
    }
    for (int64_t j = 0; j < span; ++j) sums[j] = total[j];
}

/// The sums of `g` and of `g` times the difference of `x` from `mean`.
template <bool is_whole>
inline __attribute__((always_inline)) void sum_products(
    const float *g, const float *x, const float *mean, int64_t rows, int64_t stride, int64_t width, float *sums,
    float *products) {
    const int64_t span = is_whole ? lanes : width;
    float total[lanes] = {}, product[lanes] = {}, centre[lanes] = {};
    for (int64_t j = 0; j < span; ++j) centre[j] = mean[j];
    for (int64_t row = 0; row < rows; ++row, g += stride, x += stride) {
        for (int64_t j = 0; j < span; ++j) {
            total[j] += g[j];
            product[j] += g[j] * (x[j] - centre[j]);
        }
    }
    for (int64_t j = 0; j < span; ++j) sums[j] = total[j], products[j] = product[j];
}

/// Mean and summed squared differences of a block's channels.
CT_VECTORISED void block_statistics(const float *x, int64_t rows, int64_t channels, float *mean, float *squares) {
    const float share = 1.0f / float(rows);
    for (int64_t c = 0; c < channels; c += lanes) {
        int64_t width = std::min(lanes, channels - c);
        if (width == lanes) sum_rows<true>(x + c, rows, channels, width, mean + c);
        else sum_rows<false>(x + c, rows, channels, width, mean + c);
        for (int64_t j = c; j < c + width; ++j) mean[j] *= share;
        if (width == lanes) sum_squares<true>(x + c, mean + c, rows, channels, width, squares + c);
        else sum_squares<false>(x + c, mean + c, rows, channels, width, squares + c);
    }
}

CT_VECTORISED void block_products(
    const float *g, const float *x, const float *mean, int64_t rows, int64_t channels, float *sums, float *products) {
    for (int64_t c = 0; c < channels; c += lanes) {
        int64_t width = std::min(lanes, channels - c);
        if (width == lanes) sum_products<true>(g + c, x + c, mean + c, rows, channels, width, sums + c, products + c);
        else sum_products<false>(g + c, x + c, mean + c, rows, channels, width, sums + c, products + c);
    }
}

/// y = x · scale + shift
CT_VECTORISED void transform(
    const float *x, const float *scale, const float *shift, int64_t rows, int64_t channels, float *y) {
    for (int64_t row = 0; row < rows; ++row, x += channels, y += channels) {
        for (int64_t c = 0; c < channels; ++c) y[c] = x[c] * scale[c] + shift[c];
    }
}

/// d = g · scale + (x - mean) · slope + shift
CT_VECTORISED void transform_back(
    const float *g, const float *x, const float *scale, const float *mean, const float *slope, const float *shift, int64_t rows,
    int64_t channels, float *d) {
    for (int64_t row = 0; row < rows; ++row, g += channels, x += channels, d += channels) {
        for (int64_t c = 0; c < channels; ++c) d[c] = (g[c] * scale[c] + shift[c]) + (x[c] - mean[c]) * slope[c];
    }
}

/// The same, where it is negative times `slope`. What is not a number stays so.
CT_VECTORISED void transform_rectified(
    const float *x, const float *scale, const float *shift, float slope, int64_t rows, int64_t channels, float *y) {
    for (int64_t row = 0; row < rows; ++row, x += channels, y += channels) {
        for (int64_t c = 0; c < channels; ++c) {
            float value = x[c] * scale[c] + shift[c];
            // Adding zero makes zero of -0.
            y[c] = value < 0 ? value * slope + 0.0f : value;
        }
    }
}

/// The gradient before the rectification from that behind it.
CT_VECTORISED void rectify_back(
    const float *g, const float *x, const float *scale, const float *shift, float slope, int64_t rows, int64_t channels, float *d) {
    for (int64_t row = 0; row < rows; ++row, g += channels, x += channels, d += channels) {
        for (int64_t c = 0; c < channels; ++c) d[c] = x[c] * scale[c] + shift[c] > 0 ? g[c] : g[c] * slope;
    }
}

bool lies_in_rows(const at::Tensor &x) {
    return x.dim() == 2 ? x.is_contiguous() : x.dim() == 4 && x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor in_rows(const at::Tensor &x) {
    return x.dim() == 2 ? x.contiguous() : x.contiguous(at::MemoryFormat::ChannelsLast);
}

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct BatchNorm : torch::autograd::Function<BatchNorm> {
    static at::Tensor forward(
        AutogradContext *context, const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias,
        const at::Tensor &running_mean, const at::Tensor &running_variance, double momentum, double epsilon, double slope) {
        const int64_t channels = x.size(1);
        const Rows rows(x.numel() / channels, channels);
        std::vector<float> means(size_t(rows.blocks * channels)), squares(means.size());
        const float *input = x.data_ptr<float>();
        for_each_block(rows.blocks, rows.is_small, [&](int64_t index) {
            block_statistics(input + index * rows.block * channels, rows.size(index), channels,
                             &means[size_t(index * channels)], &squares[size_t(index * channels)]);
        });
        auto mean = at::empty({channels}, x.options().memory_format(at::MemoryFormat::Contiguous));
        auto inverse_deviation = at::empty_like(mean), residue = at::empty_like(mean);
        auto scales = at::empty_like(mean), shifts = at::empty_like(mean);
        float *scale = scales.data_ptr<float>(), *shift = shifts.data_ptr<float>();
        const float *w = weight.data_ptr<float>(), *b = bias.data_ptr<float>();
        float *rm = running_mean.data_ptr<float>(), *rv = running_variance.data_ptr<float>();
        std::vector<double> centre(static_cast<size_t>(channels)), spread(static_cast<size_t>(channels));
        for (int64_t index = 0; index < rows.blocks; ++index) {
            for (int64_t c = 0; c < channels; ++c) centre[c] += double(means[index * channels + c]) * double(rows.size(index));
        }
        for (int64_t c = 0; c < channels; ++c) centre[c] /= double(rows.count);
        for (int64_t index = 0; index < rows.blocks; ++index) {
            for (int64_t c = 0; c < channels; ++c) {
                double offset = double(means[index * channels + c]) - centre[c];
                spread[c] += double(squares[index * channels + c]) + double(rows.size(index)) * offset * offset;
            }
        }
        for (int64_t c = 0; c < channels; ++c) {
            double deviation = 1 / std::sqrt(spread[c] / double(rows.count) + epsilon);
            mean.data_ptr<float>()[c] = float(centre[c]);
            residue.data_ptr<float>()[c] = float(centre[c] - float(centre[c]));
            inverse_deviation.data_ptr<float>()[c] = float(deviation);
            scale[c] = float(deviation * w[c]);
            shift[c] = float(b[c] - centre[c] * deviation * w[c]);
            rm[c] = float((1 - momentum) * rm[c] + momentum * centre[c]);
            rv[c] = float((1 - momentum) * rv[c] + momentum * spread[c] / double(rows.count - 1));
        }
        auto result = at::empty_like(x);
        float *output = result.data_ptr<float>();
        for_each_block(rows.blocks, rows.is_small, [&](int64_t index) {
            int64_t start = index * rows.block * channels;
            if (slope == 1) {
                transform(input + start, scale, shift, rows.size(index), channels, output + start);
            } else {
                transform_rectified(input + start, scale, shift, float(slope), rows.size(index), channels, output + start);
            }
        });
        context->save_for_backward(
            {x, weight, mean, inverse_deviation, running_mean, running_variance, residue, scales, shifts});
        context->saved_data["slope"] = slope;
        context->saved_data["epsilon"] = epsilon;
        return result;
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        auto saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &weight = saved[1], &mean = saved[2], &inverse_deviation = saved[3];
        const double leak = context->saved_data["slope"].toDouble();
        if (c10::GradMode::is_enabled()) {
            // The gradient is differentiated itself, which libtorch knows how to do with its own.
            auto behind = gradients[0];
            if (leak != 1) {
                std::vector<int64_t> shape(size_t(x.dim()), 1);
                shape[1] = x.size(1);
                auto value = x.detach() * saved[7].view(shape) + saved[8].view(shape);
                behind = behind * at::where(value > 0, at::ones_like(value), at::full_like(value, leak));
            }
            auto own = at::native_batch_norm_backward(
                behind, x, weight, saved[4], saved[5], mean, inverse_deviation, true,
                context->saved_data["epsilon"].toDouble(), {true, true, true});
            return {std::get<0>(own), std::get<1>(own), std::get<2>(own), {}, {}, {}, {}, {}};
        }
        const int64_t channels = x.size(1);
        const Rows rows(x.numel() / channels, channels);
        auto gradient = in_rows(gradients[0]);
        const float *g = gradient.data_ptr<float>(), *input = x.data_ptr<float>(), *centre = mean.data_ptr<float>();
        const float *own_scale = saved[7].data_ptr<float>(), *own_shift = saved[8].data_ptr<float>();
        // The gradient of a block before its rectification: computed twice, as it stays in the cache, rather than kept.
        auto gradient_of = [&](int64_t index, std::vector<float> &buffer) {
            const int64_t start = index * rows.block * channels;
            if (leak == 1) return g + start;
            buffer.resize(size_t(rows.block * channels));
            rectify_back(g + start, input + start, own_scale, own_shift, float(leak), rows.size(index), channels, buffer.data());
            return static_cast<const float *>(buffer.data());
        };
        std::vector<float> sums(size_t(rows.blocks * channels)), products(sums.size());
        for_each_block(rows.blocks, rows.is_small, [&](int64_t index) {
            int64_t start = index * rows.block * channels;
            std::vector<float> buffer;
            block_products(gradient_of(index, buffer), input + start, centre, rows.size(index), channels, &sums[size_t(index * channels)],
                           &products[size_t(index * channels)]);
        });
        std::vector<double> sum(static_cast<size_t>(channels)), product(static_cast<size_t>(channels));
        for (int64_t index = 0; index < rows.blocks; ++index) {
            for (int64_t c = 0; c < channels; ++c) {
                sum[c] += double(sums[index * channels + c]);
                product[c] += double(products[index * channels + c]);
            }
        }
        auto weight_gradient = at::empty_like(mean), bias_gradient = at::empty_like(mean);
        std::vector<float> scale(static_cast<size_t>(channels)), slope(scale.size()), shift(scale.size());
        const float *w = weight.data_ptr<float>(), *deviation = inverse_deviation.data_ptr<float>();
        const float *rest = saved[6].data_ptr<float>();
        for (int64_t c = 0; c < channels; ++c) {
            // What the mean lost when it was rounded counts once for every row.
            product[c] -= rest[c] * sum[c];
            double factor = double(deviation[c]) * double(w[c]);
            weight_gradient.data_ptr<float>()[c] = float(product[c] * deviation[c]);
            bias_gradient.data_ptr<float>()[c] = float(sum[c]);
            scale[c] = float(factor);
            slope[c] = float(-factor * deviation[c] * deviation[c] * product[c] / double(rows.count));
            shift[c] = float(-factor * sum[c] / double(rows.count) - double(rest[c]) * slope[c]);
        }
        at::Tensor input_gradient;
        if (context->needs_input_grad(0)) {
            input_gradient = at::empty_like(x);
            float *d = input_gradient.data_ptr<float>();
            for_each_block(rows.blocks, rows.is_small, [&](int64_t index) {
                int64_t start = index * rows.block * channels;
                std::vector<float> buffer;
                transform_back(gradient_of(index, buffer), input + start, scale.data(), centre, slope.data(), shift.data(), rows.size(index),
                               channels, d + start);
            });
        }
        return {input_gradient, weight_gradient, bias_gradient, {}, {}, {}, {}, {}};
    }
};

}  // namespace

int ct_batch_norm(const ct_tensor *input, const ct_tensor *weight, const ct_tensor *bias, const ct_tensor *running_mean,
                  const ct_tensor *running_variance, double momentum, double epsilon, double slope, ct_tensor **result, char **error) {
    return guarded(error, [&] {
        at::Tensor x = tensor_of(input), w = tensor_of(weight), b = tensor_of(bias), mean = tensor_of(running_mean),
                   variance = tensor_of(running_variance);
        *result = nullptr;
        if (!lies_in_rows(x) || x.numel() < 2 || x.numel() / x.size(1) < 2) return 0;
        for (const at::Tensor &tensor : {x, w, b, mean, variance}) {
            // The simulated device's memory is main memory.
            bool is_near = tensor.is_cpu() || (tensor.device().is_privateuseone() && ct_simulated_device_exists());
            if (!is_near || tensor.device() != x.device() || tensor.scalar_type() != at::kFloat) return 0;
        }
        for (const at::Tensor &tensor : {w, b, mean, variance}) {
            if (!tensor.is_contiguous() || tensor.numel() != x.size(1)) return 0;
        }
        *result = handle_of(BatchNorm::apply(x, w, b, mean, variance, momentum, epsilon, slope));
        return 0;
    });
}

/// What the sources of this target share.
#pragma once

#include "CTorch.h"

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <cstring>
#include <new>
#include <string>

using TensorPointer = c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>;

/// A tensor that shares the handle's object.
inline at::Tensor tensor_of(const ct_tensor *handle) {
    auto *object = reinterpret_cast<c10::TensorImpl *>(const_cast<ct_tensor *>(handle));
    return at::Tensor(TensorPointer::unsafe_reclaim_from_nonowning(object));
}

/// A handle that owns a reference.
inline ct_tensor *handle_of(at::Tensor tensor) {
    return reinterpret_cast<ct_tensor *>(tensor.unsafeReleaseTensorImpl());
}

inline int fail(char **error, const std::string &message, int code = CT_FAILED) {
    *error = strdup(message.c_str());
    return code;
}

/// Runs `body` and turns whatever it throws into a message.
template <typename Body> int guarded(char **error, Body body) {
    try {
        return body();
    } catch (const c10::OutOfMemoryError &problem) {
        return fail(error, problem.what_without_backtrace(), CT_OUT_OF_MEMORY);
    } catch (const std::bad_alloc &) {
        return fail(error, "main memory is used up", CT_OUT_OF_MEMORY);
    } catch (const c10::Error &problem) {
        // The allocator of main memory, and CUDA's libraries, have no type of their own for it.
        std::string message = problem.what_without_backtrace();
        bool is_memory = message.find("can't allocate memory") != std::string::npos
            || message.find("not enough memory") != std::string::npos || message.find("out of memory") != std::string::npos
            || message.find("CUBLAS_STATUS_ALLOC_FAILED") != std::string::npos;
        return fail(error, message, is_memory ? CT_OUT_OF_MEMORY : CT_FAILED);
    } catch (const std::exception &problem) {
        return fail(error, problem.what());
    } catch (...) {
        return fail(error, "libtorch threw something that is not an exception");
    }
}

/// Why CUDA cannot be used in this process, or nothing. The first call loads the CUDA half of libtorch.
const std::string &cuda_problem();

/// Has this process keep the main memory that it frees, from the first call on.
void keep_memory();

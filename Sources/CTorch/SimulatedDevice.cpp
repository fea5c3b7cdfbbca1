// An accelerator made of main memory. libtorch reserves a device type, PrivateUse1, for backends that are registered
// from outside; here every operator of that backend runs libtorch's own CPU kernel on a view of the same memory, once it
// is certain that all of its tensors are on one device. So a program that mixes devices fails as it would with CUDA, and
// one that does not computes the CPU's very numbers.
#include "CTorchSimulation.h"

#include <torch/csrc/api/include/torch/version.h>

#include <atomic>
#include <cstring>
#include <string>

namespace {

std::atomic<bool> device_exists{false};
thread_local ct_simulated_device_counts counts{0, 0};

}  // namespace

bool ct_simulated_device_exists(void) { return device_exists; }
ct_simulated_device_counts ct_simulated_device_counted(void) { return counts; }
void ct_simulated_device_reset_counts(void) { counts = {0, 0}; }

// What a backend has to register has changed from one libtorch 2.x to the next.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 11)

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/enum_tag.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <c10/core/Allocator.h>
#include <c10/core/AutogradState.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace {

constexpr auto simulated_type = c10::DeviceType::PrivateUse1;
const c10::Device simulated_device(simulated_type, 0);

// MARK: Memory

/// Memory that belongs to another storage, kept alive by it.
c10::DataPtr memory_of(const c10::Storage &owner, c10::Device device) {
    return {owner.mutable_data(), new c10::Storage(owner),
            [](void *context) { delete static_cast<c10::Storage *>(context); }, device};
}

/// Main memory under the device's name.
struct SimulatedAllocator final : c10::Allocator {
    c10::DataPtr allocate(size_t size) override {
        auto memory = c10::GetAllocator(c10::kCPU)->allocate(size);
        memory.unsafe_set_device(simulated_device);
        return memory;
    }
    c10::DeleterFnPtr raw_deleter() const override { return c10::GetAllocator(c10::kCPU)->raw_deleter(); }
    void copy_data(void *target, const void *source, size_t size) const override {
        default_copy_data(target, source, size);
    }
};

c10::Storage storage_over(const c10::Storage &owner, c10::Device device) {
    return c10::make_intrusive<c10::StorageImpl>(
        c10::StorageImpl::use_byte_size_t(), owner.nbytes(), memory_of(owner, device), c10::GetAllocator(device.type()),
        /*resizable=*/true);
}

/// A tensor with the shape and type of `model` on another storage.
at::Tensor tensor_over(c10::Storage storage, c10::DispatchKey key, const at::Tensor &model) {
    auto tensor = at::detail::make_tensor<c10::TensorImpl>(std::move(storage), c10::DispatchKeySet(key), model.dtype());
    auto *object = tensor.unsafeGetTensorImpl();
    object->set_sizes_and_strides(model.sizes(), model.strides(), model.storage_offset());
    // What decides about the type of a result that has operands of several types.
    if (model.unsafeGetTensorImpl()->is_wrapped_number()) object->set_wrapped_number(true);
    return tensor;
}

// MARK: Random numbers

/// A random stream that belongs to the device and gives the numbers of the CPU's.
struct SimulatedGenerator final : c10::GeneratorImpl {
    explicit SimulatedGenerator(at::Generator stream)
        : GeneratorImpl(simulated_device, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1)), stream(std::move(stream)) {}

    void set_current_seed(uint64_t seed) override { stream.set_current_seed(seed); }
    void set_offset(uint64_t offset) override { stream.set_offset(offset); }
    uint64_t get_offset() const override { return stream.unsafeGetGeneratorImpl()->get_offset(); }
    uint64_t current_seed() const override { return stream.current_seed(); }
    uint64_t seed() override { return stream.seed(); }
    void set_state(const c10::TensorImpl &state) override { stream.unsafeGetGeneratorImpl()->set_state(state); }
    c10::intrusive_ptr<c10::TensorImpl> get_state() const override {
        return stream.unsafeGetGeneratorImpl()->get_state();
    }

    at::Generator stream;

private:
    SimulatedGenerator *clone_impl() const override { return new SimulatedGenerator(stream.clone()); }
};

/// What random operators that are given no generator draw from.
const at::Generator &default_generator() {
    static const auto generator = at::make_generator<SimulatedGenerator>(at::detail::createCPUGenerator());
    return generator;
}

// MARK: Operators

/// One call of a CPU kernel with simulated tensors: views of their memory for the kernel, and the way back.
class HostCall {
public:
    /// A CPU tensor over the memory of a simulated one; other tensors as they are.
    at::Tensor host(const at::Tensor &tensor) {
        if (!tensor.defined() || tensor.device().type() != simulated_type) return tensor;
        // One for each object, and one storage for each storage, so that the kernel recognises what is the same.
        auto found = hosts.find(tensor.unsafeGetTensorImpl());
        if (found != hosts.end()) return found->second;
        TORCH_CHECK_NOT_IMPLEMENTED(tensor.layout() == c10::kStrided, "the simulated device has strided tensors only");
        auto view = tensor_over(host(tensor.storage()), c10::DispatchKey::CPU, tensor);
        hosts.emplace(tensor.unsafeGetTensorImpl(), view);
        simulated_tensors.emplace(view.unsafeGetTensorImpl(), tensor);
        return view;
    }

    c10::Storage host(const c10::Storage &storage) {
        if (storage.device_type() != simulated_type) return storage;
        auto found = host_storages.find(storage.unsafeGetStorageImpl());
        if (found != host_storages.end()) return found->second;
        auto view = storage_over(storage, c10::kCPU);
        host_storages.emplace(storage.unsafeGetStorageImpl(), view);
        simulated_storages.emplace(view.unsafeGetStorageImpl(), storage);
        return view;
    }

    /// Lets the simulated tensors follow those whose memory or shape the kernel has changed.
    void adopt_changes() {
        for (auto &[object, storage] : host_storages) {
            if (object->data() == storage.data() && object->nbytes() == storage.nbytes()) continue;
            // A storage that has grown has new memory, which does not belong to the simulated storage any more.
            if (object->data() != storage.data()) object->set_data_ptr_noswap(memory_of(storage, simulated_device));
            object->set_nbytes(storage.nbytes());
        }
        for (auto &[object, view] : hosts) {
            auto storage = simulated(view.storage());
            if (!storage.is_alias_of(object->storage())) object->set_storage_keep_dtype(storage);
            if (object->sizes() != view.sizes() || object->strides() != view.strides()
                || object->storage_offset() != view.storage_offset()) {
                object->set_sizes_and_strides(view.sizes(), view.strides(), view.storage_offset());
            }
        }
    }

    /// The simulated tensor of a result: the argument itself, or one that shares an argument's memory if the result does.
    at::Tensor simulated(const at::Tensor &result) {
        if (!result.defined() || !result.device().is_cpu()) return result;
        auto found = simulated_tensors.find(result.unsafeGetTensorImpl());
        if (found != simulated_tensors.end()) return found->second;
        return tensor_over(simulated(result.storage()), c10::DispatchKey::PrivateUse1, result);
    }

private:
    c10::Storage simulated(const c10::Storage &storage) {
        auto found = simulated_storages.find(storage.unsafeGetStorageImpl());
        if (found != simulated_storages.end()) return found->second;
        auto wrapped = storage_over(storage, simulated_device);
        simulated_storages.emplace(storage.unsafeGetStorageImpl(), wrapped);
        return wrapped;
    }

    std::unordered_map<c10::TensorImpl *, at::Tensor> hosts;
    std::unordered_map<c10::TensorImpl *, at::Tensor> simulated_tensors;
    std::unordered_map<c10::StorageImpl *, c10::Storage> host_storages;
    std::unordered_map<c10::StorageImpl *, c10::Storage> simulated_storages;
};

/// Whether CUDA's kernel takes a value from main memory, a tensor without dimensions, as an operand.
bool takes_host_scalars(const c10::OperatorHandle &op) {
    static const std::unordered_set<std::string> others = {"aten::fill_", "aten::masked_fill_"};
    return op.hasTag(at::Tag::pointwise) || others.count(op.operator_name().name) > 0;
}

/// Finds the one device of an operator's tensors.
class DeviceCheck {
public:
    explicit DeviceCheck(const c10::OperatorHandle &op) : op(op), takes_scalars(takes_host_scalars(op)) {}

    void operator()(const at::Tensor &tensor, const c10::Argument &parameter, bool is_element = false) {
        if (!tensor.defined()) return;
        bool is_written = parameter.alias_info() != nullptr && parameter.alias_info()->isWrite();
        if (takes_scalars && !is_element && !is_written && tensor.device().is_cpu() && tensor.dim() == 0) return;
        if (!common.has_value()) common = tensor.device();
        TORCH_CHECK(
            *common == tensor.device(), "Expected all tensors to be on the same device, but found at least two devices, ",
            *common, " and ", tensor.device(), "! (when checking argument for argument ", parameter.name(),
            " in method ", op.operator_name(), ")");
    }

    std::optional<c10::Device> common;

private:
    const c10::OperatorHandle &op;
    const bool takes_scalars;
};

/// The kernel's own generator for a given one, or for none.
at::Generator host_generator(const c10::IValue &value, c10::Device device) {
    if (value.isNone()) {
        const auto &generator = device.is_cpu() ? at::detail::getDefaultCPUGenerator() : default_generator();
        return device.is_cpu() ? generator : static_cast<SimulatedGenerator *>(generator.unsafeGetGeneratorImpl())->stream;
    }
    auto generator = value.toGenerator();
    TORCH_CHECK(
        generator.device().type() == device.type(), "Expected a '", c10::DeviceTypeName(device.type(), true),
        "' device type for generator but found '", c10::DeviceTypeName(generator.device().type(), true), "'");
    return device.is_cpu() ? generator : static_cast<SimulatedGenerator *>(generator.unsafeGetGeneratorImpl())->stream;
}

bool is_generator(const c10::Argument &parameter) {
    auto type = parameter.type();
    if (type->kind() == c10::TypeKind::OptionalType) type = type->castRaw<c10::OptionalType>()->getElementType();
    return type->kind() == c10::TypeKind::GeneratorType;
}

/// The backward pass must stay on the thread that starts it: libtorch gives each device a thread of its own only at the
/// process's first backward pass, when this device may not have been there yet. A backward pass begins with an operator,
/// which makes the gradient of its scalar.
void keep_backward_on_this_thread() { c10::AutogradState::get_tls_state().set_multithreading_enabled(false); }

/// The kernel of every operator.
void run_on_host(const c10::OperatorHandle &op, torch::jit::Stack *stack) {
    keep_backward_on_this_thread();
    if (op.hasTag(at::Tag::data_dependent_output) || op.hasTag(at::Tag::dynamic_output_shape)) ++counts.synchronisations;
    const auto &parameters = op.schema().arguments();
    auto arguments = torch::jit::last(*stack, parameters.size());

    DeviceCheck check(op);
    std::optional<c10::Device> requested;
    for (size_t index = 0; index < parameters.size(); ++index) {
        const auto &value = arguments[index];
        if (value.isTensor()) {
            check(value.toTensor(), parameters[index]);
        } else if (value.isTensorList()) {
            for (const at::Tensor &tensor : value.toTensorVector()) check(tensor, parameters[index], true);
        } else if (value.isOptionalTensorList()) {
            for (const auto &tensor : value.toOptionalTensorVector()) {
                if (tensor.has_value()) check(*tensor, parameters[index], true);
            }
        } else if (value.isDevice()) {
            requested = value.toDevice();
        }
    }
    const auto device = requested.value_or(check.common.value_or(simulated_device));

    HostCall call;
    for (size_t index = 0; index < parameters.size(); ++index) {
        c10::IValue &value = (*stack)[stack->size() - parameters.size() + index];
        if (value.isTensor()) {
            value = call.host(value.toTensor());
        } else if (value.isTensorList()) {
            c10::List<at::Tensor> views;
            for (const at::Tensor &tensor : value.toTensorVector()) views.push_back(call.host(tensor));
            value = std::move(views);
        } else if (value.isOptionalTensorList()) {
            c10::List<std::optional<at::Tensor>> views;
            for (const auto &tensor : value.toOptionalTensorVector()) {
                views.push_back(tensor.has_value() ? std::optional(call.host(*tensor)) : std::nullopt);
            }
            value = std::move(views);
        } else if (value.isStorage()) {
            value = call.host(value.toStorage());
        } else if (value.isDevice()) {
            value = c10::Device(c10::kCPU);
        } else if (is_generator(parameters[index])) {
            value = host_generator(value, device);
        }
    }
    {
        at::AutoDispatchBelowADInplaceOrView below;
        op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);
    }
    call.adopt_changes();
    if (device.is_cpu()) return;
    for (auto value = stack->end() - op.schema().returns().size(); value != stack->end(); ++value) {
        if (value->isTensor()) {
            *value = call.simulated(value->toTensor());
        } else if (value->isTensorList()) {
            c10::List<at::Tensor> results;
            for (const at::Tensor &tensor : value->toTensorVector()) results.push_back(call.simulated(tensor));
            *value = std::move(results);
        }
    }
}

at::Tensor copy_from(const at::Tensor &source, const at::Tensor &target, bool non_blocking) {
    keep_backward_on_this_thread();
    if (source.device() != target.device()) {
        ++counts.transfers;
        if (target.device().is_cpu() && !non_blocking) ++counts.synchronisations;
    }
    at::AutoDispatchBelowADInplaceOrView below;
    HostCall call;
    call.host(target).copy_(call.host(source));
    return target;
}

at::Tensor copy_from_and_resize(const at::Tensor &source, const at::Tensor &target) {
    at::AutoDispatchBelowADInplaceOrView below;
    at::Tensor resized = target;
    resized.resize_(source.sizes());
    return copy_from(source, resized, false);
}

/// Whether an operator's CPU kernel is to be called as such. The others are made of operators that are, for all devices
/// alike, and each of these is checked.
bool has_kernel(const c10::OperatorHandle &op) {
    // These choose among kernels by their arguments' device, and know the devices of libtorch only.
    static const std::unordered_set<std::string> chosen = {
        "aten::convolution", "aten::convolution_backward", "aten::_convolution"};
    if (chosen.count(op.operator_name().name) > 0 && op.operator_name().overload_name.empty()) return true;
    if (!op.hasKernelForDispatchKey(c10::DispatchKey::CPU)) return false;
    // A kernel of its own would take the place of the gradient that comes from its parts.
    return !op.hasKernelForDispatchKey(c10::DispatchKey::CompositeImplicitAutograd)
        || op.hasKernelForDispatchKey(c10::DispatchKey::Autograd);
}

// MARK: The device

/// One device with one stream, whose work is done at once.
struct SimulatedDeviceGuard final : c10::impl::DeviceGuardImplInterface {
    c10::DeviceType type() const override { return simulated_type; }
    c10::Device exchangeDevice(c10::Device) const override { return simulated_device; }
    c10::Device getDevice() const override { return simulated_device; }
    void setDevice(c10::Device) const override {}
    void uncheckedSetDevice(c10::Device) const noexcept override {}
    c10::DeviceIndex deviceCount() const noexcept override { return 1; }

    c10::Stream getStream(c10::Device) const override {
        return c10::Stream(c10::Stream::DEFAULT, simulated_device);
    }
    c10::Stream getDefaultStream(c10::Device device) const override { return getStream(device); }
    c10::Stream getNewStream(c10::Device device, int) const override { return getStream(device); }
    c10::Stream getStreamFromGlobalPool(c10::Device device, bool) const override { return getStream(device); }
    c10::Stream exchangeStream(c10::Stream) const override { return getStream(simulated_device); }
    bool queryStream(const c10::Stream &) const override { return true; }
    void synchronizeStream(const c10::Stream &) const override { ++counts.synchronisations; }

    void record(void **, const c10::Stream &, const c10::DeviceIndex, const c10::EventFlag) const override {}
    void block(void *, const c10::Stream &) const override {}
    bool queryEvent(void *) const override { return true; }
    void synchronizeEvent(void *) const override { ++counts.synchronisations; }
    void synchronizeDevice(const c10::DeviceIndex) const override { ++counts.synchronisations; }
};

struct SimulatedHooks final : at::PrivateUse1HooksInterface {
    bool isBuilt() const override { return true; }
    bool isAvailable() const override { return true; }
    bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
    c10::DeviceIndex deviceCount() const override { return 1; }
    c10::DeviceIndex getCurrentDevice() const override { return 0; }
    void setCurrentDevice(c10::DeviceIndex) const override {}
    c10::DeviceIndex exchangeDevice(c10::DeviceIndex) const override { return 0; }
    c10::DeviceIndex maybeExchangeDevice(c10::DeviceIndex) const override { return 0; }
    const at::Generator &getDefaultGenerator(c10::DeviceIndex) const override { return default_generator(); }
    at::Generator getNewGenerator(c10::DeviceIndex) const override {
        return at::make_generator<SimulatedGenerator>(at::detail::createCPUGenerator());
    }
};

/// All of it stays for as long as the process: tensors may outlive any owner.
void add_device() {
    c10::register_privateuse1_backend("simulated");
    c10::SetAllocator(simulated_type, new SimulatedAllocator);
    c10::impl::DeviceGuardImplRegistrar(simulated_type, new SimulatedDeviceGuard);
    at::RegisterPrivateUse1HooksInterface(new SimulatedHooks);

    constexpr auto key = c10::DispatchKey::PrivateUse1;
    auto *any = new torch::Library(torch::Library::IMPL, "_", key, __FILE__, __LINE__);
    any->fallback(torch::CppFunction::makeFromBoxedFunction<&run_on_host>());
    auto *aten = new torch::Library(torch::Library::IMPL, "aten", key, __FILE__, __LINE__);
    aten->impl("_copy_from", copy_from);
    aten->impl("_copy_from_and_resize", copy_from_and_resize);
    // The fallback alone comes second to what libtorch composes of other operators; where the CPU has a kernel instead,
    // the device has one too, as CUDA has.
    for (const auto &name : c10::Dispatcher::singleton().getAllOpNames()) {
        auto op = c10::Dispatcher::singleton().findSchema(name);
        if (name.getNamespace() != "aten" || !op.has_value() || !has_kernel(*op)) continue;
        aten->impl(toString(name).c_str(), torch::CppFunction::makeFromBoxedFunction<&run_on_host>());
    }
}

int fail(char **error, const std::string &message) {
    *error = strdup(message.c_str());
    return 1;
}

}  // namespace

bool ct_simulated_device_is_supported(void) { return true; }

int ct_simulated_device_make(char **error) {
    try {
        static std::once_flag once;
        std::call_once(once, [] {
            add_device();
            device_exists = true;
        });
        return 0;
    } catch (const c10::Error &problem) {
        return fail(error, problem.what_without_backtrace());
    } catch (const std::exception &problem) {
        return fail(error, problem.what());
    }
}

#else

bool ct_simulated_device_is_supported(void) { return false; }

int ct_simulated_device_make(char **error) {
    auto version = std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR);
    *error = strdup(("the simulated device needs libtorch 2.11 or newer; this one is " + version).c_str());
    return 1;
}

#endif

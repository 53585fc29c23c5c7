// Binding announced tensors to the architecture's, and filling them.
#include "weights.h"

#include <cstring>
#include <map>

#include "../error.h"
#include "ggml-alloc.h"
#include "ggml-cpu.h"
#include "types.h"

namespace qrag {

namespace {

[[noreturn]] void refuse(const std::string & name, const std::string & what) {
    throw Error(Code::model_invalid, "tensor " + name + ": " + what);
}

std::string text_of(const std::vector<int64_t> & shape) {
    std::string text;
    for (const int64_t length : shape) text += (text.empty() ? "[" : ", ") + std::to_string(length);
    return text + "]";
}

/** A place for one tensor: a table row, where its pointer goes, and whose memory it lies in. */
struct Place {
    const TensorRow * row;
    ggml_tensor ** pointer;
    size_t memory;
};

std::map<std::string, Place> places(const Architecture & architecture, bool labels, GlobalTensors & globals,
                                    std::vector<Block> & blocks) {
    std::map<std::string, Place> result;
    for (const TensorRow & row : architecture.tensors) {
        if (row.presence == Presence::with_labels && !labels) continue;
        if (row.global != nullptr) {
            result[row.name] = {&row, &(globals.*row.global), blocks.size()};
            continue;
        }
        const std::string pattern = row.name;
        const size_t hole = pattern.find("{block}");
        for (size_t i = 0; i < blocks.size(); i++) {
            std::string name = pattern;
            name.replace(hole, std::strlen("{block}"), std::to_string(i));
            result[name] = {&row, &(blocks[i].*row.block), row.matrix ? i : blocks.size()};
        }
    }
    return result;
}

const WeightType & checked_type(const TensorSpec & spec, const TensorRow & row, const Hyperparameters & numbers) {
    std::vector<int64_t> expected;
    for (const Size size : row.shape) expected.push_back(length_of(size, numbers));
    if (spec.shape != expected) refuse(spec.name, "shape " + text_of(spec.shape) + ", expected " + text_of(expected));
    const WeightType * type = find_weight_type(spec.type);
    if (type == nullptr) refuse(spec.name, "type " + spec.type + " is not supported");
    if (!row.matrix && type->type != GGML_TYPE_F32) refuse(spec.name, "type " + spec.type + ", expected F32");
    if (spec.shape[0] % ggml_blck_size(type->type) != 0) {
        refuse(spec.name, "rows of " + std::to_string(spec.shape[0]) + " are no whole blocks of " + spec.type);
    }
    return *type;
}

/** A context for so many tensors without their data. */
ggml_context_ptr descriptions(size_t count) {
    ggml_context_ptr context(ggml_init({/*.mem_size =*/ggml_tensor_overhead() * (count + 1), /*.mem_buffer =*/nullptr,
                                        /*.no_alloc =*/true}));
    if (!context) throw Error(Code::out_of_memory, "no memory for the tensors' descriptions");
    return context;
}

}  // namespace

Weights::Weights(const Architecture & architecture, const Hyperparameters & numbers,
                 const std::vector<TensorSpec> & specs) {
    check_hyperparameters(architecture, numbers);
    blocks.assign(static_cast<size_t>(numbers.block_count), Block{});
    std::map<std::string, Place> free_places = places(architecture, numbers.output_count > 0, globals, blocks);

    for (size_t i = 0; i < blocks.size(); i++) contexts_.push_back(descriptions(architecture.tensors.size()));
    contexts_.push_back(descriptions(specs.size()));
    for (const TensorSpec & spec : specs) {
        const auto place = free_places.find(spec.name);
        if (place == free_places.end()) refuse(spec.name, "unknown, or announced twice");
        const WeightType & type = checked_type(spec, *place->second.row, numbers);
        ggml_context * context = contexts_[place->second.memory].get();
        ggml_tensor * tensor =
            ggml_new_tensor(context, type.type, static_cast<int>(spec.shape.size()), spec.shape.data());
        ggml_set_name(tensor, spec.name.c_str());
        *place->second.pointer = tensor;
        slots_.push_back({tensor, 0});
        free_places.erase(place);
    }
    for (const auto & [name, place] : free_places) {
        if (place.row->presence != Presence::optional) refuse(name, "missing");
    }
    for (const ggml_context_ptr & context : contexts_) {
        memory_.emplace_back(ggml_backend_alloc_ctx_tensors_from_buft(context.get(), ggml_backend_cpu_buffer_type()));
        if (!memory_.back()) throw Error(Code::out_of_memory, "no memory for the model's weights");
    }
}

void Weights::write(size_t index, size_t offset, const void * bytes, size_t size) {
    if (index >= slots_.size()) throw Error(Code::input_invalid, "there is no tensor number " + std::to_string(index));
    Slot & slot = slots_[index];
    const size_t total = ggml_nbytes(slot.tensor);
    if (offset != slot.written || size > total - slot.written) {
        throw Error(Code::input_invalid, "bytes out of order, or too many, for tensor number " + std::to_string(index));
    }
    std::memcpy(static_cast<char *>(slot.tensor->data) + offset, bytes, size);
    slot.written += size;
}

void Weights::check() const {
    for (const Slot & slot : slots_) {
        const size_t total = ggml_nbytes(slot.tensor);
        const std::string name = slot.tensor->name;
        if (slot.written != total) {
            refuse(name, std::to_string(slot.written) + " of " + std::to_string(total) + " bytes were written");
        }
        if (!all_finite(weight_type_of(slot.tensor->type), slot.tensor->data, total)) {
            refuse(name, "holds a number that is not finite");
        }
    }
}

}  // namespace qrag

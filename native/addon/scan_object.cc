// The life of a scan seen from JavaScript: nearest vectors, one call at a time, stop, dispose.
#include "scan_object.h"

#include <utility>

#include "../kernels/dispatch.h"

namespace qrag {

namespace {

[[noreturn]] void refuse(const std::string & what) { throw Error(Code::input_invalid, what); }

size_t count_argument(const Napi::Object & object, const char * name, int64_t least, int64_t most) {
    const int64_t count = integer_argument(object.Get(name), name);
    if (count >= least && count <= most) return static_cast<size_t>(count);
    refuse("expected " + std::to_string(least) + " to " + std::to_string(most) + " for " + name);
}

/** Far more than anybody reads: it bounds what a scan allocates. */
constexpr int64_t most_hits = 1'000'000;

Wanted wanted_argument(const Napi::Value & value) {
    const Napi::Object object = object_argument(value, "options");
    return {count_argument(object, "k", 1, most_hits), count_argument(object, "candidates", 0, most_hits),
            count_argument(object, "threads", 1, 512)};
}

/** A copy, for it is small. */
Query query_argument(const Napi::Value & value, bool with_bits) {
    const Napi::Object object = object_argument(value, "query");
    const Napi::Int8Array vector = int8_argument(object.Get("vector"), "the query's vector");
    if (vector.ElementLength() == 0 || vector.ElementLength() > max_scan_dimensions) {
        refuse("expected 1 to " + std::to_string(max_scan_dimensions) + " dimensions for the query's vector");
    }
    Query query{{vector.Data(), vector.Data() + vector.ElementLength()}, number_argument(object.Get("scale"), "the query's scale"), {}};
    for (const int8_t each : query.vector) {
        if (each == INT8_MIN) refuse("expected -127 to 127 in the query's vector");
    }
    // Written so that a NaN fails.
    if (!(query.scale > 0 && query.scale < 1e300)) refuse("expected a number above 0 for the query's scale");
    if (!with_bits) return query;
    const Napi::Uint8Array bits = uint8_argument(object.Get("bits"), "the query's bits");
    if (bits.ElementLength() != bytes_of_bits(query.vector.size())) refuse("expected a bit for each dimension in the query's bits");
    query.bits.assign(bits.Data(), bits.Data() + bits.ElementLength());
    return query;
}

/** The arrays of one of JavaScript's segments, checked for their types; those that it does not have, or that nobody needs, are empty. */
struct Arrays {
    Napi::Value vectors, scales, bits, skip;
};

/** What a message calls an array. */
struct Name {
    const char * what;
    size_t segment;
};

/** `count` times `each` elements, and no other number; null for none, or for no array. */
template <typename Element>
const Element * elements_of(const Napi::Value & value, size_t count, size_t each, const Name & name) {
    if (value.IsEmpty()) return nullptr;
    const auto array = value.As<Napi::TypedArrayOf<Element>>();
    const size_t length = array.ElementLength();
    if (length % each == 0 && length / each == count) return length == 0 ? nullptr : array.Data();
    refuse("segment " + std::to_string(name.segment) + ": expected " + std::to_string(count) + " times " + std::to_string(each) + " " +
           name.what + " but received " + std::to_string(length));
}

/** Reads properties, which may run anything, accessors of the caller's too: lengths and pointers are taken when that is done. */
class Segments {
  public:
    Segments(const Napi::Value & value, bool with_bits) : held_(Napi::Array::New(value.Env())), with_bits_(with_bits) {
        const Napi::Array array = array_argument(value, "segments");
        for (uint32_t i = 0; i < array.Length(); i++) add(object_argument(array.Get(i), "each of segments"));
    }

    /** All the arrays: while it is there, they are. */
    Napi::Object held() const { return held_; }

    std::vector<Segment> pointers(size_t dimensions) const {
        std::vector<Segment> result;
        for (const Arrays & arrays : arrays_) {
            const size_t rows = arrays.scales.As<Napi::Float32Array>().ElementLength();
            const size_t index = result.size();
            result.push_back({elements_of<int8_t>(arrays.vectors, rows, dimensions, {"numbers of vectors", index}),
                              elements_of<float>(arrays.scales, rows, 1, {"scales", index}),
                              elements_of<uint8_t>(arrays.bits, rows, bytes_of_bits(dimensions), {"bytes of bits", index}),
                              elements_of<uint8_t>(arrays.skip, bytes_of_bits(rows), 1, {"bytes of skip", index}), rows});
        }
        return result;
    }

  private:
    void add(const Napi::Object & segment) {
        Arrays arrays;
        arrays.vectors = held(int8_argument(segment.Get("vectors"), "a segment's vectors"));
        arrays.scales = held(float32_argument(segment.Get("scales"), "a segment's scales"));
        if (with_bits_) arrays.bits = held(uint8_argument(segment.Get("bits"), "a segment's bits, by which candidates are chosen"));
        const Napi::Value skip = segment.Get("skip");
        if (!skip.IsUndefined()) arrays.skip = held(uint8_argument(skip, "a segment's skip"));
        arrays_.push_back(arrays);
    }

    Napi::Value held(const Napi::TypedArray & array) {
        // Its pages would go when it shrinks.
        if (array.ArrayBuffer().Get("resizable").ToBoolean()) refuse("a segment's memory must not be resizable");
        held_.Set(held_.Length(), array);
        return array;
    }

    Napi::Array held_;
    bool with_bits_;
    std::vector<Arrays> arrays_;
};

/** Segment, row and score of each hit in turn. */
Napi::Float64Array to_javascript(Napi::Env env, const std::vector<Hit> & hits) {
    Napi::Float64Array array = Napi::Float64Array::New(env, 3 * hits.size());
    double * out = array.Data();
    for (const Hit & hit : hits) {
        *out++ = static_cast<double>(hit.segment);
        *out++ = static_cast<double>(hit.row);
        *out++ = hit.score;
    }
    return array;
}

}  // namespace

Napi::Function ScanObject::define(Napi::Env env) {
    return DefineClass(env, "Scan",
                       {
                           InstanceMethod("nearest", &ScanObject::nearest),
                           InstanceMethod("stop", &ScanObject::stop),
                           InstanceMethod("dispose", &ScanObject::dispose),
                           InstanceAccessor<&ScanObject::kernels>("kernels"),
                       });
}

ScanObject::ScanObject(const Napi::CallbackInfo & info) : Napi::ObjectWrap<ScanObject>(info), Threaded("scan") {
    guarded(info.Env(), [&] {
        const std::string name = text_argument(info[0], "kernels");
        kernels_ = choose_kernels(name);
        if (kernels_ == nullptr) refuse("no kernels named \"" + name + "\" run on this machine");
        open(info.Env());
    });
}

void ScanObject::unref() {
    held_.Reset();
    Unref();
}

Napi::Value ScanObject::nearest(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        check_usable();
        const Wanted wanted = wanted_argument(info[2]);
        const bool with_bits = wanted.candidates > 0;
        Query query = query_argument(info[0], with_bits);
        const Segments segments(info[1], with_bits);
        std::vector<Segment> pointers = segments.pointers(query.vector.size());
        check_usable();  // an accessor may have called anything
        held_ = Napi::Persistent(segments.held());
        stopped_ = false;
        return start(info.Env(), [this, wanted, query = std::move(query), pointers = std::move(pointers)]() -> Answer {
            return [hits = qrag::nearest(*kernels_, query, pointers, wanted, stopped_)](Napi::Env env) {
                return to_javascript(env, hits);
            };
        });
    });
}

Napi::Value ScanObject::stop(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        stopped_ = true;
        return info.Env().Undefined();
    });
}

Napi::Value ScanObject::kernels(const Napi::CallbackInfo & info) { return Napi::String::New(info.Env(), kernels_->name); }

Napi::Value ScanObject::dispose(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        end();
        return info.Env().Undefined();
    });
}

}  // namespace qrag

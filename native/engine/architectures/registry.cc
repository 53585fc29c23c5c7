// The list of architectures, and looking one up.
#include "registry.h"

#include "../../error.h"

namespace qrag {

const std::vector<const Architecture *> & architectures() {
    static const std::vector<const Architecture *> all = {&qrag_architecture, &bert_architecture};
    return all;
}

const Architecture & architecture_named(const std::string & name) {
    std::string known;
    for (const Architecture * each : architectures()) {
        if (name == each->name) return *each;
        known += (known.empty() ? "" : ", ") + std::string(each->name);
    }
    throw Error(Code::model_invalid, "no architecture is named \"" + name + "\"; there are " + known);
}

}  // namespace qrag

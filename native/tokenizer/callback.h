// Callback: a function that is called while its caller waits; unlike std::function it never allocates.
#pragma once

namespace qrag {

template <typename... Arguments>
class Callback {
  public:
    /** `function` stays where it is for as long as this is used: pass one to a call, do not keep one. */
    template <typename Function>
    Callback(const Function & function)
        : function_(&function), call_([](const void * target, Arguments... arguments) {
              (*static_cast<const Function *>(target))(arguments...);
          }) {}

    void operator()(Arguments... arguments) const { call_(function_, arguments...); }

  private:
    const void * function_;
    void (*call_)(const void *, Arguments...);
};

}  // namespace qrag

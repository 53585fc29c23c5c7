// Windows only: the addon asks for the functions of node.exe, and gets those of the program it runs in, whatever its name.
#include <windows.h>

#include <delayimp.h>
#include <string.h>

namespace {

FARPROC WINAPI running_program(unsigned event, DelayLoadInfo * info) {
    if (event != dliNotePreLoadLibrary || _stricmp(info->szDll, "node.exe") != 0) return nullptr;
    // Where Node is a library of the program, its functions are that library's.
    HMODULE node = GetModuleHandleA("node.dll");
    return reinterpret_cast<FARPROC>(node != nullptr ? node : GetModuleHandleA(nullptr));
}

}  // namespace

// The linker's own name for it: declared in delayimp.h.
decltype(__pfnDliNotifyHook2) __pfnDliNotifyHook2 = running_program;

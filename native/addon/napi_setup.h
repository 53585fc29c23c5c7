// The only include of napi.h, so that its settings always stand before it.
#pragma once

#define NAPI_VERSION 8
#define NODE_ADDON_API_CPP_EXCEPTIONS
// Electron refuses buffers that own foreign memory; without this they would work in Node and fail there.
#define NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED
// An environment that is going away cannot take an exception; throwing then would end the process.
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS

#include <napi.h>

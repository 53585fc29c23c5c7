// Builds safetensors files, sound or with any header at all.
import { bytesOf, concat, fields } from "./zip_builder.ts";

/** A file with this header text, verbatim. */
export function safetensorsOf(header: string, data: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = bytesOf(header);
  return concat([fields([8, bytes.length]), bytes, data]);
}

export interface BuiltTensor {
  dtype: string;
  shape: readonly number[];
  data: Uint8Array;
}

export function buildSafetensors(
  tensors: Record<string, BuiltTensor>,
  metadata?: Record<string, string>,
): Uint8Array {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  let at = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [at, at + data.length] };
    at += data.length;
  }
  return safetensorsOf(
    JSON.stringify(header),
    concat(Object.values(tensors).map(({ data }) => data)),
  );
}

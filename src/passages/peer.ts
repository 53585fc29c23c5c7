// An optional package, loaded when a file needs it.

export async function peer<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new Error(`needs the package ${name}: npm i ${name}`, { cause });
  }
}

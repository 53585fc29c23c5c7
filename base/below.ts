// Which paths lie below a folder.
import { sep } from "node:path";

/** What the paths below a folder begin with; a root ends with a separator already. */
export function belowPrefix(folder: string): string {
  return folder.endsWith(sep) ? folder : folder + sep;
}

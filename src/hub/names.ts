// Checks paths that come from outside: they must stay in their folder, on every system.

/** Windows opens these as devices, with any extension. */
const devices = /^(con|prn|aux|nul|(com|lpt)[0-9¹²³]|con(in|out)\$)(\.|$)/i;

/** Whether a relative path, with forward slashes, stays in the folder it starts from. */
export function isSafePath(path: string): boolean {
  return path.length <= 500 && path.split("/").every(isSafeName);
}

/** Names that end with a dot or a space are other names on Windows; "." and ".." are among them. */
function isSafeName(name: string): boolean {
  return (
    name !== "" &&
    name.length <= 200 &&
    !/[\p{C}\p{Zl}\p{Zp}\\:*?"<>|]|^ |[. ]$/u.test(name) &&
    !devices.test(name)
  );
}

// The walk through a folder: what is a document, in which order, and what becomes of what cannot be read.
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { documentsIn, type Unreadable } from "../../src/passages/documents.ts";
import { codeOf, collect } from "../src/fakes.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-documents-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function put(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

async function read(path = folder) {
  const unreadable: Unreadable[] = [];
  const documents = await collect(documentsIn(path, (found) => unreadable.push(found)));
  const short = (full: string) => relative(folder, full).split(sep).join("/");
  return {
    documents: documents.map(({ path: full, text }) => [short(full), text]),
    unreadable: unreadable.map(({ path: full, reason }) => [short(full), reason]),
  };
}

describe("documentsIn", () => {
  it("reads Markdown and plain text below a folder, in the order of the names", async () => {
    await put("b.md", "\ufeffb");
    await put("a/z.TXT", "z");
    await put("a/c/d.markdown", "d");
    for (const path of ["c.html", ".hidden/x.md", ".x.md", "node_modules/p/README.md", "md"]) {
      await put(path, "no");
    }
    expect(await read()).toEqual({
      documents: [
        ["a/c/d.markdown", "d"],
        ["a/z.TXT", "z"],
        ["b.md", "\ufeffb"],
      ],
      unreadable: [],
    });
  });

  it("takes a single file, whatever its ending", async () => {
    await put("NOTES", "text");
    expect(await read(join(folder, "NOTES"))).toEqual({
      documents: [["NOTES", "text"]],
      unreadable: [],
    });
  });

  it("reports what it cannot read, and goes on", async () => {
    await put("a.md", Uint8Array.of(0xff, 0xfe, 0x41));
    await put("b.md", new Uint8Array(16 * 1024 * 1024 + 1).fill(0x61));
    await mkdir(join(folder, "c.md"));
    await symlink(join(folder, "c.md"), join(folder, "d.md"));
    await symlink(join(folder, "absent"), join(folder, "e.md"));
    await put("f.md", "f");
    await symlink(join(folder, "f.md"), join(folder, "g.md"));
    expect(await read()).toEqual({
      documents: [
        ["f.md", "f"],
        ["g.md", "f"],
      ],
      unreadable: [
        ["a.md", "not valid UTF-8"],
        ["b.md", "longer than 16777216 bytes"],
        ["d.md", "not a file"],
        ["e.md", expect.stringMatching(/^ENOENT/)],
      ],
    });
  });

  it("follows no link that leads out of the folder, unless it is named itself", async () => {
    await put("in/a.md", "a");
    await put("out/secret.md", "secret");
    await symlink(join(folder, "out", "secret.md"), join(folder, "in", "b.md"));
    expect(await read(join(folder, "in"))).toMatchObject({
      unreadable: [[expect.stringMatching(/b\.md$/), "a link that leads out of the folder"]],
      documents: [[expect.stringMatching(/a\.md$/), "a"]],
    });
    expect((await read(join(folder, "in", "b.md"))).documents).toHaveLength(1);
    await symlink(join(folder, "in"), join(folder, "link"));
    expect((await read(join(folder, "link"))).documents).toHaveLength(1);
  });

  it("does not go round in circles", async () => {
    await put("a/b.md", "b");
    await symlink(folder, join(folder, "a", "up"));
    expect((await read()).documents).toEqual([["a/b.md", "b"]]);
  });

  it("refuses a path that is not there", async () => {
    expect(await codeOf(read(join(folder, "absent")))).toBe("INPUT_INVALID");
    await expect(read(join(folder, "absent"))).rejects.toThrow(/absent could not be read: ENOENT/);
  });
});

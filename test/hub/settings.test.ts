import { describe, expect, it } from "vitest";
import { cacheFolder, hubSettings } from "../../src/hub/settings.ts";

describe("the hub's settings", () => {
  it("are the public hub's without a variable, or with empty ones", () => {
    const plain = { endpoint: "https://huggingface.co", token: undefined, offline: undefined };
    expect(hubSettings({ QRAG_CACHE: "/c" })).toEqual({ ...plain, cacheFolder: "/c" });
    const empty = { HF_ENDPOINT: "", HF_TOKEN: "", QRAG_OFFLINE: "", HF_HUB_OFFLINE: "0" };
    expect(hubSettings({ ...empty, QRAG_CACHE: "/c" })).toMatchObject(plain);
  });

  it("are those of the environment", () => {
    const env = { HF_ENDPOINT: "http://mirror:8080/hf//", HF_TOKEN: " hf_abc\n", QRAG_CACHE: "/c" };
    expect(hubSettings(env)).toMatchObject({ endpoint: "http://mirror:8080/hf", token: "hf_abc" });
  });

  it.each([
    [{ QRAG_OFFLINE: "1" }, "QRAG_OFFLINE"],
    [{ HF_HUB_OFFLINE: "TRUE" }, "HF_HUB_OFFLINE"],
    [{ HF_HUB_OFFLINE: "no" }, undefined],
  ])("%j forbids the network or not", (env, offline) => {
    expect(hubSettings(env).offline).toBe(offline);
  });

  it.each([
    [{ HF_ENDPOINT: "huggingface.co" }, /http or https URL for HF_ENDPOINT/],
    [{ HF_ENDPOINT: "ftp://hub" }, /http or https URL/],
    [{ HF_ENDPOINT: "https://hub?x=1" }, /http or https URL/],
    [
      { HF_ENDPOINT: "https://me:secret@hub" },
      /^HF_ENDPOINT holds a user name or a password[^@]*$/,
    ],
    [{ HF_TOKEN: "secret secret" }, /^HF_TOKEN holds characters that no token has$/],
  ])("%j is refused", (env, message) => {
    expect(() => hubSettings(env)).toThrow(
      expect.objectContaining({ code: "INPUT_INVALID", message: expect.stringMatching(message) }),
    );
  });
});

describe("the folder of the cache", () => {
  const home = (folder: string) => () => folder;

  it.each([
    ["linux", {}, "/home/me/.cache/qrag"],
    ["linux", { XDG_CACHE_HOME: "/x" }, "/x/qrag"],
    ["linux", { XDG_CACHE_HOME: "x" }, "/home/me/.cache/qrag"],
    ["linux", { XDG_CACHE_HOME: "/x", QRAG_CACHE: "/q" }, "/q"],
    ["darwin", {}, "/home/me/Library/Caches/qrag"],
    ["win32", { LOCALAPPDATA: "C:\\Local" }, "C:\\Local\\qrag\\Cache"],
    ["win32", {}, "\\home\\me\\AppData\\Local\\qrag\\Cache"],
    ["win32", { QRAG_CACHE: "D:\\q" }, "D:\\q"],
  ] as const)("on %s with %j is %s", (platform, env, folder) => {
    expect(cacheFolder(env, platform, home("/home/me"))).toBe(folder);
  });
});

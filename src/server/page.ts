// The page at /: three files, read once; clients that want no HTML get a health answer there.
import { readFileSync } from "node:fs";
import type { Exchange, Route } from "./exchange.ts";
import { teiError } from "./problem.ts";

const files = [
  { path: "/", file: "index.html", type: "text/html; charset=utf-8" },
  { path: "/page.css", file: "page.css", type: "text/css; charset=utf-8" },
  { path: "/page.js", file: "page.js", type: "text/javascript; charset=utf-8" },
] as const;

/** Nothing from elsewhere is loaded, and nobody frames it. */
const headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
};

export function pageRoutes(shown: boolean): Route[] {
  const health = (exchange: Exchange) => exchange.send("", "text/plain");
  const route = (path: string, handle: Route["handle"]): Route => ({
    method: "GET",
    path,
    errors: teiError,
    open: true,
    handle,
  });
  if (!shown) return [route("/", health)];
  return files.map(({ path, file, type }) => {
    const text = readFileSync(new URL(`./page/${file}`, import.meta.url), "utf8");
    const page = async (exchange: Exchange) => {
      for (const [name, value] of Object.entries(headers)) exchange.response.setHeader(name, value);
      await exchange.send(text, type);
    };
    return route(path, (exchange) =>
      path !== "/" || exchange.accepts("text/html") ? page(exchange) : health(exchange),
    );
  });
}

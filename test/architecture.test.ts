import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, it } from "node:test";
import { root } from "./support/root.ts";

/** The house: which room may import which. A room sees only rooms that come before it, so there can be no cycle. */
const ROOMS: Record<string, readonly string[]> = {
  core: [],
  hub: ["core"],
  cache: ["core"],
  git: ["core"],
  auth: ["core", "hub"],
  access: ["core", "hub"],
  download: ["core", "hub", "cache"],
  api: ["core", "hub", "cache", "auth", "access", "download"],
  doctor: ["core", "hub", "cache", "git", "auth", "api"],
  cli: ["core", "hub", "cache", "git", "auth", "access", "download", "api", "doctor"],
  localhub: [],
};
const FRONT_PAGE = ["core", "hub", "cache", "auth", "access", "download", "api"];

const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .map((file) => file.replaceAll("\\", "/"));

/** Every module a source names: static, type-only and dynamic imports, and re-exports. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, "src", file), "utf8");
  const forms = [
    /^import\b[^"']*["']([^"']+)["']/gm,
    /^export\s+(?:type\s+)?(?:\{[^}]*\}|\*)\s*from\s*["']([^"']+)["']/gm,
    /\bimport\(\s*["']([^"']+)["']/g,
  ];
  return forms.flatMap((form) => [...text.matchAll(form)].map((match) => match[1] ?? ""));
}

describe("the house", () => {
  it("has no room that the table does not know", () => {
    const rooms = new Set(sources.filter((file) => file.includes("/")).map((file) => file.split("/")[0]));
    assert.deepEqual(
      [...rooms].filter((room) => !(String(room) in ROOMS)),
      [],
    );
  });

  it("imports only rooms above, and those through their door", () => {
    const faults = sources.flatMap((file) => {
      const room = file.includes("/") ? String(file.split("/")[0]) : "";
      return importsOf(file).flatMap((name) => {
        if (!name.startsWith(".")) return name.startsWith("node:") || room === "cli" ? [] : [`${file} uses ${name}`];
        const target = relative(join(root, "src"), resolve(root, "src", dirname(file), name)).replaceAll("\\", "/");
        const other = String(target.split("/")[0]);
        if (other === room) return [];
        const allowed = room === "" ? FRONT_PAGE : (ROOMS[room] ?? []);
        const atDoor = other === "core" || target === `${other}/index.ts`;
        return allowed.includes(other) && atDoor ? [] : [`${file} imports ${target}`];
      });
    });
    assert.deepEqual(faults, []);
  });

  it("touches the process only in bin, in the command line and where the library reads its defaults", () => {
    // The last is the text of a program for a process of its own.
    const allowed = ["cli/", "api/ambient.ts", "localhub/", "auth/keychain-program.ts"];
    const faults = sources.filter(
      (file) =>
        !allowed.some((start) => file.startsWith(start)) &&
        /\bprocess\.(?:env|argv|exit|stdout|stderr|stdin|cwd)\b/.test(readFileSync(join(root, "src", file), "utf8")),
    );
    assert.deepEqual(faults, []);
  });
});

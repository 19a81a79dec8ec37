import assert from "node:assert/strict";
import { it } from "node:test";
import { createFrontier } from "./frontier.ts";

it("follows what is complete from the beginning, in whatever order the parts come", () => {
  const frontier = createFrontier();
  frontier.add(30, 40);
  frontier.add(10, 20);
  assert.equal(frontier.at, 0);
  frontier.add(0, 10);
  assert.equal(frontier.at, 20);
  frontier.add(20, 30);
  assert.equal(frontier.at, 40);
  frontier.add(40, 41);
  assert.equal(frontier.at, 41);
});

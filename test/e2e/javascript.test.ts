import { afterAll, beforeAll, expect, it } from "vitest";
import { startWorld, type World } from "./harness/world.ts";
import { newcomer, says } from "./scene.ts";

/** run_javascript under `wrangler dev`, with the binding of wrangler.toml that is commented out there. */

let world: World;
beforeAll(async () => {
  world = await startWorld({ bindings: '[[worker_loaders]]\nbinding = "LOADER"' });
});
afterAll(() => world?.close());

it("computes for the model, and writes none of it into the log", async () => {
  const one = newcomer(world);
  const code = "console.log('secret words'); return 6 * 7";
  world.model.next({ tools: [{ name: "run_javascript", args: { code } }] }, says("six times seven"));
  world.model.next({ text: "it is 42" }, says("six times seven"));
  await one.tell("six times seven");
  await one.hears("it is 42");
  const told = one
    .asked("six times seven")
    .at(-1)
    ?.conversation.messages.find(({ role }) => role === "tool");
  expect(told?.text).toBe("Printed:\nsecret words\nReturned:\n42");
  expect(world.worker.output.join("\n")).not.toContain("secret words");
});

it("is cut by /stop in its middle, and the next message is answered at once", async () => {
  const one = newcomer(world);
  const code = "await new Promise((done) => setTimeout(done, 60_000))";
  world.model.next({ tools: [{ name: "run_javascript", args: { code } }] }, says("count slowly"));
  await one.tell("count slowly");
  await one.sees("computing");
  await one.tell("/stop");
  await one.hears("Stopped");
  world.model.next({ text: "here again" }, says("and now?"));
  await one.tell("and now?");
  await one.hears("here again");
});

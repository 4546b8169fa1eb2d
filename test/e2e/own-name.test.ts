import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BOT, GROUP_ID } from "../../playground/telegram/cast.ts";
import { startWorld, type World } from "./harness/world.ts";
import { plain, says } from "./scene.ts";

describe("a message that names the bot in a group", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.close());

  it("is not lost while Telegram does not tell the bot its own name: it is sent again, and answered", async () => {
    const { telegram, model } = world;
    telegram.fault({ method: "getMe", times: 2, fault: { kind: "error", code: 502, description: "Bad Gateway" } });
    model.next({ text: "here I am" }, says("are you there"));
    const sent = telegram.people.write(GROUP_ID, `@${BOT.username} are you there?`);
    await telegram.waitFor("the answer", () =>
      telegram.said(GROUP_ID).find((message) => plain(message).includes("here I am")),
    );
    expect(sent.update.attempts.map(({ status }) => status)).toEqual([503, 503, 200]);
  });
});

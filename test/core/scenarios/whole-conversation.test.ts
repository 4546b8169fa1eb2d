import { expect, it } from "vitest";
import { Stage } from "../harness/session.ts";

async function exported(stage: Stage, order: string): Promise<string> {
  const sent = () => stage.calls.filter(({ method }) => method === "sendDocument");
  const before = sent().length;
  await stage.write(order);
  await stage.until("the file is sent", () => sent().length > before);
  const { document } = sent().at(-1)?.payload ?? {};
  const { bytes } = document as { bytes: Uint8Array };
  return new TextDecoder().decode(bytes);
}

it("/export has the conversation from its beginning, also after it was shortened, and nothing of the one before", async () => {
  const stage = new Stage();
  await stage.exchange("of another time");
  await stage.write("/new");
  for (let turn = 1; turn <= 25; turn += 1) await stage.exchange(`line ${turn}.`);
  await stage.exchange("/compact");
  await stage.hears("Earlier turns in the summary: 23.");
  await stage.exchange("and on");
  const said: { role: string; text: string }[] = JSON.parse(await exported(stage, "/export json"));
  expect(said.map(({ text }) => text)).toEqual(
    [...Array.from({ length: 25 }, (_, index) => `line ${index + 1}.`), "and on"].flatMap((text) => [
      text,
      `echo of ${text}`,
    ]),
  );
});

it("/export says so where there is nothing but an order", async () => {
  const stage = new Stage();
  await stage.exchange("/compact");
  await stage.write("/export");
  await stage.hears("nothing to export");
});

it("a side question after so long that the conversation is over is told nothing of it", async () => {
  const stage = new Stage({ SESSION_IDLE_RESET_MINUTES: "10" });
  await stage.exchange("my boat is called Petrel");
  expect((await stage.shell.context()).messages).toHaveLength(2);
  await stage.pass(600_000);
  expect((await stage.shell.context()).messages).toEqual([]);
});

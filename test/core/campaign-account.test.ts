import { describe, expect, it } from "vitest";
import { account, type Heard, MARK, type Written } from "../e2e/campaign/account.ts";

/** The account of the crash campaign is no better than what it finds: each kind of loss is put in on purpose here. */

const asked: Written = { update: 1, messageId: 10, together: [10], word: "w1x", kind: "words", acknowledged: true };
const answer: Heard = { messageId: 20, replyTo: 10, text: "That is all of w1x!" };
const stop: Written = { update: 2, messageId: 11, together: [11], kind: "stop", acknowledged: true };

function found(written: readonly Written[], heard: readonly Heard[]): readonly string[] {
  const { lost, wrong } = account(written, heard);
  return [...lost, ...wrong];
}

describe("an account", () => {
  it("is clean where each message is answered once, or its fate is said", () => {
    expect(account([asked, stop], [answer, { messageId: 21, text: "Nothing is running here." }])).toMatchObject({
      acknowledged: 2,
      answered: 1,
      said: 1,
      lost: [],
      wrong: [],
    });
    expect(
      found([asked], [{ messageId: 20, replyTo: 10, text: "⚠️ This turn was lost three times to a crash." }]),
    ).toEqual([]);
    expect(found([asked, stop], [{ messageId: 20, text: "⏹ Stopped." }])).toEqual([]);
    expect(found([{ ...asked, acknowledged: false }], [])).toEqual([]);
  });

  it("finds a message without an answer, or with half of one", () => {
    expect(found([asked], [])).toHaveLength(1);
    expect(found([asked], [{ ...answer, text: "You asked, and here is what I know of it w1x" }])).toHaveLength(1);
    expect(found([asked], [{ ...answer, text: "⏳ I am still at the message before." }])).toHaveLength(1);
  });

  it("finds an answer that stands twice without a mark, and takes one with it", () => {
    expect(found([asked], [answer, { ...answer, messageId: 21 }])).toEqual([
      "the answer to w1x stands twice, unmarked",
    ]);
    expect(account([asked], [answer, { ...answer, messageId: 21, text: `${MARK}\n${answer.text}` }])).toMatchObject({
      marked: 1,
      wrong: [],
    });
  });

  it("finds an answer to the wrong message, and one to words that nobody wrote", () => {
    expect(found([asked], [{ ...answer, replyTo: 11 }])).toEqual(["the answer to w1x replies to another message"]);
    expect(found([asked], [answer, { ...answer, messageId: 21, text: "That is all of w9x!" }])).toHaveLength(1);
  });

  it("finds a stop that nothing was said to, and more losses than stops can have dropped", () => {
    expect(found([stop], [])).toHaveLength(1);
    const three = [1, 2, 3].map((n) => ({ ...asked, update: n, messageId: n, together: [n], word: `w${n}x` }));
    const one = { messageId: 20, text: "⏹ Stopped. Waiting messages dropped: 1." };
    expect(found([...three, { ...stop, update: 4 }], [one])).toHaveLength(1);
    expect(found([...three.slice(1), { ...stop, update: 4 }], [one])).toEqual([]);
    expect(found([asked, stop], [{ messageId: 5, text: "⏹ Stopped." }])).toHaveLength(1);
  });

  it("finds a part of an album that was left out, a reminder that did not come and one that came twice", () => {
    const album = [10, 11].map((n) => ({ ...asked, update: n, messageId: n, together: [10, 11], word: `w${n}x` }));
    expect(found(album, [{ messageId: 20, replyTo: 10, text: "That is all of w10x w11x!" }])).toEqual([]);
    expect(found(album, [{ messageId: 20, replyTo: 10, text: "That is all of w10x!" }])).toHaveLength(1);
    const promise: Written = { ...asked, kind: "promise" };
    const set = { ...answer, text: "That is all of w1x! Reminders are set: w1x." };
    const due = { messageId: 30, text: "⏰ due w1x" };
    expect(found([promise], [set])).toHaveLength(1);
    expect(found([promise], [set, due])).toEqual([]);
    expect(found([promise], [set, due, { ...due, messageId: 31 }])).toHaveLength(1);
  });

  it("takes the answer of a turn that a message joined for the message's own, where it was told so", () => {
    const second: Written = { ...asked, update: 2, messageId: 11, together: [11], word: "w2x" };
    const both = { ...answer, text: "That is all of w1x w2x!" };
    const noted = { messageId: 19, replyTo: 11, text: "↪️ Noted. It joins the current answer at its next step." };
    expect(account([asked, second], [both, noted])).toMatchObject({ answered: 2, lost: [], wrong: [] });
    const behind = { ...noted, text: "⏳ A question above waits for an answer." };
    expect(account([asked, second], [both, behind])).toMatchObject({ answered: 2, lost: [], wrong: [] });
    expect(found([asked, second], [both])).toEqual(["the answer to w2x replies to another message"]);
    expect(found([asked, second], [answer, { ...answer, messageId: 21, text: "That is all of w2x!" }, noted])).toEqual([
      "the answer to w2x replies to another message",
    ]);
    expect(found([asked, second], [{ ...answer, text: "⚠️ This turn was lost three times." }, noted])).toEqual([]);
    expect(found([asked, second], [answer, noted])).toHaveLength(1);
    const album = [11, 12].map((n) => ({ ...second, update: n, messageId: n, together: [11, 12], word: `w${n}x` }));
    const all = { ...answer, text: "That is all of w1x w11x w12x!" };
    expect(account([asked, ...album], [all, noted])).toMatchObject({ answered: 3, lost: [], wrong: [] });
    expect(found([asked, ...album], [all])).toHaveLength(2);
  });

  it("needs no word about a press of a Stop button, and takes one", () => {
    const press: Written = { update: 2, messageId: 20, together: [], kind: "press", acknowledged: true };
    expect(account([asked, press], [answer])).toMatchObject({ acknowledged: 2, answered: 1, said: 1, lost: [] });
    const stopped = { messageId: 21, text: "⏹ Stopped." };
    expect(found([asked, press], [stopped])).toEqual([]);
    expect(found([press], [stopped, { ...stopped, messageId: 22 }])).toHaveLength(1);
  });
});

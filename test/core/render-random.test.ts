import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { renderParts, splitGrowing } from "../../src/telegram/render.ts";
import { FORMS, faults } from "./corpus/rendering.ts";

const SEED = 20261122;

describe("anything at all", () => {
  const pieces = fc.constantFrom(
    ..."*,**,***,_,__,~~,`,```,~~~,||,==,$,$$,[,](,),![,<,>,> ,- ,1. ,\n,\n\n,\n    ,  \n,|,| a | b |,\n|---|---|\n,#,# ,---,\\,&amp;,<b>,</b>,<br>,https://x.example/a_b,[a](https://x.example),👨‍👩‍👧,e\u0301,\u200f,\ud83d,\u0000,word,a b c, ,\t,- [ ] ,[^1],[^1]: ,: ".split(
      ",",
    ),
  );
  const markdown = fc
    .array(fc.oneof(pieces, fc.string({ maxLength: 8 })), { maxLength: 60 })
    .map((all) => all.join(""));
  const long = fc
    .tuple(fc.array(pieces, { minLength: 3, maxLength: 30 }), fc.integer({ min: 60, max: 200 }))
    .map(([all, times]) => all.join("").repeat(times));

  test.each(FORMS)("is never refused as %s", { timeout: 120_000 }, (form) => {
    fc.assert(
      fc.property(fc.oneof({ weight: 5, arbitrary: markdown }, { weight: 1, arbitrary: long }), (text) => {
        expect(faults(renderParts(text, form))).toEqual([]);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  test.each(FORMS)("never changes a closed part as %s", { timeout: 120_000 }, (form) => {
    fc.assert(
      fc.property(long, fc.double({ min: 0, max: 1, noNaN: true }), (text, share) => {
        const { closed } = splitGrowing(text.slice(0, Math.floor(text.length * share)), form);
        expect(renderParts(text, form).slice(0, closed.length)).toEqual(closed);
      }),
      { seed: SEED, numRuns: 40 },
    );
  });
});

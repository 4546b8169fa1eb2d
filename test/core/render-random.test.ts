import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { renderMarkup, renderParts, splitGrowing } from "../../src/telegram/render.ts";
import { FORMS, faults } from "./corpus/rendering.ts";

const SEED = 20261122;

describe("words alone", () => {
  const words = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          ...'word,a,I,Grüße,привет,你好,1,12.,3),www,http,https:,mailto:,x.example,e.g.,--,-,...,…,(c),(tm),\n,\n\n, ,:-),:D,"so",it\'s,and - so,end.'.split(
            ",",
          ),
        ),
        fc.stringMatching(/^[a-zA-Z0-9 .:;?!'"()-]{0,6}$/),
      ),
      { minLength: 1, maxLength: 30 },
    )
    .chain((all) => fc.constantFrom(all.join(" "), all.join("")));

  test.each(FORMS)("are set without a parser as it would set them, as %s", { timeout: 120_000 }, (form) => {
    fc.assert(
      fc.property(words, (text) => {
        fc.pre(text.trim() !== "" && text === text.trim());
        expect(renderParts(text, form)).toEqual(renderMarkup(text, form));
      }),
      { seed: SEED, numRuns: 3_000 },
    );
  });
});

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
      { seed: SEED, numRuns: 100 },
    );
  });

  test.each(FORMS)("never changes a closed part as %s", { timeout: 120_000 }, (form) => {
    fc.assert(
      fc.property(long, fc.double({ min: 0, max: 1, noNaN: true }), (text, share) => {
        const { closed } = splitGrowing(text.slice(0, Math.floor(text.length * share)), form);
        expect(renderParts(text, form).slice(0, closed.length)).toEqual(closed);
      }),
      { seed: SEED, numRuns: 20 },
    );
  });
});

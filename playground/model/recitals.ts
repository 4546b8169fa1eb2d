/** Things the demo knows by heart. */
export const TABLE = `Here is one, of things that turn:

| thing | turns | keeps its turn? |
|:------|------:|:---------------:|
| a key in a lock | 1 | yes |
| the earth, in a year | 365.24 | so far |
| a session of this bot | ∞ | **always** |
| a zombie | 0 | no |

And a sentence after it, as there should be.`;

export const MARKDOWN_SHOW = `# What I can write

Some **bold**, some *italic*, ~~something struck out~~, \`code\`, and [a link](https://core.telegram.org/bots/api).

## A list

1. First things first
2. Then the second
   - with a smaller one inside
   - and another
- [x] a task done
- [ ] and one that is not

> A quotation, for the look of it.

\`\`\`ts
// One value, one door, one name for a run.
const { session, effects } = step(before, event, now);
\`\`\`

| left | right |
|:-----|------:|
| 1    | 2     |

Maths, too: $e^{i\\pi} + 1 = 0$

---

That is all.`;

export const LONG_ANSWER = `## The lighthouse keeper

There was once a keeper of a lighthouse who had one rule: *the lamp is lit by whoever holds the key, and there is one key.* It was a plain rule, and for many years nothing happened, which is what a lighthouse is for.

One night the harbour master sent word that the lamp should be changed. While the old lamp was being carried down, the oil ran out. The apprentice wrote into the first book that the lamp was out, and forgot the second book, and the third. In the morning everybody read a different book. **Nobody lit the lamp again, because in two books it was burning.**

So the keeper burnt the books and hung a slate beside the stairs. On it was one line:

> who holds the key, and until when

If the line was empty, anybody could take the key and write a name and an hour. When the hour came, a bell rang, and somebody went up to look. A keeper who came back with news of an older hour was heard politely, and the news was written in the journal, and the slate was left alone.

After that:

- a ship could ask at any time who kept the light, and get *one* answer;
- a keeper could fall asleep, and the bell would wake the house;
- the oil could run out, and the slate would say when more was coming.

It was not a clever rule. It was only a rule that could not be half true. The light has burnt ever since, and the keeper, who is old now, still says the same thing to every apprentice: *write it down once.*

`;

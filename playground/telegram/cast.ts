import type { ChatOptions, User } from "./chats.ts";

/** The people and places every stand-in begins with. */
export const ADA: User = {
  id: 1001,
  is_bot: false,
  first_name: "Ada",
  last_name: "Lovelace",
  username: "ada_l",
  language_code: "en",
};
export const GRACE: User = {
  id: 1002,
  is_bot: false,
  first_name: "Grace",
  last_name: "Hopper",
  username: "grace_h",
  language_code: "en",
};
export const LINUS: User = { id: 1003, is_bot: false, first_name: "Linus", username: "linus_p", language_code: "en" };

export const BOT: User = { id: 7000000001, is_bot: true, first_name: "Turnkeeper", username: "turnkeeper_bot" };
export const BOT_TOKEN = "7000000001:playground-token-of-the-stand-in";

export const GROUP_ID = -2001;
export const FORUM_ID = -1002003004005;
export const GARDEN_TOPIC = 2;
export const BOAT_TOPIC = 3;

export const CHATS: readonly ChatOptions[] = [
  { id: ADA.id, type: "private", title: "Ada Lovelace", people: [ADA] },
  { id: GRACE.id, type: "private", title: "Grace Hopper", people: [GRACE] },
  { id: GROUP_ID, type: "group", title: "Weekend plans", people: [ADA, GRACE, LINUS] },
  {
    id: FORUM_ID,
    type: "supergroup",
    title: "Workshop",
    isForum: true,
    people: [ADA, GRACE, LINUS],
    topics: { [GARDEN_TOPIC]: "Garden", [BOAT_TOPIC]: "Boat" },
  },
];

/** What the page knows; everything comes from the server's stream of events. */
export const state = {
  me: 0,
  bot: "",
  chats: new Map(),
  open: { chat: 0, thread: null },
  unread: new Map(),
};

export const $ = (id) => document.getElementById(id);

/** Tells the server what the person does. */
export function act(name, body) {
  return post(`/api/${name}`, "application/json", JSON.stringify(body));
}

/** Whether it was done; a refusal is shown, not thrown. */
export async function post(url, type, body) {
  const response = await fetch(url, { method: "POST", headers: { "content-type": type }, body }).catch(() => null);
  if (response === null) toast("The playground is not running any more: start it again with npm start.");
  else if (!response.ok) toast((await response.json()).error);
  return response?.ok === true;
}

let toastTimer;
export function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => {
    $("toast").hidden = true;
  }, 5000);
}

export function setView(view) {
  document.body.dataset.view = view;
  for (const tab of document.querySelectorAll("#tabs button")) {
    tab.setAttribute("aria-current", String(tab.dataset.view === view));
  }
}

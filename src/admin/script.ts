/**
 * What the page does in the browser, without a framework: it takes parts that the server has rendered, counts times up and
 * down, and posts what a button says. Words of people come only into the transcript, as text. Runs as it is written.
 */
export const SCRIPT = `
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const say = (text) => { byId("said").textContent = text; };
  const span = (ms) => {
    const s = Math.max(0, Math.round(ms / 1000));
    if (s < 60) return s + " s";
    if (s < 3600) return Math.floor(s / 60) + " min " + String(s % 60).padStart(2, "0") + " s";
    if (s < 172800) return Math.floor(s / 3600) + " h " + Math.floor((s % 3600) / 60) + " min";
    return Math.floor(s / 86400) + " d";
  };
  let ahead = Number(document.body.dataset.at || Date.now()) - Date.now();
  const tick = () => {
    const now = Date.now() + ahead;
    for (const time of document.querySelectorAll("time[data-since]")) time.textContent = span(now - Number(time.dataset.since)) + (time.dataset.after || "");
    for (const time of document.querySelectorAll("time[data-until]")) {
      const left = Number(time.dataset.until) - now;
      time.textContent = left > 0 ? "in " + span(left) : "now";
    }
  };
  const put = (id, html) => {
    const part = byId("part-" + id);
    if (!part) return;
    const held = part.contains(document.activeElement) ? document.activeElement.id : "";
    const unfolded = [...part.querySelectorAll("details[open]")].map((details) => details.id);
    part.innerHTML = html;
    for (const id of unfolded) if (byId(id)) byId(id).open = true;
    if (held && byId(held)) byId(held).focus();
  };
  let events;
  const open = () => {
    if (events) events.close();
    events = new EventSource("/admin/events" + location.search);
    events.addEventListener("part", (event) => {
      const { id, html } = JSON.parse(event.data);
      put(id, html);
      tick();
      document.body.dataset.live = "yes";
    });
    events.onerror = () => { if (events.readyState === EventSource.CLOSED) say("Not live any more: reload the page, and sign in again if asked."); };
  };
  const close = () => { if (events) events.close(); events = undefined; };
  const post = async (button) => {
    const { post: path, ask, done, body } = button.dataset;
    if (ask && !confirm(ask)) return;
    button.disabled = true;
    try {
      const sent = body === "origin" ? JSON.stringify({ url: location.origin }) : undefined;
      const response = await fetch(path, { method: "POST", headers: { "x-turnkeeper": "page", "content-type": "application/json" }, body: sent });
      const answer = await response.json().catch(() => ({}));
      say(response.ok ? done : "That did not work: " + (answer.error || "status " + response.status));
      if (response.ok && path.endsWith("/logout")) location.assign("/admin");
    } catch {
      say("That did not work: the bot could not be reached.");
    }
    button.disabled = false;
    button.focus();
    open();
  };
  const show = async (button) => {
    const response = await fetch(button.dataset.show);
    const answer = await response.json().catch(() => ({}));
    const box = byId("transcript");
    box.hidden = false;
    box.textContent = response.ok ? JSON.stringify(answer.transcript, null, 2) : answer.error || "It could not be had.";
    box.focus();
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button && button.dataset.post) post(button);
    if (button && button.dataset.show) show(button);
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  setInterval(tick, 1000);
  tick();
  open();
})();
`;

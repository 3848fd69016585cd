/* Follows what happens: the gateway's event stream says what changed, htmx then morphs the page's live part. */
(() => {
  const PAUSE = 1200;       // one refresh for a burst of changes (ms)
  const ANYWAY = 60_000;    // relative times age even when nothing happens (ms)
  const AGAIN = 15_000;     // after a final refusal (ms)
  const part = document.getElementById("live");
  const box = document.getElementById("link-state");
  let stream = null;
  let gap = false;          // something may have happened while nobody listened
  let due = null;
  let last = Date.now();

  const refresh = () => {
    due = null;
    if (!part || document.hidden || !part.dataset.live) return;
    last = Date.now();
    htmx.trigger(part, "refresh");
  };

  const soon = () => {
    if (due === null) due = setTimeout(refresh, PAUSE);
  };

  const concerns = (change) => {
    const kinds = (part?.dataset.live || "").split(" ");
    const only = part?.dataset.liveId;
    const ids = [...(change.devices || []), ...(change.clients || [])];
    if (only) return ids.includes(only);
    return (kinds.includes("alerts") && change.alerts) || (kinds.includes("devices") && ids.length > 0);
  };

  const say = (on) => {
    if (!box) return;
    box.classList.toggle("on", on);
    box.querySelector("[data-word]").textContent = on ? box.dataset.on : box.dataset.off;
    box.querySelector("[data-note]").textContent = on ? box.dataset.onNote : box.dataset.offNote;
  };

  // A tab that nobody looks at holds no connection: browsers allow only six to one server.
  const follow = () => {
    if (stream || document.hidden) return;
    const mine = new EventSource("/live");
    stream = mine;
    mine.addEventListener("open", () => {
      say(true);
      if (gap) soon();
      gap = false;
    });
    mine.addEventListener("error", () => {
      say(false);
      gap = true;
      // The browser reconnects by itself unless the answer was final (signed out, restarting).
      if (mine.readyState !== EventSource.CLOSED || stream !== mine) return;
      stream = null;
      setTimeout(follow, AGAIN);
    });
    mine.addEventListener("ended", () => location.reload()); // signed out elsewhere, or no longer let in
    mine.addEventListener("changed", (event) => {
      if (concerns(JSON.parse(event.data))) soon();
    });
  };

  const leave = () => {
    stream?.close();
    stream = null;
    gap = true;
  };

  // An answer from another page (signed out meanwhile) must not be morphed into this one.
  document.addEventListener("htmx:before:swap", (event) => {
    const answer = event.detail?.ctx?.response?.raw;
    if (answer?.redirected && new URL(answer.url).pathname.startsWith("/sign-in")) {
      event.preventDefault();
      location.reload();
    }
  });
  if (part?.dataset.live) {
    document.addEventListener("visibilitychange", () => (document.hidden ? leave() : follow()));
    window.addEventListener("pagehide", leave);
    window.addEventListener("pageshow", follow);
  }
  setInterval(() => { if (Date.now() - last >= ANYWAY) refresh(); }, 10_000);
  if (part?.dataset.live) follow();
  else box?.remove();
})();

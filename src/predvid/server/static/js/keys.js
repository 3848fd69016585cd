/* The keyboard: j/k and Enter in lists, a to acknowledge, s to snooze, x to choose, / and Ctrl-K to search, g and a letter to a room, ? for help. */
(() => {
  const ROOMS = { o: "/", a: "/alerts/", c: "/clients/", d: "/devices/" };
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const help = document.getElementById("help");
  let leader = false;
  let place = 0;

  const rows = (scope, what) => [...scope.querySelectorAll(what)];

  const step = (by) => {
    const all = rows(document, "[data-row]").filter((row) => row.querySelector("a[data-open]"));
    if (!all.length) return;
    const here = all.findIndex((row) => row.contains(document.activeElement));
    // A row that was acknowledged has gone: its place is where the reader was.
    const from = here >= 0 ? here : place - (by > 0 ? 1 : 0);
    place = Math.min(Math.max(from + by, 0), all.length - 1);
    const next = all[place];
    next.querySelector("a[data-open]").focus();
    next.scrollIntoView({ block: "nearest" });
  };

  const acknowledge = () => {
    const row = document.activeElement?.closest("[data-row]");
    const button = row?.querySelector("[data-acknowledge]") || document.querySelector(".take [data-acknowledge]");
    button?.click();
  };

  const snooze = () => {
    const row = document.activeElement?.closest("[data-row]");
    const link = row?.matches("tr, li") && row.querySelector("a[data-open]");
    if (link && row.querySelector("[data-choose]")) location.assign(`${link.href}#snooze-hours`);
    else document.getElementById("snooze-hours")?.focus();
  };

  const choose = () => document.activeElement?.closest("[data-row]")?.querySelector("[data-choose]")?.click();

  const typing = (target) => target.matches("input, textarea, select, [contenteditable]");

  const openSearch = (event) => {
    event.preventDefault();
    search?.focus();
    search?.select();
  };

  const onKey = {
    j: () => step(1), k: () => step(-1), a: acknowledge, s: snooze, x: choose, "/": openSearch,
    "?": () => help?.showModal(), g: () => { leader = true; setTimeout(() => { leader = false; }, 1000); },
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") return openSearch(event);
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || help?.open) return undefined;
    if (leader && ROOMS[event.key]) { location.assign(ROOMS[event.key]); return undefined; }
    return onKey[event.key]?.(event);
  });

  // A click anywhere in a row opens it, as long as it is not on a control and selects no text.
  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]");
    if (!row || event.target.closest("a, button, form, summary, input") || String(getSelection())) return;
    row.querySelector("a[data-open]")?.click();
  });

  search?.closest(".search").addEventListener("keydown", (event) => {
    const links = rows(found, "a");
    const at = links.indexOf(document.activeElement);
    if (event.key === "Escape") { found.replaceChildren(); search.blur(); }
    if (event.key === "ArrowDown" && links.length) { event.preventDefault(); links[Math.min(at + 1, links.length - 1)].focus(); }
    if (event.key === "ArrowUp" && links.length) { event.preventDefault(); (at > 0 ? links[at - 1] : search).focus(); }
  });

  document.addEventListener("click", (event) => {
    if (found && !event.target.closest(".search")) found.replaceChildren();
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    if (event.target.closest("[data-help]")) help?.showModal();
  });

  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });
})();

/* Small helps: copy buttons, filters that send themselves, tables that can be searched, a question before harm. */
(() => {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const text = document.getElementById(button.dataset.copy).textContent.trim();
    const word = button.querySelector("[data-word]");
    button.dataset.word ||= word.textContent;
    try {
      await navigator.clipboard.writeText(text);
      word.textContent = button.dataset.done;
    } catch {
      getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
      word.textContent = button.dataset.failed;
    }
    setTimeout(() => { word.textContent = button.dataset.word; }, 2500);
  });

  // What was said stays through refreshes: a success long enough to read, an error until it is clicked away.
  const READ = 8000;
  const notices = () => [...document.querySelectorAll("#messages .notice")];
  const lasting = (notice) => notice.matches(".notice-error") || Date.now() < Number(notice.dataset.until);
  const stamp = () => {
    for (const notice of notices()) notice.dataset.until ||= String(Date.now() + READ);
    setTimeout(() => notices().filter((notice) => !lasting(notice)).forEach((notice) => notice.remove()), READ + 50);
  };
  let said = [];
  document.addEventListener("htmx:before:swap", () => { said = notices().filter(lasting).map((notice) => notice.cloneNode(true)); });
  document.addEventListener("htmx:after:swap", () => {
    const there = new Set(notices().map((notice) => notice.textContent.trim()));
    document.getElementById("messages")?.append(...said.filter((notice) => !there.has(notice.textContent.trim())));
    said = [];
    stamp();
  });
  stamp();
  document.addEventListener("click", (event) => event.target.closest("#messages .notice")?.remove());

  // An error never takes the place of the page; one that answers a click is told.
  const failed = (event) => {
    if (!event.target.closest?.("form[hx-post]")) return;
    const template = document.getElementById("not-done");
    document.getElementById("messages")?.append(template.content.cloneNode(true));
  };
  document.addEventListener("htmx:response:error", failed);
  document.addEventListener("htmx:error", failed);

  document.addEventListener("change", (event) => {
    if (event.target.matches("select[data-send]")) event.target.form.requestSubmit();
  });

  // Empty fields stay out of the address, so that it can be shared.
  document.addEventListener("submit", (event) => {
    if (event.target.matches("form[data-filters]")) {
      for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
    }
    const question = event.target.dataset.ask;
    if (question && !window.confirm(question)) event.preventDefault();
  }, true);
  window.addEventListener("pageshow", () => {
    for (const field of document.querySelectorAll("form[data-filters] :disabled")) field.disabled = false;
  });

  const filter = (input) => {
    const wanted = input.value.trim().toLowerCase();
    for (const row of document.querySelectorAll(`#${input.dataset.filter} tbody tr`)) {
      row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
    }
  };
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-filter]")) filter(event.target);
  });
  document.addEventListener("htmx:after:swap", () => document.querySelectorAll("[data-filter]").forEach(filter));
})();

/* Small helps: copy buttons, filters that send themselves, tables that can be searched, a question before harm. */
(() => {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const text = document.getElementById(button.dataset.copy).textContent.trim();
    const word = button.querySelector("[data-word]");
    const before = word.textContent;
    try {
      await navigator.clipboard.writeText(text);
      word.textContent = button.dataset.done;
    } catch {
      getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
      word.textContent = button.dataset.failed;
    }
    setTimeout(() => { word.textContent = before; }, 2500);
  });

  document.addEventListener("click", (event) => event.target.closest("#messages .notice")?.remove());

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

/* Passkeys: has the browser make one or use one, puts its answer into the form and sends it.
   The forms stay hidden where the browser has no passkeys; the other ways work without this file. */
(() => {
  if (!window.PublicKeyCredential || window.predvidPasskeys) return;
  window.predvidPasskeys = true; // a part of a page that was put in later brings this file again

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const opened = (options) => {
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    for (const known of [...(options.allowCredentials || []), ...(options.excludeCredentials || [])]) known.id = bytes(known.id);
    return options;
  };
  const PARTS = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const closed = (made) => {
    const response = Object.fromEntries(PARTS.filter((part) => made.response[part]).map((part) => [part, text(made.response[part])]));
    return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response });
  };

  const show = () => document.querySelectorAll("form[data-passkey]").forEach((form) => { form.hidden = false; });
  const say = (form, word) => {
    const wrong = form.querySelector(".wrong");
    wrong.querySelector("span").textContent = word;
    wrong.hidden = !word;
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-passkey]")) return;
    event.preventDefault();
    say(form, "");
    const token = form.elements.csrfmiddlewaretoken.value;
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const answer = await fetch(form.dataset.options, { method: "POST", headers: { "X-CSRFToken": token } });
      // Not what was asked for: the person has to prove themselves first, or to sign in. The page says so.
      if (!answer.headers.get("Content-Type")?.startsWith("application/json")) return form.submit();
      const publicKey = opened(await answer.json());
      form.elements.credential.value = closed(await navigator.credentials[form.dataset.passkey]({ publicKey }));
      form.submit();
    } catch {
      say(form, form.dataset.unfinished);
    } finally {
      button.disabled = false;
    }
  });
  document.addEventListener("htmx:after:swap", show);
  window.addEventListener("pageshow", show);
  show();
})();

/* Sets the colours before the page is painted: the person's choice, or the system's while it is "auto". */
(() => {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const theme = root.dataset.theme;
    root.dataset.shade = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
    document.dispatchEvent(new CustomEvent("predvid:theme"));
  };
  apply();
  dark.addEventListener("change", apply);
})();

// Light or dark as the system says, set before the first paint and kept in step.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    document.documentElement.dataset.bsTheme = dark.matches ? "dark" : "light";
  };
  dark.addEventListener("change", apply);
  apply();
})();

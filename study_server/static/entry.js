// Says in words that a browser is too old, before anybody begins. Written for every
// browser there is: ECMAScript 5.

(function () {
  function knows() {
    var root = document.documentElement;
    return (
      root.getAttribute("data-sl-syntax") === "true" &&
      "noModule" in document.createElement("script") &&
      typeof window.fetch === "function" &&
      typeof window.AbortController === "function" &&
      typeof window.IntersectionObserver === "function" &&
      typeof window.PointerEvent === "function" &&
      typeof Element.prototype.replaceChildren === "function" &&
      typeof HTMLImageElement.prototype.decode === "function" &&
      window.CSS.supports("aspect-ratio", "1")
    );
  }

  window.addEventListener("DOMContentLoaded", function () {
    var words = document.getElementById("old-browser");
    var parts = document.querySelectorAll("[data-if-able]");
    var index;
    if (!words || knows()) return;
    words.hidden = false;
    words.removeAttribute("hidden");
    for (index = 0; index < parts.length; index += 1) parts[index].style.display = "none";
  });
})();

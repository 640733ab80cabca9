// Room for the longest question of a block is kept in every trial, so that
// images and buttons stay where they are.

/** Set --sl-ask on the stage to the height of the tallest `.sl-ask`. */
export function keepSteady(stage, trials) {
  const probe = document.createElement("div");
  probe.className = "sl-probe";
  stage.append(probe);
  stage.style.removeProperty("--sl-ask");
  const heights = trials.map((trial) => heightOf(probe, trial.html));
  probe.remove();
  stage.style.setProperty("--sl-ask", `${Math.ceil(Math.max(0, ...heights))}px`);
}

function heightOf(probe, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  // Sizes come from the style sheet; nothing is to be loaded for measuring.
  template.content.querySelectorAll("img").forEach((image) => image.removeAttribute("src"));
  probe.replaceChildren(template.content);
  return probe.querySelector(".sl-ask")?.getBoundingClientRect().height ?? 0;
}

// Small conveniences; every page works without them.

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = button.dataset.copied ?? "Copied";
    } catch {
      // Without HTTPS there is no clipboard: mark the text instead.
      const text = document.getElementById(button.dataset.copySource);
      if (text) getSelection().selectAllChildren(text);
      button.textContent = button.dataset.copyByHand ?? "Press Ctrl+C";
    }
    setTimeout(() => (button.textContent = label), 2000);
  });
}

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
// Coming back with the browser's back button finds a page that can be sent again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) delete form.dataset.sent;
});

// A break lasts as long as the study says, however often the page is loaded: the server
// counts too.
for (const wait of document.querySelectorAll("[data-wait-s]")) {
  const endsAt = Date.now() + Number(wait.dataset.waitS) * 1000 + 300;
  const button = wait.parentElement.querySelector("form[data-once] button");
  const shown = wait.querySelector("[data-wait-text]");
  const told = wait.querySelector("[data-wait-told]");
  const tick = () => {
    const left = Math.max(0, Math.ceil((endsAt - Date.now()) / 1000));
    const isOver = left === 0;
    shown.textContent = isOver ? told.dataset.over : wait.dataset.waiting.replace("{seconds}", left);
    button.disabled = !isOver;
    if (!isOver) return;
    told.textContent = told.dataset.over;
    clearInterval(timer);
  };
  const timer = setInterval(tick, 250);
  tick();
}

const refresh = document.querySelector("[data-refresh-s]");
if (refresh) {
  setInterval(() => {
    if (!document.hidden && !isInUse()) location.reload();
  }, Number(refresh.dataset.refreshS) * 1000);
}

/** Whether a reload would close, unfocus or unmark something. */
function isInUse() {
  const isFocused = document.activeElement && document.activeElement !== document.body;
  const isMarked = !(getSelection()?.isCollapsed ?? true);
  return isFocused || isMarked || document.querySelector("details[open]") !== null;
}

// Where a market's frame keeps no cookies, the page itself remembers, for each link,
// the addresses of what was begun in this browser.
const visit = document.querySelector("[data-visit]");
if (visit) {
  const { visit: address, visitLink: link } = visit.dataset;
  const others = keptVisits(link).filter((other) => other !== address);
  try {
    localStorage.setItem(`secondlook/visits/${link}`, [address, ...others].slice(0, 12).join(" "));
  } catch {
    // Then only the cookie remembers.
  }
}
for (const field of document.querySelectorAll("input[data-kept]")) {
  field.value = keptVisits(field.dataset.kept).join(" ");
  if (field.value === "") continue;
  for (const part of document.querySelectorAll("[data-if-kept]")) part.hidden = false;
  for (const part of document.querySelectorAll("[data-unless-kept]")) part.hidden = true;
}

function keptVisits(link) {
  try {
    return (localStorage.getItem(`secondlook/visits/${link}`) ?? "").split(" ").filter(Boolean);
  } catch {
    return [];
  }
}

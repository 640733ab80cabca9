// A QuestionForm is held to its limits before it is sent; the server looks again.

function complaintOfText(box) {
  const text = box.value;
  const { number, min, max, least, most, patterns, flags, words } = JSON.parse(box.dataset.limits);
  if (least !== null && text.length < least) return `Please write at least ${least} characters.`;
  if (most !== null && text.length > most) return `Please write at most ${most} characters.`;
  if (number && (!text.trim() || !Number.isFinite(Number(text)))) return "Please write a number.";
  if (number && min !== null && Number(text) < min) return `Please write a number of at least ${min}.`;
  if (number && max !== null && Number(text) > max) return `Please write a number of at most ${max}.`;
  const missed = patterns.findIndex((source, at) => !found(source, flags[at], text));
  return missed < 0 ? "" : words[missed];
}

function found(source, flags, text) {
  try {
    return new RegExp(source, flags.replaceAll("g", "")).test(text);
  } catch {
    return true; // another dialect: the server decides
  }
}

function complaintOf(question) {
  const { least, most, required, hasChoices } = question.dataset;
  const boxes = [...question.querySelectorAll("[data-limits]")];
  const written = boxes.filter((box) => box.value);
  const marked = [...question.querySelectorAll("input:checked, option:checked")].filter((each) => each.value);
  const n = marked.length + written.length;
  if (n === 0) {
    if (required !== "1") return "";
    return hasChoices === "1" ? "Please choose an answer." : "Please answer this.";
  }
  if (hasChoices === "1" && n < Number(least)) return `Please choose at least ${least}.`;
  if (hasChoices === "1" && most && n > Number(most)) return `Please choose at most ${most}.`;
  return written.map(complaintOfText).find(Boolean) ?? "";
}

function check(question) {
  const note = question.querySelector("[data-complaint]");
  note.textContent = complaintOf(question);
  note.hidden = !note.textContent;
  return note.hidden;
}

const form = document.querySelector("form");
const questions = [...document.querySelectorAll("[data-question]")];
form.addEventListener("submit", (event) => {
  const wrong = questions.filter((question) => !check(question));
  if (!wrong.length) return;
  event.preventDefault();
  wrong[0].querySelector("input, select, textarea").focus();
  wrong[0].scrollIntoView({ block: "nearest" });
});
form.addEventListener("input", ({ target }) => {
  const question = target.closest("[data-question]");
  if (!question) return;
  // Of one choice, either one of those given or another one that is written.
  const box = question.querySelector("[data-limits]");
  const isOne = question.dataset.hasChoices === "1" && question.dataset.most === "1";
  if (isOne && target === box && box.value) {
    const other = question.querySelector("[data-other]");
    if (other?.localName === "option") other.selected = true;
    else if (other) other.checked = true;
  } else if (isOne && box && target !== box && target.value) {
    box.value = "";
  }
  if (!question.querySelector("[data-complaint]").hidden) check(question);
});

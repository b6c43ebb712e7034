// The list of messages, for both ways in which they come.

const RETRY_MS = 2000;
const list = document.getElementById("messages");
const form = document.getElementById("say");

function lastNumber() {
  const last = list.lastElementChild;
  return last ? Number(last.dataset.number) : 0;
}

function show(message) {
  if (message.number <= lastNumber()) return;
  const item = document.createElement("li");
  const name = document.createElement("b");
  name.textContent = message.name;
  item.dataset.number = message.number;
  item.append(name, " ", message.text);
  list.append(item);
  item.scrollIntoView({ block: "nearest" });
}

// What somebody says goes through the form, as without scripts, unless `sayFast` can send it.
let sayFast = () => false;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = new FormData(form);
  const button = form.querySelector("button");
  button.disabled = true; // so that nothing is said twice
  const problem = sayFast(fields) ? "" : await saySlowly(new URLSearchParams(fields));
  button.disabled = false;
  document.getElementById("trouble").textContent = problem;
  if (problem) return;
  form.elements.text.value = "";
  form.elements.text.focus();
});

async function saySlowly(fields) {
  try {
    const answer = await fetch(form.action, { method: "POST", body: fields, redirect: "manual" });
    if (answer.type === "opaqueredirect") return "";
    return "That did not work. Load the page again?";
  } catch {
    return "The chat does not answer. Try again?";
  }
}

list.scrollTop = list.scrollHeight;

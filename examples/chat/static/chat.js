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

function clearText() {
  form.elements.text.value = "";
  form.elements.text.focus();
}

// Shows what others say as they say it.

const remarks = document.getElementById("remarks");
const say = document.getElementById("say");

listeners.remark.push(({ number, name, text }) => {
  const last = remarks.lastElementChild;
  if (last && number <= Number(last.dataset.number)) return;
  const item = document.createElement("li");
  const speaker = document.createElement("b");
  speaker.textContent = name;
  item.dataset.number = number;
  item.append(speaker, " ", text);
  remarks.append(item);
  item.scrollIntoView({ block: "nearest" });
});

say?.addEventListener("submit", async (event) => {
  if (!("live" in document.documentElement.dataset)) return; // the form goes the usual way
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(say));
  const answer = await fetch(say.action, { method: "POST", body: fields, redirect: "manual" });
  if (answer.type === "opaqueredirect") {
    say.elements.text.value = "";
    say.elements.text.focus();
  } else {
    say.submit(); // shows what is wrong
  }
});

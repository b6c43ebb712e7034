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

remarks.scrollTop = remarks.scrollHeight;

say?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = say.querySelector("button");
  const trouble = document.getElementById("trouble");
  const fields = new URLSearchParams(new FormData(say));
  button.disabled = true; // so that nothing is said twice
  try {
    const answer = await fetch(say.action, { method: "POST", body: fields, redirect: "manual" });
    if (answer.type !== "opaqueredirect") return say.submit(); // shows what is wrong
    trouble.textContent = "";
    say.elements.text.value = "";
    say.elements.text.focus();
    if (!("live" in document.documentElement.dataset)) location.reload(); // shows what was said
  } catch {
    trouble.textContent = "The shop does not answer. Try again?";
  } finally {
    button.disabled = false;
  }
});

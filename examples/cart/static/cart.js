// Sends the form without leaving the page. Without this script the form works as any form does.
// (form.action is not its URL here: there are buttons of that name.)

const form = document.getElementById("cart");
const said = document.getElementById("said");
const buttons = form.querySelectorAll("button");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const pressed = event.submitter;
  const fields = new URLSearchParams(new FormData(form));
  fields.set(pressed.name, pressed.value);
  pressed.disabled = true;
  try {
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body: fields, redirect: "manual" });
    if (answer.status === 409) {
      said.textContent = "Somebody was faster: the last copy is gone.";
    } else if (answer.ok || answer.type === "opaqueredirect") {
      buttons.forEach((button) => (button.hidden = button === pressed));
      said.textContent = pressed.value === "add" ? "One copy is in your cart." : "";
    } else {
      said.textContent = "That did not work. Load the page again?";
    }
  } catch {
    said.textContent = "The shop does not answer. Try again?";
  } finally {
    pressed.disabled = false;
    [...buttons].find((button) => !button.hidden).focus(); // for those with a keyboard
  }
});

function showLeft(count) {
  document.getElementById("left").textContent = count;
}

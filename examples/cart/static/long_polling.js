// Asks how many are left, again and again; each answer comes when the number is another one.

const RETRY_MS = 2000;

async function askForEver() {
  for (;;) {
    const known = document.getElementById("left").textContent;
    try {
      const answer = await fetch("/cart/status?known=" + encodeURIComponent(known));
      if (!answer.ok) throw new Error(answer.statusText);
      showLeft((await answer.json()).left);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

askForEver();

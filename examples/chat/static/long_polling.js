// Asks for what is new, again and again; each answer comes when there is something.

async function askForEver() {
  for (;;) {
    try {
      const answer = await fetch("/messages?after=" + lastNumber());
      if (!answer.ok) throw new Error(answer.statusText);
      (await answer.json()).messages.forEach(show);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

askForEver();
